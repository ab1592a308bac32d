"""The corpus in OpenSearch: Faiss HNSW for meaning beside a text match for words, signed by SigV4.

A serverless vector collection refuses ids of our own, so there an entry is found by its `entryId` field and replaced;
a managed domain takes the entry's id as the document's, and indexing again overwrites.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from vibeboard.corpus import CorpusEntry, load_corpus
from vibeboard.domain.errors import ProviderFailed
from vibeboard.domain.story import Reference
from vibeboard.providers import settings
from vibeboard.providers.references.embeddings import Embedder, embedder

SECONDS = 6.0  # a sleeping collection wakes in 10 to 30 s and is not waited for
BULK = 100
RRF = 60  # how fast a hit counts less the lower it stands in one of the two lists
DEPTH = 4  # each list is read this many times deeper than what is asked for


class _Hit(NamedTuple):
    document: str  # the service's own id
    entry: str
    score: float


class OpenSearchIndex:
    """One index. `own_ids`: the service takes document ids of ours (managed domains)."""

    def __init__(self, client: Any, name: str, vectors: Embedder, *, own_ids: bool) -> None:
        self.client, self.name, self.vectors, self.own_ids = client, name, vectors, own_ids

    def create(self) -> bool:
        """Make the index; False when it was there. Raises ProviderFailed."""
        body = {
            "settings": {"index": {"knn": True}},
            "mappings": {
                "properties": {
                    "embedding": {
                        "type": "knn_vector",
                        "dimension": self.vectors.dimensions,
                        "method": {
                            "name": "hnsw",
                            "engine": "faiss",
                            "space_type": "innerproduct",  # of unit vectors: the cosine, on every version
                            "parameters": {"m": 16, "ef_construction": 128},
                        },
                    },
                    "entryId": {"type": "keyword"},
                    "kind": {"type": "keyword"},
                    "genres": {"type": "keyword"},
                    "text": {"type": "text"},
                }
            },
        }
        if self._ask(lambda: self.client.indices.exists(index=self.name)):
            return False
        self._ask(lambda: self.client.indices.create(index=self.name, body=body))
        return True

    def upsert(self, entries: Sequence[CorpusEntry]) -> int:
        """Index entries, replacing what stands under their ids. Returns how many."""
        for start in range(0, len(entries), BULK):
            part = entries[start : start + BULK]
            standing = {} if self.own_ids else self._documents([entry.id for entry in part])
            lines: list[dict[str, Any]] = []
            for entry, vector in zip(part, self.vectors.embed([e.searchable for e in part]), strict=True):
                lines += [{"delete": {"_index": self.name, "_id": found}} for found in standing.get(entry.id, [])]
                where = {"_index": self.name} | ({"_id": entry.id} if self.own_ids else {})
                lines += [{"index": where}, self._document(entry, vector)]
            self._bulk(lines)
        return len(entries)

    def delete(self, ids: Sequence[str]) -> int:
        """Take entries out by their ids. Returns how many documents went."""
        found = {name: [name] for name in ids} if self.own_ids else self._documents(list(ids))
        lines = [{"delete": {"_index": self.name, "_id": doc}} for docs in found.values() for doc in docs]
        if lines:
            self._bulk(lines)
        return len(lines)

    def reindex(self) -> dict[str, int]:
        """The whole corpus as it is now: index made if missing, entries replaced, entries that left taken out."""
        made = self.create()
        entries = load_corpus()
        gone = sorted(self._standing_ids() - {entry.id for entry in entries}) if not made else []
        removed = self.delete(gone) if gone else 0
        return {"created": int(made), "indexed": self.upsert(entries), "removed": removed}

    def search(self, query: str, limit: int) -> list[Reference]:
        """Meaning and words, each in one list, joined by reciprocal rank; scores are the cosine, 0 for a word hit."""
        if not query.strip() or limit < 1:
            return []
        known = {entry.id: entry for entry in load_corpus()}
        depth = min(limit * DEPTH, 100)
        near, worded = self._lists(query, depth)
        rank: dict[str, float] = {}
        for names in (near, worded):
            for place, name in enumerate(names):
                rank[name] = rank.get(name, 0.0) + 1 / (RRF + place)
        best = sorted((name for name in rank if name in known), key=lambda name: -rank[name])[:limit]
        return [known[name].as_reference(near.get(name, 0.0)) for name in best]

    def _lists(self, query: str, depth: int) -> tuple[dict[str, float], dict[str, float]]:
        """(entryId -> cosine, entryId -> text score), best first. Two searches: the scores have no common scale."""
        vector = self.vectors.embed([query])[0]
        shown = {"size": depth, "_source": ["entryId"]}
        near = self._search({**shown, "query": {"knn": {"embedding": {"vector": vector, "k": depth}}}})
        worded = self._search({**shown, "query": {"match": {"text": {"query": query}}}})
        return {name: _cosine(score) for name, score in self._hits(near).items()}, self._hits(worded)

    def _search(self, body: dict[str, Any]) -> list[_Hit]:
        """The hits, each with the fields that are read of it. Raises ProviderFailed for an answer of another shape."""
        answer = self._ask(lambda: self.client.search(index=self.name, body=body))
        try:
            return [
                _Hit(str(h["_id"]), str(h["_source"]["entryId"]), float(h["_score"] or 0))
                for h in answer["hits"]["hits"]
            ]
        except (LookupError, TypeError, ValueError) as fault:
            raise ProviderFailed("The search service gave an answer of another shape") from fault

    def _hits(self, answer: list[_Hit]) -> dict[str, float]:
        return {hit.entry: hit.score for hit in answer}

    def _documents(self, ids: list[str]) -> dict[str, list[str]]:
        """entryId -> the service's own document ids."""
        body = {"size": 1_000, "_source": ["entryId"], "query": {"terms": {"entryId": ids}}}
        found: dict[str, list[str]] = {}
        for hit in self._search(body):
            found.setdefault(hit.entry, []).append(hit.document)
        return found

    def _standing_ids(self) -> set[str]:
        body = {"size": 10_000, "_source": ["entryId"], "query": {"match_all": {}}}
        return {hit.entry for hit in self._search(body)}

    def _document(self, entry: CorpusEntry, vector: list[float]) -> dict[str, Any]:
        return {
            "entryId": entry.id,
            "kind": entry.kind,
            "genres": entry.genres,
            "text": entry.searchable,
            "embedding": vector,
        }

    def _bulk(self, lines: list[dict[str, Any]]) -> None:
        answer = self._ask(lambda: self.client.bulk(body=lines))
        wrong = [row for item in answer.get("items", []) for row in item.values() if "error" in row]
        if wrong:
            raise ProviderFailed(f"{len(wrong)} documents were refused: {wrong[0]['error'].get('type', 'unknown')}")

    def _ask(self, work: Any) -> Any:
        from opensearchpy.exceptions import OpenSearchException

        try:
            return work()
        except OpenSearchException as fault:
            raise ProviderFailed(
                f"The search service failed: {type(fault).__name__}: {fault}"[:300],
                fix="Try again; the outline does not need it.",
            ) from fault


def _cosine(score: float) -> float:
    """Faiss inner product as OpenSearch scores it, back to the cosine: 1 + c where c >= 0, else 1 / (1 - c)."""
    return score - 1 if score >= 1 else 1 - 1 / score if score > 0 else -1.0


def index(**limits: Any) -> OpenSearchIndex:
    """The index of the settings. limits: `timeout` and `max_retries`, for a reindex that may wait for a collection."""
    import boto3
    from opensearchpy import OpenSearch, RequestsAWSV4SignerAuth, RequestsHttpConnection

    service = settings.get("SEARCH_SERVICE")
    session = boto3.Session()
    auth = RequestsAWSV4SignerAuth(session.get_credentials(), session.region_name or "us-east-1", service)
    client = OpenSearch(
        hosts=[settings.get("SEARCH_URL")],
        http_auth=auth,
        connection_class=RequestsHttpConnection,
        verify_certs=True,
        timeout=limits.get("timeout", SECONDS),
        max_retries=limits.get("max_retries", 0),
        retry_on_timeout=False,
    )
    return OpenSearchIndex(client, settings.get("SEARCH_INDEX"), embedder(), own_ids=service == "es")
