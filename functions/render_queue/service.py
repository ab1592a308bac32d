"""Render queue (SOP step 11): draft, review and master passes of a chain, promotion, comparison."""

from typing import Any

from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.domain.formats import QUALITIES, Quality
from vibeboard.domain.ids import new_id
from vibeboard.domain.pricing import FOOTAGE_PER_SECOND, to_usd
from vibeboard.film import passes
from vibeboard.http.access import Caller
from vibeboard.store import chains, objects
from vibeboard.store.table import Item, table
from vibeboard.views import JOB_STATUS


def create(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """Order the passes. A pass that the chosen take already is (same quality, no burn-in) costs nothing."""
    chain, segments = chains.read_chain(caller.project_id, body["sceneChainId"])
    if not segments:
        raise Conflict("The chain has no shots", code="NOTHING_TO_DO", fix="Add segments first.")
    render_id, burn_in = new_id("rnd"), body["burnInMetadata"]
    qualities: list[Quality] = sorted(set(body["qualities"]), key=list(QUALITIES).index)
    for quality in qualities:
        needed = [
            (chain, segment) for segment in segments if burn_in or segment.get("clip", {}).get("quality") != quality
        ]
        if needed:
            passes.order_passes(
                caller.project_id,
                caller.user,
                needed,
                quality,
                render_id=render_id,
                burn_in=burn_in,
                trace_id=caller.trace_id,
            )
    passes.open_render(
        caller.project_id, [chain["id"]], qualities, burn_in=burn_in, user=caller.user, render_id=render_id
    )
    return read(caller.project_id, render_id)


def read(project_id: str, render_id: str) -> dict[str, Any]:
    """The render job with every shot's passes, their state and cost."""
    rows = table().query(f"PROJECT#{project_id}", f"RENDER#{render_id}")
    render = next((row for row in rows if row["SK"] == f"RENDER#{render_id}"), None)
    if render is None:
        raise NotFound("No such render job", fix="Check the job id.")
    done = {(row["segmentId"], row["quality"]): row for row in rows if "segmentId" in row}
    jobs = {
        (job["target"]["segmentId"], job["input"]["quality"]): job
        for job in table().query(f"PROJECT#{project_id}", "JOB#")
        if job["target"].get("renderId") == render_id
    }
    shots, states = [], []
    for chain_id in render["sceneChainIds"]:
        _, segments = chains.read_chain(project_id, chain_id)
        for segment in segments:
            found = {}
            for quality in render["qualities"]:
                found[quality] = _pass(segment, quality, done, jobs)
                states.append(found[quality]["status"])
            shots.append({"shotId": segment["id"], "shotName": segment["shotName"], "passes": found})
    finished = sum(1 for state in states if state == "completed")
    return {
        "jobId": render_id,
        "sceneChainId": render["sceneChainIds"][0],
        "qualities": render["qualities"],
        "burnInMetadata": render["burnInMetadata"],
        "status": "completed" if finished == len(states) else ("failed" if "failed" in states else "running"),
        "progress": round(100 * finished / len(states)) if states else 100,
        "pricePerSecond": {quality: to_usd(FOOTAGE_PER_SECOND[quality]) for quality in render["qualities"]},
        "shots": shots,
    }


def _pass(
    segment: Item, quality: Quality, done: dict[tuple[str, str], Item], jobs: dict[tuple[str, str], Item]
) -> dict[str, Any]:
    key = (segment["id"], quality)
    if key in done:
        row = done[key]
        return {
            "status": "completed",
            "outputUrl": objects.link(row["outputKey"]),
            "width": row["width"],
            "height": row["height"],
            "seed": row["seed"],
            "model": row["model"],
            "cost": to_usd(row["cost"]),
        }
    if key in jobs:
        return {
            "status": JOB_STATUS[jobs[key]["status"]].replace("complete", "completed"),
            "progress": jobs[key].get("progress", 0),
            "jobId": jobs[key]["jobId"],
        }
    clip = segment.get("clip", {})
    if clip.get("quality") == quality:
        return {
            "status": "completed",
            "outputUrl": objects.link(clip["outputKey"]),
            "width": clip["width"],
            "height": clip["height"],
            "seed": clip["seed"],
            "model": clip["model"],
            "cost": 0.0,
            "inherited": "the take itself has this quality",
        }
    return {"status": "missing"}


def promote(caller: Caller, render_id: str, shot_id: str, quality: Quality) -> dict[str, Any]:
    """One shot at a higher quality, with the recipe and seed of its take."""
    render = read(caller.project_id, render_id)
    if not any(shot["shotId"] == shot_id for shot in render["shots"]):
        raise NotFound("No such shot in this render job", fix="Read the render job for its shots.")
    chain, segments = chains.read_chain(caller.project_id, render["sceneChainId"])
    segment = chains.pick(segments, shot_id)
    jobs = passes.order_passes(
        caller.project_id,
        caller.user,
        [(chain, segment)],
        quality,
        render_id=render_id,
        burn_in=render["burnInMetadata"],
        trace_id=caller.trace_id,
    )
    return {
        "jobId": jobs[0]["jobId"],
        "renderId": render_id,
        "shotId": shot_id,
        "quality": quality,
        "seed": jobs[0]["input"]["seed"],
        "estimatedCost": to_usd(jobs[0]["amount"]),
        "status": JOB_STATUS[jobs[0]["status"]],
    }


def compare(project_id: str, render_id: str, shot_id: str, quality_a: Quality, quality_b: Quality) -> dict[str, Any]:
    """Two passes of one shot side by side: what each is, and links to both."""
    render = read(project_id, render_id)
    shot = next((shot for shot in render["shots"] if shot["shotId"] == shot_id), None)
    if shot is None:
        raise NotFound("No such shot in this render job", fix="Read the render job for its shots.")
    sides = {}
    for name, quality in (("a", quality_a), ("b", quality_b)):
        found = shot["passes"].get(quality)
        if not found or found["status"] != "completed":
            raise Conflict(f"The {quality} pass is not there", code="PASS_MISSING", fix="Render or promote it first.")
        sides[name] = {"quality": quality} | found
    return {
        "shotId": shot_id,
        "shotName": shot["shotName"],
        **sides,
        "sameSeed": sides["a"]["seed"] == sides["b"]["seed"],
    }
