"""Outlines (SOP step 1): the RAG gate, the writer, and every version kept."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from story_editor import retrieval
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.domain.ids import digest
from vibeboard.domain.story import Reference, Screenplay
from vibeboard.store import keys, ledger, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Action, Item, Put, TransactionRefused, Update, table

VERSION_ATTEMPTS = 5  # two people writing at once each get a version of their own


def require_contract(project_id: str) -> None:
    """The contract gate stands before every generation. Raises GateRefused CONTRACT_INCOMPLETE."""
    budget = ledger.read(project_id)
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})


def screenplay_of(project: Item) -> Screenplay | None:
    """The uploaded screenplay, parsed; None when the project has none."""
    key = project.get("screenplayKey")
    if not key:
        return None
    from vibeboard.providers.screenplay import read_screenplay

    return read_screenplay(objects.read(key).decode("utf-8-sig"), str(project.get("screenplayName", key)))


def versions(project_id: str) -> list[Item]:
    """All outlines, oldest first."""
    return table().query(f"PROJECT#{project_id}", "OUTLINE#")


def read(project_id: str, version: int | None = None) -> Item:
    """One version, or the newest. Raises NotFound."""
    if version is not None:
        item = table().get(keys.outline(project_id, version))
    else:
        item = next(iter(table().query(f"PROJECT#{project_id}", "OUTLINE#", limit=1, newest_first=True)), None)
    if item is None:
        raise NotFound("No such outline", fix="Write one with POST story-editor/outline.")
    return item


def chosen(project_id: str, version: int | None = None) -> Item:
    """The outline to work from: the version asked for, else the approved one, else the newest not rejected.

    Raises NotFound, Conflict OUTLINE_MISSING.
    """
    if version is not None:
        return read(project_id, version)
    alive = [item for item in versions(project_id) if item["status"] != "rejected"]
    approved = [item for item in alive if item["status"] == "approved"]
    if not alive:
        raise Conflict(
            "There is no outline to break down", code="OUTLINE_MISSING", fix="Write one with POST story-editor/outline."
        )
    return (approved or alive)[-1]


def concept_of(project: Item, sent: dict[str, Any]) -> dict[str, str]:
    """What was sent, over what the project holds. Raises Invalid when there is no concept at all."""
    held = project.get("concept", {})
    concept = {name: sent.get(name) or held.get(name, "") for name in ("concept", "genre", "tone")}
    if not concept["concept"]:
        raise Invalid("There is no concept to write from", field="concept", fix="Send {concept, genre, tone}.")
    return concept


def write(
    project_id: str,
    actor: str,
    *,
    sent: dict[str, Any] | None = None,
    pinned: list[str] | None = None,
    variation: int | None = None,
    trace_id: str = "",
) -> Item:
    """Write the next version: contract gate, RAG gate, writer. A failed search is recorded and the outline goes on.

    Raises GateRefused, Invalid (no concept, unknown pinned reference).
    """
    require_contract(project_id)
    project = projects.read(project_id)
    concept = concept_of(project, sent or {})
    contract = project["creativeContract"]
    found = retrieval.retrieve(project_id, concept, contract.get("styleNotes", ""), pinned or [], trace_id)
    before = versions(project_id)
    request = digest([concept, pinned or []])
    if variation is None:
        variation = sum(1 for item in before if item["request"] == request)
    outline, engine = _written(project, concept, found.references, variation)
    body: Item = {
        "projectId": project_id,
        "status": "draft",
        "outline": outline,
        "input": concept,
        "request": request,
        "variation": variation,
        "pinnedReferences": pinned or [],
        "references": [
            {"id": reference.id, "title": reference.title, "kind": reference.kind, "score": round(reference.score, 4)}
            for reference in found.references
        ],
        "rag": {"query": found.query, "engine": found.engine, "error": found.error},
        "engine": engine,
        "seed": project["seed"],
        "createdBy": actor,
        "createdAt": now(),
    }
    return _keep(project, concept, body, len(before), actor, trace_id)


def _written(
    project: Item, concept: dict[str, str], references: list[Reference], variation: int
) -> tuple[dict[str, Any], str]:
    """(outline in the SOP's shape, the engine's name)."""
    from vibeboard.providers.sandbox.story import MODEL, write_outline

    contract = project["creativeContract"]
    outline = write_outline(
        concept=concept["concept"],
        genre=concept["genre"],
        tone=concept["tone"],
        style_notes=contract.get("styleNotes", ""),
        references=references,
        runtime_seconds=contract.get("targetRuntime", 60),
        seed=project["seed"],
        variation=variation,
        screenplay=screenplay_of(project),
    )
    return outline.model_dump(mode="json", by_alias=True), MODEL


def _keep(project: Item, concept: dict[str, str], body: Item, count: int, actor: str, trace_id: str) -> Item:
    """Store under the next free version. The concept becomes the project's, unless a locked contract holds another."""
    project_id = project["projectId"]
    for version in range(count + 1, count + 1 + VERSION_ATTEMPTS):
        item = {**keys.outline(project_id, version), "version": version, **body}
        audit = audit_action(project_id, actor=actor, act="outline.write", trace_id=trace_id, version=version)
        actions: list[Action] = [Put(item, NEW), audit]
        adopts = concept != project.get("concept") and not (project["contractLocked"] and project.get("concept"))
        try:
            if adopts:
                projects.update(project, {"concept": concept}, actions, None)
            else:
                table().transact(actions)
            return item
        except TransactionRefused:
            continue
    raise Conflict("Several outlines are being written at once", fix="Try again.")


def decide(project_id: str, version: int, status: str, by: str, reason: str = "", trace_id: str = "") -> Item:
    """Approve or reject a draft; a repeat changes nothing. Raises NotFound, Conflict when it was decided otherwise."""
    item = read(project_id, version)
    if item["status"] == status:
        return item
    change = {"status": status, "decidedBy": by, "decidedAt": now(), "reason": reason}
    write_it = Update(keys.outline(project_id, version), set=change, condition=Attr("status").eq("draft"))
    facts = {"version": version, "reason": reason}
    audit = audit_action(project_id, actor=by, act=f"outline.{status}", trace_id=trace_id, **facts)
    try:
        table().transact([write_it, audit])
    except TransactionRefused as refused:
        standing = refused.items[0] or item
        if standing["status"] != status:
            raise Conflict(f"Outline {version} is {standing['status']}", fix="Write a new version.") from refused
        return standing
    return item | change


def view(item: Item) -> dict[str, Any]:
    """The SOP's {"outline": …} with version, status, the references that were used and what the RAG gate says."""
    rag = {"references": len(item["references"]), "engine": item["rag"].get("engine", "")}
    if item["rag"].get("error"):
        rag["error"] = item["rag"]["error"]
    return {
        "outline": item["outline"],
        "version": item["version"],
        "status": item["status"],
        "references": item["references"],
        "input": item["input"],
        "variation": item["variation"],
        "engine": item["engine"],
        "createdAt": item["createdAt"],
        "createdBy": item["createdBy"],
        "reason": item.get("reason", ""),
        "gates": {"rag": evaluate("rag", rag).to_dict()},
    }
