"""Search over the reference corpus: the nearest conventions by meaning, with what they suggest to a prompt."""

from typing import Any

from vibeboard.domain.errors import ProviderFailed


def semantic(query: str, limit: int) -> dict[str, Any]:
    """{results: [{id, title, kind, text, score, promptHints}], engine}, best first. Raises ProviderFailed."""
    try:
        from vibeboard.providers.sandbox.embeddings import MODEL, default_index

        found = [hit.reference for hit in default_index().search(query, limit)]
    except (ImportError, OSError, RuntimeError) as fault:
        raise ProviderFailed("The reference search failed", fix="Try again; the outline does not need it.") from fault
    return {
        "query": query,
        "results": [
            {
                "id": reference.id,
                "title": reference.title,
                "kind": reference.kind,
                "text": reference.text,
                "score": round(reference.score, 4),
                "promptHints": list(reference.prompt_hints),
            }
            for reference in found
        ],
        "engine": MODEL,
    }
