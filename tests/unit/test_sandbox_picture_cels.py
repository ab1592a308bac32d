"""In-betweens: what lies between two drawings of a figure has their lines, not both drawings one over the other."""

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture.cels import inbetween
from vibeboard.providers.sandbox.picture.finish import crisp, detail


def drawing(x: int, y: int) -> np.ndarray:
    """A face of lines, BGRA, at x, y."""
    sheet = np.full((240, 320, 4), (90, 120, 180, 255), np.uint8)
    for dx in (-30, 30):
        cv2.ellipse(sheet, (x + dx, y - 20), (16, 8), 0, 0, 360, (20, 20, 20, 255), 2, cv2.LINE_AA)
        cv2.circle(sheet, (x + dx, y - 20), 5, (120, 60, 20, 255), -1, cv2.LINE_AA)
    cv2.ellipse(sheet, (x, y + 30), (28, 10), 0, 0, 180, (40, 30, 120, 255), 3, cv2.LINE_AA)
    return sheet


def test_given_a_head_that_moved_then_the_inbetween_shows_it_once_and_half_way() -> None:
    before, after, half_way = drawing(160, 116), drawing(160, 124), drawing(160, 120)
    laid_over = cv2.addWeighted(before, 0.5, after, 0.5, 0)

    between = inbetween(before, after, 0.5)

    def away(picture: np.ndarray) -> float:
        return float(np.abs(picture[..., :3].astype(int) - half_way[..., :3]).mean())

    assert away(between) < 0.4 * away(laid_over)


def test_given_a_softened_picture_then_its_detail_is_given_back_and_no_more() -> None:
    sharp = drawing(160, 120)
    half_a_pixel = np.array([[1, 0, 0.5], [0, 1, 0.5]])
    soft = cv2.warpAffine(sharp, half_a_pixel, (320, 240), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    mended = crisp(soft, detail(sharp))

    lost, still_lost = detail(sharp) - detail(soft), detail(sharp) - detail(mended)
    assert lost > 0.2 * detail(sharp)
    assert 0 <= still_lost < 0.6 * lost
    assert np.array_equal(crisp(sharp, detail(sharp)), sharp)
