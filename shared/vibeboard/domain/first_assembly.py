"""The first assembly (SOP step 10): trims for takes that have just come in, with split edits at the cuts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Cut = Literal["straight", "L", "J"]


@dataclass(frozen=True, slots=True)
class EditTrims:
    """Trims of one clip in frames of its own media; `cut_in` names the cut that leads into it."""

    picture_in: int
    picture_out: int
    sound_in: int
    sound_out: int
    cut_in: Cut = "straight"

    @property
    def frames(self) -> int:
        return self.picture_out - self.picture_in


def split_edit_plan(
    durations: Sequence[int],
    sounds: Sequence[int],
    rate: Fraction,
    seed: int,
    *,
    target_frames: int | None = None,
    variation: int = 0,
) -> list[EditTrims]:
    """Trims for each clip, in frames, with at least one L-cut and one J-cut when there are two clips or more.

    `durations` and `sounds` are measured picture and sound lengths in frames (a sound tail beyond the picture is
    what an L-cut plays; a clip without sound, 0, gets none). A J-cut gives up a few picture frames at the head,
    under which its sound already runs. The total comes as near to `target_frames` (default: all there is) as
    the media and the split edits allow. `variation` counts rejected cuts: each makes the cut tighter, by 6 % up
    to 24 %, and moves the split edits. The same arguments give the same plan.
    """
    if len(durations) != len(sounds):
        raise ValueError("one sound length for each picture length")
    if not durations:
        return []
    rng = random.Random(f"{seed}/{variation}")
    cuts = _cut_kinds(len(durations), rng)
    leads = [_lead(length, cut, rate, rng) for length, cut in zip(durations, cuts, strict=True)]
    heads = list(leads)
    wanted = sum(durations) if target_frames is None else min(target_frames, sum(durations))
    wanted = round(wanted * (1 - min(0.06 * variation, 0.24)))
    lengths = _fit([n - head for n, head in zip(durations, heads, strict=True)], wanted, rate)
    plan: list[EditTrims] = []
    for index, (available, sound) in enumerate(zip(durations, sounds, strict=True)):
        spare = available - heads[index] - lengths[index]
        # The action of a generated shot builds up: give away its slow start before its end.
        head = heads[index] + (spare // 2 if cuts[index] == "straight" else 0)
        out = head + lengths[index]
        tail = _tail(index, cuts, lengths, sound, out, rate, rng)
        plan.append(EditTrims(head, out, min(sound, head - leads[index]), min(sound, out + tail), cuts[index]))
    if len(plan) > 1:
        _ensure_long_tail(plan, sounds)
    return plan


def _cut_kinds(clips: int, rng: random.Random) -> list[Cut]:
    """The cut into each clip: about every second one is split, and both kinds occur when three clips allow it."""
    kinds: list[Cut] = ["straight"] * clips
    inner = list(range(1, clips))
    rng.shuffle(inner)
    for position, index in enumerate(inner[: max(2, (len(inner) + 1) // 2)]):
        kinds[index] = "J" if position % 2 == 0 else "L"
    return kinds


def _lead(length: int, cut: Cut, rate: Fraction, rng: random.Random) -> int:
    """Frames by which the sound of a J-cut runs ahead: 0.2 to 0.4 s, never more than a quarter of the clip."""
    if cut != "J":
        return 0
    return min(max(1, min(round(rate * rng.randint(20, 40) / 100), length // 4)), length - 1)


def _tail(
    index: int, cuts: Sequence[Cut], lengths: Sequence[int], sound: int, out: int, rate: Fraction, rng: random.Random
) -> int:
    """Frames by which the sound runs on under the next picture: 0.3 to 0.6 s, at most half of that picture."""
    if index + 1 >= len(cuts) or cuts[index + 1] != "L":
        return 0
    return max(0, min(round(rate * rng.randint(30, 60) / 100), lengths[index + 1] // 2, sound - out))


def _fit(lengths: list[int], wanted: int, rate: Fraction) -> list[int]:
    """Shortens clips in proportion until they sum to `wanted`; none below half a second (or what it has)."""
    floors = [min(length, max(2, round(rate / 2))) for length in lengths]
    excess = sum(lengths) - max(wanted, sum(floors))
    room = sum(lengths) - sum(floors)
    if excess <= 0 or room <= 0:
        return lengths
    fitted, owed = [], Fraction(0)
    for length, floor in zip(lengths, floors, strict=True):
        owed += Fraction(excess * (length - floor), room)
        cut = min(round(owed), length - floor)
        owed -= cut
        fitted.append(length - cut)
    return fitted


def _ensure_long_tail(plan: list[EditTrims], sounds: Sequence[int]) -> None:
    """Two clips, or sound no longer than the picture, can leave no L-cut: then a picture gives up frames for one."""
    if any(sound_out > trims.picture_out for trims, sound_out in ((p, p.sound_out) for p in plan[:-1])):
        return
    candidates = [i for i in range(len(plan) - 1) if sounds[i] and plan[i].frames >= 4]
    if not candidates:
        return
    index = max(candidates, key=lambda i: (sounds[i] - plan[i].picture_out, plan[i].frames))
    trims, following = plan[index], plan[index + 1]
    room = min(sounds[index] - trims.picture_out, following.frames // 2)
    give = 0 if room > 0 else max(1, min(trims.frames // 4, 8))
    out = trims.picture_out - give
    tail = min(sounds[index] - out, max(1, following.frames // 2))
    plan[index] = EditTrims(trims.picture_in, out, trims.sound_in, out + max(0, min(tail, 12)), trims.cut_in)
    if following.cut_in == "straight":
        plan[index + 1] = EditTrims(
            following.picture_in, following.picture_out, following.sound_in, following.sound_out, "L"
        )
