"""The RAG gate (SOP step 1): references for the writer. A failure is recorded and never stops the outline."""

from dataclasses import dataclass, field

from vibeboard.domain.errors import Invalid, ProviderFailed
from vibeboard.domain.story import Reference
from vibeboard.store.audit import log_failure

REFERENCES = 5  # the SOP's limit


@dataclass(frozen=True)
class Retrieved:
    """What the search gave: references best first, or why there are none."""

    query: str
    references: list[Reference] = field(default_factory=list)
    engine: str = ""
    error: str = ""


def query_of(concept: dict[str, str], style_notes: str) -> str:
    """The SOP's query: genre and tone, "cinematography", then the concept and the style notes."""
    return " ".join(
        part for part in (concept["genre"], concept["tone"], "cinematography", concept["concept"], style_notes) if part
    )


def retrieve(project_id: str, concept: dict[str, str], style_notes: str, pinned: list[str], trace_id: str) -> Retrieved:
    """Pinned references first, then the nearest others, REFERENCES in all (or as many as are pinned).

    Raises Invalid for a pinned id that the corpus does not have.
    """
    query = query_of(concept, style_notes)
    try:
        from vibeboard.corpus import load_corpus
        from vibeboard.providers.sandbox.embeddings import MODEL, default_index

        corpus = {entry.id: entry for entry in load_corpus()}
        fixed = [corpus[name].as_reference(1.0) for name in pinned]
        found = [hit.reference for hit in default_index().search(query, REFERENCES + len(pinned))]
    except KeyError as unknown:
        raise Invalid(
            f"No reference {unknown}", field="pinnedReferences", fix="Search for references and use their ids."
        ) from unknown
    except (ProviderFailed, ImportError, OSError, RuntimeError, ValueError) as fault:
        error = f"{type(fault).__name__}: {fault}"[:300]
        log_failure(project_id, trace_id=trace_id, service="search", error=error, step="1 Outline")
        return Retrieved(query, error=error)
    others = [reference for reference in found if reference.id not in pinned]
    return Retrieved(query, [*fixed, *others][: max(REFERENCES, len(fixed))], MODEL)
