"""Routes of SOP step 0: projects, contract, members, uploads, logs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from projects import crew, overview, service, uploads
from projects.models import CreateProject, SetMember, StartUpload, UpdateProject
from vibeboard.http import access, revisions
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey, IfMatch
from vibeboard.store import audit

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]
Limit = Annotated[int, Query(ge=1, le=crew.MAX_PAGE)]
Cursor = Annotated[str, Query(max_length=200)]


def tagged(response: Response, project: dict[str, Any]) -> dict[str, Any]:
    revisions.tag(response, project["rev"])
    return project


@router.post("/api/projects", status_code=201)
async def create_project(
    body: CreateProject, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    project = once(caller, "POST /api/projects", key, sent, lambda: service.create(caller, body))
    response.headers["Location"] = f"/api/projects/{project['projectId']}"
    return tagged(response, project)


@router.get("/api/projects")
async def list_projects(caller: Member) -> dict[str, Any]:
    return {"items": service.listing(caller)}


@router.get(P)
async def read_project(caller: Member, response: Response) -> dict[str, Any]:
    return tagged(response, service.read(caller))


@router.put(P)
async def update_project(
    body: UpdateProject, caller: Member, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    return tagged(response, service.update(caller, body, revisions.revision(if_match)))


@router.delete(P)
async def delete_project(caller: Member, force: bool = False) -> dict[str, Any]:
    return service.delete(caller, force)


@router.post(P + "/contract/lock")
async def lock_contract(caller: Member, response: Response) -> dict[str, Any]:
    return tagged(response, service.lock(caller))


@router.get(P + "/gates")
async def read_gates(caller: Member) -> dict[str, Any]:
    return {"projectId": caller.project_id, "gates": overview.gates_of(caller.project_id, caller.user)}


@router.get(P + "/members")
async def list_members(caller: Member) -> dict[str, Any]:
    return {"items": crew.members(caller)}


@router.put(P + "/members/{userId}")
async def set_member(userId: str, body: SetMember, caller: Member) -> dict[str, Any]:
    return crew.set_member(caller, userId, body.role, body.name)


@router.delete(P + "/members/{userId}")
async def remove_member(userId: str, caller: Member) -> dict[str, Any]:
    return crew.remove_member(caller, userId)


@router.post(P + "/uploads", status_code=201)
async def start_upload(body: StartUpload, caller: Member) -> dict[str, Any]:
    return uploads.start(caller, body)


@router.post(P + "/uploads/{uploadId}/complete")
async def complete_upload(uploadId: str, caller: Member) -> dict[str, Any]:
    return uploads.complete(caller, uploadId)


@router.get(P + "/audit")
async def read_audit(caller: Member, limit: Limit = crew.PAGE, cursor: Cursor = "") -> dict[str, Any]:
    return crew.page(audit.audit_log, caller.project_id, limit, cursor)


@router.get(P + "/operations-log")
async def read_operations_log(caller: Member, limit: Limit = crew.PAGE, cursor: Cursor = "") -> dict[str, Any]:
    return crew.page(audit.operations_log, caller.project_id, limit, cursor)


handler = handler_of(router)
