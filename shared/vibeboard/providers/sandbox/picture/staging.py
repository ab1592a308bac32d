"""Staging: where the camera stands, where the people stand, and how the shot is lit."""

import math
import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import lexicon as lex
from vibeboard.providers.sandbox.picture.colour import Scheme, mix, scale, scheme_of
from vibeboard.providers.sandbox.picture.grow import Grow
from vibeboard.providers.sandbox.picture.identity import Person, person_of
from vibeboard.providers.sandbox.picture.inside import INTERIORS
from vibeboard.providers.sandbox.picture.model import SetModel
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.outside import EXTERIORS
from vibeboard.providers.sandbox.picture.props import SIZES
from vibeboard.providers.sandbox.picture.read import LENS, TIGHT, VISIBLE, Shot, digest, read
from vibeboard.providers.sandbox.picture.sheet import FigureLight
from vibeboard.providers.sandbox.picture.stage import Light, sun_vector


@dataclass(frozen=True, slots=True)
class Placed:
    """One figure (or standing prop, when `prop` is set) in the set."""

    x: float
    z: float
    person: Person | None
    action: str
    facing: float  # -1 left .. 1 right, on screen
    back: bool
    holding: str = ""
    prop: str = ""
    prop_name: str = ""
    height: float = 1.7
    y: float = 0.0
    extra: bool = False  # a background player
    standing: bool = False  # an insert's prop, on a table top of its own


@dataclass(frozen=True, slots=True)
class Line:
    """The line of action: what the next shot keeps so that the audience does not lose its bearings."""

    yaw: float  # the camera's side of the set
    right: bool  # the lead looks to the right of the frame


@dataclass(frozen=True, slots=True)
class Staging:
    """Everything the drawing needs, decided."""

    shot: Shot
    model: SetModel
    camera: Camera
    light: Light
    figures: tuple[Placed, ...]  # far to near
    focus: float  # metres
    blur: float  # circle of confusion (pixels) at twice the focus distance
    seed: int
    mood: str
    line: Line


def stage_request(request: FrameRequest, line: Line | None = None, shot: Shot | None = None) -> Staging:
    """Stages a request. line keeps the previous shot's line of action; the request's seed picks one otherwise."""
    shot = shot or read(request)
    words = f"{shot.words} {request.prompt.lower()}"
    scheme = scheme_of(request.palette, words, shot.time)
    letters = not lex.has(f"{request.negative} {' '.join(request.banned)}".lower(), "text", "lettering", "signage")
    model = _set(
        shot.place,
        shot.place_key,
        shot.interior,
        scheme,
        shot.time,
        shot.neon,
        letters,
        "alley" if "alley" in words else "",
    )
    rng = random.Random(digest("stage", request.seed))
    figures = _cast(shot)
    line = line or Line(rng.choice(model.azimuths), digest("side", shot.place_key, request.seed) % 2 == 0)
    camera = _camera(request, shot, model, figures, line)
    placed = _place(shot, model, camera, figures, rng, line)
    focus_on = next(
        (f for f in reversed(placed) if f.person is not None and not f.extra and not (shot.angle == "ots" and f.back)),
        None,
    )
    focus = camera.depth(focus_on.x, 1.0, focus_on.z) if focus_on else _distance(camera, model, shot)
    mm = camera.focal / (0.62 * max(camera.width, camera.height)) * 24
    aperture = shot.f_number if shot.size in TIGHT or shot.size == "ms" else max(shot.f_number, 4.0)
    blur = 0.9 * (mm / 1000) ** 2 / (aperture * max(0.3, focus)) / 0.024 * max(camera.width, camera.height) * 0.5
    light = _light(shot, model, scheme, camera)
    mood = (
        "warm"
        if lex.has(shot.words, "comedy", "romance", "romantic", "warm", "joyful", "uplifting")
        else "tense"
        if lex.has(shot.words, "thriller", "horror", "noir", "dark", "tense", "action", "western")
        else ""
    )
    return Staging(
        shot, model, camera, light, placed, max(0.15, focus), min(blur, 0.03 * camera.width), request.seed, mood, line
    )


@lru_cache(maxsize=12)
def _set(
    place: str, key: str, interior: bool, scheme: Scheme, time: str, neon: bool, letters: bool, words: str
) -> SetModel:
    builder = (
        INTERIORS.get(place)
        or EXTERIORS.get(place)
        or (INTERIORS if interior else EXTERIORS)["generic_interior" if interior else "generic_exterior"]
    )
    model = SetModel(interior=place in INTERIORS or place == "station" or (place not in EXTERIORS and interior))
    builder(model, Grow(random.Random(digest("place", key)), scheme, time, neon, letters, f"{words} {key}"))
    return model


def at_door(shot: Shot, model: SetModel) -> bool:
    """Whether the shot looks back at the entrance."""
    wide = shot.size in ("ws", "ews", "fs", "mws")
    handle = shot.size == "insert" and bool(shot.props) and shot.props[0] in ("door_handle", "door")
    return model.interior and shot.door and (wide or handle)


def _mark(model: SetModel, shot: Shot) -> tuple[float, float]:
    x, z = model.mark
    if at_door(shot, model) and shot.size == "insert" and model.door:
        return model.door[0], model.door[2] + 0.03
    if at_door(shot, model):
        return x * 0.3, min(2.6, z * 0.5)
    return x, z


def _distance(camera: Camera, model: SetModel, shot: Shot) -> float:
    x, z = _mark(model, shot)
    return max(0.4, camera.depth(x, 1.0, z))


def _cast(shot: Shot) -> list[tuple[Person, str]]:
    people = [(person_of(look), action) for look, action in zip(shot.cast, shot.actions, strict=True)]
    if shot.angle == "ots" and len(people) == 1:
        people.append((person_of(CharacterLook(f"stranger {shot.place_key}")), "stand"))
    if shot.size == "insert":
        return []
    if shot.size in ("cu", "ecu", "mcu") and shot.angle != "ots":
        return people[:1]
    return people


def _camera(
    request: FrameRequest,
    shot: Shot,
    model: SetModel,
    cast: list[tuple[Person, str]],
    line: Line,
) -> Camera:
    width, height = request.width, request.height
    aspect = width / height
    named = f"{shot.lens_mm:g}mm" in request.prompt.replace(" ", "").lower()
    mm = shot.lens_mm if named else math.sqrt(shot.lens_mm * LENS[shot.size])
    if shot.angle in ("low", "top") and not named:
        mm *= 0.72
    focal = mm / 24 * 0.62 * max(width, height)
    lead = cast[0][0].height if cast else 1.7
    seated = bool(cast) and cast[0][1] in ("sit", "kneel")
    head_top = lead * (0.81 if seated else 1.03)
    seen = VISIBLE[shot.size] * (lead / 1.72 if shot.size in TIGHT else 1.0)
    if shot.size in ("ws", "fs", "mws") and len(cast) > 1:
        seen = max(seen, (0.9 + 0.75 * len(cast)) / aspect)
    if shot.size == "ms" and len(cast) > 1 and shot.angle != "ots":
        seen = max(seen, (0.6 + 0.55 * len(cast)) / aspect)
    seen = max(seen, {"cu": 0.36, "ecu": 0.22, "mcu": 0.48, "ms": 0.62, "insert": 0.36}.get(shot.size, 1.0) / aspect)
    if model.width < 2.5 and shot.size not in TIGHT:
        seen = min(seen, 1.05)
    distance = focal * seen / height
    margin = {"ecu": -0.10, "cu": 0.07, "mcu": 0.10, "ms": 0.10, "ews": 0.42}.get(shot.size, 0.16)
    top_y = head_top + margin * seen
    middle = top_y - seen / 2
    if shot.size in ("ws", "ews") and not cast:
        middle = 1.5 if shot.size == "ws" else 3.0
    if shot.size == "insert":
        middle = model.door[1] if at_door(shot, model) and model.door else 1.0
    eye = {"low": 0.28, "high": 3.0, "top": 7.0}.get(
        shot.angle, min(max(middle, 1.05), 1.75) if shot.size not in TIGHT else middle
    )
    if shot.size == "ews":
        eye = max(eye, 2.4 if not model.interior else 1.8)
    if shot.angle == "low" and shot.size in TIGHT:
        eye = middle - 0.35
    if shot.angle == "high" and shot.size in TIGHT:
        eye = middle + 0.55
    if model.interior:
        eye = min(eye, model.height - 0.35)
    if shot.angle == "top":
        distance = max(distance * 0.55, 2.0)
        eye = max(middle + distance * 1.5, 3.4)
    x, z = _mark(model, shot)
    reverse = at_door(shot, model)
    yaw = line.yaw
    if reverse:
        yaw = math.pi + yaw * 0.4
    cos, sin = math.cos(yaw), math.sin(yaw)
    px, pz = x - sin * distance, z - cos * distance
    pitch = math.atan2(middle - eye, distance)
    roll = 0.13 * (1 if line.right else -1) if shot.angle == "dutch" else 0.0
    lead_room = 0.0
    if aspect > 1.2 and len(cast) == 1 and shot.angle not in ("top", "ots"):
        lead_room = (0.13 if shot.size not in ("cu", "ecu") else 0.10) * (-1 if line.right else 1)
    return Camera(px, eye, pz, yaw, pitch, roll, focal, width, height, lead_room, 0.0)


def _place(
    shot: Shot, model: SetModel, camera: Camera, cast: list[tuple[Person, str]], rng: random.Random, line: Line
) -> tuple[Placed, ...]:
    x, z = _mark(model, shot)
    right, forward = camera.axes[0], camera.axes[2]
    right_xz = np.array([right[0], right[2]]) / max(1e-6, math.hypot(right[0], right[2]))
    ahead = np.array([forward[0], forward[2]])
    ahead = ahead / max(1e-6, float(np.linalg.norm(ahead)))
    placed: list[Placed] = []

    def spot(across: float, beyond: float) -> tuple[float, float]:
        p = np.array([x, z]) + right_xz * across + ahead * beyond
        if model.interior:
            hw = model.width / 2 - 0.35
            return float(np.clip(p[0], -hw, hw)), float(np.clip(p[1], 0.3, model.depth - 0.4))
        return float(p[0]), float(p[1])

    carried = next((k for k in shot.props if SIZES.get(k, (0.5, False))[1]), "")
    if shot.actions and "aim" in shot.actions:
        carried = "gun"
    count = len(cast)
    aspect = camera.width / camera.height
    facing_right = line.right
    # People keep their side of the frame whatever order the cast is listed in.
    ranks = sorted(range(count), key=lambda i: cast[i][0].seed)
    for index, (person, action) in enumerate(cast):
        if shot.angle == "ots":
            if index == 0:
                placed.append(
                    Placed(
                        *spot(0.16 if aspect > 1 else 0.06, 0.0),
                        person,
                        action if action in ("talk", "sit", "hold") else "stand",
                        -0.42,
                        False,
                        carried,
                        height=person.height,
                    )
                )
            elif index == 1:
                reach = _distance(camera, model, shot)
                near = 0.40 * reach
                depth_there = reach - near
                half = depth_there / camera.focal * camera.width / 2
                top = (
                    camera.position[1]
                    + (depth_there / camera.focal) * camera.height * 0.44
                    + depth_there * math.tan(camera.pitch)
                )
                placed.append(
                    Placed(
                        *spot(-half * (0.74 if aspect > 1 else 0.62), -near),
                        person,
                        "stand",
                        0.30,
                        True,
                        height=person.height,
                        y=float(top) - person.height * 1.0,
                    )
                )
            continue
        if count == 1:
            across, facing = 0.0, 0.45 if facing_right else -0.45
        else:
            gap = (1.25 if "aim" not in shot.actions else 2.6) if shot.size in ("ws", "ews", "fs") else 0.62
            gap = 2.6 if "aim" in shot.actions else gap
            gap = max(
                0.55, min(gap, 0.55 * _distance(camera, model, shot) * camera.width / camera.focal / max(1, count - 1))
            )
            across = (ranks.index(index) - (count - 1) / 2) * gap
            facing = 0.62 if across < 0 else -0.62 if across > 0 else 0.3
            if "aim" in shot.actions:
                facing = math.copysign(0.9, facing)
        if shot.view == "profile":
            facing = math.copysign(0.95, facing)
        elif shot.view == "front":
            facing = math.copysign(0.05, facing)
        if action in ("walk", "run") and shot.size in ("ws", "ews", "fs", "mws"):
            facing = math.copysign(max(abs(facing), 0.55), facing)
        back = shot.view == "back"
        if action in ("walk", "run") and shot.size not in TIGHT:  # on the way: the mark is reached by the next frame
            across -= math.copysign(0.45, facing)
        placed.append(
            Placed(
                *spot(across, 0.25 * (index % 2)),
                person,
                action,
                facing,
                back,
                carried if index == 0 or "aim" in shot.actions else "",
                height=person.height,
            )
        )
    if shot.size == "insert" and shot.props:
        kind = shot.props[0]
        seen = camera.height / camera.focal * _distance(camera, model, shot)
        fit = 0.62 * seen
        wide = {
            "car": 3.1,
            "bicycle": 1.8,
            "gun": 1.6,
            "key": 2.2,
            "knife": 2.8,
            "cigarette": 2.4,
            "boat": 2.2,
            "phone": 1.0,
            "hat": 2.2,
            "shoe": 2.0,
            "neon_sign": 1.5,
        }.get(kind, 1.2)
        size = min(fit, 0.8 * seen * aspect / wide)
        if kind == "door_handle":
            size = 0.30 * seen if aspect > 1 else 0.2 * seen * max(aspect, 0.6) / 0.6
        if kind == "door_handle" and at_door(shot, model) and model.door:  # on the set's own door
            placed.append(
                Placed(
                    x, z, None, "", 0.0, False, prop="door_lever", prop_name=kind, height=0.17, y=model.door[1] - 0.12
                )
            )
        else:
            placed.append(
                Placed(
                    x,
                    z,
                    None,
                    "",
                    0.0,
                    False,
                    prop=kind,
                    prop_name=shot.prop_names[0],
                    height=size,
                    y=1.0 - size * 0.5,
                    standing=kind != "door_handle",
                )
            )
    elif shot.size not in ("cu", "ecu", "mcu"):
        stands = [
            (k, n)
            for k, n in zip(shot.props, shot.prop_names, strict=True)
            if not SIZES.get(k, (0.5, False))[1]
            and k not in _BUILT_IN.get(shot.place, ())
            and k not in ("hand", "eye", "lips", "door_handle", "door", "shoe")
        ]
        stands += [
            (k, n)
            for k, n in zip(shot.props, shot.prop_names, strict=True)
            if SIZES.get(k, (0.5, False))[1] and (not cast or k == "suitcase")
        ][:1]
        for index, (kind, name) in enumerate(stands[:3]):
            real = max(0.22, SIZES.get(kind, (0.5, False))[0])
            side = (-1.0 if camera.shift_x > 0 else 1.0) * (-1) ** index
            across = side * ((0.75 if cast else 0.0) + 0.55 * index + (1.7 if kind in ("car", "boat") else 0.0))
            placed.append(
                Placed(
                    *spot(across, 0.5 if kind not in ("car", "boat") else 2.4),
                    None,
                    "",
                    0.0,
                    False,
                    prop=kind,
                    prop_name=name,
                    height=real,
                )
            )
    if shot.crowd and shot.size not in ("ecu", "insert"):
        for index in range(11):
            extra = person_of(CharacterLook(f"passer {shot.place_key} {index}"))
            where = spot(rng.uniform(-4.2, 4.2), 1.8 + index * 0.55)
            placed.append(
                Placed(
                    *where,
                    extra,
                    rng.choice(("walk", "stand", "talk")),
                    rng.choice((-0.7, 0.7, 0.3)),
                    rng.random() < 0.3,
                    height=extra.height,
                    extra=True,
                )
            )
    return tuple(sorted(placed, key=lambda f: -camera.depth(f.x, f.y, f.z)))


_BUILT_IN: dict[str, tuple[str, ...]] = {
    "laundromat": ("washing_machine", "neon_sign", "table"),
    "bar": ("neon_sign", "bottle", "chair", "table", "lamp"),
    "street": ("neon_sign", "lamp"),
    "apartment": ("lamp", "table", "chair"),
    "office": ("computer", "table", "chair", "lamp"),
    "church": ("candle", "chair"),
    "harbour": ("boat",),
    "sea": ("boat",),
    "school": ("chair", "table", "book"),
    "lab": ("computer", "television"),
    "kitchen": ("table", "chair", "lamp"),
    "hospital": ("television",),
    "car": ("car",),
}


def _light(shot: Shot, model: SetModel, scheme: Scheme, camera: Camera) -> Light:
    night = shot.time == "night"
    inside = model.interior
    ambient = {"night": 0.24, "dusk": 0.50, "dawn": 0.55}.get(shot.time, 0.72)
    key = {"night": 0.30, "dusk": 1.05, "dawn": 0.9}.get(shot.time, 1.35)
    lamps = {"night": 1.15, "dusk": 0.95, "dawn": 0.7}.get(shot.time, 0.35)
    if inside:
        ambient *= 0.9 if night else 0.95
        lamps = max(lamps, 0.65)
    if lex.has(shot.words, "bright", "comedy", "cheerful", "sunny", "uplifting", "joyful"):
        ambient, key = ambient * 1.25, key * 1.05
    if lex.has(shot.words, "horror", "noir", "neo-noir", "dark", "bleak"):
        ambient *= 0.72
    if shot.rain or shot.snow or shot.fog > 0.6:
        key *= 0.55
        ambient *= 1.1
    elevation = {"dusk": 0.16, "dawn": 0.2, "night": 0.5}.get(shot.time, 0.75)
    azimuth = (
        camera.yaw
        + (0.55 if digest("sun", shot.place_key) % 2 else -0.55)
        + (0.0 if shot.time in ("dusk", "dawn") else 1.3)
    )
    if shot.silhouette:
        ambient, key = ambient * 0.7, key * 1.1
        azimuth = camera.yaw + 0.12
    haze = shot.fog * (0.07 if inside else 0.045) + (0.012 if shot.rain or shot.snow else 0.0)
    if model.width > 30 or not inside:
        haze *= 0.6
    return Light(scheme, shot.time, ambient, key, lamps, haze, 1.0 if shot.wet else 0.0, (azimuth, elevation))


def figure_light(staging: Staging, placed: Placed) -> FigureLight:
    """Light on one figure: what falls on its place, from where, and the rim from behind."""
    light, model, camera = staging.light, staging.model, staging.camera
    scheme = light.scheme
    here = np.array([placed.x, placed.y + placed.height * 0.75, placed.z])
    axes = camera.axes
    total = np.zeros(3)
    drift = np.zeros(2)
    behind = np.zeros(3)
    behind_from = np.zeros(2)
    for lamp in model.lamps:
        to = np.array([lamp.x, lamp.y, lamp.z]) - here
        level = lamp.power * light.lamps / (1 + float(to @ to) / lamp.reach**2)
        local = axes @ to / max(0.1, float(np.linalg.norm(to)))
        colour = np.array(lamp.colour)
        if local[2] > 0.25:
            behind += colour * level
            behind_from += local[:2] * level
        else:
            total += colour * level * 0.8
            drift += local[:2] * level
    outdoors = not model.interior
    sun = axes @ sun_vector(light.sun)
    sun_level = light.key * (0.9 if outdoors else 0.22)
    if sun[2] > 0.1:
        behind += np.array(scheme.key) * sun_level * 0.9
        behind_from += sun[:2] * sun_level
        total += np.array(scheme.key) * sun_level * 0.30
        drift += np.array([math.copysign(0.7, sun[0]), 0.5]) * sun_level * 0.3
    else:
        total += np.array(scheme.key) * sun_level
        drift += sun[:2] * sun_level
    side = 1.0 if digest("key", staging.shot.place_key) % 2 else -1.0
    base = np.array(mix(scheme.key, (0.9, 0.95, 1.0), 0.55)) * (0.72 if light.time == "night" else 0.25)
    total = total + base
    drift = drift + np.array([side * 0.8, 0.45]) * 0.35
    key_from = drift / max(0.2, float(np.linalg.norm(drift)))
    behind = behind + np.array(scheme.accent if light.time == "night" else scheme.key) * (
        0.55 if light.time == "night" else 0.2
    )
    behind_from = behind_from + np.array([-key_from[0], 0.35]) * 0.9
    rim_from = behind_from / max(0.2, float(np.linalg.norm(behind_from)))
    peak = float(total.max())
    if peak > 1.25:
        total *= 1.25 / peak
    rim_peak = float(behind.max())
    if rim_peak > 1.5:
        behind *= 1.5 / rim_peak
    ambient = scale(scheme.ambient, light.ambient * (0.75 if outdoors else 0.6))
    key = (float(total[0]), float(total[1]), float(total[2]))
    rim = (float(behind[0]), float(behind[1]), float(behind[2]))
    depth = camera.depth(placed.x, 1.0, placed.z)
    veil = 1 - math.exp(-(light.haze + model.haze) * 0.8 * depth)
    if staging.shot.silhouette and not placed.extra and staging.shot.size not in TIGHT:
        key, ambient, rim, veil = scale(key, 0.10), scale(ambient, 0.22), scale(rim, 1.5), veil * 0.5
    haze = scale(scheme.ambient, light.ambient * 0.45)
    if outdoors:
        low = scheme.sky_low
        haze = (low[0] ** 2, low[1] ** 2, low[2] ** 2)
    rounded = (float(key_from[0]), float(key_from[1]))
    return FigureLight(
        ambient, key, rounded, rim, (float(rim_from[0]), float(rim_from[1])), haze, min(0.6, veil), staging.seed % 997
    )


def blend_light(a: FigureLight, b: FigureLight, share: float) -> FigureLight:
    """The light between two lights: 0 is a, 1 is b."""

    def pair(p: tuple[float, float], q: tuple[float, float]) -> tuple[float, float]:
        return p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share

    return FigureLight(
        mix(a.ambient, b.ambient, share),
        mix(a.key, b.key, share),
        pair(a.key_from, b.key_from),
        mix(a.rim, b.rim, share),
        pair(a.rim_from, b.rim_from),
        mix(a.haze, b.haze, share),
        a.veil + (b.veil - a.veil) * share,
        a.seed,
    )


__all__ = ["Line", "Placed", "Staging", "blend_light", "figure_light", "stage_request"]
