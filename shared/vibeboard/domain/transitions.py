"""How one shot's picture comes out of the one before (SOP step 6, `transitionStyle`): styles and their lengths.

A chain's style joins the shots inside the chain; its first shot follows the chain before by a straight cut, or
through black when the style is `fade`. A shot may state a style of its own.
"""

from fractions import Fraction
from typing import Any, Literal, cast, get_args

from vibeboard.domain.formats import frames_of

Style = Literal["cut", "smooth", "dissolve", "fade"]
STYLES: tuple[Style, ...] = get_args(Style)

SECONDS: dict[Style, Fraction] = {
    "cut": Fraction(0),
    "smooth": Fraction(1, 4),  # a soft cut over the continuity loop's seam, out of whatever handle there is
    "dissolve": Fraction(1),
    "fade": Fraction(1),  # half to black, half out of it
}
LONGEST_SECONDS = 10.0


def wanted_frames(style: Style, seconds: float | None, rate: Fraction) -> int:
    """Frames of a transition before its handles are looked at; `seconds` None is the style's own length."""
    if style == "cut":
        return 0
    return frames_of(SECONDS[style] if seconds is None else seconds, rate)


def style_into(chain: dict[str, Any], segment: dict[str, Any], *, first: bool) -> Style:
    """The style of the cut into a segment; `first`: it opens its chain."""
    own = segment.get("transition")
    if own in STYLES:
        return cast(Style, own)
    style = chain.get("transitionStyle", "cut")
    if style not in STYLES or (first and style != "fade"):
        return "cut"
    return cast(Style, style)
