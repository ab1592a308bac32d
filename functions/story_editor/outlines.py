"""Outlines (SOP step 1): every version kept, restored and compared; the order for the next one."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from story_editor import retrieval, writers
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.domain.ids import digest
from vibeboard.film.story import next_version
from vibeboard.jobs import desk
from vibeboard.store import keys, ledger, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Item, Put, TransactionRefused, Update, table

DEFAULT_RUNTIME_SECONDS = 60
VERSION_ATTEMPTS = 5  # two people restoring at once each get a version of their own


def require_contract(project_id: str) -> None:
    """The contract gate stands before every generation. Raises GateRefused CONTRACT_INCOMPLETE."""
    budget = ledger.read(project_id)
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})


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


def order(
    project_id: str,
    payer: str,
    *,
    sent: dict[str, Any] | None = None,
    pinned: list[str] | None = None,
    dropped: list[str] | None = None,
    variation: int | None = None,
    by: str = "",
    trace_id: str = "",
) -> Item:
    """Order the next version: contract gate, RAG gate, money. A failed search is recorded and the outline goes on.

    payer: whose quota it takes; by: who is named as its author. Returns the job. Raises GateRefused, Invalid (no
    concept, unknown references), Conflict (no engine).
    """
    require_contract(project_id)
    project = projects.read(project_id)
    concept = concept_of(project, sent or {})
    pinned, dropped = pinned or [], dropped or []
    style_notes = project["creativeContract"].get("styleNotes", "")
    found = retrieval.retrieve(project_id, concept, style_notes, pinned, dropped, trace_id)
    before = versions(project_id)
    request = digest([concept, pinned, dropped])
    if variation is None:
        variation = sum(1 for item in before if item["request"] == request)
    what = _facts(project, concept, by or payer) | {
        "request": request,
        "variation": variation,
        "pinned": pinned,
        "dropped": dropped,
        "references": [_used(reference) for reference in found.references],
        "rag": {"query": found.query, "engine": found.engine, "error": found.error},
        "unlike": [item["outline"]["logline"] for item in before][-5:] if variation else [],
    }
    return desk.order(project_id, payer, "story.outline", [writers.outline_question(what)], what, trace_id)


def order_act(
    project_id: str, payer: str, number: int, version: int | None, variation: int | None = None, trace_id: str = ""
) -> Item:
    """Order one act (from 1) of an outline anew, as a new version. Raises NotFound, Conflict with a screenplay."""
    require_contract(project_id)
    project = projects.read(project_id)
    if project.get("screenplayKey"):
        raise Conflict(
            "The screenplay decides what happens in each act",
            code="ACT_IS_THE_SCREENPLAYS",
            fix="Change the screenplay.",
        )
    before = versions(project_id)
    base = before[-1] if before and version is None else read(project_id, version)
    if not 1 <= number <= len(base["outline"]["acts"]):
        raise NotFound(f"Outline {base['version']} has {len(base['outline']['acts'])} acts", fix="Count acts from 1.")
    if variation is None:
        same = [item for item in before if item.get("act") == number]
        variation = len(same) + 1
    carried = {name: base[name] for name in ("request", "references", "rag")}
    what = _facts(project, base["input"], payer) | carried | {
        "variation": base["variation"],
        "pinned": base["pinnedReferences"],
        "dropped": base.get("droppedReferences", []),
        "act": number,
        "base": base["version"],
        "take": variation,
        "outline": base["outline"],
    }  # fmt: skip
    return desk.order(project_id, payer, "story.outline", [writers.act_question(what)], what, trace_id)


def _facts(project: Item, concept: dict[str, str], by: str) -> dict[str, Any]:
    contract = project["creativeContract"]
    return {
        "concept": concept,
        "styleNotes": contract.get("styleNotes", ""),
        "runtimeSeconds": contract.get("targetRuntime", DEFAULT_RUNTIME_SECONDS),
        "seed": project["seed"],
        "screenplayKey": project.get("screenplayKey", ""),
        "screenplayName": project.get("screenplayName", ""),
        "by": by,
    }


def _used(reference: Any) -> dict[str, Any]:
    return {
        "id": reference.id,
        "title": reference.title,
        "kind": reference.kind,
        "score": round(reference.score, 4),
    }


def restore(project_id: str, version: int, by: str, trace_id: str = "") -> Item:
    """An earlier version as the newest again, a draft; nothing is rewritten. Raises NotFound."""
    old = read(project_id, version)
    kept = {name: value for name, value in old.items() if name not in ("SK", "decidedBy", "decidedAt", "reason")}
    for _ in range(VERSION_ATTEMPTS):
        number = next_version(project_id)
        item = kept | {
            **keys.outline(project_id, number),
            "version": number,
            "status": "draft",
            "restoredFrom": version,
            "createdBy": by,
            "createdAt": now(),
        }
        facts = {"version": number, "restoredFrom": version}
        audit = audit_action(project_id, actor=by, act="outline.restore", trace_id=trace_id, **facts)
        try:
            table().transact([Put(item, NEW), audit])
            return item
        except TransactionRefused:
            continue
    raise Conflict("Several outlines are being written at once", fix="Try again.")


def difference(project_id: str, old: int, new: int) -> dict[str, Any]:
    """{from, to, changes: [{field, from, to}]}: which words of the outline differ, act by act and beat by beat."""
    before, after = read(project_id, old), read(project_id, new)
    rows = [
        {"field": field, "from": one, "to": other}
        for field, one, other in _changes("", before["outline"], after["outline"])
    ]
    return {"from": old, "to": new, "changes": rows}


def _changes(path: str, old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        return [row for name in names for row in _changes(f"{path}.{name}".strip("."), old.get(name), new.get(name))]
    if isinstance(old, list) and isinstance(new, list):
        pairs = range(max(len(old), len(new)))
        cells = [(i, old[i] if i < len(old) else None, new[i] if i < len(new) else None) for i in pairs]
        return [row for i, one, other in cells for row in _changes(f"{path}[{i}]", one, other)]
    return [] if old == new else [(path, old, new)]


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
        "pinnedReferences": item["pinnedReferences"],
        "droppedReferences": item.get("droppedReferences", []),
        "input": item["input"],
        "variation": item["variation"],
        "engine": item["engine"],
        "jobId": item.get("jobId"),
        "createdAt": item["createdAt"],
        "createdBy": item["createdBy"],
        "reason": item.get("reason", ""),
        "gates": {"rag": evaluate("rag", rag).to_dict()},
        **{name: item[name] for name in ("act", "basedOn", "restoredFrom") if name in item},
    }


def summary(item: Item) -> dict[str, Any]:
    """One row of the list of versions."""
    return {
        "version": item["version"],
        "status": item["status"],
        "logline": item["outline"]["logline"],
        "createdAt": item["createdAt"],
        "createdBy": item["createdBy"],
        **{name: item[name] for name in ("act", "basedOn", "restoredFrom") if name in item},
    }
