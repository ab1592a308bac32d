"""Schemas of the API document that no request model gives: problems, jobs, gates, and the answers the SOP shows."""

from typing import Any

Schema = dict[str, Any]

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457 problem. `code` is for programs, `fix` for people; gates add `gate` with their decision.",
    "required": ["type", "title", "status", "detail", "instance", "code", "traceId"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "the request's path"},
        "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
        "traceId": {"type": "string", "description": "ties answer, operations log and ledger together"},
        "fix": {"type": "string"},
        "gate": {"$ref": "#/components/schemas/GateDecision"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "fix": {"type": "string"},
                },
            },
        },
        "suggestion": {"type": "string", "description": "the nearest name that follows the naming schema"},
        "currentRevision": {"type": ["integer", "null"]},
        "requiredRole": {"type": ["string", "null"]},
    },
}

GATE: Schema = {
    "type": "object",
    "description": "What one gate of the SOP says about a resource now (docs/reference/gates.md).",
    "required": ["gate", "allowed", "kind", "facts"],
    "properties": {
        "gate": {"type": "string"},
        "allowed": {"type": "boolean"},
        "kind": {"type": "string"},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "missing": {"type": "array", "items": {"type": "string"}},
        "facts": {"type": "object"},
        "fix": {"type": ["string", "null"]},
        "override": {"type": ["string", "null"]},
    },
}

JOB: Schema = {
    "type": "object",
    "description": "Paid or long work (docs/reference/jobs.md). Costs in US dollars, progress 0 to 100.",
    "required": ["jobId", "projectId", "operation", "status", "progress", "attempt", "estimatedCost", "links"],
    "properties": {
        "jobId": {"type": "string"},
        "projectId": {"type": "string"},
        "operation": {"type": "string"},
        "status": {"enum": ["queued", "running", "complete", "failed", "cancelled"]},
        "state": {"enum": ["RESERVED", "SUBMITTING", "SUBMITTED", "SUCCEEDED", "FAILED", "CANCELLED"]},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "attempt": {"type": "integer", "minimum": 1},
        "model": {"type": "string"},
        "engine": {"type": ["string", "null"], "description": "the model that ran, sandbox/… for our own"},
        "provider": {"type": "string"},
        "target": {"type": "object"},
        "estimatedCost": {"type": "number"},
        "cost": {"type": ["number", "null"]},
        "traceId": {"type": "string"},
        "createdAt": {"type": "string", "format": "date-time"},
        "updatedAt": {"type": "string", "format": "date-time"},
        "links": {"type": "object", "required": ["self"], "properties": {"self": {"type": "string"}}},
        "outputUrl": {"type": ["string", "null"]},
        "error": {"type": "object", "properties": {name: {"type": "string"} for name in ("code", "message", "fix")}},
    },
}

# What each failure means here, whatever the route.
PROBLEMS: dict[str, str] = {
    "401": "No valid token came with the request.",
    "402": "Soft block: the caller's quota does not cover the estimate (QUOTA_INSUFFICIENT).",
    "403": "The caller's role in the project is too low (ROLE_INSUFFICIENT).",
    "404": "No such thing, or it belongs to another project.",
    "409": "A gate refuses, or the resource is in another state: `code` says which.",
    "412": "If-Match names another revision than the current one (STALE_WRITE).",
    "422": "The request has faults; `errors` names each field.",
    "423": "Hard lock: style, shot or picture is locked.",
    "500": "Something broke on our side; it is logged under `traceId`.",
    "503": "Busy or not set up; Retry-After says when to come again.",
}


def schema_of(example: Any, maps: frozenset[str] = frozenset()) -> Schema:
    """The guarantee an example of the SOP makes: its fields are there, with its types; more may come beside them.

    maps: names of objects whose keys are ids, not fields.
    """
    if isinstance(example, dict):
        properties = {
            name: _map_of(value, maps) if name in maps else schema_of(value, maps) for name, value in example.items()
        }
        return {"type": "object", "required": list(example), "properties": properties}
    if isinstance(example, list):
        return {"type": "array", "items": _common([schema_of(item, maps) for item in example])}
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int | float):
        return {"type": "number"}
    return {"type": "string"} if isinstance(example, str) else {}


def _map_of(example: dict[str, Any], maps: frozenset[str]) -> Schema:
    values = [schema_of(value, maps) for value in example.values()]
    return {"type": "object", "additionalProperties": _common(values)}


def _common(schemas: list[Schema]) -> Schema:
    """What all rows have in common: every property seen, those in each of them required."""
    if not schemas:
        return {}
    if any(schema.get("type") != "object" for schema in schemas):
        return schemas[0] if all(schema == schemas[0] for schema in schemas) else {}
    properties = {name: value for schema in schemas for name, value in schema["properties"].items()}
    required = [name for name in schemas[0]["required"] if all(name in schema["required"] for schema in schemas)]
    return {"type": "object", "required": required, "properties": properties}
