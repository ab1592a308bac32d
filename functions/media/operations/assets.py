"""Sets in 3D and trained characters (SOP steps 3 and 4)."""

from typing import Any

from media.operations.frames import look
from media.work import Work
from vibeboard.providers.sandbox.deconstruct import deconstruct
from vibeboard.providers.sandbox.identity_profile import train
from vibeboard.store.audit import now


def build(work: Work) -> dict[str, Any]:
    """{files: [{name, type, key}], provenance}: geometry, point cloud and materials from one picture."""
    body = work.input
    made = deconstruct(work.fetch(body["image"]), work.out("set"), name=body["name"])
    files = [{"name": row["name"], "type": row["type"], "key": work.keep(row["path"], row["name"])} for row in made]
    provenance = {
        "sourcePrompt": body.get("prompt", ""),
        "sourceImage": body["image"],
        "seed": body.get("seed"),
        "model": "sandbox/relief",
        "requestedModel": work.job["model"],
        "createdAt": now(),
        "createdBy": work.job["user"],
    }
    return {"files": files, "provenance": provenance}


def train_character(work: Work) -> dict[str, Any]:
    """{loraId, triggerWord, model, files}: the identity profile that stands for a LoRA here."""
    body = work.input
    references = [work.fetch(key) for key in body.get("references", [])]
    trained = train(look(body["look"]), references, work.out("profile"), seed=body["seed"])
    files = [{"name": row["name"], "key": work.keep(row["path"], row["name"])} for row in trained["files"]]
    return {
        "loraId": trained["loraId"],
        "triggerWord": trained["triggerWord"],
        "model": trained["model"],
        "files": files,
    }
