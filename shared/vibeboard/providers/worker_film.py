"""The worker's operations on footage: making it, mending it, measuring it. The envelope is `worker_ops`."""

from typing import Annotated, Literal

from pydantic import Field

from vibeboard.providers.worker_wire import Seed, Wire, Words

# InfCam's cam_type 1 to 10, in its order.
CAMERA_PATHS = (
    "pan_right", "pan_left", "tilt_up", "tilt_down", "zoom_in", "zoom_out",
    "translate_up", "translate_down", "arc_left", "arc_right",
)  # fmt: skip
CameraPath = Literal[
    "pan_right", "pan_left", "tilt_up", "tilt_down", "zoom_in", "zoom_out",
    "translate_up", "translate_down", "arc_left", "arc_right",
]  # fmt: skip

Side = Annotated[int, Field(ge=16, le=4096)]
Steps = Annotated[int, Field(ge=1, le=100)]
Part = Annotated[float, Field(ge=0, le=1)]


class Rate(Wire):
    """Frames a second, exactly."""

    numerator: Annotated[int, Field(ge=1, le=240_000)]
    denominator: Annotated[int, Field(ge=1, le=1_001)]


class ImageToVideo(Wire):
    """SVI: a shot from its first frame. The model has no last-frame input; the CPU engine uses one."""

    mode: Literal["image_to_video"] = "image_to_video"
    prompt: Words
    negative_prompt: Words = ""
    width: Side
    height: Side
    rate: Rate
    frames: Annotated[int, Field(ge=1, le=3_600)]
    sound_frames: Annotated[int, Field(ge=0, le=3_700)] = 0
    seed: Seed
    steps: Steps = 50
    cfg_scale: Annotated[float, Field(ge=1, le=20)] = 5.0
    ref_pad_num: Annotated[int, Field(ge=-1, le=81)] = 0
    max_width: Annotated[int, Field(ge=256, le=1_280)] = 832


class FocusRescue(Wire):
    """DiffCamera (or GenFocus' DeblurNet) on every frame. sigma: the blur in pixels for the CPU engine, measured when
    left out. focus: the point that is to be sharp, in parts of the picture."""

    sigma: Annotated[float, Field(gt=0, le=12)] | None = None
    focus: tuple[Part, Part] | None = None
    steps: Steps = 28
    long_side: Annotated[int, Field(ge=0, le=4_096)] = 0
    seed: Seed = 42


class Reshoot(Wire):
    """InfCam: another camera path. amount: how far the CPU engine goes, in parts of the picture."""

    camera_path: CameraPath = "zoom_in"
    amount: Annotated[float, Field(gt=0, le=0.5)] = 0.12
    prompt: Words
    negative_prompt: Words = ""
    zoom: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    steps: Steps = 20
    cfg_scale: Annotated[float, Field(ge=1, le=20)] = 5.0
    seed: Seed


class Dailies(Wire):
    """Model-based measures. every: features of each n-th frame only."""

    every: Annotated[int, Field(ge=1, le=24)] = 1
