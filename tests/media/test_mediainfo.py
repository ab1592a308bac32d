"""A file that keeps MediaInfo going round ends the worker, not us; and the next file is read."""

import random
import time
from pathlib import Path

import pytest

from vibeboard.media.errors import MediaError
from vibeboard.media.mediainfo import read_tracks
from vibeboard.media.probe import probe


@pytest.fixture
def endless(tmp_path: Path, flat_clip: Path) -> Path:
    """A film whose first box says that it is two megabytes long: the reader comes out amid picture data."""
    whole = bytearray(flat_clip.read_bytes())
    whole[1] ^= 1 << 5
    path = tmp_path / "endless.mp4"
    path.write_bytes(bytes(whole) + random.Random(1).randbytes(24_000_000))
    return path


def test_given_an_index_that_leads_nowhere_when_read_then_it_is_refused_in_time_and_the_next_file_is_read(
    endless: Path, flat_clip: Path
) -> None:
    begun = time.monotonic()
    with pytest.raises(MediaError, match="more than 1 s") as refused:
        read_tracks(endless, seconds=1.0)
    assert time.monotonic() - begun < 5
    assert refused.value.code == "MEDIA_UNREADABLE"
    assert refused.value.fix
    assert probe(flat_clip).frames == 12
