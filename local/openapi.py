"""The API document: one OpenAPI 3.1 file of every function app, with the SOP's JSON as examples.

Routes, parameters and request bodies come from the routers themselves; what a router cannot say (problems, security,
the SOP's answers) comes from `openapi_schemas` and `sop_examples.yaml`. `make docs` writes docs/reference/openapi.json.
"""

import functools
import importlib
import json
import re
import typing
from pathlib import Path
from typing import Any

from local.openapi_schemas import GATE, JOB, PROBLEM, PROBLEMS, schema_of
from vibeboard import __version__
from vibeboard.domain.roles import PERMISSIONS
from vibeboard.http.access import ROUTES

ROOT = Path(__file__).parent.parent
JSON, PROBLEM_JSON = "application/json", "application/problem+json"
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
TITLES = {
    "projects": "Step 0: projects, contract, crew, uploads, logs",
    "story_editor": "Steps 1 and 2: outline, breakdown, prompts",
    "search": "Step 1: reference search (RAG gate)",
    "assets": "Step 3: asset bin",
    "foundry": "Step 4: characters, training, Style Bible",
    "optics": "Step 5: optics engine",
    "storyboard": "Steps 6, 7 and 9.5: chains, segments, frames, shot lock",
    "producer": "Step 7.5: producer gate, budget",
    "shot_studio": "Step 8: footage",
    "dailies": "Step 8.5: dailies",
    "vfx": "Step 9: VFX suite",
    "timeline": "Steps 10 and 10.5: timeline, picture lock",
    "render_queue": "Step 11: render queue",
    "delivery": "Step 12: delivery",
    "approvals": "Approvals and the production",
    "jobs": "Jobs",
    "webhooks": "Vendors' reports",
}
_SIGNED_URL = "signed-url"


@functools.lru_cache
def examples() -> tuple[dict[str, Any], ...]:
    """The SOP's JSON: rows {step, title, route, request?, response?, maps?}."""
    import yaml

    return tuple(yaml.safe_load((Path(__file__).parent / "sop_examples.yaml").read_text("utf-8")))


def document() -> dict[str, Any]:
    """The whole document. Raises LookupError for an example of a route that does not exist."""
    from fastapi.openapi.utils import get_openapi

    modules = {path.parent.name: _router(path.parent.name) for path in sorted((ROOT / "functions").glob("*/app.py"))}
    routes = [route for router in modules.values() for route in router.routes]
    made = get_openapi(
        title="VibeBoard",
        version=__version__,
        openapi_version="3.1.0",
        summary="The production office of an AI film studio, from brief to signed master.",
        description=_ABOUT,
        routes=routes,
        separate_input_output_schemas=False,
    )
    made["jsonSchemaDialect"] = JSON_SCHEMA
    made["servers"] = [{"url": "/", "description": "the deployment's own address"}]
    made["security"] = [{"bearer": []}]
    made["tags"] = [{"name": name, "description": TITLES.get(name, name)} for name in modules]
    schemas = made["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Problem": PROBLEM, "GateDecision": GATE, "Job": JOB}
    made["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of the deployment's issuer. It says who; roles are per project.",
        }
    }
    made["components"]["responses"] = {
        f"Problem{status}": {
            "description": words,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, words in PROBLEMS.items()
    }
    for name, router in modules.items():
        for route in router.routes:
            for method in sorted(getattr(route, "methods", ())):
                _finish(made["paths"][route.path][method.lower()], name, method, route)
    for row in examples():
        _show(made, row)
    return dict(made)


_ABOUT = """Every failure is an RFC 9457 problem with a stable `code`, a `fix` and a `traceId`. Shared objects carry an
ETag, honoured as If-Match. What spends or starts work honours Idempotency-Key and answers 202 with the job, Location
and Retry-After. Roles are per project: Viewer, Editor, Admin, Owner; another tenant's id answers 404."""


def _router(module: str) -> Any:
    return importlib.import_module(f"{module}.app").router


def _finish(operation: dict[str, Any], module: str, method: str, route: Any) -> None:
    """What FastAPI does not know of a route: its group, name, permission, problems and kind of answer."""
    permission = ROUTES[method, route.path]
    least = PERMISSIONS[permission]
    operation["tags"] = [module]
    operation["operationId"] = f"{module}.{re.sub(r'_(.)', lambda hit: hit[1].upper(), route.name)}"
    operation["summary"] = route.name.replace("_", " ").capitalize()
    operation["x-permission"] = permission
    if permission == _SIGNED_URL:
        operation["security"] = []
        operation["description"] = "Signed address; the body is the vendor's and is checked, not believed."
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    elif least:
        operation["description"] = f"Needs `{permission}`: {least} or above in the project."
    else:
        operation["description"] = "Any signed-in person."
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["name"] in ("Idempotency-Key", "If-Match"):
            parameter["schema"] = {"type": "string", "maxLength": 255}
    declared = {parameter["name"] for parameter in parameters}
    for name in re.findall(r"\{(\w+)\}", route.path):  # the caller's dependency reads some without declaring them
        if name not in declared:
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    good = next(status for status in operation["responses"] if status.startswith("2"))
    operation["responses"] = _answers(good, route)
    problems = ["404", "409", "422", "423", "500", "503"] if "{" in route.path else ["409", "422", "500", "503"]
    if permission != _SIGNED_URL:
        problems = ["401", "402", "403", *problems]
    if "If-Match" in declared:
        problems.append("412")
    for status in sorted(problems):
        operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}


def _answers(status: str, route: Any) -> dict[str, Any]:
    """The answer of success: JSON, a redirect to a file, or a page."""
    from fastapi.responses import JSONResponse, RedirectResponse
    from starlette.responses import Response

    kind = typing.get_type_hints(route.endpoint).get("return")
    if isinstance(kind, type) and issubclass(kind, RedirectResponse):
        header = {"Location": {"description": "where the file is, for minutes", "schema": {"type": "string"}}}
        return {"302": {"description": "The file, by redirect", "headers": header}}
    if isinstance(kind, type) and issubclass(kind, Response) and not issubclass(kind, JSONResponse):
        media = getattr(route.response_class, "media_type", None) or getattr(kind, "media_type", None)
        content = {"content": {media: {"schema": {"type": "string"}}}} if media and media != JSON else {}
        return {status: {"description": "Done"} | content}
    answer: dict[str, Any] = {"description": "Done", "content": {JSON: {"schema": {"type": "object"}}}}
    if status == "202":
        answer["description"] = "Accepted: a job"
        answer["headers"] = {
            "Location": {"description": "where the job is", "schema": {"type": "string"}},
            "Retry-After": {"description": "seconds until it is worth looking", "schema": {"type": "integer"}},
        }
    return {status: answer}


def _show(made: dict[str, Any], row: dict[str, Any]) -> None:
    """Put one example of the SOP to its route: the request beside its schema, the answer with the schema it makes."""
    method, path = row["route"].split(" ")
    operation = made["paths"].get(path, {}).get(method.lower())
    if operation is None:
        raise LookupError(f"the SOP's example of step {row['step']} names no route of ours: {row['route']}")
    name = f"sop-step-{row['step']}"
    if "request" in row:
        body = operation["requestBody"]["content"][JSON]
        body.setdefault("examples", {})[name] = {"summary": row["title"], "value": row["request"]}
    if "response" in row:
        status = next(status for status in operation["responses"] if status.startswith("2"))
        body = operation["responses"][status]["content"][JSON]
        body["schema"] = schema_of(row["response"], frozenset(row.get("maps", ())))
        body.setdefault("examples", {})[name] = {"summary": row["title"], "value": row["response"]}


def render() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
