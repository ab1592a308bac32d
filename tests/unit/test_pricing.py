"""The price table gives the SOP's own figures, to the cent."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibeboard.domain.formats import QUALITIES
from vibeboard.domain.pricing import estimate_footage, price, to_micros, to_usd


def test_58_shots_of_5_seconds_at_draft_are_14_50() -> None:
    assert to_usd(estimate_footage([5.0] * 58, "draft")) == 14.5


@pytest.mark.parametrize(("quality", "usd"), [("draft", 0.25), ("review", 0.75), ("master", 2.5)])
def test_a_five_second_shot_at_each_quality(quality: str, usd: float) -> None:
    assert to_usd(price("clip.generate", {"quality": quality, "seconds": 5})) == usd


def test_a_frame_is_charged_by_started_megapixel() -> None:
    assert price("frame.edit", {"model": "fal-ai/qwen-image-edit-2511", "width": 1024, "height": 1024}) == 30_000
    assert price("frame.edit", {"model": "fal-ai/qwen-image-edit-2511", "width": 1920, "height": 822}) == 60_000


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the price table
@given(
    durations=st.lists(st.integers(2, 20).map(lambda n: n / 2), min_size=1, max_size=60),
    quality=st.sampled_from(sorted(QUALITIES)),
    takes=st.integers(1, 4),
)
def test_an_estimate_is_the_sum_of_what_is_reserved(durations: list[float], quality: str, takes: int) -> None:
    reserved = sum(price("clip.generate", {"quality": quality, "seconds": d}) for d in durations) * takes
    assert estimate_footage(durations, quality, takes) == reserved  # type: ignore[arg-type]


@given(st.integers(0, 10**12))
def test_dollars_and_micros_convert_without_loss(micros: int) -> None:
    assert to_micros(f"{micros / 1_000_000:.6f}") == micros
