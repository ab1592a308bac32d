"""Poses: joints of a standing height of 1 in the figure's own plane, x to the right of the frame, y up."""

import math
from dataclasses import dataclass

Joint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints, near side (n) and far side (f) of the body; lean is the torso's slant."""

    hip: Joint
    neck: Joint
    head: Joint
    knee_n: Joint
    foot_n: Joint
    knee_f: Joint
    foot_f: Joint
    elbow_n: Joint
    hand_n: Joint
    elbow_f: Joint
    hand_f: Joint
    tilt: float = 0.0  # of the head, radians


def _elbow(shoulder: Joint, hand: Joint, out: float) -> Joint:
    """The elbow hangs: of the two places it can be, the lower one; outwards when the arm hangs straight."""
    first, second = _bend(shoulder, hand, 0.175, 0.165, 1.0), _bend(shoulder, hand, 0.175, 0.165, -1.0)
    if abs(first[1] - second[1]) < 0.015:
        return first if (first[0] - second[0]) * out > 0 else second
    return first if first[1] < second[1] else second


def _bend(start: Joint, end: Joint, a: float, b: float, side: float) -> Joint:
    """The elbow or knee between two joints with bone lengths a and b, on the given side."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    d = min(max(math.hypot(dx, dy), 1e-6), a + b - 1e-6)
    along = (a * a - b * b + d * d) / (2 * d)
    off = math.sqrt(max(0.0, a * a - along * along)) * side
    return start[0] + dx / d * along - dy / d * off, start[1] + dy / d * along + dx / d * off


def between(a: Pose, b: Pose, share: float) -> Pose:
    """The pose between two poses: 0 is a, 1 is b."""

    def lin(p: Joint, q: Joint) -> Joint:
        return p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share

    return Pose(
        lin(a.hip, b.hip),
        lin(a.neck, b.neck),
        lin(a.head, b.head),
        lin(a.knee_n, b.knee_n),
        lin(a.foot_n, b.foot_n),
        lin(a.knee_f, b.knee_f),
        lin(a.foot_f, b.foot_f),
        lin(a.elbow_n, b.elbow_n),
        lin(a.hand_n, b.hand_n),
        lin(a.elbow_f, b.elbow_f),
        lin(a.hand_f, b.hand_f),
        a.tilt + (b.tilt - a.tilt) * share,
    )


def pose(action: str, phase: float, facing: float, span: float, seed: int) -> Pose:
    """A pose. phase counts seconds; facing -1..1 is left..right; span is half the shoulder width as seen."""
    breath = 0.0025 * math.sin(phase * 1.9 + seed % 7)
    sway = 0.004 * math.sin(phase * 0.9 + seed % 5)
    d = 1.0 if facing >= 0 else -1.0
    hip_y, lean = 0.534, 0.0
    step = 1.15 + phase * (2.9 if action == "run" else 1.85) * math.pi
    near: tuple[Joint, Joint]
    if action in ("walk", "run"):
        stride = 0.155 if action == "walk" else 0.23
        lift = 0.05 if action == "walk" else 0.14
        lean = (0.012 if action == "walk" else 0.06) * d
        hip_y += 0.012 * math.cos(2 * step) - (0.016 if action == "walk" else 0.03)
        # A figure that comes at the lens strides in depth: little sideways, more in foot height.
        side = 0.35 + 0.65 * min(1.0, abs(facing) * 1.4)
        feet = []
        for offset in (0.0, math.pi):
            swing = math.sin(step + offset)
            feet.append((d * stride * swing * side, 0.035 + lift * max(0.0, math.cos(step + offset))))
        foot_n, foot_f = feet
        arm = 0.065 if action == "walk" else 0.13
        swing = math.sin(step)
        near = (
            (0.03 - d * arm * swing * side, 0.47 + 0.02 * abs(swing)),
            (d * arm * swing * side - 0.02, 0.47 + 0.02 * abs(swing)),
        )
        if action == "run":
            near = (
                (d * (0.07 + 0.09 * swing) - 0.4 * span, 0.64 + 0.03 * swing),
                (d * (0.07 - 0.09 * swing) + 0.4 * span, 0.64 - 0.03 * swing),
            )
    else:
        foot_n, foot_f = (0.055 + 0.01 * d, 0.03), (-0.055 + 0.02 * d, 0.045)
        near = ((0.02 + sway, 0.445), (-0.02 + sway, 0.455))
    neck = (lean + sway, hip_y + 0.305 + breath)
    shoulder_n, shoulder_f = (neck[0] + span, neck[1] - 0.022), (neck[0] - span, neck[1] - 0.022)
    hand_n = (shoulder_n[0] + near[0][0], near[0][1] + breath)
    hand_f = (shoulder_f[0] + near[1][0], near[1][1] + breath)
    tilt = 0.03 * math.sin(phase * 0.7 + seed % 11) + lean * 0.8
    knee = d
    gesture = math.sin(phase * 2.3 + seed % 3)
    if action == "sit":
        hip_y = 0.30
        neck = (-0.02 * d + sway, hip_y + 0.305 + breath)
        shoulder_n, shoulder_f = (neck[0] + span, neck[1] - 0.022), (neck[0] - span, neck[1] - 0.022)
        foot_n, foot_f = (0.20 * d + 0.04, 0.03), (0.17 * d - 0.06, 0.04)
        hand_n, hand_f = (0.15 * d + 0.04, 0.335 + 0.01 * gesture), (0.13 * d - 0.05, 0.345)
    elif action == "lean":
        neck = (-0.07 * d + sway, neck[1] - 0.01)
        shoulder_n, shoulder_f = (neck[0] + span, neck[1] - 0.03), (neck[0] - span, neck[1] - 0.015)
        foot_n, foot_f = (0.12 * d, 0.03), (0.03 * d, 0.035)
        hand_n, hand_f = (neck[0] + 0.05, 0.66 + 0.004 * gesture), (neck[0] - 0.06, 0.65)
    elif action == "reach":
        hand_n = (shoulder_n[0] + 0.24 * d + 0.01 * gesture, 0.66 + 0.02 * gesture)
        if d < 0:
            hand_f, hand_n = (
                (shoulder_f[0] - 0.24 + 0.01 * gesture, 0.66 + 0.02 * gesture),
                (shoulder_n[0] + 0.02, 0.45),
            )
    elif action == "aim":
        hand_n = (neck[0] + d * (0.30 + 0.004 * gesture), neck[1] - 0.03 + 0.004 * gesture)
        hand_f = (neck[0] + d * (0.28 + 0.004 * gesture), neck[1] - 0.045 + 0.004 * gesture)
    elif action == "talk":
        hand_n = (shoulder_n[0] + (0.09 if d > 0 else -0.02) + 0.03 * gesture, 0.66 + 0.05 * math.sin(phase * 1.7))
        tilt += 0.03 * gesture
    elif action == "hold":
        hand_n, hand_f = (neck[0] + 0.07 * d + 0.02, neck[1] - 0.13 + 0.004 * gesture), (shoulder_f[0] - 0.01, 0.46)
    elif action == "kneel":
        hip_y = 0.30
        neck = (0.05 * d, hip_y + 0.29)
        shoulder_n, shoulder_f = (neck[0] + span, neck[1] - 0.022), (neck[0] - span, neck[1] - 0.022)
        foot_n, foot_f = (0.16 * d, 0.03), (-0.16 * d, 0.04)
        hand_n, hand_f = (0.20 * d, 0.30), (0.10 * d - 0.05, 0.28)
        tilt += 0.12 * d
    elif action == "dance":
        hand_n = (shoulder_n[0] + 0.13 + 0.03 * gesture, 0.78 + 0.05 * gesture)
        hand_f = (shoulder_f[0] - 0.12 - 0.03 * gesture, 0.62 - 0.05 * gesture)
        hip_y += 0.008 * math.sin(phase * 4)
    hip = (0.0, hip_y)
    head = (neck[0] + 0.10 * math.sin(tilt) + 0.012 * d, neck[1] + 0.098)
    return Pose(
        hip,
        neck,
        head,
        _bend((0.045, hip_y - 0.02), foot_n, 0.243, 0.243, knee),
        foot_n,
        _bend((-0.045, hip_y - 0.02), foot_f, 0.243, 0.243, knee),
        foot_f,
        _elbow(shoulder_n, hand_n, 1.0),
        hand_n,
        _elbow(shoulder_f, hand_f, -1.0),
        hand_f,
        tilt,
    )
