"""What made each shot, for the sidecar: prompts, each take with seed, model, score and cost, locks, hours, terms."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vibeboard.domain.licences import licence_of
from vibeboard.domain.pricing import to_usd
from vibeboard.store.table import Item, table

LOCK_ACTS = {
    "shot.lock": ("shot", "lock"),
    "shot.unlock": ("shot", "unlock"),
    "picture.lock": ("picture", "lock"),
    "picture.unlock": ("picture", "unlock"),
}


@dataclass
class History:
    """A project's takes and jobs by segment, its locks by segment and chain, and its decided approvals."""

    takes: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[str, Item] = field(default_factory=dict)
    by_segment: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    locks: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    approvals: list[dict[str, Any]] = field(default_factory=list)

    @property
    def engine_hours(self) -> float:
        return _hours(self.jobs.values())


def history_of(project_id: str) -> History:
    """Four queries, however many shots."""
    partition, found = f"PROJECT#{project_id}", History()
    for take in table().query(partition, "TAKE#"):
        found.takes[take["segmentId"]].append(take)
    for job in table().query(partition, "JOB#"):
        found.jobs[job["jobId"]] = job
        found.by_segment[job["target"].get("segmentId", "")].append(job)
    for row in table().query(partition, "AUDIT#"):
        if row["act"] in LOCK_ACTS:
            what, act = LOCK_ACTS[row["act"]]
            facts = row["facts"]
            lock = {"what": what, "act": act, "by": row["actor"], "at": row["at"], "reason": facts.get("reason", "")}
            found.locks[facts.get("segmentId") or facts.get("chainId", "")].append(lock)
    found.approvals = [
        {"gate": row["gate"], "decision": row["status"], "by": row.get("decidedBy"), "at": row.get("decidedAt"),
         "reason": row.get("reason", ""), "round": row.get("attempt", 1)}
        for row in sorted(table().query(partition, "APPROVAL#"), key=lambda row: str(row.get("requestedAt")))
        if row.get("decidedAt")
    ]  # fmt: skip
    return found


def shot_history(history: History, chain: Item, segment: Item, picture: dict[str, Any]) -> dict[str, Any]:
    """One shot's chain of provenance, beside what `plan._clip` names of the chosen frames and take."""
    current = {segment[part]["takeId"] for part in ("firstFrame", "lastFrame", "clip") if part in segment}
    takes = [_take(take, history, take["takeId"] in current) for take in history.takes[segment["id"]]]
    jobs = history.by_segment[segment["id"]]
    spent: dict[str, int] = defaultdict(int)
    for job in jobs:
        spent[job["operation"]] += int(job.get("actual", 0))
    report = segment.get("report", {})
    return {
        "prompts": {
            "shot": segment["prompt"],
            "firstFrame": segment.get("firstFramePrompt", ""),
            "lastFrame": segment.get("lastFramePrompt", ""),
            "negative": segment.get("negativePrompt", ""),
            "style": chain.get("masterStyleContext", ""),
        },
        "takes": takes,
        "qc": {
            "score": segment.get("score"),
            "status": segment.get("dailies"),
            "metrics": report.get("metrics", {}),
            "issues": report.get("issues", []),
            "review": segment.get("review"),
            "reviewedBy": segment.get("reviewedBy"),
            "reviewedAt": segment.get("reviewedAt"),
            "reason": segment.get("reviewReason", ""),
        },
        "locks": sorted(history.locks[segment["id"]] + history.locks[chain["id"]], key=lambda row: str(row["at"])),
        "costs": {"total": to_usd(sum(spent.values())), "byOperation": {k: to_usd(v) for k, v in spent.items()}},
        "hours": {"engine": _hours(jobs)},
        "rendered": {
            "quality": picture["quality"],
            "size": [picture.get("width"), picture.get("height")],
            "nativeSize": picture.get("nativeSize") or [picture.get("width"), picture.get("height")],
            "upscaled": "upscale" in str(picture.get("model", "")),
        },
    }


def licences(models: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Terms by model."""
    found = {model: licence_of(model) for model in sorted(set(models)) if model}
    return {model: {"terms": licence.terms, "commercial": licence.commercial} for model, licence in found.items()}


def _take(take: Item, history: History, chosen: bool) -> dict[str, Any]:
    job = history.jobs.get(take.get("jobId", ""), {})
    report = take.get("report", {})
    row = {
        "takeId": take["takeId"],
        "kind": take["kind"],
        "number": take["number"],
        "chosen": chosen,
        "operation": take["operation"],
        "model": take["model"],
        "requestedModel": take.get("requestedModel", ""),
        "prompt": take.get("prompt", ""),
        "negativePrompt": take.get("negativePrompt", ""),
        "seed": take.get("seed"),
        "cost": to_usd(int(take.get("cost", 0))),
        "hours": _hours([job]) if job else 0.0,
        "orderedBy": take.get("createdBy", ""),
        "at": take.get("createdAt", ""),
    }
    if report:
        row |= {"score": report.get("score"), "issues": [issue["name"] for issue in report.get("issues", [])]}
    if take.get("status") == "failed":
        row |= {"status": "failed", "error": take.get("error", {}).get("code", "")}
    return row


def _hours(jobs: Iterable[Item]) -> float:
    """Hours from submission to rest, summed over jobs: what the engines had them."""
    seconds = 0.0
    for job in jobs:
        start, end = job.get("submittedAt"), job.get("updatedAt")
        if start and end:
            seconds += max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    return round(seconds / 3600, 4)
