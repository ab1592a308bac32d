"""Where a file of the film came from: one record, kept with the asset and as a sidecar beside its file (SOP step 3)."""

from typing import Any

from vibeboard.domain.pricing import to_usd
from vibeboard.store import keys, objects
from vibeboard.store.audit import now
from vibeboard.store.table import Item

FIELDS = ("sourcePrompt", "seed", "model", "licence", "parents", "cost", "sha256", "createdAt", "createdBy")
NOT_PAID = 0.0


def of_upload(
    user: str, *, prompt: str, seed: int | None, model: str, licence: str, parents: list[Item], sha256: str
) -> Item:
    """The record of something a person brought along. What they left out is left out."""
    told: Item = {
        "sourcePrompt": prompt,
        "seed": seed,
        "model": model,
        "licence": licence,
        "parents": parents,
        "cost": NOT_PAID,
        "sha256": sha256,
        "createdAt": now(),
        "createdBy": user,
    }
    return {name: value for name, value in told.items() if value not in ("", None)}


def of_job(job: Item, *, model: str, licence: str, parents: list[Item], files: list[Item]) -> Item:
    """The record of something a job made. cost in dollars: what the job is settled at."""
    body = job["input"]
    params = body.get("params", {})
    told = job.get("billed")
    billed = int(job["amount"] if told is None else min(told, job["amount"]))
    return {
        "sourcePrompt": params.get("prompt", body.get("prompt", "")),
        "seed": params.get("seed", body.get("seed")),
        "model": model,
        "requestedModel": job.get("model", ""),
        "licence": licence,
        "parents": parents,
        "cost": to_usd(billed),
        "sha256": files[0].get("sha256", "") if files else "",
        "createdAt": now(),
        "createdBy": job["user"],
        "jobId": job["jobId"],
        "traceId": job.get("traceId", ""),
    }


def sidecar_key(project_id: str, asset_id: str, part: str = "provenance") -> str:
    return f"{keys.media_prefix(project_id)}assets/{asset_id}/{part}.json"


def sidecar(asset: Item) -> Item:
    """The asset's own sidecar, in the SOP's shape: {assetId, name, type, files, provenance}."""
    shown = ("name", "type", "sha256", "bytes")
    return {
        "assetId": asset["assetId"],
        "name": asset["name"],
        "type": asset["type"],
        "files": [{name: row[name] for name in shown if name in row} for row in files_of(asset)],
        "provenance": provenance_of(asset),
    }


def files_of(asset: Item) -> list[Item]:
    """What was uploaded, then what was built, then its materials."""
    return [*asset.get("files", []), *asset.get("builtFiles", []), *asset.get("materialFiles", [])]


def provenance_of(asset: Item) -> Item:
    """The source's record, with those of geometry and materials beside it once they are built.

    An asset without a file of its own (a placeholder of the breakdown) comes from what built it.
    """
    made = {name: asset[f"{name}Provenance"] for name in ("geometry", "materials") if f"{name}Provenance" in asset}
    source = asset.get("provenance", {}) if asset.get("files") else made.get("geometry") or asset.get("provenance", {})
    return dict(source) | made


def write_sidecar(asset: Item) -> str:
    """Put the sidecar beside the asset's files; answers its key."""
    key = sidecar_key(asset["projectId"], asset["assetId"])
    objects.write_json(key, sidecar(asset))
    return key


def matches(asset: Item, wanted: dict[str, Any]) -> bool:
    """Whether an asset, or anything it was built by, carries all of {model, createdBy, sha256, parent, licence}."""
    told = provenance_of(asset)
    records = [told, *(told[name] for name in ("geometry", "materials") if name in told)]
    hashes = {row.get("sha256") for row in files_of(asset)}

    def has(name: str, value: str) -> bool:
        if name == "parent":
            return any(
                value in (row.get("key"), row.get("sha256"), row.get("assetId"))
                for record in records
                for row in record.get("parents", [])
            )
        if name == "sha256":
            return value in hashes or any(record.get("sha256") == value for record in records)
        return any(str(record.get(name, "")) == value for record in records)

    return all(has(name, value) for name, value in wanted.items() if value)
