"""Every key of the single table, in one file. One item collection per project; a chain and its segments share a prefix.

| item             | PK          | SK                                  |
|------------------|-------------|-------------------------------------|
| project          | PROJECT#p   | META                                |
| member           | PROJECT#p   | MEMBER#user (GSI1: USER#user)       |
| budget           | PROJECT#p   | BUDGET                              |
| ledger entry     | PROJECT#p   | ENTRY#ulid                          |
| job and hold     | PROJECT#p   | JOB#id (GSI1 while open: JOBS#OPEN) |
| batch            | PROJECT#p   | BATCH#id (GSI1 while open: BATCHES#OPEN) |
| outline          | PROJECT#p   | OUTLINE#version                     |
| breakdown        | PROJECT#p   | BREAKDOWN                           |
| asset, upload    | PROJECT#p   | ASSET#id, UPLOAD#id                 |
| character        | PROJECT#p   | CHARACTER#id                        |
| style bible      | PROJECT#p   | BIBLE; each version BIBLE#version   |
| chain            | PROJECT#p   | CHAIN#id                            |
| segment          | PROJECT#p   | CHAIN#id#SEG#id                     |
| cut revision     | PROJECT#p   | CUT#chain#number                    |
| cue              | PROJECT#p   | CUE#chain#id                        |
| take             | PROJECT#p   | TAKE#segment#kind#number#job        |
| render queue     | PROJECT#p   | RENDER#id                           |
| A/B compare      | PROJECT#p   | COMPARE#digest of both passes       |
| export           | PROJECT#p   | EXPORT#id                           |
| approval         | PROJECT#p   | APPROVAL#id                         |
| production run   | PROJECT#p   | RUN#number                          |
| audit, op. log   | PROJECT#p   | AUDIT#ulid, OPLOG#ulid              |
| exception        | PROJECT#p   | EXCEPTION#segment#issue             |
| secret           | PROJECT#p   | SECRET#name                         |
| quota            | USER#user   | QUOTA                               |
| credit           | USER#user   | CREDIT#ulid, CREDITED#key           |
| crew             | ORG#org     | CREW#user                           |
| idempotency      | IDEMPOTENCY#user | key hash                       |
| signer           | STUDIO      | SIGNER                              |
"""

from typing import TypedDict

TABLE_ENV = "TABLE_NAME"
BUCKET_ENV = "MEDIA_BUCKET"
INDEX = "GSI1"


class Key(TypedDict):
    PK: str
    SK: str


def _in_project(project: str, sort: str) -> Key:
    return {"PK": f"PROJECT#{project}", "SK": sort}


def project(project_id: str) -> Key:
    return _in_project(project_id, "META")


def member(project_id: str, user: str) -> Key:
    return _in_project(project_id, f"MEMBER#{user}")


def memberships_of(user: str) -> str:
    """GSI1 partition listing the projects of a user."""
    return f"USER#{user}"


def budget(project_id: str) -> Key:
    return _in_project(project_id, "BUDGET")


def quota(user: str) -> Key:
    return {"PK": f"USER#{user}", "SK": "QUOTA"}


def credit(user: str, ulid: str) -> Key:
    return {"PK": f"USER#{user}", "SK": f"CREDIT#{ulid}"}


def credited(user: str, key: str) -> Key:
    return {"PK": f"USER#{user}", "SK": f"CREDITED#{key}"}


def entry(project_id: str, ulid: str) -> Key:
    return _in_project(project_id, f"ENTRY#{ulid}")


def job(project_id: str, job_id: str) -> Key:
    return _in_project(project_id, f"JOB#{job_id}")


OPEN_JOBS = "JOBS#OPEN"  # sparse GSI1 partition: jobs that are not at rest

OPEN_BATCHES = "BATCHES#OPEN"  # sparse GSI1 partition: batches whose jobs are not all written


def batch(project_id: str, batch_id: str) -> Key:
    return _in_project(project_id, f"BATCH#{batch_id}")


def outline(project_id: str, version: int) -> Key:
    return _in_project(project_id, f"OUTLINE#{version:05d}")


def breakdown(project_id: str) -> Key:
    return _in_project(project_id, "BREAKDOWN")


def asset(project_id: str, asset_id: str) -> Key:
    return _in_project(project_id, f"ASSET#{asset_id}")


def upload(project_id: str, upload_id: str) -> Key:
    return _in_project(project_id, f"UPLOAD#{upload_id}")


def character(project_id: str, character_id: str) -> Key:
    return _in_project(project_id, f"CHARACTER#{character_id}")


def bible(project_id: str) -> Key:
    return _in_project(project_id, "BIBLE")


def bible_version(project_id: str, version: int) -> Key:
    return _in_project(project_id, f"BIBLE#{version:05d}")


def chain(project_id: str, chain_id: str) -> Key:
    return _in_project(project_id, f"CHAIN#{chain_id}")


def segment(project_id: str, chain_id: str, segment_id: str) -> Key:
    return _in_project(project_id, f"CHAIN#{chain_id}#SEG#{segment_id}")


def cut_revision(project_id: str, chain_id: str, number: int) -> Key:
    return _in_project(project_id, f"CUT#{chain_id}#{number:06d}")


def cue(project_id: str, chain_id: str, cue_id: str) -> Key:
    return _in_project(project_id, f"CUE#{chain_id}#{cue_id}")


def take(project_id: str, segment_id: str, kind: str, number: int, job_id: str) -> Key:
    return _in_project(project_id, f"TAKE#{segment_id}#{kind}#{number:05d}#{job_id[-8:]}")


def exception(project_id: str, segment_id: str, issue: str) -> Key:
    return _in_project(project_id, f"EXCEPTION#{segment_id}#{issue}")


def render(project_id: str, render_id: str) -> Key:
    return _in_project(project_id, f"RENDER#{render_id}")


def comparison(project_id: str, mark: str) -> Key:
    return _in_project(project_id, f"COMPARE#{mark}")


def export(project_id: str, export_id: str) -> Key:
    return _in_project(project_id, f"EXPORT#{export_id}")


def approval(project_id: str, approval_id: str) -> Key:
    return _in_project(project_id, f"APPROVAL#{approval_id}")


def run(project_id: str, number: int) -> Key:
    return _in_project(project_id, f"RUN#{number:05d}")


def audit(project_id: str, ulid: str) -> Key:
    return _in_project(project_id, f"AUDIT#{ulid}")


def operation(project_id: str, ulid: str) -> Key:
    return _in_project(project_id, f"OPLOG#{ulid}")


def idempotency(user: str, request: str) -> Key:
    return {"PK": f"IDEMPOTENCY#{user}", "SK": request}


def crew(organization: str, user: str) -> Key:
    return {"PK": f"ORG#{organization}", "SK": f"CREW#{user}"}


def secret(project_id: str, name: str) -> Key:
    return _in_project(project_id, f"SECRET#{name}")


SIGNER: Key = {"PK": "STUDIO", "SK": "SIGNER"}  # the development key that signs content credentials


# S3: everything of a project lies under one prefix, so that delete and retention are one rule.
def media_prefix(project_id: str) -> str:
    return f"projects/{project_id}/"


def upload_object(project_id: str, upload_id: str, name: str) -> str:
    return f"{media_prefix(project_id)}uploads/{upload_id}/{name}"


def job_object(project_id: str, job_id: str, name: str) -> str:
    return f"{media_prefix(project_id)}jobs/{job_id}/{name}"


def batch_object(project_id: str, batch_id: str, name: str) -> str:
    return f"{media_prefix(project_id)}batches/{batch_id}/{name}"


def export_object(project_id: str, export_id: str, name: str) -> str:
    return f"{media_prefix(project_id)}exports/{export_id}/{name}"
