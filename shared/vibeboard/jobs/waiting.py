"""A state machine waiting for a job: the job keeps the task token and answers it when it comes to rest."""

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import NotFound
from vibeboard.jobs.settlement import AT_REST, announce
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, Update, table


def wait_for(project_id: str, job_id: str, token: str) -> Item:
    """Keep the token with the job; a job already at rest answers at once. A newer token replaces an older one."""
    keep = Update(
        keys.job(project_id, job_id),
        set={"taskToken": token},
        condition=Attr("PK").exists() & ~Attr("status").is_in(sorted(AT_REST)),
    )
    try:
        return table().write(keep)
    except ConditionFailed as at_rest:
        if at_rest.item is None:
            raise NotFound(f"No job {job_id}") from at_rest
        job = at_rest.item | {"taskToken": token}
        announce(job)
        return job


def read_job(project_id: str, job_id: str) -> Item:
    job = table().get(keys.job(project_id, job_id))
    if job is None:
        raise NotFound("No such job", fix="Check the job id.")
    return job
