"""The production's tasks of steps 3 to 5. Each finds what an earlier run made and adds only what is missing."""

from typing import Any

from foundry import bible, camera, casting
from vibeboard.tasks import handler_of

ACTOR = "production"


def build_assets(event: dict[str, Any]) -> dict[str, Any]:
    return casting.build_assets(event["projectId"], event.get("run"), event.get("traceId", ""))


def cast(event: dict[str, Any]) -> dict[str, Any]:
    return casting.cast(event["projectId"], event.get("run"), event.get("traceId", ""))


def style_bible(event: dict[str, Any]) -> dict[str, Any]:
    item = bible.written(event["projectId"], ACTOR, event.get("traceId", ""))
    return {
        "styleBibleId": item["styleBibleId"],
        "version": item["version"],
        "characters": len(item["characters"]),
        "colorPalette": item["globalRules"]["colorPalette"],
    }


def choose_optics(event: dict[str, Any]) -> dict[str, Any]:
    return camera.choose(event["projectId"], ACTOR, event.get("traceId", ""))


handler = handler_of({"build_assets": build_assets, "cast": cast, "style_bible": style_bible, "optics": choose_optics})
