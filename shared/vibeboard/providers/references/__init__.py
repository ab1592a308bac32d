"""The RAG gate's search (SOP step 1): who turns text into vectors, and where the references are looked up.

With SEARCH_URL the corpus lies in OpenSearch; without it, it is searched exactly in this process. What is found is
always an entry of our own corpus: an index gives ids and scores, never text.
"""

from vibeboard.corpus import load_corpus
from vibeboard.domain.errors import ProviderFailed
from vibeboard.domain.story import Reference
from vibeboard.providers import settings


def engine_name() -> str:
    """What the search is recorded as, for example "opensearch/amazon.titan-embed-text-v2:0"."""
    from vibeboard.providers.references.embeddings import embedder

    return f"opensearch/{embedder().model}" if settings.get("SEARCH_URL") else embedder().model


def search(query: str, limit: int) -> list[Reference]:
    """The nearest references, best first. Raises ProviderFailed, NotSet; never waits longer than a few seconds."""
    from vibeboard.providers.references.embeddings import embedder

    try:
        if settings.get("SEARCH_URL"):
            from vibeboard.providers.references.opensearch import index

            return index().search(query, limit)
        from vibeboard.providers.references.exact import exact_index

        return exact_index(embedder()).search(query, limit)
    except (ImportError, OSError, RuntimeError, ValueError) as fault:
        raise ProviderFailed(
            f"The reference search failed: {type(fault).__name__}: {fault}"[:300],
            fix="Try again; the outline does not need it.",
        ) from fault


def by_id(ids: list[str]) -> list[Reference]:
    """References by their ids, in that order, with score 1. Raises KeyError for an id the corpus does not have."""
    known = {entry.id: entry for entry in load_corpus()}
    return [known[name].as_reference(1.0) for name in ids]
