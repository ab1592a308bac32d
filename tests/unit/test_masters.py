"""The rule by which a film is one master, or reels."""

from fractions import Fraction

import pytest

from vibeboard.domain.masters import DISK_BYTES, longest_frames, target_rate

FILM = Fraction(24)
UHD, HD = (3840, 2160), (1920, 1080)


def test_given_the_sops_film_of_a_minute_in_4k_when_measured_against_a_function_then_it_is_one_master() -> None:
    longest = longest_frames("prores_hq", UHD, FILM)
    assert longest > 1440
    master = target_rate("prores_hq", UHD, FILM) / 8 * longest / 24
    assert master < DISK_BYTES


@pytest.mark.parametrize(
    ("codec", "size", "one"),
    [("prores_hq", UHD, False), ("prores_hq", HD, False), ("h264", UHD, False), ("h264", HD, True)],
)
def test_given_ten_minutes_when_measured_then_the_rule_says_one_master_or_reels(
    codec: str, size: tuple[int, int], one: bool
) -> None:
    assert (longest_frames(codec, size, FILM) >= 10 * 60 * 24) == one
