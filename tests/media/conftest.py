"""Media that several tests look at, made once."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest


@pytest.fixture(scope="session")
def flat_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of 320x120 mid grey at 24 frames a second."""
    path = tmp_path_factory.mktemp("flat") / "flat.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 320, 120, "yuv420p"
        for _ in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((120, 320, 3), 160, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
