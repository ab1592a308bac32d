"""Between two staged frames: where the camera is at every moment, and what every figure does."""

import math
import random
from dataclasses import dataclass, replace

import numpy as np

from vibeboard.providers.sandbox.picture import lexicon as lex
from vibeboard.providers.sandbox.picture.figure import stance_of
from vibeboard.providers.sandbox.picture.optics import Camera, blend
from vibeboard.providers.sandbox.picture.pose import Pose, between
from vibeboard.providers.sandbox.picture.read import digest
from vibeboard.providers.sandbox.picture.staging import Placed, Staging

MOVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("handheld", ("handheld", "hand-held", "shaky", "verite", "vérité")),
    ("crane", ("crane", "boom up", "rises", "jib", "aerial", "drone")),
    ("push", ("push in", "push-in", "dolly in", "dolly", "zoom in", "moves in", "creep", "creeps in")),
    ("pull", ("pull back", "pull-back", "pull out", "dolly out", "zoom out", "reveal", "reveals")),
    ("pan", ("pan", "pans", "panning", "whip pan", "sweep")),
    ("tilt", ("tilt", "tilts", "tilting")),
    ("track", ("track", "tracking", "follow", "follows", "following", "lateral", "slide", "steadicam")),
    ("static", ("static", "locked", "locked-off", "still camera", "tripod")),
)


def move_of(prompt: str) -> str:
    """The camera move a prompt names; 'drift' (slow) when it names none."""
    return lex.first_row(lex.without_negations(prompt.lower()), MOVES) or "drift"


def ease(t: float) -> float:
    """Starts and ends softly without ever standing still."""
    return 0.45 * t + 0.55 * t * t * (3 - 2 * t)


def swell(t: float) -> float:
    """0 at both ends, 1 in the middle: for moves that return to the planned last frame."""
    return math.sin(math.pi * t) ** 2


@dataclass(frozen=True, slots=True)
class Path:
    """The camera's way from the first frame's view to the last one's."""

    first: Camera
    last: Camera
    move: str
    focus: float
    seed: int

    def at(self, t: float) -> Camera:
        """The view at t (0..1)."""
        view = blend(self.first, self.last, ease(t))
        e = swell(t)
        rng = random.Random(self.seed)
        hand = 1.0 if rng.random() < 0.5 else -1.0
        reach = self.focus
        if self.move == "handheld":
            wave = [math.sin(2 * math.pi * (t * f) + rng.random() * 6) for f in (1.1, 1.7, 2.3, 0.9)]
            return replace(
                view,
                yaw=view.yaw + e * 0.006 * wave[0],
                pitch=view.pitch + e * 0.005 * wave[1],
                x=view.x + e * 0.02 * reach * wave[2],
                y=view.y + e * 0.012 * reach * wave[3],
            )
        size = {"static": 0.10, "drift": 0.35}.get(self.move, 1.0)
        ahead = self.first.axes[2]
        right = self.first.axes[0]
        if self.move in ("push", "drift", "static"):
            step = 0.10 * reach * e * size
            return replace(view, x=view.x + ahead[0] * step, z=view.z + ahead[2] * step)
        if self.move == "pull":
            step = -0.10 * reach * e
            return replace(view, x=view.x + ahead[0] * step, z=view.z + ahead[2] * step)
        if self.move == "pan":
            return replace(view, yaw=view.yaw + hand * 0.06 * e)
        if self.move == "tilt":
            return replace(view, pitch=view.pitch + 0.05 * e)
        if self.move == "crane":
            return replace(view, y=view.y + 0.14 * reach * e, pitch=view.pitch - 0.10 * e)
        step = hand * 0.14 * reach * e
        return replace(view, x=view.x + right[0] * step, z=view.z + right[2] * step)


@dataclass(frozen=True, slots=True)
class Player:
    """A figure or prop over the length of a clip. None at an end: it is not in that frame."""

    first: Placed | None
    last: Placed | None
    at_insert: bool  # the frame without it is an insert: it simply stands there

    @property
    def moves(self) -> bool:
        """Whether limbs move, beyond breathing and swaying."""
        if self.first is None or self.last is None:
            return True
        quick = ("walk", "run", "talk", "dance")
        turns = self.first.back != self.last.back or abs(self.first.facing - self.last.facing) > 0.2
        return turns or self.first.action != self.last.action or self.first.action in quick

    def step(self, rate: float) -> int:
        """Every how many frames the figure is drawn.

        What moves is drawn every other frame: of drawings further apart both would be seen, as softness or twice.
        Calm figures sway by a pixel or two.
        """
        a, _ = self._ends()
        return 2 if a.person is None or self.moves else max(2, round(0.30 * rate))

    def stand(self, t: float, camera: Camera) -> tuple[Placed, float]:
        """Placement and opacity at t (0..1)."""
        placed, opacity, _ = self._stand(t, camera)
        return placed, opacity

    def _stand(self, t: float, camera: Camera) -> tuple[Placed, float, bool]:
        """Placement, opacity, and whether it walks in or out."""
        a, b = self._ends()
        share = ease(t)
        across = 0.0
        opacity = 1.0
        if self.first is None or self.last is None:
            here = share if self.first is None else 1 - share
            if a.prop:
                opacity = min(1.0, max(0.0, (here - 0.3) / 0.4))
            else:
                if self.at_insert:  # the lens starts where the figure will walk: it comes once there is room
                    here = max(0.0, (here - 0.35) / 0.65)
                    opacity = min(1.0, max(0.0, camera.depth(a.x, 1.0, a.z) - 1.1))
                away = max(0.0, 1 - here) ** 1.2
                half = camera.depth(a.x, 1.0, a.z) * camera.width / camera.focal * 0.75
                across = away * (half + 0.8) * (-1 if a.facing > 0 else 1)
        right = camera.axes[0]
        facing = a.facing + (b.facing - a.facing) * share
        back = a.back
        if a.back != b.back:
            turn = math.copysign(1.0, a.facing or 1.0)
            facing = (
                a.facing + (turn - a.facing) * min(1.0, share * 2)
                if share < 0.5
                else turn + (b.facing - turn) * (share * 2 - 1)
            )
            back = a.back if share < 0.5 else b.back
        placed = replace(
            a if share < 0.5 else b,
            x=a.x + (b.x - a.x) * share + across * float(right[0]),
            z=a.z + (b.z - a.z) * share + across * float(right[2]),
            y=a.y + (b.y - a.y) * share,
            facing=facing,
            back=back,
            height=a.height + (b.height - a.height) * share,
        )
        return placed, opacity, across != 0.0

    def _ends(self) -> tuple[Placed, Placed]:
        a, b = self.first or self.last, self.last or self.first
        if a is None or b is None:
            raise ValueError("a player must be in one of the two frames")
        return a, b

    def at(self, t: float, seconds: float, length: float, camera: Camera) -> tuple[Placed, Pose | None, float, float]:
        """Placement, pose, blink (0..1) and opacity at t, seconds into a clip of that length."""
        a, b = self._ends()
        placed, opacity, across = self._stand(t, camera)
        if a.person is None:
            return placed, None, 0.0, opacity
        action_a = "walk" if across and a.action not in ("run", "walk") else a.action
        action_b = "walk" if across and b.action not in ("run", "walk") else b.action
        stance = between(
            self._stance(a, action_a, placed.facing, seconds, length),
            self._stance(b, action_b, placed.facing, seconds - length, length),
            ease(t),
        )
        cycle = (seconds + (a.person.seed % 30) / 10) % 3.7
        edge = min(seconds, length - seconds)
        blink = max(0.0, 1 - abs(cycle - 1.3) / 0.13) if edge > 0.35 else 0.0
        return placed, stance, blink, opacity

    @staticmethod
    def _stance(placed: Placed, action: str, facing: float, phase: float, length: float) -> Pose:
        if placed.person is None:
            raise ValueError("only a person has a pose")
        if action in ("walk", "run"):  # whole cycles over the clip, so that both ends meet
            rate = (2.9 if action == "run" else 1.85) / 2
            phase *= max(1, round(length * rate)) / (length * rate)
        return stance_of(placed.person, action, facing, phase)


def players(first: Staging, last: Staging) -> list[Player]:
    """Matches the figures of two frames: the same person or the same prop is one player. Far to near."""
    rest = list(last.figures)
    out: list[Player] = []
    for figure in first.figures:
        twin = next(
            (f for f in rest if f.person == figure.person and f.prop == figure.prop and f.extra == figure.extra), None
        )
        if twin is not None:
            rest.remove(twin)
        out.append(Player(figure, twin, last.shot.size == "insert"))
    out += [Player(None, figure, first.shot.size == "insert") for figure in rest]

    def depth(player: Player) -> float:
        both = [
            c.depth(f.x, f.y, f.z)
            for c, f in ((first.camera, player.first), (last.camera, player.last))
            if f is not None
        ]
        return -float(np.mean(both))

    return sorted(out, key=depth)


def path_of(first: Staging, last: Staging, prompt: str, seed: int) -> Path:
    """The camera path of a clip."""
    return Path(first.camera, last.camera, move_of(prompt), min(first.focus, last.focus), digest("move", seed) % 10_000)
