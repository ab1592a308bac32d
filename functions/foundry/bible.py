"""The Style Bible (SOP step 4): look, light and wardrobe of every character, and the rules of the whole film."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from foundry import characters
from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import digest
from vibeboard.domain.story import CastMember
from vibeboard.film.story import read_breakdown
from vibeboard.store import keys, ledger, projects
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


def read(project_id: str) -> Item:
    item = table().get(keys.bible(project_id))
    if item is None:
        raise NotFound("There is no Style Bible yet", fix="Generate one with POST foundry/style-bible.")
    return item


def generate(project_id: str, actor: str, wanted: dict[str, Any] | None = None, trace_id: str = "") -> Item:
    """Write the next version; the same content stays the version it is. wanted: {globalRules} to set by hand.

    Rules set by hand in an earlier version stay until they are set again. Raises GateRefused CONTRACT_INCOMPLETE,
    Conflict CHARACTERS_MISSING.
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
    fingerprint = digest(content)
    if standing and standing["fingerprint"] == fingerprint:
        return standing
    version = (standing or {}).get("version", 0) + 1
    item: Item = {
        **keys.bible(project_id),
        "styleBibleId": f"sb_{digest([project_id, 'bible'], 20)}",
        "projectId": project_id,
        "version": version,
        "fingerprint": fingerprint,
        "generatedBy": actor,
        "generatedAt": now(),
        **content,
    }
    condition = Attr("version").eq(version - 1) if standing else NEW
    facts = {"version": version, "fingerprint": fingerprint}
    audit = audit_action(project_id, actor=actor, act="bible.write", trace_id=trace_id, **facts)
    try:
        table().transact([Put(item, condition), audit])
    except TransactionRefused as refused:
        raise Conflict("Somebody wrote the Style Bible at this moment", fix="Try again.") from refused
    return item


def _rules_of(character: Item) -> dict[str, Any]:
    """One row of the bible, in the SOP's fields."""
    return {
        "name": character["name"],
        "characterId": character["characterId"],
        "triggerWord": character["triggerWord"],
        "loraId": character.get("loraId"),
        **{rule: character.get(rule, []) for rule in RULES},
    }


def view(item: Item) -> Item:
    shown = public(item, hide=("fingerprint", "setByHand"))
    shown["characters"] = [{"loraId": None} | row for row in item["characters"]]
    return shown
