"""Chains, segments, takes and jobs as people see them: the SOP's fields, links that work now, and the gates."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from vibeboard.domain.gates import evaluate
from vibeboard.domain.pricing import to_usd
from vibeboard.film import takes
from vibeboard.film.continuity import StaleParts, rerun, stale_parts
from vibeboard.jobs.clock import stamp_of
from vibeboard.jobs.settlement import AT_REST
from vibeboard.store import objects
from vibeboard.store.table import Item, public

JOB_STATUS = {
    "RESERVED": "queued",
    "SUBMITTING": "queued",
    "SUBMITTED": "running",
    "SUCCEEDED": "complete",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}


def chain_gates(chain: Item) -> dict[str, Any]:
    style = {"masterStyleContext": chain.get("masterStyleContext", "")}
    picture = {"locked": bool(chain.get("pictureLockedAt")), "lockedBy": chain.get("pictureLockedBy")}
    return {
        "styleLock": evaluate("styleLock", style).to_dict(),
        "masterCinematic": evaluate("masterCinematic", style).to_dict(),
        "pictureLock": evaluate("pictureLock", picture).to_dict(),
    }


def chain_view(chain: Item, segments: list[Item] | None = None) -> Item:
    """A scene chain in the SOP's shape; with its segments when they are at hand."""
    view = public(chain, hide=("look",)) | {
        "pictureLocked": bool(chain.get("pictureLockedAt")),
        "gates": chain_gates(chain),
    }
    if segments is not None:
        stale = stale_parts(chain, segments)
        view["segments"] = [segment_view(segment, stale) for segment in segments]
        view["staleness"] = rerun(chain, segments)
    return view


def segment_view(segment: Item, stale: StaleParts) -> Item:
    """A segment in the SOP's shape. `firstFrameUrl`, `lastFrameUrl`, `outputUrl` are links that work for minutes."""
    clip = segment.get("clip", {})
    lock = {"locked": bool(segment.get("lockedAt")), "lockedBy": segment.get("lockedBy")}
    view = public(segment, hide=("firstFrame", "lastFrame", "clip", "report"))
    for which in ("first", "last"):
        frame = segment.get(f"{which}Frame")
        view[f"{which}FrameUrl"] = objects.link(frame["key"]) if frame else None
        if frame:
            why = stale.get((segment["id"], which), ())
            view[f"{which}Frame"] = {k: v for k, v in frame.items() if k != "key"} | {
                "stale": bool(why),
                "staleBecause": list(why),
            }
    view |= {
        "outputUrl": objects.link(clip.get("outputKey")),
        "proxyUrl": objects.link(clip.get("proxyKey")),
        "posterUrl": objects.link(clip.get("posterKey")),
        "audioUrl": objects.link(clip.get("audioKey")),
        "status": "complete" if clip else "empty",
        "locked": lock["locked"],
        "take": clip.get("number", 0),
        "takeId": clip.get("takeId"),
        "stale": (segment["id"], "clip") in stale,
        "staleBecause": list(stale.get((segment["id"], "clip"), ())),
        "model": clip.get("model"),
        "quality": clip.get("quality"),
        "frames": clip.get("frames"),
        "issues": [issue["name"] for issue in segment.get("report", {}).get("issues", [])],
        "gates": {
            "shotLock": evaluate("shotLock", lock).to_dict(),
            "dailies": evaluate("dailies", {"review": segment.get("review"), "score": segment.get("score")}).to_dict(),
        },
    }
    return view


def take_view(take: Item, segment: Item | None = None) -> Item:
    """A take with its links, cost in dollars, score and, when its shot is at hand, whether it is the shot's own."""
    view = public(take, hide=("frame", "picture", "sound", "proxy", "poster", "peaks", "report", "cost", "projectId"))
    view |= {
        "url": objects.link(take.get("frame") or take.get("picture")),
        "proxyUrl": objects.link(take.get("proxy")),
        "posterUrl": objects.link(take.get("poster")),
        "status": take.get("status", "complete"),
        "cost": to_usd(take.get("cost", 0)),
    }
    if segment is not None:
        view["chosen"] = takes.current(segment, take["kind"]) == take["takeId"]
    if "report" in take:
        view["score"] = take["report"]["score"]
        view["issues"] = [issue["name"] for issue in take["report"]["issues"]]
    return view


# What a Job object is made of; a job's input and most of its result are left in the table.
JOB_PARTS = (
    "SK", "jobId", "projectId", "batchId", "operation", "status", "progress", "attempt", "fence", "model", "provider",
    "target", "amount", "actual", "traceId", "createdAt", "updatedAt", "submittedAt", "polledAt", "error",
    "result.model",
)  # fmt: skip


def eta(job: Item) -> str | None:
    """When a running job will be done, if it goes on as it did until its progress was last reported; else None."""
    progress, seen = job.get("progress", 0), job.get("polledAt")
    if job["status"] != "SUBMITTED" or not seen or not 0 < progress < 100:
        return None
    began, at = (datetime.fromisoformat(text) for text in (job["submittedAt"], seen))
    return stamp_of(began.timestamp() + (at - began).total_seconds() * 100 / progress)


def eta_of_all(jobs: Iterable[Item]) -> str | None:
    """When all of these will be at rest, at the pace of those that are; None while none is, or when all are."""
    rows = list(jobs)
    done = [row for row in rows if row["status"] in AT_REST]
    if not done or len(done) == len(rows):
        return None
    began = min(datetime.fromisoformat(row["createdAt"]).timestamp() for row in rows)
    spent = max(datetime.fromisoformat(row["updatedAt"]).timestamp() for row in done) - began
    return stamp_of(began + spent * len(rows) / len(done))


def job_view(job: Item, *, link: bool = True) -> Item:
    """One Job object everywhere: {jobId, status, progress, eta, estimatedCost, cost, target, error?, outputUrl?, …}.

    attempt counts takes of the target, attempts the submissions of this job. link: with `outputUrl`.
    """
    view: Item = {
        "jobId": job["jobId"],
        "projectId": job["projectId"],
        "operation": job["operation"],
        "status": JOB_STATUS[job["status"]],
        "state": job["status"],
        "progress": job.get("progress", 0),
        "eta": eta(job),
        "attempt": job["attempt"],
        "attempts": job.get("fence", 0),
        "model": job.get("model", ""),
        "engine": job.get("result", {}).get("model"),
        "provider": job["provider"],
        "target": job["target"],
        "estimatedCost": to_usd(job["amount"]),
        "cost": to_usd(job["actual"]) if "actual" in job else None,
        "traceId": job.get("traceId", ""),
        "createdAt": job["createdAt"],
        "updatedAt": job["updatedAt"],
        "links": {"self": f"/api/jobs/{job['jobId']}"},
    }
    if "error" in job:
        view["error"] = job["error"]
    if "batchId" in job:
        view["batchId"] = job["batchId"]
    result = job.get("result", {}) if link else {}
    if result.get("picture") or result.get("frame"):
        view["outputUrl"] = objects.link(result.get("picture") or result.get("frame"))
    return view


def job_line(job: Item) -> Item:
    """One job of a batch in a line; the whole Job object is behind its link."""
    return {
        "jobId": job["jobId"],
        "segmentId": job["target"].get("segmentId", ""),
        "status": JOB_STATUS[job["status"]],
        "estimatedCost": to_usd(job["amount"]),
        "links": {"self": f"/api/jobs/{job['jobId']}"},
    }
