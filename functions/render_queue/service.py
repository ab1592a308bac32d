"""Render queue (SOP step 11): draft, review and master passes of a chain, promotion, retry, pause and priority."""

from collections.abc import Callable
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
from vibeboard.jobs import cancelling, clock, holding
from vibeboard.jobs.admission import Guard, JobDraft, Proof
from vibeboard.jobs.settlement import AT_REST
from vibeboard.providers import matrix
from vibeboard.store import chains, keys
from vibeboard.store.table import EXISTS, NEW, Item, Put, Update, table
from vibeboard.views import JOB_STATUS

Want = tuple[Quality, Callable[[str], bool]]  # a quality, and which states of its passes are to be ordered
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
    render, rows = _read(project_id, render_id)
    return passes_view.render_view(project_id, render, rows)


def render_of(project_id: str, render_id: str) -> Item:
    return _read(project_id, render_id)[0]


def _read(project_id: str, render_id: str) -> tuple[Item, list[Item]]:
    """A render job and its finished passes, in one call."""
    rows = table().query(f"PROJECT#{project_id}", f"RENDER#{render_id}")
    render = next((row for row in rows if row["SK"] == f"RENDER#{render_id}"), None)
    if render is None:
        raise _no_such_render()
    return render, [row for row in rows if row is not render]


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


def promote_all(decision: Decision, render_id: str, quality: Quality) -> dict[str, Any]:
    """Every shot of the render at a quality; those that have it are left alone. {ordered, estimatedCost}."""
    render = render_of(decision.caller.project_id, render_id)
    return _order_where(decision, render, [(quality, lambda state: state not in ("completed", "queued", "running"))])


def retry(decision: Decision, render_id: str) -> dict[str, Any]:
    """The failed passes once more, and only those: nothing that stands is rendered or paid again.

    {ordered, estimatedCost}.
    """
    project_id = decision.caller.project_id
    render = render_of(project_id, render_id)
    wants: list[Want] = []
    for quality in passes_view.qualities_of(project_id, render):
        over = OVER if quality in render["qualities"] else OVER[:2]
        wants.append((quality, lambda state, over=over: state in over))  # type: ignore[misc]
    return _order_where(decision, render, wants)


def change(caller: Caller, render_id: str, paused: bool | None, priority: Priority | None) -> dict[str, Any]:
    """Pause what has not begun, or let it go on; put it before everything that waits."""
    project_id, render = caller.project_id, render_of(caller.project_id, render_id)
    if priority is not None:
        table().write(Update(keys.render(project_id, render_id), set={"priority": priority}, condition=EXISTS))
        if priority == "high":
            jobs = passes_view.jobs_of(project_id, render_id)
            holding.release([job for job in jobs if str(job.get("held", "")).startswith(holding.BEHIND)])
            _go_first(project_id, render_id)
    if paused is not None:
        jobs = [job for job in passes_view.jobs_of(project_id, render_id) if job["status"] not in AT_REST]
        holding.hold(jobs, holding.PAUSED) if paused else holding.release(jobs, holding.PAUSED)
    return passes_view.render_view(project_id, render_of(project_id, render["renderId"]))


def cancel(caller: Caller, render_id: str) -> dict[str, Any]:
    """Give up every pass that is not finished; what never began costs nothing.

    Each pass settles its own money, a few calls apiece, so the submit queue does it; until then it is `cancelling`.
    """
    project_id, render = caller.project_id, render_of(caller.project_id, render_id)
    jobs = passes_view.jobs_of(project_id, render_id)
    given_up = [job["jobId"] for job in jobs if job["status"] not in AT_REST]
    if given_up:
        render = table().write(
            Update(keys.render(project_id, render_id), set={"givenUpAt": clock.stamp()}, condition=EXISTS)
        )
        cancelling.cancel_all(project_id, given_up, caller.user)
    return passes_view.render_view(project_id, render, jobs=jobs)


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


def _order_where(decision: Decision, render: Item, wants: list[Want]) -> dict[str, Any]:
    """Order, in one reservation, the passes whose state is wanted."""
    caller, project_id = decision.caller, decision.caller.project_id
    view, shots, drafts = passes_view.render_view(project_id, render), _shots(render), list[JobDraft]()
    for quality, wanted in wants:
        burn = burn_of(render, quality)
        states = {row["shotId"]: row["passes"].get(quality, {}).get("status", "missing") for row in view["shots"]}
        chosen = [shots[shot_id] for shot_id, state in states.items() if wanted(state)]
        needed = [(c, s) for c, s in chosen if burn is not None or s.get("clip", {}).get("quality") != quality]
        if needed:
            over = passes.given_up(project_id, render["renderId"], quality)
            rest = {"render_id": render["renderId"], "burn": burn, "over": over}
            drafts += passes.pass_drafts(project_id, needed, quality, **rest)
    free = matrix.is_free(matrix.provider_of("clip.render"))
    cost = 0 if free else sum(draft.amount for draft in drafts)
    answer = {"ordered": len(drafts), "estimatedCost": to_usd(cost)}
    if not drafts:
        caller.join(project_id)  # nothing is written that would prove the role
        return answer
    proof: Proof = lambda _jobs: decision.proof(answer)  # noqa: E731
    passes.admit_passes(project_id, caller.user, drafts, proof=proof, trace_id=caller.trace_id)
    return answer


def _shots(render: Item) -> dict[str, tuple[Item, Item]]:
    project_id = render["PK"].removeprefix("PROJECT#")
    found: dict[str, tuple[Item, Item]] = {}
    for chain_id in render["sceneChainIds"]:
        chain, segments = chains.read_chain(project_id, chain_id)
        found |= {segment["id"]: (chain, segment) for segment in segments}
    return found


def _shot(render: Item, shot_id: str) -> tuple[Item, Item]:
    shots = _shots(render)
    if shot_id not in shots:
        raise NotFound("No such shot in this render job", fix="Read the render job for its shots.")
    return shots[shot_id]


def _go_first(project_id: str, render_id: str) -> None:
    """Every other pass of the project that waits steps behind this render; the reconciler lets them go after it."""
    high = {
        row["renderId"]
        for row in table().query(f"PROJECT#{project_id}", "RENDER#")
        if row.get("priority") == "high" and "segmentId" not in row
    }
    waiting = []
    for job in table().query(f"PROJECT#{project_id}", "JOB#"):
        other = job["target"].get("renderId")
        waits = job["operation"] == "clip.render" and job["status"] not in AT_REST and "held" not in job
        if waits and other != render_id and other not in high:
            waiting.append(job)
    holding.hold(waiting, f"{holding.BEHIND}{render_id}")
