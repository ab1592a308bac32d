"""Sandbox stand-in for FlashPortrait (SOP step 4): a still moves as the person in a driving video does, by a 2D warp.

The driver's motion since its first frame (dense flow, smoothed) is laid over the still. No new pixels are made.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vibeboard.domain.errors import Invalid
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import MediaInfo, probe

MODEL = "sandbox/performance"
LONGEST = 1_500  # frames of a driving video
FLOW_HEIGHT = 192


def driving_frames(driving: Path) -> tuple[list[Any], MediaInfo]:
    """Every frame of a driving video. Raises Invalid for one that is too long, MediaError for none."""
    info = probe(driving)
    if info.frames > LONGEST:
        raise Invalid(f"The driving video has {info.frames} frames, at most {LONGEST} are taken", fix="Cut it shorter.")
    return list(bgr_frames(info)), info


def perform(
    reference: Path, driving: Path, out: Path, *, max_size: int, progress: Callable[[float], None]
) -> dict[str, float | int]:
    """Write the performance as MP4 at the driver's rate: {frames, width, height, meanTravel (shares of the picture)}.

    Raises Invalid for a reference that is no picture or a driving video that is too long.
    """
    frames, info = driving_frames(driving)
    still = cv2.imread(str(reference), cv2.IMREAD_COLOR)
    if still is None:
        raise Invalid("The reference is no picture that can be read", fix="Send it as PNG, JPEG or WebP.")
    scale = max_size / max(still.shape[:2])
    height, width = (max(2, int(side * scale) // 2 * 2) for side in still.shape[:2])
    still = cv2.resize(still, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    size = (max(32, round(info.width * FLOW_HEIGHT / info.height)), FLOW_HEIGHT)
    first = cv2.cvtColor(cv2.resize(frames[0], size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    travelled: list[float] = []

    def played() -> Iterator[Any]:
        for number, frame in enumerate(frames):
            progress(0.05 + 0.9 * number / len(frames))
            grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
            # Where in the first frame each place of this one came from, without the flow's fine noise.
            back = cv2.GaussianBlur(flow.calc(grey, first, np.zeros((*grey.shape, 2), np.float32)), (0, 0), 3.0)
            travelled.append(float(np.hypot(back[..., 0] / size[0], back[..., 1] / size[1]).mean()))
            large = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR)
            across = columns + large[..., 0] * (width / size[0])
            down = rows + large[..., 1] * (height / size[1])
            yield cv2.remap(still, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)

    write_bgr(played(), (width, height), info.rate, out)
    travel = round(float(np.mean(travelled)), 5)
    return {"frames": len(frames), "width": width, "height": height, "meanTravel": travel}
