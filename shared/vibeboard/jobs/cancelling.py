"""Giving a job up. What never left is free at once; what a vendor has is asked back, and settles by its answer."""

from boto3.dynamodb.conditions import Attr

from vibeboard.jobs import clock, engines, queues, settlement
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, Update, table


def _error(user: str) -> dict[str, str]:
    return {"code": "CANCELLED", "message": f"Cancelled by {user}", "fix": ""}


def cancel(job: Item, user: str) -> Item:
    """Give a job up for a person. Returns the job: CANCELLED, or still under way with `cancelAsked`."""
    if job["provider"] == engines.OWN:
        return settlement.fail(job, _error(user), status="CANCELLED")
    unsent = Attr("status").eq("RESERVED")
    job = settlement.fail(job, _error(user), status="CANCELLED", only_if=unsent)
    if job["status"] in settlement.AT_REST:
        return job
    ask = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"cancelAsked": user, "updatedAt": clock.stamp()},
        condition=Attr("hold").eq("RESERVED"),
    )
    try:
        job = table().write(ask)
    except ConditionFailed as at_rest:
        return at_rest.item or job
    queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"], "cancel": True}])
    return job


def cancel_all(project_id: str, job_ids: list[str], user: str) -> None:
    """Have the submit queue give up many jobs: one call now, each job's own transaction later."""
    queues.send(queues.SUBMIT, [{"projectId": project_id, "jobIds": job_ids, "cancelBy": user}])


def carry_out(job: Item) -> Item:
    """Ask the vendor to stop. Only a job it removed before it ran is free; any other settles by its own answer."""
    if job["status"] != "SUBMITTED" or "providerRef" not in job or "answer" in job:
        return job
    if not engines.vendor(job["provider"]).cancel(job):
        return job
    return settlement.fail(job, _error(str(job.get("cancelAsked", "an operator"))), status="CANCELLED")
