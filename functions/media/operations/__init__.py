"""What the media function can do: operation -> function(Work) -> result (JSON; media as S3 keys)."""

from collections.abc import Callable
from typing import Any

from media.operations import acting, assets, clips, compare, cutting, export, frames, optics, publish, sound, vfx
from media.work import Work

OPERATIONS: dict[str, Callable[[Work], dict[str, Any]]] = {
    "frame.draw": frames.draw,
    "frame.edit": frames.draw,
    "clip.generate": clips.generate,
    "clip.render": clips.render,
    "asset.deconstruct": assets.build,
    "asset.materials": assets.materials,
    "character.train": assets.train_character,
    "character.perform": acting.perform,
    "character.contacts": acting.grip,
    "optics.refocus": optics.refocus,
    "vfx.reshoot": vfx.run,
    "vfx.rescue-focus": vfx.run,
    "vfx.motion-fix": vfx.run,
    "vfx.magic-eraser": vfx.run,
    "pass.compare": compare.run,
    "export.master": export.master,
    "timeline.preview": cutting.preview,
    "cue.make": sound.make_cue,
    "export.publish": publish.youtube,
}
