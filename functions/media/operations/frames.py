"""Storyboard frames (SOP step 7): drawn from words, or edited from the frame before."""

from typing import Any

from media.work import Work
from vibeboard.media.likeness import likeness
from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import MODEL_DRAW, MODEL_EDIT, draw_frame, edit_frame


def look(body: dict[str, Any]) -> CharacterLook:
    """A CharacterLook from a job's JSON."""
    return CharacterLook(
        name=body["name"],
        display_name=body.get("display_name", ""),
        trigger_word=body.get("trigger_word", ""),
        attributes={str(k): str(v) for k, v in body.get("attributes", {}).items()},
        wardrobe=tuple(body.get("wardrobe", [])),
        lighting=tuple(body.get("lighting", [])),
        pose=tuple(body.get("pose", [])),
    )


def request(body: dict[str, Any]) -> FrameRequest:
    return FrameRequest(
        prompt=body["prompt"],
        width=body["width"],
        height=body["height"],
        seed=body["seed"],
        negative=body["negative"],
        style=body["style"],
        genre=body["genre"],
        tone=body["tone"],
        palette=tuple(body["palette"]),
        required=tuple(body["required"]),
        banned=tuple(body["banned"]),
        cast=tuple(look(member) for member in body["cast"]),
        place=body["place"],
        props=tuple(body["props"]),
    )


def draw(work: Work) -> dict[str, Any]:
    """{frame: key, width, height, model, continuity}; edited from the source frame when the job names one."""
    wanted = request(work.input)
    source = work.input.get("source")
    picture = edit_frame(work.fetch(source).read_bytes(), wanted) if source else draw_frame(wanted)
    path = work.out("frame.png")
    path.write_bytes(picture)
    return {
        "frame": work.keep(path),
        "width": wanted.width,
        "height": wanted.height,
        "model": MODEL_EDIT if source else MODEL_DRAW,
        **continuity(work, picture),
    }


def continuity(work: Work, picture: bytes) -> dict[str, float]:
    """How much a frame keeps of the one it was edited from: {continuity: likeness}, nothing for one drawn anew."""
    source = work.input.get("source")
    return {"continuity": likeness(work.fetch(source).read_bytes(), picture)} if source else {}
