"""LoRA training on fal (SOP step 4): a zip of pictures that we build, one run, and the weights that come back.

The trainer takes at least four pictures. No captions travel with them: where there are captions fal ignores the trigger
word. The steps of the run show in its log, which is where its progress is read.
"""

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import Any

from vibeboard.domain.errors import NotFound
from vibeboard.jobs.engines import Answer, Rejected
from vibeboard.store import keys, objects
from vibeboard.store.table import Item

MODEL = "fal-ai/flux-lora-fast-training"
OPERATION = "character.train"
MIN_PICTURES, MAX_PICTURES = 4, 20
MAX_ZIP_BYTES = 150 * 1024 * 1024  # held in memory once by the submit function
STEPS = 1_000
LINK_SECONDS = 3 * 3600
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pictures make the same archive
_STEP = re.compile(r"(\d+)\s*/\s*(\d+)")


def archive_key(job: Item) -> str:
    return keys.job_object(job["projectId"], job["jobId"], "training.zip")


def pack(job: Item) -> str:
    """Put the pictures of the job into one archive in our bucket, once; answers its key.

    Raises Rejected (nothing was sent) for too few or too large pictures.
    """
    key, references = archive_key(job), list(dict.fromkeys(job["input"]["references"]))[:MAX_PICTURES]
    if len(references) < MIN_PICTURES:
        raise Rejected(
            f"{len(references)} training pictures; the trainer takes at least {MIN_PICTURES}",
            code="TRAINING_PICTURES_TOO_FEW",
            fix="Upload more pictures of the character and train again.",
        )
    if objects.exists(key):
        return key
    out, total = io.BytesIO(), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for number, reference in enumerate(references, 1):
            try:
                body = objects.read(reference)
            except NotFound as gone:
                raise Rejected(f"The training picture {reference} is gone", fix="Train again.") from gone
            total += len(body)
            if total > MAX_ZIP_BYTES:
                raise Rejected(
                    f"The training pictures have more than {MAX_ZIP_BYTES:,} bytes",
                    fix="Use fewer or smaller pictures.",
                )
            name = f"picture_{number:02d}{PurePosixPath(reference).suffix.lower()}"
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), body)
    objects.write(key, out.getvalue())
    return key


def request_body(job: Item) -> dict[str, Any]:
    """What the trainer is sent: only inputs its endpoint has."""
    return {
        "images_data_url": objects.link(archive_key(job), seconds=LINK_SECONDS),
        "trigger_word": job["input"]["look"]["trigger_word"],
        "steps": int(job["input"].get("steps", STEPS)),
        "create_masks": True,
        "is_style": False,
    }


def progress_of(logs: Any) -> int | None:
    """Percent done by the last "step n/m" of the log, 1 to 95; None while it tells none."""
    for row in reversed(logs if isinstance(logs, list) else []):
        found = _STEP.findall(str(row.get("message", ""))) if isinstance(row, dict) else []
        if found and int(found[-1][1]):
            done, of = (int(number) for number in found[-1])
            return max(1, min(95, 100 * done // of))
    return None


def outcome(job: Item, payload: dict[str, Any]) -> Answer:
    """The weights and their configuration, behind links of fal's."""
    files: dict[str, Any] = {}
    for label, name in (("weights", "diffusers_lora_file"), ("config", "config_file")):
        row = payload.get(name)
        if isinstance(row, dict) and isinstance(row.get("url"), str):
            files[label] = {"url": row["url"], "type": str(row.get("content_type", ""))}
    if set(files) != {"weights", "config"}:
        error = {"code": "PROVIDER_FAILED", "message": "fal answered without weights", "fix": "Train it again."}
        return Answer("failed", job["providerRef"], error=error, billed=int(job["amount"]))
    return Answer(
        "succeeded", job["providerRef"], output={"files": files, "model": job["model"]}, billed=int(job["amount"])
    )
