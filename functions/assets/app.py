"""Routes of SOP step 3: the Asset Bin."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from assets import service
from assets.models import CreateAsset, Deconstruct, RenameAsset, RenameAssets
from vibeboard.http import access, revisions
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import accepted
from vibeboard.http.revisions import IdempotencyKey, IfMatch

router = APIRouter()
Text = Annotated[str, Query(max_length=500)]
Member = Annotated[Caller, Depends(access.caller)]


@router.get(P + "/assets")
async def list_assets(
    caller: Member,
    scene: Annotated[int | None, Query(ge=1, le=999)] = None,
    type: Annotated[str, Query(max_length=40)] = "",
    model: Text = "",
    createdBy: Text = "",
    sha256: Text = "",
    parent: Text = "",
    licence: Text = "",
) -> dict[str, Any]:
    wanted = {"model": model, "createdBy": createdBy, "sha256": sha256, "parent": parent, "licence": licence}
    return {"items": service.listing(caller.project_id, scene, type, wanted)}


@router.post(P + "/assets", status_code=201)
async def create_asset(
    body: CreateAsset, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    asset = once(caller, "POST assets", key, sent, lambda: service.create(caller, body))
    revisions.tag(response, asset["rev"])
    return asset


@router.get(P + "/assets/{assetId}")
async def read_asset(assetId: str, caller: Member, response: Response) -> dict[str, Any]:
    asset = service.view(service.read(caller.project_id, assetId))
    revisions.tag(response, asset["rev"])
    return asset


@router.get(P + "/assets/{assetId}/provenance")
async def read_provenance(assetId: str, caller: Member) -> dict[str, Any]:
    return service.read_provenance(caller.project_id, assetId)


@router.post(P + "/assets/rename")
async def rename_assets(body: RenameAssets, caller: Member) -> dict[str, Any]:
    return {"items": service.rename_many(caller, [(row.asset_id, row.name) for row in body.renames])}


@router.put(P + "/assets/{assetId}")
async def rename_asset(
    assetId: str, body: RenameAsset, caller: Member, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    asset = service.rename(caller, assetId, body.name, revisions.revision(if_match))
    revisions.tag(response, asset["rev"])
    return asset


@router.post(P + "/assets/deconstruct", status_code=202)
async def deconstruct(
    body: Deconstruct, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return accepted(
        response, once(caller, "POST assets/deconstruct", key, sent, lambda: service.deconstruct(caller, body))
    )


handler = handler_of(router)
