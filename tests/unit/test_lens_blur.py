"""SOP step 5: the sandbox's lens blur is as large as the lens says, and has the shape of its opening."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vibeboard.domain.errors import Invalid
from vibeboard.domain.gear import BOKEH_SHAPES
from vibeboard.domain.optics import LensCharacter, blur_disc
from vibeboard.providers.sandbox.lens_blur import FARTHEST, NEAREST, aperture, blurred, refocus

LENS = LensCharacter(1.8, 85)


@pytest.mark.parametrize("shape", BOKEH_SHAPES)
def test_given_a_shape_then_its_kernel_keeps_the_light_and_its_outline(shape: str) -> None:
    kernel = aperture(12, LensCharacter(1.8, 85, bokeh_shape=shape))
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert kernel.min() >= 0
    across, down = (kernel > kernel.max() / 4).any(axis=0).sum(), (kernel > kernel.max() / 4).any(axis=1).sum()
    if shape == "round":
        assert abs(int(across) - int(down)) <= 1
        assert abs(int(across) - 24) <= 2
    if shape == "oval":
        assert down > 1.4 * across


def test_given_a_lamp_far_from_the_focus_then_its_disc_has_the_lenses_diameter(tmp_path: Path) -> None:
    picture = np.full((360, 640, 3), 8, np.uint8)
    cv2.circle(picture, (320, 60), 2, (255, 255, 255), -1)
    depth = np.zeros((360, 640, 3), np.uint8)
    depth[200:] = 255  # a floor at the nearest distance, a wall at the farthest
    for name, pixels in (("in", picture), ("depth", depth)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)

    facts = refocus(
        tmp_path / "in.png", tmp_path / "out.png", lens=LENS, sensor_width=36, focus=(0.5, 0.9),
        strength=0.25, depth=tmp_path / "depth.png",
    )  # fmt: skip

    made = cv2.imread(str(tmp_path / "out.png"))
    lit = made[:180].max(axis=2) > 40
    expected = blur_disc(LENS, NEAREST, FARTHEST) / 36 * 640 * 0.25
    assert facts["focusMetres"] == pytest.approx(NEAREST)
    assert lit.any(axis=0).sum() == pytest.approx(expected, abs=6)
    assert facts["sharpShare"] == pytest.approx(160 / 360, abs=0.05)


def test_given_no_blur_then_the_picture_stays_as_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    same = blurred(picture, np.zeros((40, 60), np.float32), LENS)
    assert np.abs(same.astype(int) - picture).max() <= 1


def test_given_no_picture_then_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(b"no picture")
    with pytest.raises(Invalid, match="no picture"):
        refocus(tmp_path / "in.png", tmp_path / "out.png", lens=LENS, sensor_width=36, focus=(0.5, 0.5))
