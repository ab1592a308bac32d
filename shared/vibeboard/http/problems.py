"""Every failure as an RFC 9457 problem, in one place: {type, title, status, detail, instance, code, traceId, fix …}."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vibeboard.domain.errors import Busy, VibeBoardError

logger = Logger(service="vibeboard")

PROBLEM = "application/problem+json"
PROBLEM_TYPES = "https://vibeboard.dev/problems/"
RETRY_AFTER_SECONDS = 5


def problem(request: Request, status: int, code: str, title: str, detail: str, **extra: Any) -> JSONResponse:
    """A problem document; members of `extra` are merged at the top level."""
    body = {
        "type": PROBLEM_TYPES + code.lower().replace("_", "-"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "traceId": trace_id(request),
        **{name: value for name, value in extra.items() if value not in ("", None)},
    }
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(body, status_code=status, media_type=PROBLEM, headers=headers)


def trace_id(request: Request) -> str:
    """The id that ties answer, log and ledger together: API Gateway's request id in the SOP's form."""
    event = request.scope.get("aws.event") or {}
    return "trace_" + str(event.get("requestContext", {}).get("requestId", "local")).replace("=", "")


def install(app: FastAPI) -> None:
    """Register the handlers. Anything unforeseen is logged with its trace id and answered without its insides."""

    @app.exception_handler(VibeBoardError)
    async def refused(request: Request, error: VibeBoardError) -> JSONResponse:
        if isinstance(error, Busy):
            logger.warning("busy", detail=error.detail)
        return problem(request, error.status, error.code, error.title, error.detail, fix=error.fix, **error.extra)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"field": ".".join(str(part) for part in fault["loc"] if part != "body"), "message": fault["msg"]}
            for fault in error.errors()[:50]
        ]
        detail = "; ".join(f"{fault['field'] or 'body'}: {fault['message']}" for fault in faults[:3])
        return problem(
            request, 422, "VALIDATION_FAILED", "The request has faults", detail, errors=faults, fix="Mend the fields."
        )

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.upper().replace(" ", "_").replace("-", "_")
        return problem(request, error.status_code, code, phrase, str(error.detail))

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        logger.exception("unhandled", exc_info=error, path=request.url.path, traceId=trace_id(request))
        return problem(
            request,
            500,
            "INTERNAL_ERROR",
            "Something broke on our side",
            "The failure was logged under this trace id.",
            fix="Try again; if it stays, report the trace id.",
        )
