"""Performances and grips (SOP step 4) by our own engines, in place of FlashPortrait and CARI4D."""

from typing import Any

from media.operations.assets import OWN_LICENCE, kept, parent, recorded
from media.work import Work
from vibeboard.providers.sandbox import contacts, performance


def perform(work: Work) -> dict[str, Any]:
    """{picture: key, model, metrics, provenance}: the still moved by the driving video."""
    assets, out = work.input["assets"], work.out("performance.mp4")
    metrics = performance.perform(
        work.fetch(assets["reference"]),
        work.fetch(assets["driving"]),
        out,
        max_size=work.input["params"]["maxSize"],
        progress=work.progress,
    )
    return _result(work, "picture", kept(work, out, "video"), performance.MODEL, metrics)


def grip(work: Work) -> dict[str, Any]:
    """{contacts: key, model, metrics, provenance}: when the object is held."""
    params, out = work.input["params"], work.out("contacts.json")
    metrics = contacts.contacts(
        work.fetch(work.input["assets"]["video"]),
        out,
        object_name=params["objectName"],
        box=tuple(params["box"]),
        progress=work.progress,
    )
    return _result(work, "contacts", kept(work, out, "contacts"), contacts.MODEL, metrics)


def _result(work: Work, name: str, file: dict[str, Any], model: str, metrics: Any) -> dict[str, Any]:
    parents = [parent(work, asset) for asset in work.input["assets"]]
    provenance = recorded(work, [file], model=model, licence=OWN_LICENCE, parents=parents)
    return {name: file["key"], "model": model, "metrics": metrics, "provenance": provenance}
