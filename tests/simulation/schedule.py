"""One schedule: people, workers, vendors and the reconciler at once, then peace; and what must hold all along."""

from typing import Any

from tests.simulation.house import HOLD, PROJECT, USER, House, furnish, render_of
from tests.simulation.world import Plan, Violation
from vibeboard.jobs import admission, batches, cancelling, holding, reconcile, settlement, waiting
from vibeboard.store import keys, ledger
from vibeboard.store.table import Update

CAP = 2 * HOLD + HOLD // 2  # two of three jobs fit
REST_PAUSES = (70.0, 300.0, 1000.0, 3000.0, *(6000.0,) * 6)  # who stepped behind a render begins only after it
BUDGET, QUOTA = ("PROJECT#" + PROJECT, "BUDGET"), ("USER#" + USER, "QUOTA")


def run(seed: int, plan: Plan | None = None, backend: Any = None, jobs: int = 3) -> House:
    """Play a schedule to its end. Raises Violation with the seed and the last steps."""
    with House(seed, plan, backend, jobs) as house:
        furnish(house.backend, _cap(house), jobs + len(house.batch))
        house.world.check = lambda: hold_always(house)
        try:
            _cast(house)
            house.world.run()
            _peace(house)
            hold_at_rest(house)
        except (Violation, LookupError, TypeError, ValueError) as broken:
            steps = "\n  ".join(" ".join(step) for step in house.world.trace[-40:])
            raise Violation(f"seed {seed}, plan {plan and dict(plan.faults)}: {broken!r}\n  {steps}") from broken
        return house


def _cap(house: House) -> int:
    """Not everything fits: two of three jobs; with a batch of three, four of five."""
    return CAP + 2 * HOLD if house.batch else CAP


def _cast(house: House) -> None:
    """Who takes part: each order is sent twice, some are waited for, some cancelled; cap and locks move meanwhile."""
    world = house.world
    for _ in range(2 if house.batch else 0):
        world.add("batch", lambda: batches.admit_batch(PROJECT, USER, house.batch))
    for index, draft in enumerate(house.drafts):
        job_id = draft.job_id(PROJECT)
        for _ in range(2):
            world.add("client", lambda draft=draft: admission.admit(PROJECT, USER, [draft]))  # type: ignore[misc]
        if world.plan is not None or world.chance.random() < 0.5:
            world.add("waiter", lambda j=job_id, i=index: waiting.wait_for(PROJECT, j, f"token{i}"))  # type: ignore[misc]
        if world.plan is not None:
            continue
        if world.chance.random() < 0.15:
            world.add("pauser", lambda j=job_id: holding.hold([waiting.read_job(PROJECT, j)], holding.PAUSED))  # type: ignore[misc]
        if world.chance.random() < 0.2:
            world.add("canceller", lambda j=job_id: _cancel(j))  # type: ignore[misc]
        if world.chance.random() < 0.15:
            locked = Update(keys.segment(PROJECT, "chain", f"seg{index}"), set={"lockedAt": "now"})
            world.add("editor", lambda locked=locked: house.table.write(locked))  # type: ignore[misc]
    for _ in range(2):
        world.add("reconciler", reconcile.reconcile, 60.0)
    if world.plan is not None:
        if world.plan.held:
            world.add("hurrier", lambda: _go_first(house, render_of(1)))
            world.add("pauser", lambda: _pause(house))
            world.add("resumer", lambda: _resume(house))
        return
    if world.chance.random() < 0.2:
        world.add("hurrier", lambda: _go_first(house, render_of(1)))
    if world.chance.random() < 0.1:
        world.add("resumer", lambda: _resume(house))
    if world.chance.random() < 0.2:
        world.add("admin", lambda: ledger.override(PROJECT, HOLD, actor="admin", reason="more", key="once"))
    if world.chance.random() < 0.2:
        world.add("producer", lambda: _lower_cap(house))


def _cancel(job_id: str) -> None:
    cancelling.cancel(waiting.read_job(PROJECT, job_id), "editor")


def _open(house: House) -> list[Any]:
    return list(house.table.query_index(keys.OPEN_JOBS))


def _go_first(house: House, render_id: str) -> None:
    """What the render queue does for a render of high priority: everything else that waits steps behind it."""
    others = [job for job in _open(house) if job["target"]["renderId"] != render_id and "held" not in job]
    holding.hold(others, f"{holding.BEHIND}{render_id}")


def _pause(house: House) -> None:
    holding.hold(_open(house), holding.PAUSED)


def _resume(house: House) -> None:
    holding.release(_open(house), holding.PAUSED)


def _lower_cap(house: House) -> None:
    budget = ledger.read(PROJECT)
    house.table.transact(ledger.cap_actions(budget, PROJECT, _cap(house) - HOLD // 2, 3, "admin"))


def _peace(house: House) -> None:
    """No more faults: queues run empty, vendors finish, the reconciler comes by as time passes."""
    world = house.world
    world.calm = world.peace = True
    for pause in REST_PAUSES:
        if not (left := _open_jobs(house)) and not _open_batches(house):
            break
        if any(job.get("held") == holding.PAUSED for job in left):
            world.add("resumer", lambda: _resume(house))
        world.wait(pause)
        world.add("reconciler", reconcile.reconcile, 60.0)
        world.run()
    while world.later:
        world.wait(6000.0)
        world.run()


def _open_jobs(house: House) -> list[Any]:
    return list(house.backend.query_index(keys.OPEN_JOBS))


def _open_batches(house: House) -> list[Any]:
    return list(house.backend.query_index(keys.OPEN_BATCHES))


def _batches(house: House) -> list[Any]:
    return list(house.backend.query(BUDGET[0], "BATCH#"))


def _jobs(house: House) -> list[Any]:
    return list(house.backend.query(BUDGET[0], "JOB#"))


def hold_always(house: House) -> None:
    """After every step: no counter below nothing, none of the money made or lost, no bill above the cap."""
    budget, quota = house.backend.peek(BUDGET), house.backend.peek(QUOTA)
    fal, runpod = house.vendors.values()
    bill = fal.bill + runpod.bill
    holds = house.backend.holds(BUDGET[0])
    if budget["reserved"] != holds:
        raise Violation(f"reserved {budget['reserved']}, but jobs and batches hold {holds}")
    if early := fal.held or runpod.held:
        raise Violation(f"sent while it is held: {early}")
    if twice := fal.twice or runpod.twice:
        raise Violation(f"double submission of {twice}")
    if budget is house.seen[0] and quota is house.seen[1] and bill == house.seen[2]:
        return  # a write puts a new item in the place of the old
    house.seen = (budget, quota, bill)
    total = budget.get("cap", 0) + budget["overrides"]
    for where, counter, whole in ((BUDGET, budget, total), (QUOTA, quota, quota["granted"])):
        parts = counter["available"], counter["reserved"], counter["committed"]
        if min(parts) < 0 or sum(parts) != whole:
            raise Violation(f"{where[1]}: available, reserved, committed {list(parts)} do not make {whole}")
    if bill > total:
        raise Violation(f"overspend: billed {bill} of {total}")


def hold_at_rest(house: House) -> None:
    """In the end: nothing open, nothing reserved, every accepted submission accounted, books and jobs agree."""
    if left := _open_jobs(house):
        raise Violation(f"still open: {[(j['jobId'], j['status']) for j in left]}")
    if _open_batches(house) or any(batch["hold"] for batch in _batches(house)):
        raise Violation(f"a batch still holds money: {[(b['state'], b['hold']) for b in _batches(house)]}")
    jobs = {job["jobId"]: job for job in _jobs(house)}
    budget, quota = (house.backend.peek(where) for where in (BUDGET, QUOTA))
    spent = sum(job["actual"] for job in jobs.values())
    entries = house.backend.query(BUDGET[0], "ENTRY#")
    booked = sum(e["amount"] for e in entries if e["kind"] in ("settle", "void", "true-up"))
    if budget["reserved"] or quota["reserved"]:
        raise Violation(f"reserved at rest: {budget['reserved']}, {quota['reserved']}")
    if not budget["committed"] == quota["committed"] == spent == booked:
        raise Violation(f"books disagree: {budget['committed']}, {quota['committed']}, jobs {spent}, entries {booked}")
    given_back = sum(e["held"] for e in entries if e["kind"] == "void" and "batchId" in e)
    held = sum(e["amount"] for e in entries if e["kind"] == "reserve")
    if held != sum(job["amount"] for job in jobs.values()) + given_back:
        raise Violation(f"ledger rows reserve {held}, job rows {sum(job['amount'] for job in jobs.values())}, disagree")
    bills = {t.job_id: (t, v) for v in house.vendors.values() for t in v.taken}
    for job_id, job in jobs.items():
        if job["status"] not in settlement.AT_REST:
            raise Violation(f"{job_id} is {job['status']} and in no index")
        if "held" in job:
            raise Violation(f"{job_id} is at rest and held: {job['held']}")
        taken, _ = bills.get(job_id, (None, None))
        bill = taken.billed if taken else 0
        if job["provider"] != "sandbox" and job["actual"] < bill:
            raise Violation(f"accepted but unaccounted: {job_id} is billed {bill}, books {job['actual']}")
        if job["provider"] != "sandbox" and job["actual"] > bill and not job.get("assumed"):
            raise Violation(f"booked too much: {job_id} is billed {bill}, books {job['actual']}")
        if job.get("assumed") and job["provider"] == "fal" and (job.get("error") or {}).get("code") != "RESULT_LOST":
            raise Violation(f"{job_id} was assumed billed at a vendor that can be asked")
        token = job.get("taskToken")
        if token and token not in house.told:
            raise Violation(f"nobody told the state machine waiting for {job_id}")
    failed = sorted(job_id for job_id, job in jobs.items() if job["status"] == "FAILED")
    logged = sorted(row["jobId"] for row in house.backend.query(BUDGET[0], "OPLOG#"))
    if failed != logged:
        raise Violation(f"the operations log has {logged}, but {failed} failed")
    takes = {row["jobId"] for row in house.backend.query(BUDGET[0], "TAKE#") if row.get("status") != "failed"}
    done = {job_id for job_id, job in jobs.items() if job["status"] == "SUCCEEDED"}
    if takes != done:
        raise Violation(f"takes of {takes ^ done} do not match the jobs that succeeded")
