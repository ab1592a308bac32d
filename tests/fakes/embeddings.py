"""OpenAI's and Bedrock's embeddings on the wire. The vectors are MiniLM's, padded: near texts stay near."""

import json
from typing import Any
from urllib.parse import unquote

from tests.fakes.server import Fake, Request, Response
from vibeboard.providers.sandbox.embeddings import embed

KEY = "sk-vectors"
TITAN = "/model/amazon.titan-embed-text-v2:0/invoke"
OPENAI_FIELDS = {"model", "input", "dimensions", "encoding_format", "user"}
TITAN_FIELDS = {"inputText", "dimensions", "normalize", "embeddingTypes"}


def vectors(texts: list[str], dimensions: int) -> list[list[float]]:
    return [[round(float(x), 6) for x in row] + [0.0] * (dimensions - len(row)) for row in embed(texts)]


class FakeEmbeddings(Fake):
    """POST /embeddings as OpenAI, POST /model/…/invoke as Bedrock."""

    def is_submission(self, request: Request) -> bool:
        return request.method == "POST"

    def answer(self, request: Request) -> Response:
        if unquote(request.path) == TITAN:
            return self._titan(request)
        if request.path != "/embeddings":
            return Response(404, {"error": {"message": "Unknown request URL", "type": "invalid_request_error"}})
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})
        body: dict[str, Any] = request.json
        if body.keys() - OPENAI_FIELDS or len(body["input"]) > 2_048:
            return Response(
                400, {"error": {"message": "Unrecognized request argument", "type": "invalid_request_error"}}
            )
        rows = vectors(body["input"], body["dimensions"])
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        usage = {"prompt_tokens": 4 * len(rows), "total_tokens": 4 * len(rows)}
        return Response(200, {"object": "list", "model": body["model"], "data": data[::-1], "usage": usage})

    def _titan(self, request: Request) -> Response:
        if "/bedrock/aws4_request" not in request.headers.get("authorization", ""):
            return Response(403, {"message": "not signed"}, {"x-amzn-ErrorType": "AccessDeniedException"})
        body = json.loads(request.body)
        if body.keys() - TITAN_FIELDS or body["dimensions"] not in (256, 512, 1024):
            return Response(400, {"message": "Malformed input"}, {"x-amzn-ErrorType": "ValidationException"})
        (row,) = vectors([body["inputText"]], body["dimensions"])
        return Response(200, {"embedding": row, "embeddingsByType": {"float": row}, "inputTextTokenCount": 4})
