"""Render passes (SOP step 11): which picture stands for a shot at a quality, and ordering the ones still missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import Quality
from vibeboard.domain.ids import digest
from vibeboard.jobs.admission import JOBS_PER_TRANSACTION, Guard, JobDraft, Proof, admit
from vibeboard.jobs.drafts import pass_draft
from vibeboard.jobs.waiting import read_job
from vibeboard.store import chains, keys
from vibeboard.store.audit import now
from vibeboard.store.table import NEW, ConditionFailed, Item, Put, table

PICTURE_FIELDS = ("width", "height", "frames", "quality", "model", "seed", "jobId", "nativeSize")
Picture = dict[str, Any]  # {key, width, height, frames, quality, model, seed, jobId, nativeSize}


Film = list[tuple[Item, list[Item]]]  # chains with their segments


def pictures(project_id: str, quality: Quality, film: Film | None = None) -> dict[str, Picture]:
    """Per segment the picture of its chosen take at `quality`: a finished pass, or the take itself if it is that.

    film: the chains it is about, if they are at hand; else all.
    """
    rows = table().query(f"PROJECT#{project_id}", "RENDER#")
    found: dict[str, Picture] = {}
    done = {
        (row["segmentId"], row["clipTakeId"]): row
        for row in rows
        if row.get("quality") == quality and row.get("status") == "completed" and not row.get("burnIn")
    }
    for _, segments in chains.chains_of(project_id) if film is None else film:
        for segment in segments:
            clip = segment.get("clip")
            if not clip:
                continue
            row = done.get((segment["id"], clip["takeId"]))
            if row:
                found[segment["id"]] = {
                    "key": row["outputKey"],
                    **{name: row.get(name) for name in PICTURE_FIELDS},
                }
            elif clip["quality"] == quality:
                found[segment["id"]] = {
                    "key": clip["outputKey"],
                    **{name: clip.get(name) for name in PICTURE_FIELDS},
                }
    return found


def recipe_of(segment: Item, job: Item | None = None) -> Item:
    """The locked recipe of a shot: the input of the job that made its chosen take.

    A take that VFX made has no recipe to render again; its pass scales the take, and says so.
    """
    clip = segment["clip"]
    job = job or read_job(segment["projectId"], clip["jobId"])
    body = dict(job["input"])
    if job["operation"] != "clip.generate":
        body = {name: body[name] for name in ("prompt", "rate", "seed", "shotName") if name in body}
        body |= {"upscale": clip["outputKey"], "frames": clip["frames"]}
    return body


def render_item(
    project_id: str,
    chain_ids: list[str],
    qualities: list[Quality],
    *,
    burn_in: bool,
    user: str,
    render_id: str,
    **options: Any,
) -> Item:
    """The render job as people see it. options: burnInMaster, watermark, priority."""
    return {
        **keys.render(project_id, render_id),
        "renderId": render_id,
        "sceneChainIds": chain_ids,
        "qualities": qualities,
        "burnInMetadata": burn_in,
        **options,
        "createdBy": user,
        "createdAt": now(),
    }


def open_render(item: Item) -> Item:
    """Write a render job down; a repeat finds the first."""
    try:
        return table().write(Put(item, NEW))
    except ConditionFailed as standing:
        return standing.item or item


def _jobs_behind(project_id: str, segments: list[Item]) -> dict[str, Item]:
    """The jobs that made the chosen takes, by id, a hundred a call."""
    wanted = list(dict.fromkeys(segment["clip"]["jobId"] for segment in segments))
    found: dict[str, Item] = {}
    for start in range(0, len(wanted), 100):
        part = wanted[start : start + 100]
        rows = table().batch_get([keys.job(project_id, job_id) for job_id in part])
        found |= {job_id: row for job_id, row in zip(part, rows, strict=True) if row}
    return found


def order_passes(
    project_id: str,
    user: str,
    shots: list[tuple[Item, Item]],
    quality: Quality,
    *,
    render_id: str,
    burn: dict[str, str] | None = None,
    trace_id: str = "",
    proof: Proof | None = None,
) -> list[Item]:
    """Admit the passes of these shots at one quality; all in one reservation up to JOBS_PER_TRANSACTION.

    burn: what is written into the pictures (`watermark`; the date is today's), None for clean passes. A pass that
    failed or was cancelled is another attempt; one that stands or is under way is not ordered twice. proof: what the
    first reservation proves besides.

    Raises Conflict for a shot without footage, GateRefused for cap or quota.
    """
    over = given_up(project_id, render_id, quality)
    drafts = pass_drafts(project_id, shots, quality, render_id=render_id, burn=burn, over=over)
    return admit_passes(project_id, user, drafts, trace_id=trace_id, proof=proof)


def given_up(project_id: str, render_id: str, quality: Quality) -> Mapping[str, int]:
    """How many attempts at a shot's pass came to nothing, by segment."""
    return Counter(
        str(job["target"].get("segmentId"))
        for job in table().query(f"PROJECT#{project_id}", "JOB#")
        if job["target"].get("renderId") == render_id
        and job["status"] in ("FAILED", "CANCELLED")
        and job["input"].get("quality") == quality
    )


def pass_drafts(
    project_id: str,
    shots: list[tuple[Item, Item]],
    quality: Quality,
    *,
    render_id: str,
    burn: dict[str, str] | None,
    over: Mapping[str, int],
) -> list[JobDraft]:
    """The passes of these shots at one quality. over: attempts at a shot's pass that came to nothing, by segment."""
    empty = [segment["shotName"] for _, segment in shots if not segment.get("clip")]
    if empty:
        raise Conflict(f"No footage: {', '.join(empty[:10])}", code="FOOTAGE_MISSING", fix="Generate the shots first.")
    text = None if burn is None else burn | {"date": now()[:10]}
    made = _jobs_behind(project_id, [segment for _, segment in shots])
    return [
        pass_draft(
            chain,
            segment,
            recipe_of(segment, made.get(segment["clip"]["jobId"])),
            quality,
            render_id,
            text,
            over.get(segment["id"], 0),
        )
        for chain, segment in shots
    ]


def admit_passes(
    project_id: str,
    user: str,
    drafts: list[JobDraft],
    *,
    guards: Sequence[Guard] = (),
    proof: Proof | None = None,
    trace_id: str = "",
) -> list[Item]:
    """Reserve passes, JOBS_PER_TRANSACTION at once; guards and proof go with the first."""
    jobs: list[Item] = []
    for start in range(0, max(len(drafts), 1), JOBS_PER_TRANSACTION):
        part, first = drafts[start : start + JOBS_PER_TRANSACTION], start == 0
        jobs += admit(
            project_id,
            user,
            part,
            guards=guards if first else (),
            proof=proof if first else None,
            trace_id=trace_id,
        )
    return jobs


def render_id_of(project_id: str, *parts: Any) -> str:
    return f"rnd_{digest([project_id, *parts], 20)}"
