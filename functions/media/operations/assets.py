"""Sets in 3D and trained characters (SOP steps 3 and 4)."""

import hashlib
from pathlib import Path
from typing import Any

from media.operations.frames import look
from media.work import Work
from vibeboard.film.provenance import of_job
from vibeboard.providers.sandbox.deconstruct import MODEL, Part, deconstruct
from vibeboard.providers.sandbox.identity_profile import train
from vibeboard.store import keys, objects

OWN_LICENCE = "computed here; the rights are those of the picture it was made from"


def build(work: Work) -> dict[str, Any]:
    """{files: [{name, type, key, sha256, bytes}], provenance}: geometry and point cloud from one picture."""
    return _deconstructed(work, "geometry")


def materials(work: Work) -> dict[str, Any]:
    """The same for the PBR maps and the sheet that names them."""
    return _deconstructed(work, "materials")


def _deconstructed(work: Work, part: Part) -> dict[str, Any]:
    source = work.fetch(work.input["assets"]["image"])
    made = deconstruct(source, work.out("set"), name=work.input["params"]["name"], parts=(part,))
    files = [kept(work, row["path"], row["type"]) for row in made]
    provenance = recorded(work, files, model=MODEL, licence=OWN_LICENCE, parents=[parent(work, "image")])
    return {"files": files, "provenance": provenance}


def recorded(
    work: Work, files: list[dict[str, Any]], *, model: str, licence: str, parents: list[dict[str, str]], **more: Any
) -> dict[str, Any]:
    """The provenance of what a job made, put beside its files as provenance.json too."""
    provenance = of_job(work.job, model=model, licence=licence, parents=parents, files=files) | more
    key = keys.job_object(work.job["projectId"], work.job["jobId"], "provenance.json")
    told = [{name: row[name] for name in ("name", "type", "sha256", "bytes")} for row in files]
    objects.write_json(key, {**work.job["target"], "files": told, "provenance": provenance})
    return provenance | {"sidecarKey": key}


def kept(work: Work, path: Path, kind: str) -> dict[str, Any]:
    """One file taken in, with its hash."""
    body = path.read_bytes()
    facts = {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    return {"name": path.name, "type": kind, "key": work.keep(path), **facts}


def parent(work: Work, name: str) -> dict[str, str]:
    """One of the files the job worked from."""
    key = work.input["assets"][name]
    return {"key": key, "sha256": hashlib.sha256(work.fetch(key).read_bytes()).hexdigest()}


def train_character(work: Work) -> dict[str, Any]:
    """{loraId, triggerWord, model, files, profile, provenance}: the identity profile that stands for a LoRA here."""
    trained = profile(work)
    parents = [
        {"key": key, "sha256": hashlib.sha256(work.fetch(key).read_bytes()).hexdigest()}
        for key in work.input.get("references", [])
    ]
    provenance = recorded(work, trained["files"], model=trained["model"], licence=OWN_LICENCE, parents=parents)
    return trained | {"provenance": provenance}


def profile(work: Work) -> dict[str, Any]:
    """The identity profile of a character: what the dailies' drift check compares with, and its samples."""
    body = work.input
    references = [work.fetch(key) for key in body.get("references", [])]
    trained = train(look(body["look"]), references, work.out("profile"), seed=body["seed"])
    kinds = {".json": "profile", ".png": "sample"}
    return trained | {"files": [kept(work, row["path"], kinds[row["path"].suffix]) for row in trained["files"]]}
