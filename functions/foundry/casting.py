"""What the production does on its own in steps 3 and 4: cast the characters, train the lead, build the first set,
each only as far as the money for the footage itself stays whole."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from foundry import bible, characters
from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import Quality, frame_size
from vibeboard.domain.models import EDIT
from vibeboard.domain.pricing import FOOTAGE_PER_SECOND, price
from vibeboard.domain.story import CastMember
from vibeboard.film.sets import build_drafts, building, things_in
from vibeboard.film.story import read_breakdown
from vibeboard.jobs.admission import Guard, JobDraft, admit
from vibeboard.jobs.drafts import FRAME_QUALITY
from vibeboard.store import keys, ledger, projects
from vibeboard.store.audit import now
from vibeboard.store.table import EXISTS, Item, Update, table

FRAMES_PER_SHOT = 2  # first and last


def planned_footage(project: Item, quality: Quality) -> int:
    """Micro-dollars the film itself will need: frames, a draft of every second, and the pass it is delivered at."""
    contract = project["creativeContract"]
    seconds = float(contract.get("targetRuntime", 60))
    passes: dict[Quality, None] = {"draft": None, quality: None}
    footage = sum(round(FOOTAGE_PER_SECOND[name] * seconds) for name in passes)
    shots = len(read_breakdown(project["projectId"]).shots)
    width, height = frame_size(contract.get("aspectRatio", "16:9"), FRAME_QUALITY)
    frame = price("frame.edit", {"model": EDIT.model, "width": width, "height": height})
    return footage + shots * FRAMES_PER_SHOT * frame


def fits(project: Item, user: str, amount: int, quality: Quality) -> bool:
    """True if `amount` fits under the cap and into the quota with the planned footage kept aside."""
    aside = planned_footage(project, quality)
    budget = ledger.read(project["projectId"])
    quota = table().get(keys.quota(user)) or {"available": 0}
    return bool(amount + aside <= min(budget["available"], quota["available"]))


def run_of(project: Item, number: int | None) -> tuple[str, Quality]:
    """Who pays (the person who started the run, else the project's creator) and at what quality it is delivered."""
    run: Item = (table().get(keys.run(project["projectId"], number)) if number is not None else None) or {}
    quality: Quality = run.get("options", {}).get("quality", "draft")
    return str(run.get("startedBy", project["createdBy"])), quality


def cast(project_id: str, number: int | None, trace_id: str) -> dict[str, Any]:
    """Create every character of the breakdown, then train the lead if the budget allows: {characters, jobs}."""
    project = projects.read(project_id)
    payer, quality = run_of(project, number)
    members = bible.designed_cast(project)
    ids = [_appoint(project_id, member, payer, trace_id) for member in members]
    jobs = []
    if ids:
        lead = characters.read(project_id, ids[0])
        if lead.get("trainingJobId"):
            jobs.append(lead["trainingJobId"])
        else:
            draft = characters.training_draft(project, lead, 1)
            if fits(project, payer, draft.amount, quality):
                job, _ = characters.order_training(project, lead, payer, trace_id)
                jobs.append(job["jobId"])
    return {"characters": ids, "jobs": jobs}


def _appoint(project_id: str, member: CastMember, actor: str, trace_id: str) -> str:
    """Make the character, or fill in what a person who made it left open."""
    character_id = f"char_{member.id}"
    look = {
        "attributes": dict(member.attributes),
        "wardrobeRules": list(member.wardrobe_rules),
        "lightingRules": list(member.lighting_rules),
        "poseGuidance": list(member.pose_guidance),
    }
    standing = table().get(keys.character(project_id, character_id))
    if standing is None or standing["status"] == "placeholder":
        facts = {"name": member.display_name, "status": "cast", "origin": "production", **look}
        try:
            characters.put(project_id, character_id, facts, actor, trace_id)
            return character_id
        except Conflict:
            standing = characters.read(project_id, character_id)
    missing = {name: value for name, value in look.items() if not standing.get(name)}
    if missing:
        change = missing | {"updatedAt": now()}
        table().write(Update(keys.character(project_id, character_id), set=change, condition=EXISTS))
    return character_id


def build_assets(project_id: str, number: int | None, trace_id: str) -> dict[str, Any]:
    """Count the asset bin and have its first location built from the first reference image: {assets, jobs}."""
    project = projects.read(project_id)
    payer, quality = run_of(project, number)
    assets = table().query(f"PROJECT#{project_id}", "ASSET#")
    jobs: list[str] = []
    breakdown = read_breakdown(project_id)
    places = breakdown.asset_manifest.locations
    first = next((item for item in assets if places and item.get("identifier") == places[0]), None)
    references = project.get("references", [])
    if first and first.get("buildJobs"):
        jobs += first["buildJobs"]
    elif first and references and first["status"] == "placeholder":
        drafts = build_drafts(
            first,
            references[0]["key"],
            prompt=first["provenance"]["sourcePrompt"],
            seed=project["seed"],
            labels=things_in(breakdown, places[0]),
        )
        if fits(project, payer, sum(draft.amount for draft in drafts), quality):
            jobs += _build(project_id, first, drafts, payer, trace_id)
    return {"assets": len(assets), "jobs": jobs}


def _build(project_id: str, asset: Item, drafts: list[JobDraft], payer: str, trace_id: str) -> list[str]:
    change = building(drafts, project_id, drafts[0].input["assets"]["image"], 1)
    mark = Update(
        keys.asset(project_id, asset["assetId"]),
        set=change,
        condition=EXISTS & Attr("status").eq("placeholder"),
    )
    taken = Conflict("Somebody builds this asset already", fix="Wait for its job.")
    admit(project_id, payer, drafts, guards=[Guard(mark, lambda _standing: taken)], trace_id=trace_id)
    return list(change["buildJobs"])
