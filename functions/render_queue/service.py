"""Render queue (SOP step 11): draft, review and master passes of a chain, promotion, retry, pause and priority."""

from typing import Any

from render_queue import passes_view
from render_queue.models import Priority
from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.domain.formats import QUALITIES, Quality
from vibeboard.domain.ids import new_id
from vibeboard.domain.pricing import to_usd
from vibeboard.film import passes
from vibeboard.http.access import Caller
from vibeboard.http.deciding import Decision
from vibeboard.jobs import cancelling, holding
from vibeboard.jobs.admission import Guard, Proof
from vibeboard.jobs.settlement import AT_REST
from vibeboard.store import chains, keys
from vibeboard.store.table import EXISTS, NEW, Item, Put, Update, table
from vibeboard.views import JOB_STATUS

OVER = ("failed", "cancelled", "missing")  # states of a pass that a retry orders again


def create(caller: Caller, body: dict[str, Any], decision: Decision | None = None) -> str:
    """Order the passes; the render job is written with the first of them. Returns its id.

    A pass that the chosen take already is (same quality, no burn-in) costs nothing.
    """
    chain, segments = chains.read_chain(caller.project_id, body["sceneChainId"])
    if not segments:
        raise Conflict("The chain has no shots", code="NOTHING_TO_DO", fix="Add segments first.")
    render_id = new_id("rnd")
    qualities: list[Quality] = sorted(set(body["qualities"]), key=list(QUALITIES).index)
    render = passes.render_item(
        caller.project_id,
        [chain["id"]],
        qualities,
        burn_in=body["burnInMetadata"],
        user=caller.user,
        render_id=render_id,
        **{name: body[name] for name in ("burnInMaster", "watermark", "priority")},
    )
    drafts = []
    for quality in qualities:
        burn = burn_of(render, quality)
        needed = [
            (chain, segment)
            for segment in segments
            if burn is not None or segment.get("clip", {}).get("quality") != quality
        ]
        drafts += passes.pass_drafts(caller.project_id, needed, quality, render_id=render_id, burn=burn, over={})
    passes.admit_passes(
        caller.project_id,
        caller.user,
        drafts,
        guards=[Guard(Put(render, NEW), lambda _standing: Conflict("This render job is there already"))],
        proof=(lambda _jobs: decision.proof({"jobId": render_id})) if decision else None,
        trace_id=caller.trace_id,
    )
    if body["priority"] == "high":
        _go_first(caller.project_id, render_id)
    return render_id


def burn_of(render: Item, quality: Quality) -> dict[str, str] | None:
    """What is written into the pictures of a render's passes; None for a clean pass. Masters stay clean by default."""
    if not render["burnInMetadata"] or (quality == "master" and not render.get("burnInMaster")):
        return None
    return {"watermark": render.get("watermark", "")}


def read(project_id: str, render_id: str) -> dict[str, Any]:
    """The render job with every shot's passes, their state, recipe and cost."""
    rows = table().query(f"PROJECT#{project_id}", f"RENDER#{render_id}")
    render = next((row for row in rows if row["SK"] == f"RENDER#{render_id}"), None)
    if render is None:
        raise _no_such_render()
    return passes_view.render_view(project_id, render, [row for row in rows if row is not render])


def render_of(project_id: str, render_id: str) -> Item:
    render = table().get(keys.render(project_id, render_id))
    if render is None:
        raise _no_such_render()
    return render


def _no_such_render() -> NotFound:
    return NotFound("No such render job", fix="Check the job id.")


def promote(decision: Decision, render_id: str, shot_id: str, quality: Quality) -> dict[str, Any]:
    """One shot at a higher quality, with the recipe and seed of its take."""
    caller = decision.caller
    render = render_of(caller.project_id, render_id)

    def answer(job: Item) -> dict[str, Any]:
        return _promoted(render_id, shot_id, quality, job)

    shot = _shot(render, shot_id)
    return answer(_order(caller, render, [shot], quality, lambda jobs: decision.proof(answer(jobs[0])))[0])


def _promoted(render_id: str, shot_id: str, quality: Quality, job: Item) -> dict[str, Any]:
    return {
        "jobId": job["jobId"],
        "renderId": render_id,
        "shotId": shot_id,
        "quality": quality,
        "seed": job["input"]["seed"],
        "estimatedCost": to_usd(job["amount"]),
        "status": JOB_STATUS[job["status"]],
    }


def promote_all(caller: Caller, render_id: str, quality: Quality) -> dict[str, Any]:
    """Every shot of the render at a quality; those that have it are left alone."""
    return _order_where(caller, render_id, quality, lambda state: state not in ("completed", "queued", "running"))


def retry(caller: Caller, render_id: str) -> dict[str, Any]:
    """The failed passes once more, and only those: nothing that stands is rendered or paid again."""
    render = render_of(caller.project_id, render_id)
    answer: dict[str, Any] = {}
    for quality in passes_view.qualities_of(caller.project_id, render):
        wanted = OVER if quality in render["qualities"] else OVER[:2]
        answer = _order_where(caller, render_id, quality, lambda state, wanted=wanted: state in wanted)
    return answer


def change(caller: Caller, render_id: str, paused: bool | None, priority: Priority | None) -> dict[str, Any]:
    """Pause what has not begun, or let it go on; put it before everything that waits."""
    project_id, render = caller.project_id, render_of(caller.project_id, render_id)
    if priority is not None:
        table().write(Update(keys.render(project_id, render_id), set={"priority": priority}, condition=EXISTS))
        if priority == "high":
            for job in passes_view.jobs_of(project_id, render_id):
                if str(job.get("held", "")).startswith(holding.BEHIND):
                    holding.release(job)
            _go_first(project_id, render_id)
    if paused is not None:
        for job in passes_view.jobs_of(project_id, render_id):
            if job["status"] not in AT_REST:
                holding.hold(job, holding.PAUSED) if paused else holding.release(job, holding.PAUSED)
    return passes_view.render_view(project_id, render_of(project_id, render["renderId"]))


def cancel(caller: Caller, render_id: str) -> dict[str, Any]:
    """Give up every pass that is not finished; what never began costs nothing."""
    render = render_of(caller.project_id, render_id)
    for job in passes_view.jobs_of(caller.project_id, render_id):
        if job["status"] not in AT_REST:
            cancelling.cancel(job, caller.user)
    return passes_view.render_view(caller.project_id, render)


def _order(
    caller: Caller, render: Item, shots: list[tuple[Item, Item]], quality: Quality, proof: Proof | None = None
) -> list[Item]:
    return passes.order_passes(
        caller.project_id,
        caller.user,
        shots,
        quality,
        render_id=render["renderId"],
        burn=burn_of(render, quality),
        trace_id=caller.trace_id,
        proof=proof,
    )


def _order_where(caller: Caller, render_id: str, quality: Quality, wanted: Any) -> dict[str, Any]:
    render = render_of(caller.project_id, render_id)
    view = passes_view.render_view(caller.project_id, render)
    states = {shot["shotId"]: shot["passes"].get(quality, {}).get("status", "missing") for shot in view["shots"]}
    shots = [_shot(render, shot_id) for shot_id, state in states.items() if wanted(state)]
    clean = burn_of(render, quality) is None
    shots = [(c, s) for c, s in shots if not (clean and s.get("clip", {}).get("quality") == quality)]
    ordered = _order(caller, render, shots, quality) if shots else []
    answer = passes_view.render_view(caller.project_id, render)
    return answer | {"ordered": len(ordered), "estimatedCost": to_usd(sum(job["amount"] for job in ordered))}


def _shot(render: Item, shot_id: str) -> tuple[Item, Item]:
    project_id = render["PK"].removeprefix("PROJECT#")
    for chain_id in render["sceneChainIds"]:
        chain, segments = chains.read_chain(project_id, chain_id)
        for segment in segments:
            if segment["id"] == shot_id:
                return chain, segment
    raise NotFound("No such shot in this render job", fix="Read the render job for its shots.")


def _go_first(project_id: str, render_id: str) -> None:
    """Every other pass of the project that waits steps behind this render; the reconciler lets them go after it."""
    high = {
        row["renderId"]
        for row in table().query(f"PROJECT#{project_id}", "RENDER#")
        if row.get("priority") == "high" and "segmentId" not in row
    }
    for job in table().query(f"PROJECT#{project_id}", "JOB#"):
        other = job["target"].get("renderId")
        waits = job["operation"] == "clip.render" and job["status"] not in AT_REST and "held" not in job
        if waits and other != render_id and other not in high:
            holding.hold(job, f"{holding.BEHIND}{render_id}")
