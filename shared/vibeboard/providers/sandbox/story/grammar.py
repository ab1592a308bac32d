"""Film grammar: how large, from where and with which move a shot is taken, and how long it lasts."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from vibeboard.domain.story import (
    DEFAULT_SHOT_SECONDS,
    MAX_SHOT_SECONDS,
    MAX_SHOTS,
    MIN_SHOT_SECONDS,
)

SHOTS_PER_SCENE = 3
_STEP = 0.5

# How much longer or shorter than the average a size is held: a wide needs reading time, an insert only a glance.
_WEIGHT = {
    "extreme wide shot": 1.25, "wide shot": 1.15, "full shot": 1.05, "medium shot": 1.0, "two shot": 1.1,
    "over-the-shoulder": 1.0, "medium close-up": 0.95, "close-up": 0.9, "extreme close-up": 0.75, "insert": 0.75,
}  # fmt: skip
_NEIGHBOUR = {
    "close-up": "medium close-up", "medium close-up": "close-up", "extreme close-up": "close-up",
    "wide shot": "full shot", "full shot": "medium shot", "extreme wide shot": "wide shot",
    "medium shot": "medium close-up",
    "two shot": "over-the-shoulder", "over-the-shoulder": "two shot", "insert": "extreme close-up",
}  # fmt: skip
_MOVES = {
    "extreme wide shot": ("slow pull back", "crane up", "pan right", "static"),
    "wide shot": ("slow push in", "tracking shot", "pan left", "crane down", "pan right"),
    "full shot": ("tracking shot", "handheld", "pan right", "slow push in"),
    "medium shot": ("slow push in", "tracking shot", "static", "handheld"),
    "two shot": ("slow push in", "static", "slow pull back"),
    "over-the-shoulder": ("static", "slow push in", "pan left"),
    "medium close-up": ("slow push in", "static", "handheld"),
    "close-up": ("slow push in", "static", "tilt up"),
    "extreme close-up": ("static", "slow push in"),
    "insert": ("static", "tilt down", "slow push in", "pan right"),
}
_FAST = (
    "run",
    "sprint",
    "leap",
    "slide",
    "burst",
    "chase",
    "charge",
    "crash",
    "explode",
    "hurr",
    "race",
    "flee",
    "jump",
)
_TENSE = {"noir", "thriller", "horror"}


class ImpossibleRuntime(ValueError):
    """The runtime cannot be filled by that many shots; the message names the least and the most."""


def shot_count_for(runtime_seconds: float, shot_count: int | None, least: int = 1) -> int:
    """The number of shots: as asked, or about one per five seconds, and at least `least` (scenes of a screenplay).

    Raises ImpossibleRuntime when shots of 1 to 10 s cannot fill the runtime, or the runtime is no multiple of 0.5 s.
    """
    if runtime_seconds <= 0 or not float(runtime_seconds / _STEP).is_integer():
        raise ImpossibleRuntime(f"runtime {runtime_seconds:g} s must be positive and a multiple of half a second")
    fewest = max(math.ceil(runtime_seconds / MAX_SHOT_SECONDS), least)
    most = min(int(runtime_seconds / MIN_SHOT_SECONDS), MAX_SHOTS)
    if fewest > most:
        raise ImpossibleRuntime(
            f"runtime {runtime_seconds:g} s needs at least {fewest} shots but holds at most {most} "
            f"(shots last {MIN_SHOT_SECONDS:g} to {MAX_SHOT_SECONDS:g} s)"
        )
    if shot_count is None:
        return min(max(round(runtime_seconds / DEFAULT_SHOT_SECONDS), fewest), most)
    if not fewest <= shot_count <= most:
        raise ImpossibleRuntime(
            f"{shot_count} shots cannot fill {runtime_seconds:g} s: give between {fewest} and {most} shots "
            f"of {MIN_SHOT_SECONDS:g} to {MAX_SHOT_SECONDS:g} s" + (f" for {least} scenes" if least > 1 else "")
        )
    return shot_count


def scene_sizes(shots: int, scenes: int) -> list[int]:
    """Shots of each scene, as even as can be, the longer scenes spread out."""
    return [(index + 1) * shots // scenes - index * shots // scenes for index in range(scenes)]


def durations(sizes: Sequence[str], runtime_seconds: float) -> list[float]:
    """Seconds of each shot: weighted by size, in half seconds, 1 to 10 s each, summing exactly to the runtime."""
    total = round(runtime_seconds / _STEP)
    low, high = round(MIN_SHOT_SECONDS / _STEP), round(MAX_SHOT_SECONDS / _STEP)
    weights = [_WEIGHT[size] for size in sizes]
    ideal = [weight * total / sum(weights) for weight in weights]
    steps = [min(high, max(low, round(value))) for value in ideal]
    while (rest := total - sum(steps)) != 0:
        move = 1 if rest > 0 else -1
        free = [i for i, step in enumerate(steps) if low <= step + move <= high]
        best = max(free, key=lambda i: move * (ideal[i] - steps[i]))
        steps[best] += move
    return [step * _STEP for step in steps]


def vary_sizes(sizes: Sequence[str]) -> list[str]:
    """No two neighbouring shots of the same size: a cut between equal sizes of one subject reads as a jump."""
    varied = list(sizes)
    for left, right in pairwise(range(len(varied))):
        if varied[left] == varied[right]:
            varied[right] = _NEIGHBOUR[varied[right]]
    return varied


def angle_for(size: str, who: str, act: int, genre: str, rng: random.Random) -> str:
    """Camera angle: power looks down on us from a low angle, loneliness is seen from above."""
    if size == "insert":
        return "high angle"
    if size == "extreme wide shot":
        return rng.choice(("high angle", "bird's-eye view", "eye level"))
    if who == "foil" and act >= 1:
        return rng.choice(("low angle", "low angle", "eye level"))
    if genre in _TENSE and act >= 1 and rng.random() < 0.25:
        return "dutch angle"
    if who == "hero" and size in {"wide shot", "full shot"}:
        return rng.choice(("eye level", "high angle", "low angle"))
    if size == "over-the-shoulder":
        return "eye level"
    return rng.choice(("eye level", "eye level", "low angle"))


def move_for(size: str, action: str, before: str, rng: random.Random, wished: Sequence[str] = ()) -> str:
    """Camera move: speed is followed, stillness is approached, and no move is used twice running, unless wished for.

    wished: moves the brief's style notes name; they take every shot that can be moved so.
    """
    words = action.lower().split()
    if any(word.startswith(_FAST) for word in words[:6]) and size in {"wide shot", "full shot", "medium shot"}:
        options: tuple[str, ...] = ("tracking shot", "handheld")
    else:
        options = _MOVES[size]
    if wished and size != "insert":
        return rng.choice(list(wished))
    fresh = [move for move in options if move != before] or list(options)
    return rng.choice(fresh)
