"""A/B compare on real passes: the figures find the frame that is worse, and the wipe shows every pixel in its place."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vibeboard.media.compare import compare
from vibeboard.media.errors import MediaError
from vibeboard.media.probe import probe

SIZE, FRAMES, BAD = (320, 180), 12, 7


def write(path: Path, size: tuple[int, int], *, bad: int = -1, frames: int = FRAMES) -> Path:
    """A picture of columns and a moving square; frame `bad` is smeared."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24), options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
            grey = (128 + 60 * np.sin(x / 5) * np.cos(y / 7 + number / 3)).astype(np.uint8)
            grey[40:90, 20 + 8 * number : 70 + 8 * number] = 220
            picture = Image.fromarray(grey)
            if number == bad:
                picture = picture.resize((20, 12)).resize(SIZE)
            rgb = np.asarray(picture.resize(size).convert("RGB"))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("passes")
    return write(folder / "a.mp4", (160, 90), bad=BAD), write(folder / "b.mp4", SIZE)


def test_given_a_bad_frame_then_it_is_the_worst_and_the_pictures_are_whole(
    passes: tuple[Path, Path], tmp_path: Path
) -> None:
    found = compare(*passes, tmp_path, names=("draft", "master's: 100%"))
    assert found.worst == BAD
    assert len(found.vmaf) == len(found.ssim) == FRAMES
    others = [score for frame, score in enumerate(found.ssim) if frame != BAD]
    assert found.ssim[BAD] < min(others) - 0.05
    assert found.figures["size"] == list(SIZE)
    assert (probe(found.side_by_side).width, probe(found.side_by_side).frames) == (1920, FRAMES)
    assert (probe(found.wipe).width, probe(found.wipe).frames) == (SIZE[0], FRAMES)
    assert Image.open(found.wipe_still).size == Image.open(found.difference_still).size == SIZE


def test_given_the_same_pass_twice_then_it_is_perfect_and_the_wipe_is_the_picture(
    passes: tuple[Path, Path], tmp_path: Path
) -> None:
    found = compare(passes[1], passes[1], tmp_path, names=("", ""))
    assert min(found.ssim) == pytest.approx(1.0, abs=1e-4)
    assert min(found.vmaf) > 95
    with av.open(str(found.wipe)) as wipe, av.open(str(passes[1])) as whole:
        for one, other in zip(wipe.decode(video=0), whole.decode(video=0), strict=True):
            a, b = (frame.to_ndarray(format="gray")[:140].astype(int) for frame in (one, other))
            assert np.abs(a - b).mean() < 3, one.pts  # a wipe that slides shows misplaced pixels


def test_given_passes_of_other_lengths_then_they_are_not_compared(passes: tuple[Path, Path], tmp_path: Path) -> None:
    short = write(tmp_path / "short.mp4", SIZE, frames=5)
    with pytest.raises(MediaError) as refused:
        compare(short, passes[1], tmp_path, names=("a", "b"))
    assert refused.value.code == "PASSES_DIFFER"
