"""Performances (FlashPortrait) and grips (CARI4D) of a character (SOP step 4), each a job of the worker."""

from typing import Any

from foundry import characters
from foundry.models import Grip, Performance
from vibeboard.domain.errors import Invalid
from vibeboard.domain.ids import digest
from vibeboard.http.deciding import Decision
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.providers import worker_ops
from vibeboard.store import keys, objects, projects
from vibeboard.store.table import Item
from vibeboard.views import job_view

PERFORM_MODEL, GRIP_MODEL = "runpod/flashportrait", "runpod/cari4d"


def perform(decision: Decision, character_id: str, body: Performance) -> Item:
    """Order a performance. Raises NotFound, Invalid (pictures, videos), GateRefused (contract, cap, quota)."""
    caller = decision.caller
    character, project = characters.read(caller.project_id, character_id), projects.read(caller.project_id)
    objects.own_file(caller.project_id, body.driving_key, "drivingKey", objects.VIDEOS)
    params = worker_ops.Perform(prompt=body.prompt, seed=project["seed"], max_size=body.max_size)
    assets = {"reference": _face(caller.project_id, character, body.image_key), "driving": body.driving_key}
    given = {"params": params.wire(), "assets": assets}
    return _order(decision, character_id, "character.perform", given, PERFORM_MODEL)


def grip(decision: Decision, character_id: str, body: Grip) -> Item:
    """Order the contacts of hand and object. Raises as `perform`."""
    caller = decision.caller
    characters.read(caller.project_id, character_id)
    objects.own_file(caller.project_id, body.video_key, "videoKey", objects.VIDEOS)
    params = worker_ops.Contacts(object_name=body.object_name, box=body.box, frames=body.frames)
    given = {"params": params.wire(), "assets": {"video": body.video_key}}
    return _order(decision, character_id, "character.contacts", given, GRIP_MODEL)


def _face(project_id: str, character: Item, wanted: str | None) -> str:
    prefix = keys.media_prefix(project_id)
    own = [wanted] if wanted else [key for key in character.get("referenceImages", []) if key.startswith(prefix)]
    if not own:
        raise Invalid("The character has no uploaded picture", field="imageKey", fix="Upload one and send its key.")
    return objects.own_picture(project_id, own[0])


def _order(decision: Decision, character_id: str, operation: str, given: dict[str, Any], model: str) -> Item:
    caller = decision.caller
    target = {"characterId": character_id, "orderId": digest(given, 12)}
    draft = JobDraft(operation=operation, target=target, input=given, model=model)
    jobs = admit(
        caller.project_id,
        caller.user,
        [draft],
        proof=lambda jobs: decision.proof(job_view(jobs[0])),
        trace_id=caller.trace_id,
    )
    return job_view(jobs[0])
