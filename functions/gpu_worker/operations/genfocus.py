"""genfocus.refocus: Generative Refocusing, a picture sharp throughout and then focused anew. CPU: deconvolution and a
lens blur by a depth guess.

DeblurNet and BokehNet are LoRAs on FLUX.1-dev; distances come from Depth Pro. Pictures keep their size: the model works
on sides rounded up to multiples of 16 (or at `long_side`), and its result is scaled back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.providers.worker_ops import Refocus

MODEL = Model(
    name="genfocus",
    repository="rayray9999/Genfocus",
    commit="54752a13a1357d485fc524b77360183886045f76",
    weights="nycu-cplab/Genfocus-Model on FLUX.1-dev; Depth Pro",
    licences=("apache-2.0", "flux-1-dev", "apple-depth-pro"),
    folder="Genfocus",
    needs=("deblurNet.safetensors", "bokehNet.safetensors", "checkpoints/depth_pro.pt", "FLUX.1-dev"),
    packages=("Genfocus", "depth_pro"),
    gigabytes=48,
)
WIDEST_BLUR = 100.0  # the circle of confusion that BokehNet's defocus map calls 1
TILED_FROM = 512  # pixels of the shorter side; smaller pictures are denoised whole
SEED = 42


class Lens:
    """FLUX.1-dev with one of the two LoRAs on, and the depth model."""

    def __init__(self, root: Path) -> None:
        import torch
        from diffusers import FluxPipeline

        self.root = root
        self.pipe = FluxPipeline.from_pretrained(str(root / "FLUX.1-dev"), torch_dtype=torch.bfloat16).to("cuda")
        self._adapter = ""
        self._depth: Any = None

    def wear(self, adapter: str, weights: str) -> None:
        if adapter != self._adapter:
            self.pipe.unload_lora_weights()
            self.pipe.load_lora_weights(str(self.root), weight_name=weights, adapter_name=adapter)
            self.pipe.set_adapters([adapter])
            self._adapter = adapter

    def disparity(self, picture: Any) -> Any:
        """1 / metres for every pixel."""
        import cv2
        import numpy as np
        import torch

        if self._depth is None:
            import depth_pro

            config = depth_pro.depth_pro.DEFAULT_MONODEPTH_CONFIG_DICT
            config.checkpoint_uri = str(self.root / "checkpoints" / "depth_pro.pt")
            model, transform = depth_pro.create_model_and_transforms(config=config)
            self._depth = model.eval().to("cuda"), transform
        model, transform = self._depth
        with torch.no_grad():
            depth = model.infer(transform(picture).to("cuda"), f_px=None)["depth"].cpu().numpy().squeeze()
        depth = cv2.resize(depth, picture.size, interpolation=cv2.INTER_LINEAR)
        return 1.0 / np.where(depth > 0.0, depth, np.finfo(np.float32).max)


def lens() -> Lens:
    return cast(Lens, resident(MODEL, Lens))


def fitted(picture: Any, longest: int) -> Any:
    """The picture at a size the model takes: both sides multiples of 16, at most `longest` where that is given."""
    from PIL import Image

    width, height = picture.size
    scale = min(1.0, longest / max(width, height)) if longest else 1.0
    size = tuple(max(16, -(-int(side * scale) // 16) * 16) for side in (width, height))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def deblurred(held: Lens, picture: Any, steps: int, step: Callable[..., Any] | None = None, seed: int = SEED) -> Any:
    """The picture with everything in focus. step: called after each denoising step."""
    from Genfocus.pipeline.flux import Condition, generate, seed_everything

    held.wear("deblurring", "deblurNet.safetensors")
    seed_everything(seed)
    width, height = picture.size
    return generate(
        held.pipe,
        height=height,
        width=width,
        prompt="a sharp photo with everything in focus",
        num_inference_steps=steps,
        conditions=[Condition(picture, "deblurring", [0, 0], 1.0)],
        NO_TILED_DENOISE=min(width, height) < TILED_FROM,
        callback_on_step_end=step,
    ).images[0]


def refocused(
    held: Lens, sharp: Any, focus: tuple[float, float], k: float, steps: int, step: Callable[..., Any]
) -> Any:
    """A sharp picture with the lens open: in focus where `focus` (0..1 across and down) lies, k is how far open."""
    import numpy as np
    import torch
    from Genfocus.pipeline.flux import Condition, generate, seed_everything

    width, height = sharp.size
    disparity = held.disparity(sharp)
    at = disparity[min(height - 1, int(focus[1] * height)), min(width - 1, int(focus[0] * width))]
    defocus = torch.from_numpy(np.abs(k * (disparity - at))).unsqueeze(0).float()
    field = (defocus / WIDEST_BLUR).clamp(0, 1).repeat(3, 1, 1).unsqueeze(0)
    held.wear("bokeh", "bokehNet.safetensors")
    seed_everything(SEED)
    with torch.no_grad():
        return generate(
            held.pipe,
            height=height,
            width=width,
            prompt="an excellent photo with a large aperture",
            num_inference_steps=steps,
            conditions=[Condition(sharp, "bokeh"), Condition(field, "bokeh", [0, 0], 1.0, No_preprocess=True)],
            guidance_scale=1.0,
            kv_cache=False,
            generator=torch.Generator(device="cuda").manual_seed(1234),
            NO_TILED_DENOISE=min(width, height) < TILED_FROM,
            callback_on_step_end=step,
        ).images[0]


def stepping(bench: Bench, start: float, end: float, steps: int, stage: str) -> Callable[..., Any]:
    """diffusers' callback after each step: tells progress, and ends the work once the order is called off."""

    def after(_pipe: Any, index: int, _moment: Any, held: dict[str, Any]) -> dict[str, Any]:
        bench.progress(start + (end - start) * (index + 1) / steps, stage)
        return held

    return after


def on_gpu(bench: Bench) -> Made:
    from PIL import Image

    wanted = cast(Refocus, bench.params)
    held = lens()
    with Image.open(bench.assets["image"]) as opened:
        picture = opened.convert("RGB")
    focus = (wanted.focus_x / picture.width, wanted.focus_y / picture.height)
    work = fitted(picture, wanted.long_side)
    made = deblurred(held, work, wanted.steps, stepping(bench, 0.1, 0.5, wanted.steps, "all in focus"))
    if wanted.k > 0:
        open_lens = stepping(bench, 0.5, 0.95, wanted.steps, "lens open")
        made = refocused(held, made, focus, wanted.k, wanted.steps, open_lens)
    made.resize(picture.size, Image.Resampling.LANCZOS).save(bench.out("picture"))
    return Made({"width": picture.width, "height": picture.height, "k": wanted.k}, seed=SEED)


def on_cpu(bench: Bench) -> Made:
    """Wiener deconvolution of the blur that is measured, then discs of blur by distance from the focused plane."""
    import cv2

    from vibeboard.media.deblur import deconvolved, measured_blur
    from vibeboard.providers.sandbox import pictures
    from vibeboard.providers.sandbox.lens_blur import opened

    wanted = cast(Refocus, bench.params)
    picture = pictures.read(bench.assets["image"], wanted.long_side or 4096)
    sigma = measured_blur([picture])
    sharp = deconvolved(picture, sigma) if sigma else picture
    bench.progress(0.4, "all in focus")
    height, width = picture.shape[:2]
    focus = (min(1.0, wanted.focus_x / width), min(1.0, wanted.focus_y / height))
    made = opened(sharp, focus, wanted.k, wanted.bokeh_shape) if wanted.k > 0 else sharp
    cv2.imwrite(str(bench.out("picture")), made)
    return Made({"blurSigma": round(sigma, 3), "measuredDepth": False}, model="sandbox/refocus")
