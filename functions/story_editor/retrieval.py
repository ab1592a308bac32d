"""The RAG gate (SOP step 1): references for the writer. A failure is recorded and never stops the outline."""

from dataclasses import dataclass, field

from vibeboard.domain.errors import Invalid, VibeBoardError
from vibeboard.domain.story import Reference
from vibeboard.providers import references
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


def retrieve(
    project_id: str, concept: dict[str, str], style_notes: str, pinned: list[str], dropped: list[str], trace_id: str
) -> Retrieved:
    """Pinned references first, then the nearest others that were not dropped, REFERENCES in all (or all pinned).

    Raises Invalid for a pinned or dropped id that the corpus does not have, or that is both.
    """
    query = query_of(concept, style_notes)
    fixed = _named("pinnedReferences", pinned)
    _named("droppedReferences", dropped)
    both = sorted(set(pinned) & set(dropped))
    if both:
        raise Invalid(
            f"{both[0]} is pinned and dropped at once", field="droppedReferences", fix="Name it in one of the two."
        )
    try:
        engine = references.engine_name()
        found = references.search(query, REFERENCES + len(pinned) + len(dropped))
    except VibeBoardError as fault:
        error = f"{fault.title}: {fault.detail}"[:300]
        log_failure(project_id, trace_id=trace_id, service="search", error=error, step="1 Outline")
        return Retrieved(query, fixed, error=error)
    others = [reference for reference in found if reference.id not in {*pinned, *dropped}]
    return Retrieved(query, [*fixed, *others][: max(REFERENCES, len(fixed))], engine)


def _named(field_name: str, ids: list[str]) -> list[Reference]:
    try:
        return references.by_id(ids)
    except KeyError as unknown:
        raise Invalid(
            f"No reference {unknown}", field=field_name, fix="Search for references and use their ids."
        ) from unknown
