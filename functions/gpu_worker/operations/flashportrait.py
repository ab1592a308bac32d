"""flashportrait.perform: FlashPortrait, a still face gives the performance of a driving video. CPU: a warp by the
driver's motion."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.domain.errors import Invalid
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import probe
from vibeboard.providers.worker_ops import Perform

_WAN = "checkpoints/Wan2.1-I2V-14B-720P"
_OWN = "checkpoints/FlashPortrait"
MODEL = Model(
    name="flashportrait",
    repository="Francis-Rings/FlashPortrait",
    commit="91e94f344c6fcd3bc81c360a989f239f95937686",
    weights="FlashPortrait on Wan2.1-I2V-14B-720P",
    licences=("apache-2.0",),
    folder="FlashPortrait",
    needs=(
        "config/wan2.1/wan_civitai.yaml",
        _WAN,
        f"{_OWN}/transformer.pt",
        f"{_OWN}/portrait_encoder.pt",
        f"{_OWN}/face_det.onnx",
        f"{_OWN}/face_landmark.onnx",
        f"{_OWN}/pd_fpg.pth",
    ),
    packages=("wan",),
    gigabytes=60,
)
LATENT_FRAMES, STRETCH_FRAMES, STEP = 51, 201, 16
LONGEST = 1500  # frames of a driving video


def _load(root: Path) -> Any:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler
    from omegaconf import OmegaConf
    from transformers import AutoTokenizer
    from wan.models import AutoencoderKLWan, CLIPModel, WanT5EncoderModel, WanTransformer3DModel
    from wan.models.face_align import FaceAlignment
    from wan.models.face_model import FaceModel
    from wan.models.pdf import FanEncoder
    from wan.models.portrait_encoder import PortraitEncoder
    from wan.pipeline.pipeline_wan_long import WanI2VLongPipeline
    from wan.utils.utils import filter_kwargs

    config = OmegaConf.load(root / MODEL.needs[0])
    wan, own, kind = root / _WAN, root / _OWN, torch.bfloat16

    def part(section: str, name: str, default: str) -> str:
        return str(wan / config[section].get(name, default))

    def plain(section: str) -> Any:
        return OmegaConf.to_container(config[section])

    def state(name: str) -> Any:
        held = torch.load(own / name, map_location="cpu", weights_only=True)
        return held.get("state_dict", held)

    transformer = WanTransformer3DModel.from_pretrained(
        part("transformer_additional_kwargs", "transformer_subpath", "transformer"),
        transformer_additional_kwargs=plain("transformer_additional_kwargs"),
        low_cpu_mem_usage=True,
        torch_dtype=kind,
    )
    transformer.load_state_dict(state("transformer.pt"), strict=False)
    encoder = PortraitEncoder(adapter_in_dim=768, adapter_proj_dim=2048)
    weights = state("portrait_encoder.pt")
    for prefix, module in (
        ("proj_model.", encoder.proj_model),
        ("mouth_proj_model.", encoder.mouth_proj_model),
        ("emo_proj_model.", encoder.emo_proj_model),
    ):
        module.load_state_dict({key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)})
    text = WanT5EncoderModel.from_pretrained(
        part("text_encoder_kwargs", "text_encoder_subpath", "text_encoder"),
        additional_kwargs=plain("text_encoder_kwargs"),
        low_cpu_mem_usage=True,
        torch_dtype=kind,
    )
    vae = AutoencoderKLWan.from_pretrained(
        part("vae_kwargs", "vae_subpath", "vae"), additional_kwargs=plain("vae_kwargs")
    )
    clip = CLIPModel.from_pretrained(part("image_encoder_kwargs", "image_encoder_subpath", "image_encoder"))
    scheduler = FlowMatchEulerDiscreteScheduler(
        **filter_kwargs(FlowMatchEulerDiscreteScheduler, plain("scheduler_kwargs"))
    )
    pipe = WanI2VLongPipeline(
        transformer=transformer,
        vae=vae.to(kind),
        tokenizer=AutoTokenizer.from_pretrained(part("text_encoder_kwargs", "tokenizer_subpath", "tokenizer")),
        text_encoder=text.eval(),
        scheduler=scheduler,
        clip_image_encoder=clip.to(kind).eval(),
        portrait_encoder=encoder.eval(),
    )
    pipe.enable_model_cpu_offload(device="cuda")
    aligner = FaceModel(
        face_alignment_module=FaceAlignment(
            gpu_id=None,
            alignment_model_path=str(own / "face_landmark.onnx"),
            det_model_path=str(own / "face_det.onnx"),
        ),
        reset=False,
    )
    motion = FanEncoder()
    motion.load_state_dict(torch.load(own / "pd_fpg.pth", map_location="cpu"), strict=False)
    return SimpleNamespace(pipe=pipe, aligner=aligner, motion=motion.eval().to("cuda"))


def _expression(held: Any, frames: list[Any]) -> Any:
    """Head pose, eyes, emotion and mouth of every driving frame: (1, frames, features)."""
    import torch
    from wan.models.pdf import det_landmarks, get_drive_expression_pd_fgc

    landmarks = det_landmarks(held.aligner, frames)[1]
    rows = get_drive_expression_pd_fgc(held.motion, frames, landmarks, torch.device("cuda"))
    names = ("headpose_emb", "eye_embed", "emo_embed", "mouth_feat")
    return torch.cat([torch.cat([row[name] for name in names], dim=1) for row in rows], dim=0).unsqueeze(0)


def _driving(bench: Bench) -> tuple[list[Any], Any]:
    info = probe(bench.assets["driving"])
    if info.frames > LONGEST:
        raise Invalid(f"The driving video has {info.frames} frames, at most {LONGEST} are taken", fix="Cut it shorter.")
    return list(bgr_frames(info)), info


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch
    from PIL import Image

    wanted = cast(Perform, bench.params)
    held = resident(MODEL, _load)
    frames, info = _driving(bench)
    frames = frames[: (len(frames) - 1) // 4 * 4 + 1]  # the model's time steps are of four frames
    bench.progress(0.1, "expression")
    with Image.open(bench.assets["reference"]) as opened:
        picture = opened.convert("RGB")
    scale = wanted.max_size / max(picture.size)
    width, height = (-(-int(side * scale) // STEP) * STEP for side in picture.size)
    still = picture.resize((width, height), Image.Resampling.LANCZOS)
    video = torch.from_numpy(np.array(still)).permute(2, 0, 1)[None, :, None].repeat(1, 1, STRETCH_FRAMES, 1, 1) / 255
    mask = torch.zeros_like(video[:, :1])
    mask[:, :, 1:] = 255
    with torch.no_grad():
        expression = _expression(held, frames)
        bench.progress(0.2, "performance")
        sample = held.pipe(
            wanted.prompt,
            num_frames=len(frames),
            negative_prompt=wanted.negative_prompt,
            height=height,
            width=width,
            generator=torch.Generator(device="cuda").manual_seed(wanted.seed),
            guidance_scale=4.0,
            num_inference_steps=wanted.steps,
            video=video,
            mask_video=mask,
            clip_image=still,
            shift=5,
            context_overlap=wanted.context_overlap,
            context_size=wanted.context_size,
            latents_num_frames=LATENT_FRAMES,
            ip_scale=1.0,
            head_emo_feat_all=expression.to("cuda"),
            sub_num_frames=STRETCH_FRAMES,
            text_cfg_scale=wanted.text_cfg,
            emo_cfg_scale=wanted.emotion_cfg,
        ).videos
    pictures = (sample[0].permute(1, 2, 3, 0).float().cpu().numpy() * 255).round().clip(0, 255).astype(np.uint8)
    write_bgr((row[..., ::-1] for row in pictures), (width, height), info.rate, bench.out("picture"))
    return Made({"frames": len(pictures), "width": width, "height": height}, seed=wanted.seed)


def on_cpu(bench: Bench) -> Made:
    from vibeboard.providers.sandbox import performance

    wanted = cast(Perform, bench.params)
    facts = performance.perform(
        bench.assets["reference"],
        bench.assets["driving"],
        bench.out("picture"),
        max_size=wanted.max_size,
        progress=lambda part: bench.progress(part, "warp"),
    )
    return Made(facts, model=performance.MODEL, seed=wanted.seed)
