"""Pictures in for the sandbox engines: read by content, held to a size."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.domain.errors import Invalid

Picture = NDArray[np.uint8]  # (height, width, 3), BGR as OpenCV has it


def read(path: Path, longest: int) -> Picture:
    """The picture at `path`, scaled down so that its longer side is at most `longest` pixels; never scaled up.

    Raises Invalid PICTURE_UNREADABLE when the file holds no picture that can be decoded.
    """
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if decoded is None:
        raise Invalid(
            f"{path.name} is no picture that can be read",
            field="image",
            code="PICTURE_UNREADABLE",
            fix="Upload it again as PNG, JPEG or WebP.",
        )
    height, width = decoded.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    return np.asarray(cv2.resize(decoded, size, interpolation=cv2.INTER_AREA), np.uint8)
