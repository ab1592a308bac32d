"""Search over the reference corpus: the nearest conventions by meaning, with what they suggest to a prompt."""

from typing import Any

from vibeboard.providers import references


def semantic(query: str, limit: int) -> dict[str, Any]:
    """{results: [{id, title, kind, text, score, promptHints}], engine}, best first. Raises ProviderFailed, NotSet."""
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
            for reference in references.search(query, limit)
        ],
        "engine": references.engine_name(),
    }
