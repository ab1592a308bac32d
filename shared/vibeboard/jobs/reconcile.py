"""The reconciler: finds what got stuck between two steps and moves it on. Runs each minute; safe to run any time."""

import time
from datetime import datetime

from boto3.dynamodb.conditions import Attr

from vibeboard.jobs import queues, settlement
from vibeboard.store import keys, objects
from vibeboard.store.audit import now
from vibeboard.store.table import ConditionFailed, Item, Update, table

RESEND_AFTER_SECONDS = 60  # a job still RESERVED after this lost its submit message
REDO_AFTER_SECONDS = 900  # a job our own engines were given this long ago, without a result, is given again
OPEN_JOBS_PER_RUN = 200


def result_key(job: Item) -> str:
    """Where an engine of ours leaves what it made, before it reports."""
    return keys.job_object(job["projectId"], job["jobId"], "result.json")


def reconcile(*, resend_after: float = RESEND_AFTER_SECONDS, redo_after: float = REDO_AFTER_SECONDS) -> dict[str, int]:
    """Look at every open job. Returns how many were resent, adopted, redone and left waiting."""
    moved = {"resent": 0, "adopted": 0, "redone": 0, "waiting": 0}
    for listed in table().query_index(keys.OPEN_JOBS, limit=OPEN_JOBS_PER_RUN):
        job = table().get(keys.job(listed["projectId"], listed["jobId"]))
        if job is None or job["status"] in settlement.AT_REST:
            continue
        age = time.time() - datetime.fromisoformat(job["updatedAt"]).timestamp()
        if job["status"] == "RESERVED":
            if age >= resend_after:
                queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
                moved["resent"] += 1
        elif job["provider"] == "sandbox":
            moved[_recover_own(job, age, redo_after)] += 1
    return moved


def _recover_own(job: Item, age: float, redo_after: float) -> str:
    """Our own engines cost nothing twice: a finished result is adopted, a lost one is made again."""
    if objects.exists(result_key(job)):
        queues.send(queues.SETTLE, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
        return "adopted"
    if age < redo_after:
        return "waiting"
    free = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"status": "SUBMITTED", "updatedAt": now()},
        condition=Attr("status").is_in(["SUBMITTING", "SUBMITTED"]),
    )
    try:
        table().write(free)
    except ConditionFailed:
        return "waiting"
    queues.send(queues.MEDIA, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
    return "redone"
