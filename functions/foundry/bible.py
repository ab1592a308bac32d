"""The Style Bible (SOP step 4): look, light and wardrobe of every character, and the rules of the whole film."""

from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from foundry import characters
from vibeboard.domain.bible_rules import check_shot
from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import digest
from vibeboard.domain.story import CastMember
from vibeboard.film.story import read_breakdown
from vibeboard.http.access import Caller
from vibeboard.store import chains, keys, ledger, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Item, Put, TransactionRefused, public, table

RULES = ("wardrobeRules", "lightingRules", "poseGuidance")


def designed_cast(project: Item) -> list[CastMember]:
    """How the breakdown's characters look, by the brief's genre, tone and style notes.

    Raises Conflict BREAKDOWN_MISSING.
    """
    from vibeboard.providers.sandbox.story import design_cast

    concept = project.get("concept", {})
    return list(
        design_cast(
            read_breakdown(project["projectId"]),
            genre=concept.get("genre", ""),
            tone=concept.get("tone", ""),
            style_notes=project["creativeContract"].get("styleNotes", ""),
            concept=concept.get("concept", ""),
        )
    )


def read(project_id: str, version: int | None = None) -> Item:
    """The bible as it stands, or one of its versions. Raises NotFound."""
    item = table().get(keys.bible(project_id) if version is None else keys.bible_version(project_id, version))
    if item is None:
        raise NotFound("There is no such Style Bible", fix="Generate one with POST foundry/style-bible.")
    return item


def versions(project_id: str) -> list[Item]:
    """Every version written, oldest first: {version, generatedAt, generatedBy, fingerprint, reason?}."""
    shown = ("version", "generatedAt", "generatedBy", "fingerprint", "reason")
    rows = table().query(f"PROJECT#{project_id}", "BIBLE#")
    return [{name: row[name] for name in shown if name in row} for row in rows]


def generate(
    project_id: str, actor: str, wanted: dict[str, Any] | None = None, trace_id: str = "", reason: str = ""
) -> Item:
    """Write the next version; the same content stays the version it is. wanted: {globalRules} to set by hand.

    Rules set by hand in an earlier version stay until they are set again. Once a chain uses the bible it is frozen:
    another version needs a reason, and chains keep the look they were made with. Raises GateRefused
    CONTRACT_INCOMPLETE, Conflict CHARACTERS_MISSING or STYLE_BIBLE_FROZEN.
    """
    from vibeboard.providers.sandbox.story import design_style

    project, budget = projects.read(project_id), ledger.read(project_id)
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})
    cast = [item for item in characters.of_project(project_id) if item["status"] != "placeholder"]
    if not cast:
        raise Conflict(
            "The project has no characters yet",
            code="CHARACTERS_MISSING",
            fix="Create characters with POST foundry/characters.",
        )
    standing = table().get(keys.bible(project_id))
    concept = project.get("concept", {})
    style = design_style(
        genre=concept.get("genre", ""),
        tone=concept.get("tone", ""),
        style_notes=project["creativeContract"].get("styleNotes", ""),
        concept=concept.get("concept", ""),
    )
    by_hand = (standing or {}).get("setByHand", {}) | (wanted or {}).get("globalRules", {})
    content = {
        "characters": [_rules_of(item) for item in cast],
        "globalRules": style.model_dump(mode="json", by_alias=True) | by_hand,
        "setByHand": by_hand,
    }
    fingerprint = digest(content | {"characters": [row | {"loraId": None} for row in content["characters"]]})
    if standing and standing["fingerprint"] == fingerprint:
        return standing
    if standing and standing.get("frozenAt") and not reason:
        raise frozen(standing)
    version = (standing or {}).get("version", 0) + 1
    item: Item = {
        **keys.bible(project_id),
        "styleBibleId": f"sb_{digest([project_id, 'bible'], 20)}",
        "projectId": project_id,
        "version": version,
        "fingerprint": fingerprint,
        "generatedBy": actor,
        "generatedAt": now(),
        **({"reason": reason} if reason else {}),
        **content,
    }
    condition: ConditionBase = Attr("version").eq(version - 1) if standing else NEW
    if not reason:
        condition = condition & Attr("frozenAt").not_exists()
    kept = Put({**item, **keys.bible_version(project_id, version)}, NEW)
    facts = {"version": version, "fingerprint": fingerprint} | ({"reason": reason} if reason else {})
    audit = audit_action(project_id, actor=actor, act="bible.write", trace_id=trace_id, **facts)
    try:
        table().transact([Put(item, condition), audit, kept])
    except TransactionRefused as refused:
        if (refused.items[0] or {}).get("frozenAt") and not reason:
            raise frozen(refused.items[0] or {}) from refused
        raise Conflict("Somebody wrote the Style Bible at this moment", fix="Try again.") from refused
    return item


def written(project_id: str, actor: str, trace_id: str) -> Item:
    """The bible for a production that goes on: a frozen one stays as it is."""
    standing = table().get(keys.bible(project_id))
    return standing if standing and standing.get("frozenAt") else generate(project_id, actor, trace_id=trace_id)


def order(caller: Caller, wanted: dict[str, Any]) -> Item:
    """A person's wish for a version. Raises as `generate`, and Forbidden for a reason that is no Admin's."""
    reason = str(wanted.get("reason", "")).strip()
    if reason:
        caller.join(caller.project_id, "contract")
    return view(generate(caller.project_id, caller.user, wanted, caller.trace_id, reason))


def printed(project_id: str, version: int | None) -> str:
    """The bible, or one of its versions, as a page. Raises NotFound."""
    from foundry.bible_page import page

    return page(view(read(project_id, version)), projects.read(project_id).get("title") or "Untitled")


def _rules_of(character: Item) -> dict[str, Any]:
    """One row of the bible, in the SOP's fields."""
    return {
        "name": character["name"],
        "characterId": character["characterId"],
        "triggerWord": character["triggerWord"],
        "loraId": character.get("loraId"),
        **{rule: character.get(rule, []) for rule in RULES},
    }


def frozen(standing: Item) -> Conflict:
    return Conflict(
        f"The Style Bible is frozen since {standing['frozenBy']} uses it; version {standing['version']} stands",
        code="STYLE_BIBLE_FROZEN",
        fix="An Admin may write another version with a `reason`; chains made before keep their look.",
        frozenAt=standing["frozenAt"],
        version=standing["version"],
    )


def violations(project_id: str) -> list[Item]:
    """Where the words of the film's shots go against the bible: {sceneChainId, segmentId, shotName, field, …}."""
    item = read(project_id)
    rows = {str(row["characterId"]).removeprefix("char_"): row for row in item["characters"]}
    banned = item["globalRules"].get("bannedElements", [])
    found = []
    for chain, segments in chains.chains_of(project_id):
        for segment in segments:
            cast = [rows[name] for name in segment.get("characters", []) if name in rows]
            for field in ("prompt", "firstFramePrompt", "lastFramePrompt"):
                for fault in check_shot(segment.get(field, ""), cast, banned):
                    place = {"sceneChainId": chain["id"], "segmentId": segment["id"], "shotName": segment["shotName"]}
                    found.append(place | {"field": field} | fault.to_dict())
    return found


def view(item: Item) -> Item:
    """The SOP's Style Bible; a LoRA trained since it was written shows at once."""
    trained = {row["characterId"]: row.get("loraId") for row in characters.of_project(item["projectId"])}
    shown = public(item, hide=("fingerprint", "setByHand"))
    shown["characters"] = [
        {"loraId": None} | row | {"loraId": trained.get(row["characterId"]) or row.get("loraId")}
        for row in item["characters"]
    ]
    return shown | {"frozen": bool(item.get("frozenAt"))}
