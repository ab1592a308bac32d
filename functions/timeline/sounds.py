"""Cues of a chain (SOP step 10): dialogue, music and effects, uploaded or made as scratch, placed on the record."""

from typing import Any

from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.ids import new_id, seed_of
from vibeboard.domain.tracks import CUES_PER_CHAIN, Cue
from vibeboard.film import editing
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import Guard, JobDraft, admit
from vibeboard.store import chains, keys, projects
from vibeboard.store.audit import now
from vibeboard.store.chains import PICTURE_OPEN
from vibeboard.store.table import EXISTS, NEW, Check, Item, Put, public, table
from vibeboard.views import job_view

SOUND_FILES = (".wav", ".mp4", ".mov")


def add_cue(caller: Caller, chain_id: str, order: dict[str, Any]) -> Item:
    """A cue and the job that makes its sound ready (48 kHz, with peaks). Refused on picture lock.

    Raises NotFound for an upload that is not there, Invalid for one that is no sound, Conflict above CUES_PER_CHAIN.
    """
    standing = editing.cues_of(caller.project_id, chain_id)
    if len(standing) >= CUES_PER_CHAIN:
        raise Conflict(f"The chain has {CUES_PER_CHAIN} cues", code="TOO_MANY_CUES", fix="Take one away first.")
    source = _upload(caller, order["uploadId"]) if order["uploadId"] else None
    cue_id = new_id("cue")
    item: Item = {
        **keys.cue(caller.project_id, chain_id, cue_id),
        "id": cue_id,
        "sceneChainId": chain_id,
        "rev": 1,
        "status": "making",
        "createdBy": caller.user,
        "createdAt": now(),
        **{name: order[name] for name in ("kind", "name", "at", "gain", "fadeIn", "fadeOut")},
    }
    project = projects.read(caller.project_id)
    scratch = {
        "seconds": order["seconds"],
        "prompt": order["prompt"],
        "tone": project.get("concept", {}).get("tone", ""),
        "genre": project.get("concept", {}).get("genre", ""),
        "seed": seed_of(project.get("seed", 0), chain_id, order["kind"], order["prompt"], len(standing)),
    }
    draft = JobDraft(
        "cue.make",
        {"chainId": chain_id, "cueId": cue_id},
        {"kind": order["kind"]} | ({"upload": source} if source else scratch),
        model="ffmpeg/sound" if source else "sandbox/sound",
    )
    open_chain = Check(keys.chain(caller.project_id, chain_id), EXISTS & PICTURE_OPEN)
    guards = [Guard(open_chain, chains.picture_refusal), Guard(Put(item, NEW), chains.picture_refusal)]
    job = admit(caller.project_id, caller.user, [draft], guards=guards, trace_id=caller.trace_id)[0]
    return job_view(job) | {"cue": public(item)}


def _upload(caller: Caller, upload_id: str) -> str:
    upload = table().get(keys.upload(caller.project_id, upload_id))
    if upload is None:
        raise NotFound("No such upload", fix="Start and complete the upload first.")
    if upload["status"] != "complete" or not upload["name"].lower().endswith(SOUND_FILES):
        raise Invalid(
            f"{upload['name']} is no complete sound upload",
            field="uploadId",
            fix=f"Upload one of {', '.join(SOUND_FILES)} as an asset, and complete it.",
        )
    return str(upload["key"])


def change_cue(caller: Caller, chain_id: str, cue_id: str, changes: dict[str, Any]) -> Item:
    """Move, trim, level or take away a cue. Under picture lock only its levels are free."""

    def plan(cut: editing.Cut) -> editing.Change:
        cue = next((row for row in cut.cues if row["id"] == cue_id), None)
        if cue is None:
            raise NotFound("No such cue in this chain", fix="Read the timeline for its cues.")
        if "samples" in cue:
            Cue.from_sop(cue | changes).check()
        elif {"trimStart", "trimEnd"} & changes.keys():
            raise Conflict("The cue's sound is still being made", code="CUE_NOT_READY", fix="Wait for its job.")
        return editing.Change("cue", cues={cue_id: changes} if changes else {})

    cut = editing.edit(caller.project_id, chain_id, caller.user, plan)
    cue = next((row for row in cut.cues if row["id"] == cue_id), None)
    return public(cue) if cue else {"id": cue_id, "removed": True}
