"""How long a master one function can make (SOP step 12): the rule by which a film is split into reels.

The media function has DISK_BYTES of disk and FUNCTION_SECONDS of time. A conform holds its sources, the master, and of
the encoded parts that wait for the join at most a quarter of it again. What does not fit goes out in reels: one export
for each scene chain. A reel shows the very frames that the same stretch of one long master would show.
"""

from fractions import Fraction

DISK_BYTES = 10_240 * 1024 * 1024
FUNCTION_SECONDS = 900
_USABLE = 0.9  # of disk and time; the rest is for the press kit, and for content that codes worse than its target
_UHD = 3840 * 2160
TARGET_RATES = {"prores_hq": 707e6, "prores_4444": 1061e6, "h264": 150e6}  # bit/s for UHD at 24 frames a second
_WAITING_PARTS = 0.25
_SOURCE_RATE = 150e6  # bit/s of a UHD pass at 24 frames a second: H.264 at a fixed quantiser
_SECONDS_A_FRAME = {
    "prores_hq": 0.08,
    "prores_4444": 0.12,
    "h264": 0.10,
}  # UHD, on the six cores of 10,240 MB: estimates


def target_rate(codec: str, size: tuple[int, int], rate: Fraction) -> float:
    """Bit/s that a master of this size and rate is meant to have at most."""
    return TARGET_RATES[codec] * _scale(size) * float(rate) / 24


def longest_frames(codec: str, size: tuple[int, int], rate: Fraction) -> int:
    """Frames of the longest master one function makes: by disk or by time, whichever ends first."""
    per_second = (1 + _WAITING_PARTS) * target_rate(codec, size, rate) + _SOURCE_RATE * _scale(size) * float(rate) / 24
    by_disk = DISK_BYTES * _USABLE * 8 / per_second * float(rate)
    by_time = FUNCTION_SECONDS * _USABLE / (_SECONDS_A_FRAME[codec] * _scale(size))
    return int(min(by_disk, by_time))


def _scale(size: tuple[int, int]) -> float:
    return size[0] * size[1] / _UHD
