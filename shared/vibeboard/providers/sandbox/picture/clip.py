"""Clips: moving picture from a first to a last frame, with a scratch sound bed (SOP step 8).

Two frames that carry their scene are played as a scene: the camera travels, the set is rendered at a few
stations of its path and projected between them by depth, the figures are posed anew. Two inserts of different
objects are held one after the other. Other pictures are morphed along their optical flow under a slow camera move.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from vibeboard.media.encode import h264_writer
from vibeboard.providers.ports import ClipRequest, ClipResult, Progress
from vibeboard.providers.sandbox.picture import describe, png, texture
from vibeboard.providers.sandbox.picture.colour import Bytes, as_bytes
from vibeboard.providers.sandbox.picture.morph import Morph
from vibeboard.providers.sandbox.picture.scene import Scene
from vibeboard.providers.sandbox.picture.staging import Staging
from vibeboard.providers.sandbox.sound import scratch_bed

MODEL_CLIP = "sandbox/animatic"
GRAIN = 1.8


def render_clip(request: ClipRequest, picture: Path, sound: Path, progress: Progress | None = None) -> ClipResult:
    """Writes `picture` (.mp4, exactly request.frames at request.rate) and `sound` (.wav, sound_frames long).

    Raises ValueError for frames that are no images or a length below 1, EncodeError when FFmpeg fails.
    """
    cv2.setNumThreads(1)
    if request.frames < 1:
        raise ValueError(f"a clip needs at least one frame, not {request.frames}")
    first_data, last_data = request.first_frame.read_bytes(), request.last_frame.read_bytes()
    first = png.pixels(first_data, request.width, request.height)
    last = png.pixels(last_data, request.width, request.height)
    told_first = describe.description(first_data, request.width, request.height)
    told_last = describe.description(last_data, request.width, request.height)
    source: Scene | Cut | Morph
    if told_first and told_last and told_first[1].shot.place_key == told_last[1].shot.place_key:
        play = Cut if request.frames > 1 and shows_another_object(told_first[1], told_last[1]) else Scene
        source = play(request, told_first[1], told_last[1], first, last)
    else:
        source = Morph(first, last, request.prompt, request.seed)
    length = float(request.frames / request.rate)
    print_ = _Print(request.width, request.height, request.seed)
    with h264_writer(picture, request.width, request.height, request.rate) as writer:
        for index in range(request.frames):
            t = index / max(1, request.frames - 1)
            writer.write(print_.frame(source.frame(t, float(index / request.rate), length), index))
            if progress is not None:
                progress((index + 1) / request.frames)
    rate = 48_000
    samples = round((request.sound_frames or request.frames) * rate / request.rate)
    scratch_bed(
        sound, samples=samples, tone=request.tone, genre=request.genre, seed=request.seed, prompt=request.prompt
    )
    return ClipResult(picture, sound, request.frames, MODEL_CLIP, request.seed)


def shows_another_object(first: Staging, last: Staging) -> bool:
    """Whether two inserts show different things: one cannot turn into the other without being seen as a ghost."""
    inserts = first.shot.size == last.shot.size == "insert"
    things = [sorted(str(f.prop) for f in staging.figures if f.person is None) for staging in (first, last)]
    return inserts and things[0] != things[1]


class Cut:
    """Two inserts of different objects, each in a scene of its own: half the clip holds the one, then the other."""

    def __init__(
        self, request: ClipRequest, first: Staging, last: Staging, first_picture: Bytes, last_picture: Bytes
    ) -> None:
        self.frames, self.at = request.frames, request.frames // 2
        one, two = replace(request, frames=self.at), replace(request, frames=request.frames - self.at)
        self.scenes = (
            Scene(one, first, first, first_picture, first_picture),
            Scene(two, last, last, last_picture, last_picture),
        )

    def frame(self, t: float, seconds: float, length: float) -> Bytes:
        """The picture at t (0..1), without grain."""
        index = round(t * (self.frames - 1))
        scene = self.scenes[index >= self.at]
        begun = self.at if index >= self.at else 0
        return scene.frame((index - begun) / max(1, scene.frames - 1), seconds, length)


class _Print:
    """Grain over every frame, from one tile that is moved about: no two frames are the same, none flickers."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.width, self.height, self.seed = width, height, seed
        pad = 64
        grain = texture.film_grain(height + pad, width + pad, seed % 7) * GRAIN + 128
        self.tile = cv2.merge([np.clip(grain, 0, 255).astype(np.uint8)] * 3)

    def frame(self, picture: Bytes, index: int) -> Bytes:
        """The picture with its grain."""
        x, y = (index * 29 + self.seed) % 64, (index * 47 + self.seed // 7) % 64
        tile = self.tile[y : y + self.height, x : x + self.width]
        return as_bytes(cv2.addWeighted(picture, 1.0, tile, 1.0, -128.0))
