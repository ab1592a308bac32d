"""Text into vectors: MiniLM in this process, OpenAI, or Titan on Bedrock, by the setting EMBEDDINGS."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from vibeboard.domain.errors import ProviderFailed
from vibeboard.providers import settings
from vibeboard.providers.http_client import AnswerLost, NeverSent, call

SECONDS = 8.0  # a search that takes longer is not waited for
ATTEMPTS = 2
MAX_CHARACTERS = 8_000  # of one text; both vendors read some 8,000 tokens


class Embedder(Protocol):
    model: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Unit vectors, in order. Raises ProviderFailed."""
        ...


class Sandbox:
    """all-MiniLM-L6-v2 on the CPU."""

    model, dimensions = "sandbox/all-MiniLM-L6-v2-int8", 384

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        from vibeboard.providers.sandbox.embeddings import embed

        return [[float(x) for x in row] for row in embed(list(texts))]


class OpenAI:
    """POST /embeddings; up to 2,048 texts a call, shortened to `dimensions`."""

    model, dimensions = "text-embedding-3-small", 1024
    batch = 128

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = []
        for start in range(0, len(texts), self.batch):
            vectors += self._batch([text[:MAX_CHARACTERS] for text in texts[start : start + self.batch]])
        return vectors

    def _batch(self, texts: list[str]) -> list[list[float]]:
        body = {"model": self.model, "input": texts, "dimensions": self.dimensions, "encoding_format": "float"}
        headers = {"Authorization": f"Bearer {settings.secret('OPENAI_API_KEY')}"}
        trouble = ""
        for _ in range(ATTEMPTS):  # asking twice costs the price of a sentence
            try:
                reply = call(
                    "POST", f"{settings.get('OPENAI_URL')}/embeddings", headers=headers, body=body, timeout=SECONDS
                )
            except (NeverSent, AnswerLost) as fault:
                trouble = str(fault)
                continue
            if reply.status == 200:
                return self._rows(reply.json(), len(texts))
            trouble = f"HTTP {reply.status}: {reply.text()}"
            if reply.status not in (429, 500, 502, 503, 504):
                break
        raise ProviderFailed(f"The embeddings failed: {trouble}"[:300], fix="Try again; the outline does not need it.")

    def _rows(self, body: Any, count: int) -> list[list[float]]:
        """The vectors by their index: they may come in any order."""
        try:
            rows = {row["index"]: row["embedding"] for row in body["data"]}
            return [_checked(rows[number], self.dimensions, self.model) for number in range(count)]
        except (KeyError, TypeError) as fault:
            raise ProviderFailed(f"{self.model} gave no vector for each text") from fault


class Titan:
    """Amazon Titan Text Embeddings V2 on Bedrock; one text a call."""

    model, dimensions = "amazon.titan-embed-text-v2:0", 1024

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        from botocore.exceptions import BotoCoreError, ClientError

        client = _bedrock()
        try:
            return [self._one(client, text[:MAX_CHARACTERS]) for text in texts]
        except (BotoCoreError, ClientError) as fault:
            raise ProviderFailed(
                f"The embeddings failed: {fault}"[:300], fix="Try again; the outline does not need it."
            ) from fault

    def _one(self, client: Any, text: str) -> list[float]:
        body = {"inputText": text, "dimensions": self.dimensions, "normalize": True, "embeddingTypes": ["float"]}
        answer = client.invoke_model(
            modelId=self.model, contentType="application/json", accept="application/json", body=json.dumps(body)
        )
        try:
            told = json.loads(answer["body"].read())
        except ValueError as fault:
            raise ProviderFailed(f"{self.model} gave an answer that cannot be read") from fault
        return _checked(told.get("embedding") if isinstance(told, dict) else None, self.dimensions, self.model)


def _bedrock() -> Any:
    import boto3
    from botocore.config import Config

    limits = Config(
        connect_timeout=2, read_timeout=SECONDS, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}
    )
    return boto3.client("bedrock-runtime", endpoint_url=settings.get("BEDROCK_URL") or None, config=limits)


def _checked(vector: Any, dimensions: int, model: str) -> list[float]:
    """A unit vector of the right length. Raises ProviderFailed for anything else."""
    if not isinstance(vector, list) or len(vector) != dimensions:
        raise ProviderFailed(f"{model} gave no vector of {dimensions} numbers")
    try:
        numbers = [float(x) for x in vector]
    except (TypeError, ValueError) as fault:
        raise ProviderFailed(f"{model} gave a vector with something else than numbers") from fault
    length = sum(x * x for x in numbers) ** 0.5
    if not 0 < length < float("inf"):
        raise ProviderFailed(f"{model} gave a vector without a direction")
    return [x / length for x in numbers]


_EMBEDDERS: dict[str, type[Embedder]] = {"sandbox": Sandbox, "openai": OpenAI, "bedrock": Titan}


def embedder() -> Embedder:
    """Who embeds here. Raises NotSet for a name that is nobody."""
    name = settings.get("EMBEDDINGS")
    if name not in _EMBEDDERS:
        raise settings.NotSet(f"EMBEDDINGS is {name!r}", fix=f"Set it to one of {', '.join(_EMBEDDERS)}.")
    return _EMBEDDERS[name]()
