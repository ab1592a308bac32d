"""The Asset Bin (SOP step 3): assets by the naming schema, each with its provenance, built in 3D on request."""

import hashlib
from pathlib import PurePosixPath
from typing import Any

from boto3.dynamodb.conditions import Attr

from assets.models import CreateAsset, Deconstruct
from vibeboard.domain.errors import Conflict, Invalid, NotFound, StaleRevision
from vibeboard.domain.gates import GateRefused, enforce, evaluate
from vibeboard.domain.ids import new_id
from vibeboard.domain.naming import ASSET_TYPES, check_name
from vibeboard.domain.pricing import price
from vibeboard.film.provenance import files_of, matches, of_upload, provenance_of, sidecar, sidecar_key, write_sidecar
from vibeboard.film.sets import build_drafts, building
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import Guard, admit
from vibeboard.store import keys, ledger, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Item, Put, TransactionRefused, Update, public, table
from vibeboard.views import job_view

BUILDING = "building"
_RECORDS = ("geometryProvenance", "materialsProvenance")

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


def listing(project_id: str, scene: int | None, kind: str, wanted: dict[str, str]) -> list[Item]:
    """Assets by name, of one scene (counted from 1) or type if asked, and whose provenance matches what is `wanted`."""
    rows = table().query(f"PROJECT#{project_id}", "ASSET#")
    scene_prefix = f"SC{scene:02d}_" if scene is not None else ""
    shown = [
        row
        for row in rows
        if row["name"].startswith(scene_prefix) and (not kind or row["type"] == kind) and matches(row, wanted)
    ]
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
    files = _uploaded(caller.project_id, body.upload_id)
    provenance = of_upload(
        caller.user,
        prompt=body.source_prompt,
        seed=body.seed,
        model=body.model or ("upload" if files else "none"),
        licence=body.licence,
        parents=_parents(caller.project_id, body.parents),
        sha256=files[0]["sha256"] if files else "",
    )
    return view(_store(caller, new_id("asset"), body.name, kind, files, provenance))


def _parents(project_id: str, ids: list[str]) -> list[Item]:
    """The assets this one was made from. Raises NotFound for one that is not the project's."""
    found = [read(project_id, asset_id) for asset_id in dict.fromkeys(ids)]
    return [{"assetId": row["assetId"], "sha256": provenance_of(row).get("sha256", "")} for row in found]


def _store(caller: Caller, asset_id: str, name: str, kind: str, files: list[Item], provenance: Item) -> Item:
    item: Item = {
        **keys.asset(caller.project_id, asset_id),
        "assetId": asset_id,
        "projectId": caller.project_id,
        "name": name,
        "type": kind,
        "status": "complete" if files else "placeholder",
        "origin": "user",
        "files": files,
        "provenance": provenance,
        "sidecarKey": sidecar_key(caller.project_id, asset_id),
        "rev": 1,
    }
    audit = audit_action(
        caller.project_id, actor=caller.user, act="asset.create", trace_id=caller.trace_id, assetId=asset_id, name=name
    )
    table().transact([Put(item, NEW), audit])
    write_sidecar(item)
    return item


def _uploaded(project_id: str, upload_id: str | None) -> list[Item]:
    if upload_id is None:
        return []
    upload = table().get(keys.upload(project_id, upload_id))
    if upload is None:
        raise NotFound("No such upload", fix="Start the upload first.")
    if upload["status"] != "complete":
        raise Conflict(f"The upload is {upload['status']}", code="UPLOAD_OPEN", fix="Complete the upload first.")
    suffix = PurePosixPath(upload["name"]).suffix.lower()
    kind = FILE_TYPES.get(suffix, "file")
    facts = {"sha256": upload["sha256"], "bytes": upload["bytes"]}
    return [{"name": upload["name"], "type": kind, "key": upload["key"], **facts}]


def _name_is_free(project_id: str, name: str, asset_id: str = "") -> None:
    for row in table().query(f"PROJECT#{project_id}", "ASSET#"):
        if row["name"] == name and row["assetId"] != asset_id:
            raise Conflict(f"{name} exists already", code="ASSET_EXISTS", fix="Use another name, or that asset.")


def rename(caller: Caller, asset_id: str, name: str, rev: int | None) -> Item:
    """Give an asset another name. Raises GateRefused (naming), NotFound, Conflict, StaleRevision."""
    return rename_many(caller, [(asset_id, name)], rev)[0]


def rename_many(caller: Caller, wanted: list[tuple[str, str]], rev: int | None = None) -> list[Item]:
    """Give several assets other names, all or none; two may swap theirs. rev: for a single one, the revision it has.

    Raises GateRefused (naming, the first name off the schema), NotFound, Conflict ASSET_EXISTS or StaleRevision.
    """
    kinds = [check_schema(name) for _, name in wanted]
    rows = {row["assetId"]: row for row in table().query(f"PROJECT#{caller.project_id}", "ASSET#")}
    for asset_id, _ in wanted:
        if asset_id not in rows:
            raise NotFound(f"No such asset: {asset_id}", fix="List the project's assets for their ids.")
    after = {asset_id: row["name"] for asset_id, row in rows.items()} | dict(wanted)
    for _, name in wanted:
        if sum(other == name for other in after.values()) > 1:
            raise Conflict(f"{name} exists already", code="ASSET_EXISTS", fix="Use another name, or that asset.")
    changes = {
        asset_id: {"name": name, "type": kind, "updatedAt": now(), "rev": (rev or rows[asset_id]["rev"]) + 1}
        for (asset_id, name), kind in zip(wanted, kinds, strict=True)
        if rows[asset_id]["name"] != name
    }
    if changes:
        _write_names(caller, rows, changes)
    renamed = [rows[asset_id] | changes.get(asset_id, {}) for asset_id, _ in wanted]
    for item in renamed:
        if item["assetId"] in changes:
            write_sidecar(item)
    return [view(item) for item in renamed]


def _write_names(caller: Caller, rows: dict[str, Item], changes: dict[str, Item]) -> None:
    writes = [
        Update(
            keys.asset(caller.project_id, asset_id),
            set=change,
            condition=EXISTS & Attr("rev").eq(change["rev"] - 1),
        )
        for asset_id, change in changes.items()
    ]
    facts = [
        {"assetId": asset_id, "from": rows[asset_id]["name"], "to": change["name"]}
        for asset_id, change in changes.items()
    ]
    told = facts[0] if len(facts) == 1 else facts
    audit = audit_action(
        caller.project_id, actor=caller.user, act="asset.rename", trace_id=caller.trace_id, change=told
    )
    try:
        table().transact([*writes, audit])
    except TransactionRefused as refused:
        at = refused.failed.index(True)
        current = (refused.items[at] or {}).get("rev")
        expected = list(changes.values())[at]["rev"] - 1
        raise StaleRevision(
            f"The asset is at revision {current}, not {expected}",
            fix="Read it again and repeat your change.",
            currentRevision=current,
        ) from refused


def read_provenance(project_id: str, asset_id: str) -> Item:
    """The sidecar, as it stands beside the file. Raises NotFound."""
    return sidecar(read(project_id, asset_id))


def deconstruct(caller: Caller, body: Deconstruct) -> dict[str, Any]:
    """Order geometry and materials of one asset from one picture; jobs under way are answered again.

    Raises GateRefused (naming, contract, cap, quota), NotFound, Invalid (no picture).
    """
    project = projects.read(caller.project_id)
    if body.image_key is not None:
        objects.own_picture(caller.project_id, body.image_key)
    if body.asset_id is not None:
        item = read(caller.project_id, body.asset_id)
        image = body.image_key or _picture_of(item, project)
    else:
        name, image = body.name or "", body.image_key or ""
        kind = check_schema(name)
        _name_is_free(caller.project_id, name)
        digest = hashlib.sha256(objects.read(image)).hexdigest()
        files = [{"name": PurePosixPath(image).name, "type": "image", "key": image, "sha256": digest}]
        provenance = of_upload(
            caller.user,
            prompt=body.prompt,
            seed=project["seed"],
            model="upload",
            licence="",
            parents=[],
            sha256=digest,
        )
        _would_be_admitted(caller.project_id)
        item = _store(caller, new_id("asset"), name, kind, files, provenance)
    jobs = _order(caller, item, image, body, project["seed"])
    shown = [job_view(job) for job in jobs]
    return shown[0] | {"assetId": item["assetId"], "name": item["name"], "jobs": shown}


def _would_be_admitted(project_id: str) -> None:
    """A new asset is stored before its jobs are admitted: the gates are asked first, so that a refusal leaves
    nothing."""
    budget = ledger.read(project_id)
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})
    amount = price("asset.deconstruct", {}) + price("asset.materials", {})
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


def _order(caller: Caller, item: Item, image: str, body: Deconstruct, seed: int) -> list[Item]:
    """Admit the jobs; the asset turns to `building` in the same transaction."""
    under_way = item["status"] == BUILDING
    attempt = item.get("attempt", 0) + (0 if under_way else 1)
    prompt = body.prompt or item.get("provenance", {}).get("sourcePrompt", "")
    if under_way and item.get("buildJobs"):
        found = [table().get(keys.job(caller.project_id, job_id)) for job_id in item["buildJobs"]]
        if standing := [job for job in found if job]:
            return standing
    drafts = build_drafts(item, image, prompt=prompt, seed=seed, attempt=attempt, labels=tuple(body.labels))
    mark = Update(
        keys.asset(caller.project_id, item["assetId"]),
        set=building(drafts, caller.project_id, image, attempt),
        condition=EXISTS,
    )
    guard = Guard(mark, lambda _standing: NotFound("No such asset"))
    return admit(caller.project_id, caller.user, drafts, guards=[guard], trace_id=caller.trace_id)


def view(item: Item) -> Item:
    """The SOP's asset: {assetId, name, type, files, provenance}, with status, links and the naming gate."""
    verdict = check_name(item["name"])
    facts = {"valid": verdict.ok, "reason": verdict.reason, "suggestion": verdict.suggestion}
    files = [row | {"url": objects.link(row.get("key"))} for row in files_of(item)]
    shown = public(item, hide=("buildInput", "origin", "builtFiles", "materialFiles", *_RECORDS))
    return shown | {
        "files": files,
        "provenance": provenance_of(item),
        "gates": {"naming": evaluate("naming", facts).to_dict()},
    }
