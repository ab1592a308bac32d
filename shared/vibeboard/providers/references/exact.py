"""Exact cosine search over the corpus in this process."""

from functools import cache

import numpy as np

from vibeboard.corpus import load_corpus
from vibeboard.domain.story import Reference
from vibeboard.providers.references.embeddings import Embedder, Sandbox


class ExactIndex:
    """The corpus as vectors of one embedder, computed once per process."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.entries = load_corpus()
        self.vectors = np.array(embedder.embed([entry.searchable for entry in self.entries]), np.float32)

    def search(self, query: str, limit: int) -> list[Reference]:
        """Best first; equal scores keep the corpus order."""
        if not query.strip() or limit < 1:
            return []
        scores = self.vectors @ np.array(self.embedder.embed([query])[0], np.float32)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [self.entries[i].as_reference(float(scores[i])) for i in best]


class SandboxIndex:
    """The same over MiniLM, whose corpus vectors are kept on disk from one process to the next."""

    def search(self, query: str, limit: int) -> list[Reference]:
        from vibeboard.providers.sandbox.embeddings import default_index

        return [hit.reference for hit in default_index().search(query, limit)]


@cache
def _index(model: type[Embedder]) -> ExactIndex:
    return ExactIndex(model())


def exact_index(embedder: Embedder) -> ExactIndex | SandboxIndex:
    """The index for an embedder."""
    return SandboxIndex() if isinstance(embedder, Sandbox) else _index(type(embedder))
