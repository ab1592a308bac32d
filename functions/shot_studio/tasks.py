"""Production tasks of SOP steps 7.5 to 9: producer gate, footage, dailies, VFX. Each does only what is still to do."""

from itertools import batched
from typing import Any

from shot_studio.service import admit_shots
from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import Quality
from vibeboard.domain.gates import evaluate
from vibeboard.domain.ids import digest
from vibeboard.domain.pricing import price, to_usd
from vibeboard.film import dailies as film_dailies
from vibeboard.film.vfx import FIXES, vfx_draft
from vibeboard.jobs.admission import JOBS_PER_TRANSACTION, admit
from vibeboard.jobs.drafts import clip_draft, unlocked_guard
from vibeboard.store import chains, keys, ledger
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import BATCH_KEYS, Item, Update, table
from vibeboard.tasks import Task, handler_of

CLIP_ATTEMPTS = 6  # takes the production orders by itself before a person must decide
SHOT_BY = "clip.generate"  # the operation behind a take that nobody repaired yet
AUTOMATIC_RETAKES = 2  # rounds of retakes for flagged shots
SHOOT_QUALITY: Quality = "draft"  # footage is shot at draft; step 11 renders the passes
CHEAPER: dict[str, Quality] = {"master": "review", "review": "draft"}


def _to_shoot(project_id: str) -> list[tuple[Item, list[Item]]]:
    """Per chain the shots without footage, or sent back by a review."""
    return [
        (chain, [s for s in segments if not s.get("lockedAt") and (not s.get("clip") or s.get("review") == "revise")])
        for chain, segments in chains.chains_of(project_id)
    ]


def producer_gate(event: dict[str, Any]) -> dict[str, Any]:
    """Step 7.5 over everything still to shoot: {decision: GO|SOFT_BLOCK|HARD_BLOCK|FRAMES_MISSING, figures}.

    What is ordered already holds its money, and is not asked for again.
    """
    project_id = event["projectId"]
    project = read_project(project_id)
    budget = ledger.read(project_id)
    quota = table().get(keys.quota(project["createdBy"])) or {"available": 0}
    shots, missing, estimate = 0, 0, 0
    for chain, segments in _to_shoot(project_id):
        ready = [segment for segment in segments if "firstFrame" in segment and "lastFrame" in segment]
        drafts = {d.job_id(project_id): d for d in (clip_draft(chain, s, quality=SHOOT_QUALITY) for s in ready)}
        ordered = _ordered(project_id, list(drafts))
        shots += len(ready)
        estimate += sum(draft.amount for job_id, draft in drafts.items() if job_id not in ordered)
        for segment in segments:
            if segment not in ready:
                missing += 1
                estimate += price("clip.generate", {"quality": SHOOT_QUALITY, "seconds": segment["duration"]})
    facts = ledger.cap_facts(budget, estimate)
    hard = evaluate("producerHard", facts)
    soft = evaluate("producerSoft", {"estimatedMicros": estimate, "quotaRemainingMicros": quota["available"]})
    short = max(0, facts["spentMicros"] + estimate - facts["capMicros"])
    decision, message = "GO", ""
    if not hard.allowed:
        decision, message = "HARD_BLOCK", hard.message
    elif not soft.allowed:
        decision, message = "SOFT_BLOCK", soft.message
    elif missing:
        decision, message = "FRAMES_MISSING", f"{missing} shots have no frames"
    return {
        "decision": decision,
        "message": message,
        "shots": shots,
        "estimatedMicros": estimate,
        "estimatedCost": to_usd(estimate),
        "shortMicros": short,
        "spentMicros": facts["spentMicros"],
        "capMicros": facts["capMicros"],
    }


def _ordered(project_id: str, job_ids: list[str]) -> set[str]:
    """Those of these jobs that exist."""
    wanted = [keys.job(project_id, job_id) for job_id in job_ids]
    found = [job for part in batched(wanted, BATCH_KEYS, strict=False) for job in table().batch_get(part)]
    return {job["jobId"] for job in found if job}


def generate_shots(event: dict[str, Any]) -> dict[str, Any]:
    """Step 8: order footage for every shot that needs it; one reservation per chain part. {jobs: [{jobId, …}]}."""
    project_id = event["projectId"]
    user = read_project(project_id)["createdBy"]
    jobs: list[Item] = []
    for chain, segments in _to_shoot(project_id):
        ready = [segment for segment in segments if segment.get("clipTakes", 0) < CLIP_ATTEMPTS]
        for start in range(0, len(ready), JOBS_PER_TRANSACTION):
            part = ready[start : start + JOBS_PER_TRANSACTION]
            jobs += admit_shots(project_id, user, chain, part, SHOOT_QUALITY, event.get("traceId", ""))
    return {"jobs": [_job(job) for job in jobs]}


def _job(job: Item) -> dict[str, Any]:
    return {"jobId": job["jobId"], **{k: v for k, v in job["target"].items() if k in ("chainId", "segmentId")}}


def retake(event: dict[str, Any]) -> dict[str, Any]:
    """One shot again with a new seed. Raises Conflict when the attempts are used up."""
    project_id = event["projectId"]
    chain, segments = chains.read_chain(project_id, event["chainId"])
    segment = chains.pick(segments, event["segmentId"])
    if segment.get("clipTakes", 0) >= CLIP_ATTEMPTS:
        raise Conflict(
            f"{segment['shotName']} failed {CLIP_ATTEMPTS} times",
            code="CLIP_ATTEMPTS_EXHAUSTED",
            fix="Change the shot's prompt or frames.",
        )
    user = read_project(project_id)["createdBy"]
    return _job(admit_shots(project_id, user, chain, [segment], SHOOT_QUALITY, event.get("traceId", ""))[0])


def dailies(event: dict[str, Any]) -> dict[str, Any]:
    """Step 8.5: what the measurement says and whether everything is approved already."""
    shots = [segment for _, segments in chains.chains_of(event["projectId"]) for segment in segments]
    bad = [segment for segment in shots if film_dailies.flagged(segment) and segment.get("review") != "approved"]
    rounds = max((segment.get("autoRetakes", 0) for segment in bad), default=0)
    scores = {segment["shotName"]: segment["score"] for segment in shots if "score" in segment}
    return {
        "shots": len(shots),
        "missing": sum(1 for segment in shots if not segment.get("clip")),
        "approved": bool(shots) and all(segment.get("review") == "approved" for segment in shots),
        "flagged": [segment["id"] for segment in bad],
        "flaggedShots": [segment["shotName"] for segment in bad],
        "warned": [segment["shotName"] for segment in shots if segment.get("dailies") == "warn"],
        "retakeFlagged": bool(bad) and rounds < AUTOMATIC_RETAKES,
        "worst": min(scores.items(), key=lambda item: item[1])[0] if scores else "",
        "meanScore": round(sum(scores.values()) / len(scores), 4) if scores else 0,
    }


def request_revision(event: dict[str, Any]) -> dict[str, Any]:
    """Send shots back: those named (ids or shot names), else the flagged, else the one with the lowest score."""
    project_id, by = event["projectId"], event["by"]
    note = event.get("note") or {}
    wanted = event.get("segments") or note.get("shots") or []
    rows = [(chain, s) for chain, segments in chains.chains_of(project_id) for s in segments if not s.get("lockedAt")]
    chosen = [(c, s) for c, s in rows if s["id"] in wanted or s["shotName"] in wanted]
    chosen = chosen or [(c, s) for c, s in rows if film_dailies.flagged(s) and s.get("review") != "approved"]
    if not chosen:
        chosen = sorted((row for row in rows if "score" in row[1]), key=lambda row: row[1]["score"])[:1]
    for chain, segment in chosen:
        if not segment.get("clip"):
            continue
        if segment.get("review") != "revise":
            film_dailies.review(chain, segment, "revise", by=by, reason=event.get("reason", ""))
        if by == "production":
            key = keys.segment(project_id, chain["id"], segment["id"])
            table().write(Update(key, set={"autoRetakes": segment.get("autoRetakes", 0) + 1}))
    return {"segments": [segment["id"] for _, segment in chosen]}


def approve_dailies(event: dict[str, Any]) -> dict[str, Any]:
    """Approve every shot with footage, in the name of who approved the dailies."""
    count = 0
    for chain, segments in chains.chains_of(event["projectId"]):
        for segment in segments:
            if segment.get("clip") and segment.get("review") != "approved" and not segment.get("lockedAt"):
                film_dailies.review(chain, segment, "approved", by=event["by"], reason="dailies approved")
                count += 1
    return {"approved": count}


def vfx_fixes(event: dict[str, Any]) -> dict[str, Any]:
    """Step 9: one fix per approved, unlocked shot whose warning VFX can mend and has not tried yet. {jobs: [jobId]}."""
    project_id = event["projectId"]
    user = read_project(project_id)["createdBy"]
    jobs = []
    for chain, segments in chains.chains_of(project_id):
        for segment in segments:
            issues = [issue["name"] for issue in segment.get("report", {}).get("issues", [])]
            fix = next((FIXES[name] for name in issues if name in FIXES), None)
            if fix is None or segment.get("lockedAt") or segment.get("review") != "approved":
                continue
            if segment.get("clipTakes", 0) > segment["clip"]["number"] or segment["clip"]["operation"] != SHOT_BY:
                continue  # a repair was tried on this take; a person decides about a second one
            draft = vfx_draft(chain, segment, *fix, only_if_better=True)
            admitted = admit(project_id, user, [draft], guards=[unlocked_guard(chain, [segment])])
            jobs.append(admitted[0]["jobId"])
    return {"jobs": jobs}


def shortfall(event: dict[str, Any]) -> dict[str, Any]:
    """What an override would have to add, for the footage or the passes that did not fit, with its idempotency key."""
    project_id = event["projectId"]
    gate = producer_gate(event)
    needed = gate["estimatedMicros"]
    if not gate["shots"] and gate["decision"] == "GO":
        needed = _passes_estimate(project_id, int(event["run"]))
    budget = ledger.read(project_id)
    amount = max(0, needed - budget["available"])
    amount = -(-max(amount, 10_000) // 10_000) * 10_000  # whole cents, and never nothing
    key = digest([project_id, budget["overrides"], budget["committed"], budget["reserved"], amount], 16)
    return {
        "amountMicros": amount,
        "amount": to_usd(amount),
        "key": key,
        "budgetCap": to_usd(budget.get("cap") or 0),
        "spent": to_usd(budget["committed"] + budget["reserved"]),
        "needed": to_usd(needed),
        "message": "Budget Cap exceeded. Admin override required.",
    }


def _passes_estimate(project_id: str, run: int) -> int:
    options = (table().get(keys.run(project_id, run)) or {}).get("options", {})
    quality = options.get("quality", "review")
    total = 0
    for _, segments in chains.chains_of(project_id):
        for segment in segments:
            if segment.get("clip") and segment["clip"]["quality"] != quality:
                total += price("clip.render", {"quality": quality, "seconds": segment["duration"]})
    return total


def reduce_scope(event: dict[str, Any]) -> dict[str, Any]:
    """After a refused override: the delivery quality one step down. {reduced: false} when there is nothing cheaper."""
    key = keys.run(event["projectId"], int(event["run"]))
    options = (table().get(key) or {}).get("options", {})
    cheaper = CHEAPER.get(options.get("quality", "review"))
    if cheaper is None or producer_gate(event)["decision"] == "HARD_BLOCK":
        return {"reduced": False}
    table().write(Update(key, set={"options": options | {"quality": cheaper}}))
    return {"reduced": True, "quality": cheaper}


TASKS: dict[str, Task] = {
    "producer_gate": producer_gate,
    "generate_shots": generate_shots,
    "retake": retake,
    "dailies": dailies,
    "request_revision": request_revision,
    "approve_dailies": approve_dailies,
    "vfx_fixes": vfx_fixes,
    "shortfall": shortfall,
    "reduce_scope": reduce_scope,
}
handler = handler_of(TASKS)
