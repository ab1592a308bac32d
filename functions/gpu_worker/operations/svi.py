"""svi.image_to_video: Stable Video Infinity, clips of five seconds chained into one shot. CPU: the animatic.

SVI has no last-frame input: it goes on from the first frame, each clip from the last frames of the one before. Its
native picture is of the 480p class at 24 frames a second; what is larger is scaled by whoever orders it.
"""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.media.frames import write_bgr
from vibeboard.providers.ports import ClipRequest
from vibeboard.providers.worker_film import ImageToVideo

_WAN = "weights/Wan2.1-I2V-14B-480P"
MODEL = Model(
    name="svi/1.0-shot",
    repository="vita-epfl/Stable-Video-Infinity",
    commit="afe257ba472cab18a0f9df2618668a455428a48b",
    weights="Stable-Video-Infinity version-1.0 svi-shot on Wan2.1-I2V-14B-480P",
    licences=("mit", "apache-2.0"),
    folder="Stable-Video-Infinity",
    needs=(f"{_WAN}/Wan2.1_VAE.pth", "weights/Stable-Video-Infinity/version-1.0/svi-shot.safetensors"),
    packages=("diffsynth", "utils"),
    gigabytes=80,
)
CLIP_FRAMES = 81  # of one pass through the model
NATIVE_RATE = 24
MOTION_FRAMES = 1  # of SVI-Shot: how many frames a clip takes over from the one before
RESIDENT_PARAMETERS = 6 * 10**9  # of the transformer kept in GPU memory


def _load(root: Path) -> Any:
    import torch
    from diffsynth import ModelManager, SVIVideoPipeline

    wan = root / _WAN
    manager = ModelManager(device="cpu", train_architecture="lora")
    clip = wan / "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth"
    manager.load_models([str(clip)], torch_dtype=torch.float32)
    shards = [str(wan / f"diffusion_pytorch_model-{n:05d}-of-00007.safetensors") for n in range(1, 8)]
    rest = [str(wan / "models_t5_umt5-xxl-enc-bf16.pth"), str(wan / "Wan2.1_VAE.pth")]
    manager.load_models([shards, *rest], torch_dtype=torch.bfloat16)
    manager.load_lora_v2([str(root / MODEL.needs[1])], lora_alpha=1.0)
    pipe = SVIVideoPipeline.from_model_manager(manager, torch_dtype=torch.bfloat16, device="cuda", is_test=True)
    pipe.enable_vram_management(num_persistent_param_in_dit=RESIDENT_PARAMETERS)
    return pipe


def native_size(width: int, height: int, widest: int) -> tuple[int, int]:
    """The model's size for a picture: its proportions, at most `widest` across and of 480p's area, in steps of 16."""
    scale = min(1.0, widest / width, (832 * 480 / (width * height)) ** 0.5)
    return max(16, int(width * scale) // 16 * 16), max(16, int(height * scale) // 16 * 16)


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch
    from PIL import Image

    wanted = cast(ImageToVideo, bench.params)
    pipe = resident(MODEL, _load)
    rate = Fraction(wanted.rate.numerator, wanted.rate.denominator)
    needed = -(-wanted.frames * NATIVE_RATE // rate)
    width, height = native_size(wanted.width, wanted.height, wanted.max_width)
    still = Image.open(bench.assets["image"]).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    reference = torch.from_numpy(np.array(still)).clone()
    clips = max(1, -(-(needed - 1) // (CLIP_FRAMES - MOTION_FRAMES)))
    frames: list[Any] = []
    start: Any = still
    for number in range(clips):
        part = 0.95 / clips
        video = pipe(
            prompt=wanted.prompt,
            negative_prompt=wanted.negative_prompt,
            input_image=start,
            num_inference_steps=wanted.steps,
            cfg_scale={"text": wanted.cfg_scale},
            seed=wanted.seed + number,
            tiled=False,
            random_ref_frame=reference,
            height=height,
            width=width,
            args=SimpleNamespace(ref_pad_cfg=False, ref_pad_num=wanted.ref_pad_num),
            progress_bar_cmd=bench.steps(
                0.03 + part * number, 0.03 + part * (number + 1), f"clip {number + 1}/{clips}"
            ),
        )
        start = video[-MOTION_FRAMES:]
        frames += video if number == clips - 1 else video[:-MOTION_FRAMES]
    # The ordered frames at the ordered rate, each the model's frame nearest to its moment.
    moments = [min(len(frames) - 1, round(Fraction(index * NATIVE_RATE) / rate)) for index in range(wanted.frames)]
    pictures = (np.asarray(frames[moment])[..., ::-1] for moment in moments)
    write_bgr(pictures, (width, height), rate, bench.out("picture"))
    return Made({"clips": clips, "nativeWidth": width, "nativeHeight": height}, seed=wanted.seed)


def on_cpu(bench: Bench) -> Made:
    """The animatic engine: a camera move and morph from the first to the last frame, with a sound bed."""
    from vibeboard.providers.sandbox.picture import render_clip

    wanted = cast(ImageToVideo, bench.params)
    first = bench.assets["image"]
    request = ClipRequest(
        first_frame=first,
        last_frame=bench.assets.get("lastImage", first),
        prompt=wanted.prompt,
        width=wanted.width,
        height=wanted.height,
        rate=Fraction(wanted.rate.numerator, wanted.rate.denominator),
        frames=wanted.frames,
        seed=wanted.seed,
        sound_frames=wanted.sound_frames or wanted.frames,
    )
    made = render_clip(request, bench.out("picture"), bench.out("sound"), bench.share(0.03, 0.95, "animatic"))
    return Made({"frames": made.frames}, model=made.model, seed=made.seed)
