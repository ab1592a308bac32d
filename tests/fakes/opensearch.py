"""An OpenSearch service that runs what it is asked: index, bulk, exact knn and text match, with its refusals."""

import json
import re
import uuid
from typing import Any

from tests.fakes.server import Fake, Request, Response

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/(aoss|es)/aws4_request, ")
FIELD_TYPES = {"knn_vector", "keyword", "text", "integer"}


class FakeOpenSearch(Fake):
    """serverless: a vector collection, which takes no ids of the client's; else a managed domain."""

    def __init__(self, *, serverless: bool) -> None:
        super().__init__()
        self.serverless = serverless
        self.indices: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}

    def is_submission(self, request: Request) -> bool:
        return request.method in ("POST", "PUT")

    def answer(self, request: Request) -> Response:
        signed = SIGNED.match(request.headers.get("authorization", ""))
        wanted = "aoss" if self.serverless else "es"
        if not signed or signed[1] != wanted or "x-amz-content-sha256" not in request.headers:
            return Response(403, {"message": "The request signature we calculated does not match"})
        name, _, rest = request.path.strip("/").partition("/")
        if name == "_bulk":
            return self._bulk(request.body)
        if request.method == "HEAD":
            return Response(200 if name in self.indices else 404, b"")
        if request.method == "PUT" and not rest:
            return self._create(name, request.json)
        if rest == "_search":
            return self._search(name, request.json)
        return Response(405, _error("illegal_argument_exception", f"{request.method} {request.path}"))

    def _create(self, name: str, body: dict[str, Any]) -> Response:
        if name in self.indices:
            return Response(400, _error("resource_already_exists_exception", name))
        fields = body["mappings"]["properties"]
        for field, told in fields.items():
            if told["type"] not in FIELD_TYPES:
                return Response(400, _error("mapper_parsing_exception", field))
        vector = next(told for told in fields.values() if told["type"] == "knn_vector")
        method = vector["method"]
        if not body["settings"]["index"]["knn"] or (method["name"], method["engine"]) != ("hnsw", "faiss"):
            return Response(400, _error("mapper_parsing_exception", "only Faiss HNSW"))
        if method["space_type"] not in ("l2", "innerproduct", "cosinesimil"):
            return Response(400, _error("mapper_parsing_exception", "space_type"))
        self.indices[name] = {"fields": fields, "dimension": vector["dimension"]}
        self.documents[name] = {}
        return Response(200, {"acknowledged": True, "index": name})

    def _bulk(self, body: bytes) -> Response:
        lines = [json.loads(line) for line in body.decode().splitlines() if line]
        items = []
        while lines:
            ((action, where),) = lines.pop(0).items()
            document = lines.pop(0) if action in ("index", "create", "update") else None
            items.append({action: self._write(action, where, document)})
        return Response(
            200, {"took": 1, "errors": any("error" in row for i in items for row in i.values()), "items": items}
        )

    def _write(self, action: str, where: dict[str, Any], document: dict[str, Any] | None) -> dict[str, Any]:
        shelf, given = self.documents[where["_index"]], where.get("_id")
        if action == "delete":
            return {"_id": given, "status": 200 if shelf.pop(given, None) else 404}
        if self.serverless and given:
            why = "Document ID is not supported in create/index operation request"
            return {"status": 400, "error": {"type": "illegal_argument_exception", "reason": why}}
        assert document is not None
        told = self.indices[where["_index"]]
        if len(document["embedding"]) != told["dimension"] or document.keys() - told["fields"].keys():
            return {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "document"}}
        key = given or uuid.uuid4().hex
        shelf[key] = document
        return {"_id": key, "status": 201}

    def _search(self, name: str, body: dict[str, Any]) -> Response:
        if name not in self.documents:
            return Response(404, _error("index_not_found_exception", f"no such index [{name}]"))
        if body.keys() - {"size", "_source", "query"}:
            return Response(400, _error("parsing_exception", f"Unknown key in {sorted(body)}"))
        if body["size"] > 10_000:
            return Response(400, _error("illegal_argument_exception", "Result window is too large"))
        try:
            scored = self._score(name, body["query"])
        except (KeyError, ValueError, TypeError) as fault:
            return Response(400, _error("parsing_exception", str(fault)))
        best = sorted(scored, key=lambda row: -row[1])[: body["size"]]
        hits = [
            {"_index": name, "_id": key, "_score": score,
             "_source": {f: self.documents[name][key][f] for f in body["_source"]}}
            for key, score in best
        ]  # fmt: skip
        return Response(200, {"took": 1, "timed_out": False, "hits": {"total": {"value": len(hits)}, "hits": hits}})

    def _score(self, name: str, query: dict[str, Any]) -> list[tuple[str, float]]:
        ((kind, told),) = query.items()
        shelf = self.documents[name]
        if kind == "match_all":
            return [(key, 1.0) for key in shelf]
        ((field, asked),) = told.items()
        if kind == "terms":
            return [(key, 1.0) for key, doc in shelf.items() if doc[field] in asked]
        if kind == "match":
            words = set(re.findall(r"\w+", asked["query"].lower()))
            found = [(key, len(words & set(re.findall(r"\w+", doc[field].lower())))) for key, doc in shelf.items()]
            return [(key, float(score)) for key, score in found if score]
        if kind != "knn" or len(asked.keys() & {"k", "min_score", "max_distance"}) != 1:
            raise ValueError(f"[{kind}] requires exactly one of k, distance or score")
        if len(asked["vector"]) != self.indices[name]["dimension"]:
            raise ValueError("Query vector has invalid dimension")
        products = [
            (key, sum(a * b for a, b in zip(asked["vector"], doc[field], strict=True))) for key, doc in shelf.items()
        ]
        near = sorted(products, key=lambda row: -row[1])[: asked["k"]]
        return [(key, 1 + p if p >= 0 else 1 / (1 - p)) for key, p in near]


def _error(kind: str, why: str) -> dict[str, Any]:
    return {"error": {"type": kind, "reason": why, "root_cause": []}, "status": 400}
