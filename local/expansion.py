"""What SAM makes of a template, kept from one start to the next: expanding takes two of a start's four seconds."""

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

KEPT = 8  # expansions; the oldest goes


def expanded_by_sam(document: dict[str, Any]) -> dict[str, Any]:
    """The CloudFormation template that a SAM template (its short forms read) becomes on deployment.

    An expansion is found again by the digest of the document, SAM's version and the region. Raises what
    samtranslator raises.
    """
    made_by = [importlib.metadata.version("aws-sam-translator"), os.environ.get("AWS_DEFAULT_REGION")]
    asked = json.dumps([document, made_by], sort_keys=True, default=str)
    path = folder() / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found
    made = _transformed(document)
    with contextlib.suppress(OSError):  # a home that cannot be written to costs two seconds, no more
        _keep(path, json.dumps(made))
    return made


def folder() -> Path:
    """Where expansions are kept: the user's own cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vibeboard" / "expansions"


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
    for old in sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _transformed(document: dict[str, Any]) -> dict[str, Any]:
    from samtranslator.open_api import open_api
    from samtranslator.translator.transform import transform

    # SAM copies the whole API document twice for each route; nothing reads the copies.
    with _quiet("samtranslator"), patch.object(open_api, "_deepcopy", lambda value: value):
        made: dict[str, Any] = transform(document, {}, _NoManagedPolicies())
    return made


class _NoManagedPolicies:
    """samtranslator asks for the account's managed policies; offline there are none to look up."""

    def load(self) -> dict[str, str]:
        return {}


@contextlib.contextmanager
def _quiet(logger: str) -> Iterator[None]:
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
