"""The app of one route group: a FastAPI router behind Mangum, with problems, the caller and nothing else."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from mangum import Mangum

from vibeboard import __version__
from vibeboard.http import problems
from vibeboard.http.access import ROUTES

TEXT_TYPES = ["text/", "application/json", "application/javascript", "application/xml", problems.PROBLEM]


def make_app(router: APIRouter) -> FastAPI:
    """Mount a router. Raises LookupError for a route without a row in the permission table."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                if (method, route.path) not in ROUTES:
                    raise LookupError(f"{method} {route.path} has no row in the permission table")
    app = FastAPI(title="VibeBoard", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(router)
    return app


def handler_of(router: APIRouter) -> Mangum:
    """The Lambda handler of a route group."""
    return Mangum(make_app(router), lifespan="off", text_mime_types=TEXT_TYPES)
