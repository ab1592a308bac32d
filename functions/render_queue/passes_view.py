"""A render job as people see it: each shot's pass at each quality, with its state, its recipe and what it cost."""

from typing import Any

from vibeboard.domain.formats import QUALITIES, Quality
from vibeboard.domain.pricing import FOOTAGE_PER_SECOND, to_usd
from vibeboard.jobs.settlement import AT_REST
from vibeboard.store import chains, objects
from vibeboard.store.table import Item, table
from vibeboard.views import JOB_STATUS


def jobs_of(project_id: str, render_id: str) -> list[Item]:
    """Every attempt at a pass of this render."""
    return [
        job
        for job in table().query(f"PROJECT#{project_id}", "JOB#")
        if job["target"].get("renderId") == render_id and job["operation"] == "clip.render"
    ]


def qualities_of(project_id: str, render: Item) -> list[Quality]:
    """What was ordered at first, and what any shot was promoted to since."""
    found = set(render["qualities"]) | {job["input"]["quality"] for job in jobs_of(project_id, render["renderId"])}
    return [quality for quality in QUALITIES if quality in found]


def render_view(
    project_id: str, render: Item, rows: list[Item] | None = None, jobs: list[Item] | None = None
) -> dict[str, Any]:
    """{jobId, status, progress, shots: [{shotId, passes: {quality: …}}]}.

    rows: its finished passes, jobs: every attempt at one, if at hand.
    """
    render_id = render["renderId"]
    if rows is None:
        rows = table().query(f"PROJECT#{project_id}", f"RENDER#{render_id}#")
    done = {(row["segmentId"], row["quality"]): row for row in rows}
    if jobs is None:
        jobs = jobs_of(project_id, render_id)
    latest: dict[tuple[str, str], Item] = {}
    for job in sorted(jobs, key=lambda job: str(job["createdAt"])):
        latest[job["target"]["segmentId"], job["input"]["quality"]] = job  # it stands for the pass
    shots, states = [], []
    for chain_id in render["sceneChainIds"]:
        _, segments = chains.read_chain(project_id, chain_id)
        for segment in segments:
            found: dict[str, Any] = {}
            for quality in QUALITIES:
                key = (segment["id"], quality)
                if quality in render["qualities"] or key in done or key in latest:
                    found[quality] = _pass(segment, quality, done.get(key), latest.get(key), render)
                    states.append(found[quality]["status"])
            shots.append({"shotId": segment["id"], "shotName": segment["shotName"], "passes": found})
    finished = states.count("completed")
    return {
        "jobId": render_id,
        "sceneChainId": render["sceneChainIds"][0],
        "qualities": render["qualities"],
        "burnInMetadata": render["burnInMetadata"],
        "burnInMaster": render.get("burnInMaster", False),
        "watermark": render.get("watermark", ""),
        "priority": render.get("priority", "normal"),
        "status": _status(states),
        "progress": round(100 * finished / len(states)) if states else 100,
        "pricePerSecond": {quality: to_usd(FOOTAGE_PER_SECOND[quality]) for quality in render["qualities"]},
        "shots": shots,
    }


def _status(states: list[str]) -> str:
    if all(state == "completed" for state in states):
        return "completed"
    if any(state in ("queued", "running") for state in states):
        return "running"
    return next((word for word in ("cancelling", "paused", "failed", "cancelled") if word in states), "running")


def _pass(segment: Item, quality: Quality, done: Item | None, job: Item | None, render: Item) -> dict[str, Any]:
    clip = segment.get("clip", {})
    if done and done.get("clipTakeId") == clip.get("takeId", done.get("clipTakeId")):
        return {
            "status": "completed",
            "outputUrl": objects.link(done["outputKey"]),
            "width": done["width"],
            "height": done["height"],
            "seed": done["seed"],
            "model": done["model"],
            "cost": to_usd(done["cost"]),
            "burnIn": done.get("burnIn", False),
            "recipe": recipe_view(done, done["clipTakeId"]),
        }
    if job and job["status"] != "SUCCEEDED":
        status = "paused" if "held" in job else JOB_STATUS[job["status"]]
        if job["status"] not in AT_REST and str(job["createdAt"]) <= render.get("givenUpAt", ""):
            status = "cancelling"
        view = {"status": status, "progress": job.get("progress", 0), "jobId": job["jobId"]}
        return view | ({"error": job["error"]} if "error" in job else {})
    if clip.get("quality") == quality and not (render["burnInMetadata"] and quality != "master"):
        return {
            "status": "completed",
            "outputUrl": objects.link(clip["outputKey"]),
            "width": clip["width"],
            "height": clip["height"],
            "seed": clip["seed"],
            "model": clip["model"],
            "cost": 0.0,
            "inherited": "the take itself has this quality",
            "recipe": recipe_view(clip, clip["takeId"]),
        }
    return {"status": "missing"}


def recipe_view(made: Item, take_id: str) -> dict[str, Any]:
    """What a promotion inherits unchanged: the take's model, seed and words."""
    return {"takeId": take_id, "model": made["model"], "seed": made["seed"]} | (
        {"prompt": made["prompt"]} if made.get("prompt") else {}
    )
