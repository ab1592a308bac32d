"""Who is calling and what they may do: claims from the JWT authorizer, role from membership, permission from the table.

`ROUTES` is the one permission table for every route. A route that is missing here cannot be mounted (http/app.py).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from vibeboard.domain.errors import Forbidden, NotFound, Unauthenticated
from vibeboard.domain.ids import project_of
from vibeboard.domain.roles import PERMISSIONS, Permission, Role, may
from vibeboard.http.problems import trace_id
from vibeboard.store import projects
from vibeboard.store.seen import remember
from vibeboard.store.table import Item

P = "/api/projects/{projectId}"
C = P + "/scene-chains/{chainId}"
S = C + "/segments/{segmentId}"

# route -> permission. Where the project is not in the path, the body or the id names it (`Caller.join`).
ROUTES: dict[tuple[str, str], Permission] = {
    ("POST", "/api/projects"): "signed-in",
    ("GET", "/api/projects"): "signed-in",
    ("GET", P): "view",
    ("PUT", P): "edit",
    ("DELETE", P): "delete",
    ("POST", P + "/contract/lock"): "contract",
    ("GET", P + "/gates"): "view",
    ("GET", P + "/members"): "view",
    ("PUT", P + "/members/{userId}"): "members",
    ("DELETE", P + "/members/{userId}"): "members",
    ("POST", P + "/uploads"): "edit",
    ("POST", P + "/uploads/{uploadId}/complete"): "edit",
    ("GET", P + "/statement"): "view",
    ("GET", P + "/statement.csv"): "view",
    ("GET", "/api/me/quota"): "signed-in",
    ("POST", "/api/me/quota/top-ups"): "signed-in",
    ("GET", "/api/quotas/{userId}"): "signed-in",  # an Admin of the organization, checked in the service
    ("POST", "/api/quotas/{userId}/grants"): "signed-in",
    ("POST", P + "/budget/overrides"): "budget-override",
    ("GET", P + "/audit"): "view",
    ("GET", P + "/operations-log"): "view",
    ("POST", P + "/production"): "produce",
    ("GET", P + "/production"): "view",
    ("GET", P + "/approvals"): "view",
    ("GET", "/api/approvals/{approvalId}"): "view",
    ("POST", "/api/approvals/{approvalId}/decision"): "view",  # the gate's own role is checked in the service
    ("GET", P + "/jobs"): "view",
    ("GET", "/api/jobs/{jobId}"): "view",
    ("POST", "/api/jobs/{jobId}/cancel"): "generate",
    ("POST", P + "/story-editor/outline"): "generate",
    ("GET", P + "/story-editor/outline"): "view",
    ("GET", P + "/story-editor/outline/diff"): "view",
    ("POST", P + "/story-editor/outline/versions/{version}/restore"): "edit",
    ("POST", P + "/story-editor/outline/acts/{act}"): "generate",
    ("GET", P + "/story-editor/screenplay"): "view",
    ("POST", P + "/story-editor/breakdown"): "generate",
    ("GET", P + "/story-editor/breakdown"): "view",
    ("POST", P + "/story-editor/prompts"): "generate",
    ("POST", "/api/search/semantic"): "signed-in",
    ("GET", P + "/assets"): "view",
    ("POST", P + "/assets"): "edit",
    ("GET", P + "/assets/{assetId}"): "view",
    ("GET", P + "/assets/{assetId}/provenance"): "view",
    ("POST", P + "/assets/rename"): "edit",
    ("PUT", P + "/assets/{assetId}"): "edit",
    ("POST", P + "/assets/deconstruct"): "generate",
    ("GET", P + "/foundry/characters"): "view",
    ("POST", P + "/foundry/characters"): "edit",
    ("GET", P + "/foundry/characters/{characterId}/likeness"): "view",
    ("POST", P + "/foundry/characters/{characterId}/likeness"): "edit",
    ("POST", P + "/foundry/characters/{characterId}/perform"): "generate",
    ("POST", P + "/foundry/characters/{characterId}/contacts"): "generate",
    ("GET", P + "/foundry/style-bible"): "view",
    ("GET", P + "/foundry/style-bible/versions"): "view",
    ("GET", P + "/foundry/style-bible/violations"): "view",
    ("GET", P + "/foundry/style-bible/page"): "view",
    ("POST", P + "/foundry/style-bible"): "generate",
    ("POST", P + "/training/start"): "generate",
    ("GET", P + "/training/{characterId}"): "view",
    ("POST", "/api/optics/rack-focus"): "signed-in",
    ("POST", "/api/optics/refocus"): "signed-in",  # the body names the project; its membership is checked there
    ("GET", "/api/optics/gear"): "signed-in",
    ("GET", P + "/scene-chains"): "view",
    ("POST", P + "/scene-chains"): "edit",
    ("POST", P + "/scene-chains/export"): "edit",
    ("GET", C): "view",
    ("PUT", C): "edit",
    ("POST", C + "/segments"): "edit",
    ("PUT", C + "/segments/order"): "edit",
    ("GET", S): "view",
    ("PUT", S): "edit",
    ("DELETE", S): "edit",
    ("POST", S + "/duplicate"): "edit",
    ("GET", S + "/takes"): "view",
    ("GET", S + "/takes/compare"): "view",
    ("PUT", S + "/takes/{takeId}/choose"): "generate",
    ("POST", C + "/rerun"): "generate",
    ("POST", S + "/generate-frame"): "generate",
    ("POST", S + "/generate"): "generate",
    ("POST", C + "/generate"): "generate",
    ("POST", P + "/render-queue/estimate"): "view",
    ("GET", C + "/continuity-report"): "view",
    ("GET", C + "/exceptions"): "view",
    ("PUT", S + "/exceptions/{issue}"): "review",
    ("GET", C + "/notes/edl"): "view",
    ("GET", C + "/notes/csv"): "view",
    ("PUT", S + "/review"): "review",
    ("POST", C + "/reviews"): "review",
    ("POST", "/api/vfx/reshoot"): "vfx",
    ("POST", "/api/vfx/rescue-focus"): "vfx",
    ("POST", "/api/vfx/motion-fix"): "vfx",
    ("POST", "/api/vfx/ai-reshoot"): "vfx",
    ("POST", "/api/process/magic-eraser"): "vfx",
    ("PUT", S + "/lock"): "shot-lock",
    ("GET", P + "/sequencer/timeline/{chainId}"): "view",
    ("POST", P + "/sequencer/timeline/{chainId}/assemble"): "edit",
    ("POST", P + "/sequencer/timeline/{chainId}/cues"): "edit",
    ("PUT", P + "/sequencer/timeline/{chainId}/cues/{cueId}"): "edit",
    ("DELETE", P + "/sequencer/timeline/{chainId}/cues/{cueId}"): "edit",
    ("PUT", P + "/sequencer/timeline/{chainId}/markers"): "edit",
    ("GET", P + "/sequencer/timeline/{chainId}/revisions"): "view",
    ("POST", P + "/sequencer/timeline/{chainId}/revisions/{revision}/restore"): "edit",
    ("POST", P + "/sequencer/timeline/{chainId}/preview"): "edit",
    ("PUT", C + "/picture-lock"): "picture-lock",
    ("POST", P + "/render-queue/jobs"): "generate",
    ("GET", P + "/render-queue/jobs/{renderId}"): "view",
    ("PUT", P + "/render-queue/jobs/{renderId}"): "generate",
    ("POST", P + "/render-queue/jobs/{renderId}/promote"): "generate",
    ("POST", P + "/render-queue/jobs/{renderId}/retry"): "generate",
    ("POST", P + "/render-queue/jobs/{renderId}/cancel"): "generate",
    ("POST", P + "/render-queue/jobs/{renderId}/shots/{shotId}/promote"): "generate",
    ("GET", P + "/render-queue/jobs/{renderId}/shots/{shotId}/compare"): "view",
    ("GET", P + "/export/qc"): "view",
    ("POST", P + "/export/master"): "export",
    ("GET", "/api/exports/jobs/{jobId}"): "view",
    ("GET", "/api/exports/{exportId}/video"): "view",
    ("GET", "/api/exports/{exportId}/edl"): "view",
    ("GET", "/api/exports/{exportId}/sidecar"): "view",
    ("GET", "/api/exports/{exportId}/epk"): "view",
    ("GET", "/api/exports/{exportId}/manifest"): "view",
    ("GET", "/api/exports/{exportId}/files/{name}"): "view",
    ("POST", "/api/exports/{exportId}/publish"): "export",
    ("GET", "/api/exports/{exportId}"): "view",
    ("POST", "/api/webhooks/{provider}/{jobId}/{attempt}/{signature}"): "signed-url",
}

# Their one transaction proves the membership (http/deciding.py); asking first would be a call more.
DECIDED_IN_THE_WRITE = {
    ("POST", S + "/generate-frame"),
    ("POST", S + "/generate"),
    ("POST", C + "/generate"),
    ("POST", P + "/story-editor/breakdown"),
    ("POST", P + "/foundry/characters/{characterId}/perform"),
    ("POST", P + "/foundry/characters/{characterId}/contacts"),
    ("POST", P + "/render-queue/jobs"),
    ("POST", P + "/render-queue/jobs/{renderId}/promote"),
    ("POST", P + "/render-queue/jobs/{renderId}/retry"),
    ("POST", P + "/render-queue/jobs/{renderId}/shots/{shotId}/promote"),
    ("POST", P + "/export/master"),
    ("POST", "/api/exports/{exportId}/publish"),
}

PROJECT_IN_ID = ("jobId", "exportId", "approvalId")
USER_ID = re.compile(r"[A-Za-z0-9_.@|:-]{1,128}")


@dataclass(frozen=True)
class Caller:
    """The signed-in person and, once a project is known, their role in it."""

    user: str
    name: str
    organization: str
    permission: Permission
    trace_id: str
    project_id: str = ""
    role: Role | None = None
    groups: tuple[str, ...] = ()

    def join(self, project_id: str, permission: Permission | None = None) -> "Caller":
        """The caller as a member of a project. Raises NotFound for outsiders, Forbidden below the needed role."""
        found = projects.membership(project_id, self.user)
        member = replace(self, permission=permission or self.permission, project_id=project_id)
        if found is None or not may(found["role"], member.permission):
            raise turned_away(member, found)
        return replace(member, role=found["role"])


def turned_away(caller: Caller, membership: Item | None) -> NotFound | Forbidden:
    """Why somebody with this membership (or none) may not do what the caller wants."""
    if membership is None:
        return NotFound("No such project", fix="Check the id, or ask the project's Owner to add you.")
    needed, role = PERMISSIONS[caller.permission], membership["role"]
    return Forbidden(
        f"This needs the role {needed}; yours in this project is {role}",
        fix="Ask an Admin or the Owner of the project.",
        requiredRole=needed,
        role=role,
    )


def claims_of(event: dict[str, Any]) -> dict[str, Any]:
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims")
    if not isinstance(claims, dict) or not USER_ID.fullmatch(str(claims.get("sub", ""))):
        raise Unauthenticated("No valid token came with this request", fix="Send Authorization: Bearer <token>.")
    return claims


def parse_groups(value: object) -> tuple[str, ...]:
    """API Gateway hands an array claim over as "[a b]". Anything unreadable is no group."""
    if isinstance(value, list):
        names = [str(name) for name in value]
    elif isinstance(value, str):
        text = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        names = re.split(r"[ ,]+", text.strip())
    else:
        return ()
    return tuple(name for name in names if re.fullmatch(r"[A-Za-z0-9_-]+", name))


async def caller(request: Request) -> Caller:
    """FastAPI dependency: the caller, checked against the permission table for this route."""
    remember()
    claims = claims_of(request.scope.get("aws.event") or {})
    route = (request.method, request.scope["route"].path)
    person = Caller(
        user=str(claims["sub"]),
        name=str(claims.get("name", claims["sub"])),
        organization=str(claims.get("org") or claims.get("organization") or ""),
        permission=ROUTES[route],
        trace_id=trace_id(request),
        groups=parse_groups(claims.get("cognito:groups")),
    )
    if person.permission == "signed-in":
        return person
    project_id = request.path_params.get("projectId")
    for name in PROJECT_IN_ID:
        if project_id is None and name in request.path_params:
            project_id = project_of(request.path_params[name])
            if project_id is None:
                raise NotFound("No such thing", fix="Check the id.")
    if project_id and route in DECIDED_IN_THE_WRITE:
        return replace(person, project_id=project_id)
    return person.join(project_id) if project_id else person
