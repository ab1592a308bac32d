"""infcam.reshoot: InfCam, a shot photographed again along another camera path. CPU: a flat re-photograph.

The model takes 81 frames of 832 x 480; longer shots go through in stretches of 81 that share their ends, and the result
comes at the model's size with the shot's frames and rate.
"""

import json
from pathlib import Path
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.media import vfx
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import probe
from vibeboard.providers.worker_film import CAMERA_PATHS, Reshoot

_WAN = "models/Wan-AI/Wan2.1-T2V-1.3B"
MODEL = Model(
    name="infcam",
    repository="emjay73/InfCam",
    commit="02ac8e750d6f0bd8612e6fc89aadb04af318c550",
    weights="emjay73/InfCam step35000 on Wan2.1-T2V-1.3B; unidepth-v2-vitl14",
    licences=("infcam-unlicensed", "apache-2.0"),
    folder="InfCam",
    needs=(
        f"{_WAN}/Wan2.1_VAE.pth",
        "models/InfCam/step35000.ckpt",
        "models/unidepth-v2-vitl14",
        "sample_data/cameras/camera_extrinsics_10types.json",
    ),
    packages=("diffsynth", "unidepth", "utils"),
    gigabytes=80,
)
FRAMES, WIDTH, HEIGHT = 81, 832, 480
SENSOR_WIDTH_MM, DEFAULT_FOCAL_MM = 23.76, 24.0


def _load(root: Path) -> Any:
    import torch
    from diffsynth import ModelManager, WanVideoInfCamPipeline
    from diffsynth.models.wan_video_dit import SelfAttentionPre

    wan = root / _WAN
    manager = ModelManager(torch_dtype=torch.bfloat16, device="cpu")
    names = ("diffusion_pytorch_model.safetensors", "models_t5_umt5-xxl-enc-bf16.pth", "Wan2.1_VAE.pth")
    manager.load_models([str(wan / name) for name in names])
    pipe = WanVideoInfCamPipeline.from_model_manager(manager, device="cuda")
    width = pipe.dit.blocks[0].self_attn.q.weight.shape[0]
    for block in pipe.dit.blocks:  # the layers InfCam adds; the checkpoint fills them
        block.self_attn_pre = SelfAttentionPre(block.self_attn.dim, block.self_attn.num_heads)
        block.norm0 = torch.nn.LayerNorm(block.dim, elementwise_affine=False)
        block.modulation0 = torch.nn.Parameter(torch.zeros(1, 6, block.dim))
        block.cam_encoder = torch.nn.Linear(16, width)
        block.zero_conv = torch.nn.Conv3d(width, width, kernel_size=(1, 1, 1))
    pipe.dit.load_state_dict(torch.load(root / "models/InfCam/step35000.ckpt", map_location="cpu"), strict=True)
    pipe.to("cuda")
    pipe.to(dtype=torch.bfloat16)
    return pipe


def trajectory(path: Path, camera: str, start: float, end: float) -> Any:
    """One of the model's own ten camera paths from part `start` to `end` of its way: (21, 12) camera-to-world rows."""
    import numpy as np

    cameras = json.loads(path.read_text("utf-8"))
    column = f"cam{CAMERA_PATHS.index(camera) + 1:02d}"
    rows = []
    for step in range((FRAMES - 1) // 4 + 1):
        frame = round((FRAMES - 1) * (start + (end - start) * step * 4 / (FRAMES - 1)))
        text = cameras[f"frame{frame}"][column].strip().split("] [")
        matrix = np.array([[float(number) for number in row.strip("[] ").split()] for row in text]).T
        world = matrix[:, [1, 2, 0, 3]]  # the data set's axes to the model's: right, down, ahead
        world[:3, 1] *= -1.0
        world[:3, 3] /= 100  # centimetres to metres
        rows.append(world[:3].reshape(12))
    return np.stack(rows)


def stretches(frames: int) -> list[tuple[int, int]]:
    """First and last frame of each pass: at most 81 frames, each starting where the one before ended."""
    found, first = [], 0
    while True:
        last = min(frames - 1, first + FRAMES - 1)
        found.append((first, last))
        if last >= frames - 1:
            return found
        first = last


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch

    wanted = cast(Reshoot, bench.params)
    pipe = resident(MODEL, _load)
    info = probe(bench.assets["picture"])
    frames = [_covering(frame) for frame in bgr_frames(info)]
    focal = DEFAULT_FOCAL_MM * WIDTH / SENSOR_WIDTH_MM
    lens = torch.tensor([[focal, focal, WIDTH / 2, HEIGHT / 2]]).to(torch.bfloat16)
    zoomed = torch.tensor([[focal * wanted.zoom, focal * wanted.zoom, WIDTH / 2, HEIGHT / 2]]).to(torch.bfloat16)
    cameras = MODEL.root / MODEL.needs[3]
    made: list[Any] = []
    passes = stretches(len(frames))
    for number, (first, last) in enumerate(passes):
        bench.progress(0.05 + 0.9 * number / len(passes), f"pass {number + 1}/{len(passes)}")
        moments = np.linspace(first, last, FRAMES).round().astype(int)
        stack = np.stack([frames[moment][..., ::-1] for moment in moments]).astype(np.float32) / 127.5 - 1
        video = torch.from_numpy(stack).permute(3, 0, 1, 2)[None]  # batch, channels, time, rows, columns
        span = max(1, len(frames) - 1)
        path = trajectory(cameras, wanted.camera_path, first / span, last / span)
        result = pipe(
            prompt=[wanted.prompt],
            negative_prompt=wanted.negative_prompt,
            source_video=video,
            cam_intrinsic=(lens, zoomed),
            cam_extrinsic=torch.from_numpy(path)[None].to(torch.bfloat16),
            cfg_scale=wanted.cfg_scale,
            num_inference_steps=wanted.steps,
            seed=wanted.seed,
            tiled=True,
            num_frames=FRAMES,
            height=HEIGHT,
            width=WIDTH,
            progress_bar_cmd=bench.steps(
                0.05 + 0.9 * number / len(passes), 0.05 + 0.9 * (number + 1) / len(passes), "denoising"
            ),
        )
        nearest = [int(np.abs(moments - moment).argmin()) for moment in range(first, last + 1)]
        made += [np.asarray(result[index])[..., ::-1] for index in (nearest if number == 0 else nearest[1:])]
    write_bgr(iter(made), (WIDTH, HEIGHT), info.rate, bench.out("picture"))
    return Made({"frames": len(made), "passes": len(passes)}, seed=wanted.seed)


def _covering(frame: Any) -> Any:
    """Scaled to cover the model's picture, the middle cut out."""
    import cv2

    height, width = frame.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    size = (max(WIDTH, round(width * scale)), max(HEIGHT, round(height * scale)))
    large = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (large.shape[0] - HEIGHT) // 2, (large.shape[1] - WIDTH) // 2
    return large[top : top + HEIGHT, left : left + WIDTH]


def on_cpu(bench: Bench) -> Made:
    wanted = cast(Reshoot, bench.params)
    move = vfx.camera_move(wanted.camera_path, wanted.amount)
    progress = bench.share(0.05, 0.95, "re-photograph")
    made = vfx.reshoot(bench.assets["picture"], bench.out("picture"), move=move, progress=progress)
    return Made({"frames": made["frames"], "parallax": False}, model="sandbox/vfx", seed=wanted.seed)
