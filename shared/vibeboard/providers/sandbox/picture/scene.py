"""A clip played in its set: the camera travels, figures act, the air moves."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vibeboard.providers.ports import ClipRequest
from vibeboard.providers.sandbox.picture import atmosphere, cutouts, draw, finish, stage
from vibeboard.providers.sandbox.picture.cels import Cel, Spot, fixed, lay_between, mixed, printed
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, as_bytes
from vibeboard.providers.sandbox.picture.motion import Path as CameraPath
from vibeboard.providers.sandbox.picture.motion import Player, ease, path_of, players
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.sheet import FigureLight
from vibeboard.providers.sandbox.picture.staging import Placed, Staging, blend_light, figure_light


@dataclass(slots=True)
class _Station:
    """The set rendered from one point of the camera's path."""

    camera: Camera
    picture: Bytes
    depth: Array  # on the warp grid's scale
    detail: float


class Scene:
    """A clip between two frames of one place, played in the set itself."""

    def __init__(
        self, request: ClipRequest, first: Staging, last: Staging, first_picture: Bytes, last_picture: Bytes
    ) -> None:
        self.first, self.last = first, last
        self.width, self.height = request.width, request.height
        self.frames = request.frames
        self.path: CameraPath = path_of(first, last, request.prompt, request.seed)
        self.players = players(first, last)
        self.grid = (max(8, request.width // 8), max(8, request.height // 8))
        self.shade = cv2.merge([np.round(finish.vignette(request.width, request.height) * 255).astype(np.uint8)] * 3)
        self.keys: dict[int, list[_KeyPose]] = {}
        self.stations: dict[float, _Station] = {}
        self.marks = np.linspace(0, 1, self._station_count(request.frames)).tolist()
        self.fix_first: Array | None = None
        self.fix_last: Array | None = None
        self.rate = float(request.rate)
        self.fix_first = self._difference(first_picture, self._compose(0))
        self.fix_last = self._difference(last_picture, self._compose(self.frames - 1))
        self.keys.clear()

    def _station_count(self, frames: int) -> int:
        a, b = self.path.first, self.path.last
        zoom = abs(math.log((b.focal / self.last.focus) / (a.focal / self.first.focus)))
        turn = abs((b.yaw - a.yaw + math.pi) % (2 * math.pi) - math.pi)
        travel = math.dist((a.x, a.y, a.z), (b.x, b.y, b.z)) / max(0.5, min(self.first.focus, self.last.focus))
        wanted = 2 + int(zoom / 0.5) + int(turn / 0.25) + int(travel / 0.7)
        return max(2, min(wanted, 2 + frames // 24, 5))

    def _station(self, mark: float) -> _Station:
        found = self.stations.get(mark)
        if found is None:
            for old in [m for m in self.stations if m < mark - 0.75 and len(self.stations) > 3]:
                del self.stations[old]
            staging = self.first if mark < 0.5 else self.last
            camera = self.path.at(mark)
            moment = self._moment(mark, camera)
            clear = draw.blocked_by(self.first if mark < 0.5 else self.last)
            plate = stage.render(staging.model, camera, staging.light, clear)
            light = finish.bloom(finish.defocus(plate.light, plate.depth, moment.focus, moment.blur))
            gain = draw.exposure(staging)
            picture = finish.develop(light, staging.light.scheme, gain)
            depth = cv2.resize(plate.depth, self.grid, interpolation=cv2.INTER_AREA)
            found = self.stations[mark] = _Station(
                camera,
                picture,
                cv2.GaussianBlur(np.minimum(depth, 400), (0, 0), 1.2),
                finish.detail(picture),
            )
        return found

    def _seen_from(self, station: _Station, camera: Camera) -> tuple[Bytes, Array]:
        """A station's picture as the camera sees it, by depth; and where it covers the view."""
        gw, gh = self.grid
        cx, cy = camera.centre
        rx = ((np.arange(gw) + 0.5) * (self.width / gw) - cx) / camera.focal
        ry = (cy - (np.arange(gh) + 0.5) * (self.height / gh)) / camera.focal
        u, v = np.meshgrid(rx, ry)
        depth = station.depth.astype(np.float64)
        turn = station.camera.axes @ camera.axes.T
        shift = station.camera.axes @ (camera.position - station.camera.position)
        mx = my = np.zeros((gh, gw), np.float32)
        for _ in range(2):  # the depth is known at the station: look it up where the ray arrives, once more
            x = (turn[0, 0] * u + turn[0, 1] * v + turn[0, 2]) * depth + shift[0]
            y = (turn[1, 0] * u + turn[1, 1] * v + turn[1, 2]) * depth + shift[1]
            z = np.maximum((turn[2, 0] * u + turn[2, 1] * v + turn[2, 2]) * depth + shift[2], 0.05)
            sx, sy = station.camera.centre
            mx = (sx + station.camera.focal * x / z).astype(np.float32)
            my = (sy - station.camera.focal * y / z).astype(np.float32)
            found = cv2.remap(
                station.depth,
                mx * (gw / self.width) - 0.5,
                my * (gh / self.height) - 0.5,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            depth = np.maximum(found - shift[2], 0.08)
        size = (self.width, self.height)
        where = fixed(cv2.resize(mx - 0.5, size), cv2.resize(my - 0.5, size))
        seen = cv2.remap(station.picture, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        edge = np.minimum(np.minimum(mx, self.width - mx), np.minimum(my, self.height - my))
        return as_bytes(seen), np.clip(edge / (0.03 * self.width) + 1.0, 0, 1).astype(np.float32)

    def _view(self, a: _Station, b: _Station, share: float, camera: Camera) -> Bytes:
        """Two stations' views as one: each counts where it covers, and more the nearer it is."""
        if share >= 1:
            a, b, share = b, a, 0.0
        one, cover_one = self._seen_from(a, camera)
        if share <= 0 and float(cover_one.min()) > 0.6:
            return one
        two, cover_two = self._seen_from(b, camera)
        if float(cover_one.min()) > 0.6 and float(cover_two.min()) > 0.6:
            return as_bytes(cv2.addWeighted(one, 1 - share, two, share, 0))
        first, second = cover_one * (1 - share) + 1e-4, cover_two * share + 1e-4
        weight = cv2.resize(first / (first + second), (self.width, self.height))
        return as_bytes(cv2.blendLinear(one, two, weight, 1 - weight))

    def frame(self, t: float, _seconds: float, _length: float) -> Bytes:
        """The picture at t (0..1), without grain."""
        out = self._compose(round(t * (self.frames - 1)))
        mend = [
            fix * weight
            for fix, weight in ((self.fix_first, 1 - t), (self.fix_last, t))
            if fix is not None and weight > 0.01
        ]
        if mend:
            small = np.clip(sum(mend) + np.float32(128.5), 0, 255).astype(np.uint8)
            wide = cv2.resize(small, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
            cv2.addWeighted(out, 1.0, wide, 1.0, -128.0, dst=out)
        return out

    def _time(self, index: int) -> tuple[float, float, float]:
        """Of a frame: its share of the way (0..1), its time in seconds, and the time of the last frame."""
        last = max(1, self.frames - 1)
        return index / last, index / self.rate, last / self.rate

    def _difference(self, wanted: Bytes, got: Bytes) -> Array | None:
        """What the given frame has over the played one, coarse; None when nothing is worth mending."""
        size = (max(4, self.width // 16), max(4, self.height // 16))
        diff = cv2.resize(wanted, size, interpolation=cv2.INTER_AREA).astype(np.float32) - cv2.resize(
            got, size, interpolation=cv2.INTER_AREA
        )
        diff = cv2.GaussianBlur(diff, (0, 0), 0.8)
        return diff.astype(np.float32) if float(np.abs(diff).mean()) > 0.6 else None

    def _compose(self, number: int) -> Bytes:
        t, seconds, _ = self._time(number)
        camera = self.path.at(t)
        last = len(self.marks) - 1
        low = min(int(t * last), last - 1)
        share = t * last - low
        # Each station is seen alone for most of its stretch. The wider one covers the whole view, so the change-over
        # lies near the tighter one; in the middle when both are about as wide.
        growth = self._size_at(self.marks[low + 1]) / self._size_at(self.marks[low])
        # It is short: two views of one thing never lie on each other quite, and their mix is softer than either.
        long = min(0.36, last * 8 / max(1, self.frames - 1))
        start = 0.98 - long if growth > 1.06 else 0.02 if growth < 0.94 else 0.5 - long / 2
        share = min(1.0, max(0.0, (share - start) / long))
        share = share * share * (3 - 2 * share)
        here, there = self._station(self.marks[low]), self._station(self.marks[low + 1])
        out = finish.crisp(self._view(here, there, share, camera), mixed([here.detail, there.detail], share))
        staging = self._moment(t, camera)
        for index, player in enumerate(self.players):
            placed, opacity = player.stand(t, camera)
            if opacity > 0.01:
                self._paint(out, index, number, staging, placed, opacity, player)
        self._air(out, staging, seconds)
        return as_bytes(cv2.multiply(out, self.shade, scale=1 / 255))

    def _size_at(self, t: float) -> float:
        """How large the subject appears at t, up to a factor."""
        camera = self.path.at(t)
        share = ease(t)
        return camera.focal / (self.first.focus * (1 - share) + self.last.focus * share)

    def _moment(self, t: float, camera: Camera) -> Staging:
        """The staging at t: the nearer end's, under the moving camera and its focus."""
        a, b, share = self.first, self.last, ease(t)
        return replace(
            a if t < 0.5 else b,
            camera=camera,
            focus=math.exp(math.log(a.focus) * (1 - share) + math.log(b.focus) * share),
            blur=a.blur + (b.blur - a.blur) * share,
        )

    def _light(self, placed: Placed, t: float, camera: Camera) -> FigureLight:
        """The light on a figure, changing over from one end's to the other's."""
        a = figure_light(replace(self.first, camera=camera), placed)
        return blend_light(a, figure_light(replace(self.last, camera=camera), placed), ease(t))

    def _paint(
        self, out: Bytes, index: int, number: int, staging: Staging, placed: Placed, opacity: float, player: Player
    ) -> None:
        """A figure is drawn every few frames; in between two drawings are moved into place and blended."""
        step = player.step(self.rate)
        low = number - number % step
        high = min(low + step, self.frames - 1)
        share = (number - low) / max(1, high - low)
        wanted = (low,) if share <= 0 else (high,) if share >= 1 else (low, high)
        keys = [key for k in wanted if (key := self._key(index, k, player)) is not None]
        camera = staging.camera
        if self._whole(camera, placed):
            _shadow(out, cutouts.contact(staging, placed, camera), opacity)
        spot = _spot(camera, placed)
        lay_between(out, [(key.image, key.spot) for key in keys if key.image is not None], spot, share, opacity)
        lay_between(out, [(key.body, key.spot) for key in keys], spot, share, opacity)

    def _whole(self, camera: Camera, placed: Placed) -> bool:
        """Whether a figure stands in the frame from head to foot, so that its shadow and reflection are seen."""
        depth = camera.depth(placed.x, placed.y + placed.height * 0.5, placed.z)
        return placed.height * camera.focal / max(0.1, depth) <= self.height * 0.95

    def _key(self, index: int, number: int, player: Player) -> "_KeyPose | None":
        held = self.keys.setdefault(index, [])
        found = next((key for key in held if key.number == number), None)
        if found is not None:
            return found
        t, seconds, length = self._time(number)
        camera = self.path.at(t)
        staging = self._moment(t, camera)
        placed, stance, blink, _ = player.at(t, seconds, length, camera)
        blink = blink if player.moves else 0.0
        light = self._light(placed, t, camera)
        sprite = cutouts.cut_out(staging, placed, camera, seconds, stance=stance, blink=blink, light=light)
        if sprite is None:
            return None
        image = None
        if self._whole(camera, placed) and cutouts.contact(staging, placed, camera) is not None:
            image = cutouts.mirrored(staging, placed, camera, sprite)
        key = _KeyPose(
            number,
            printed(sprite, staging),
            None if image is None else printed(image, staging),
            _spot(camera, placed),
        )
        held.append(key)
        if len(held) > 2:
            held.pop(0)
        return key

    def _air(self, out: Bytes, staging: Staging, seconds: float) -> None:
        shot = staging.shot
        level = {"night": 0.30, "dusk": 0.55, "dawn": 0.55}.get(shot.time, 0.8)
        tint = np.array(staging.light.scheme.ambient) * 0.7 + np.array(staging.light.scheme.key) * 0.3
        if shot.fog > 0 or shot.steam:
            small = (max(2, self.width // 8), max(2, self.height // 8))
            veil = (
                atmosphere.wisps(*small, seconds, staging.seed)
                * np.linspace(0.25, 1.0, small[1], dtype=np.float32)[:, None]
            )
            amount = veil * (0.10 * max(shot.fog, 0.4) + (0.30 if shot.steam else 0.0)) * level
            glow = np.clip(np.sqrt(np.maximum(amount, 0))[..., None] * np.sqrt(tint) * 105, 0, 255).astype(np.uint8)
            cv2.add(out, cv2.resize(glow, (self.width, self.height), interpolation=cv2.INTER_LINEAR), dst=out)
        if staging.model.interior:
            return
        if shot.rain:
            streaks = atmosphere.rain(self.width, self.height, seconds, staging.seed)
            cv2.add(out, cv2.merge([(streaks * (90 * level + 30)).astype(np.uint8)] * 3), dst=out)
        if shot.snow:
            flakes = atmosphere.snow(self.width, self.height, seconds, staging.seed)
            cv2.add(out, cv2.merge([(flakes * 190).astype(np.uint8)] * 3), dst=out)


@dataclass(frozen=True, slots=True)
class _KeyPose:
    """One drawing of a figure: its body, its reflection on a wet floor, and where it stood."""

    number: int
    body: Cel
    image: Cel | None
    spot: Spot


def _spot(camera: Camera, placed: Placed) -> tuple[float, float, float]:
    """Where a figure's neck is on screen, and its scale in pixels per metre."""
    middle = placed.y + placed.height * 0.8
    at, above = camera.project(np.array([[placed.x, middle, placed.z], [placed.x, middle + 0.1, placed.z]]))
    return float(at[0]), float(at[1]), float(np.hypot(*(above - at))) / 0.1


def _shadow(out: Bytes, shade: tuple[Array, int, int] | None, opacity: float) -> None:
    """Takes the light at a figure's feet away, in place."""
    if shade is None:
        return
    mask, x, y = shade
    region = out[y : y + mask.shape[0], x : x + mask.shape[1]]
    region[:] = (region * (np.sqrt(1 - mask * opacity))[..., None]).astype(np.uint8)
