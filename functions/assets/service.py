"""The Asset Bin (SOP step 3): assets by the naming schema, each with its provenance, built in 3D on request."""

from pathlib import PurePosixPath
from typing import Any

from boto3.dynamodb.conditions import Attr

from assets.models import CreateAsset, Deconstruct
from vibeboard.domain.errors import Conflict, Invalid, NotFound, StaleRevision
from vibeboard.domain.gates import GateRefused, enforce, evaluate
from vibeboard.domain.ids import new_id
from vibeboard.domain.naming import ASSET_TYPES, check_name
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import Guard, JobDraft, admit
from vibeboard.store import keys, ledger, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Item, Put, TransactionRefused, Update, public, table
from vibeboard.views import job_view

DECONSTRUCT_MODEL = "runpod/3d-re-gen"
BUILDING = "building"

# what a file is for, by its suffix (the SOP's "geometry", "pbr" …)
FILE_TYPES = {
    ".glb": "geometry", ".ply": "pointcloud", ".json": "pbr", ".png": "image", ".jpg": "image", ".jpeg": "image",
    ".webp": "image", ".wav": "sound", ".mp4": "video", ".mov": "video", ".zip": "archive",
}  # fmt: skip


def check_schema(name: str) -> str:
    """The naming gate. Answers the asset's type; raises GateRefused with the suggested name."""
    verdict = check_name(name)
    if not verdict.ok:
        facts = {"valid": False, "reason": verdict.reason, "name": name, "suggestion": verdict.suggestion}
        refused = GateRefused(evaluate("naming", facts), f"{name!r}: {verdict.reason}")
        if verdict.suggestion:
            refused.fix = f"Use {verdict.suggestion}."
            refused.extra["suggestion"] = verdict.suggestion
        refused.extra["errors"] = [{"field": "name", "message": verdict.reason, "fix": refused.fix}]
        raise refused
    return ASSET_TYPES[name.split("_")[2]]


def listing(project_id: str, scene: int | None, kind: str) -> list[Item]:
    """Assets by name, of one scene (counted from 1) or type if asked."""
    rows = table().query(f"PROJECT#{project_id}", "ASSET#")
    wanted = f"SC{scene:02d}_" if scene is not None else ""
    shown = [row for row in rows if row["name"].startswith(wanted) and (not kind or row["type"] == kind)]
    return [view(row) for row in sorted(shown, key=lambda row: (row["name"], row["assetId"]))]


def read(project_id: str, asset_id: str) -> Item:
    item = table().get(keys.asset(project_id, asset_id))
    if item is None:
        raise NotFound("No such asset", fix="List the project's assets for their ids.")
    return item


def create(caller: Caller, body: CreateAsset) -> Item:
    """One's own asset, with the file of a completed upload. Raises GateRefused (naming), Conflict, NotFound."""
    kind = check_schema(body.name)
    _name_is_free(caller.project_id, body.name)
    files, digests = _uploaded(caller.project_id, body.upload_id)
    provenance: dict[str, Any] = {
        "sourcePrompt": body.source_prompt,
        "seed": body.seed,
        "model": body.model or ("upload" if files else "none"),
        "licence": body.licence,
        "createdAt": now(),
        "createdBy": caller.user,
        **digests,
    }
    return view(_store(caller, new_id("asset"), body.name, kind, files, provenance))


def _store(caller: Caller, asset_id: str, name: str, kind: str, files: list[Item], provenance: dict[str, Any]) -> Item:
    item: Item = {
        **keys.asset(caller.project_id, asset_id),
        "assetId": asset_id,
        "projectId": caller.project_id,
        "name": name,
        "type": kind,
        "status": "complete" if files else "placeholder",
        "origin": "user",
        "files": files,
        "provenance": {key: value for key, value in provenance.items() if value not in ("", None)},
        "rev": 1,
    }
    sidecar = f"{keys.media_prefix(caller.project_id)}assets/{asset_id}/provenance.json"
    item["sidecarKey"] = sidecar
    audit = audit_action(
        caller.project_id, actor=caller.user, act="asset.create", trace_id=caller.trace_id, assetId=asset_id, name=name
    )
    table().transact([Put(item, NEW), audit])
    objects.write_json(sidecar, {"assetId": asset_id, "name": name, "provenance": item["provenance"]})
    return item


def _uploaded(project_id: str, upload_id: str | None) -> tuple[list[Item], dict[str, Any]]:
    if upload_id is None:
        return [], {}
    upload = table().get(keys.upload(project_id, upload_id))
    if upload is None:
        raise NotFound("No such upload", fix="Start the upload first.")
    if upload["status"] != "complete":
        raise Conflict(f"The upload is {upload['status']}", code="UPLOAD_OPEN", fix="Complete the upload first.")
    suffix = PurePosixPath(upload["name"]).suffix.lower()
    row = {"name": upload["name"], "type": FILE_TYPES.get(suffix, "file"), "key": upload["key"]}
    return [row], {"sha256": upload["sha256"]}


def _name_is_free(project_id: str, name: str, asset_id: str = "") -> None:
    for row in table().query(f"PROJECT#{project_id}", "ASSET#"):
        if row["name"] == name and row["assetId"] != asset_id:
            raise Conflict(f"{name} exists already", code="ASSET_EXISTS", fix="Use another name, or that asset.")


def rename(caller: Caller, asset_id: str, name: str, rev: int | None) -> Item:
    """Give an asset another name. Raises GateRefused (naming), NotFound, Conflict, StaleRevision."""
    kind = check_schema(name)
    item = read(caller.project_id, asset_id)
    if item["name"] == name:
        return view(item)
    _name_is_free(caller.project_id, name, asset_id)
    expected = rev if rev is not None else item["rev"]
    change = {"name": name, "type": kind, "updatedAt": now(), "rev": expected + 1}
    write = Update(keys.asset(caller.project_id, asset_id), set=change, condition=EXISTS & Attr("rev").eq(expected))
    facts = {"assetId": asset_id, "from": item["name"], "to": name}
    audit = audit_action(
        caller.project_id, actor=caller.user, act="asset.rename", trace_id=caller.trace_id, change=facts
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        current = (refused.items[0] or {}).get("rev")
        raise StaleRevision(
            f"The asset is at revision {current}, not {expected}",
            fix="Read it again and repeat your change.",
            currentRevision=current,
        ) from refused
    return view(item | change)


def deconstruct(caller: Caller, body: Deconstruct) -> dict[str, Any]:
    """Order geometry, point cloud and materials of one asset from one picture; a job under way is answered again.

    Raises GateRefused (naming, contract, cap, quota), NotFound, Invalid (no picture).
    """
    project = projects.read(caller.project_id)
    if body.image_key is not None:
        objects.own_picture(caller.project_id, body.image_key)
    if body.asset_id is not None:
        item = read(caller.project_id, body.asset_id)
        image = body.image_key or _picture_of(item, project)
        job = _order(caller, item, image, body.prompt, project["seed"])
    else:
        name, image = body.name or "", body.image_key or ""
        kind = check_schema(name)
        _name_is_free(caller.project_id, name)
        files = [{"name": PurePosixPath(image).name, "type": "image", "key": image}]
        provenance = {"sourcePrompt": body.prompt, "seed": project["seed"], "model": "upload"}
        provenance |= {"createdAt": now(), "createdBy": caller.user}
        _would_be_admitted(caller.project_id)
        item = _store(caller, new_id("asset"), name, kind, files, provenance)
        job = _order(caller, item, image, body.prompt, project["seed"])
    return job_view(job) | {"assetId": item["assetId"], "name": item["name"]}


def _would_be_admitted(project_id: str) -> None:
    """A new asset is stored before its job is admitted: the gates are asked first, so that a refusal leaves nothing."""
    budget = ledger.read(project_id)
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})
    amount = JobDraft("asset.deconstruct", {}, {}).amount
    enforce("producerHard", ledger.cap_facts(budget, amount))


def _picture_of(item: Item, project: Item) -> str:
    for row in item["files"]:
        if row.get("key") and PurePosixPath(row["key"]).suffix.lower() in objects.PICTURES and row["type"] == "image":
            return str(row["key"])
    references = project.get("references", [])
    if not references:
        raise Invalid(
            "There is no picture to build the asset from",
            field="imageKey",
            fix="Send imageKey, or upload a reference image first.",
        )
    return str(references[0]["key"])


def _order(caller: Caller, item: Item, image: str, prompt: str, seed: int) -> Item:
    """Admit the job; the asset turns to `building` in the same transaction."""
    under_way = item["status"] == BUILDING
    attempt = item.get("attempt", 0) + (0 if under_way else 1)
    prompt = prompt or item.get("provenance", {}).get("sourcePrompt", "")
    if under_way and item.get("buildInput"):
        image, prompt = item["buildInput"]["image"], item["buildInput"]["prompt"]
    draft = JobDraft(
        operation="asset.deconstruct",
        target={"assetId": item["assetId"]},
        input={"image": image, "name": item["name"], "prompt": prompt, "seed": seed},
        attempt=attempt,
        model=DECONSTRUCT_MODEL,
    )
    mark = Update(
        keys.asset(caller.project_id, item["assetId"]),
        set={"status": BUILDING, "attempt": attempt, "buildInput": {"image": image, "prompt": prompt}},
        condition=EXISTS,
    )
    guard = Guard(mark, lambda _standing: NotFound("No such asset"))
    return admit(caller.project_id, caller.user, [draft], guards=[guard], trace_id=caller.trace_id)[0]


def view(item: Item) -> Item:
    """The SOP's asset: {assetId, name, type, files, provenance}, with status, links and the naming gate."""
    verdict = check_name(item["name"])
    facts = {"valid": verdict.ok, "reason": verdict.reason, "suggestion": verdict.suggestion}
    files = [row | {"url": objects.link(row.get("key"))} for row in item["files"]]
    return public(item, hide=("buildInput", "origin")) | {
        "files": files,
        "gates": {"naming": evaluate("naming", facts).to_dict()},
    }
