"""Under which terms each engine's output comes, as far as we read them; what nobody read stays unknown.

The sidecar and the press kit state these for every model that made a frame of the film. They are notes for a
producer's clearance, not legal advice.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of a model. commercial: None when it is not known."""

    terms: str
    commercial: bool | None


UNKNOWN = Licence("not known: ask the vendor before release", None)
_FAL = "used through fal under fal's terms of service"
_SANDBOX = Licence("part of VibeBoard; computed on the CPU, no vendor model ran", True)

LICENCES: dict[str, Licence] = {
    "fal-ai/flux/dev": Licence(f"FLUX.1 [dev]: weights non-commercial; {_FAL}", None),
    "fal-ai/flux-lora": Licence(f"FLUX.1 [dev] with a LoRA: weights non-commercial; {_FAL}", None),
    "fal-ai/flux-kontext/dev": Licence(f"FLUX.1 Kontext [dev]: weights non-commercial; {_FAL}", None),
    "fal-ai/flux-kontext-lora": Licence(f"FLUX.1 Kontext [dev] with a LoRA: weights non-commercial; {_FAL}", None),
    "fal-ai/qwen-image-edit-2511": Licence(f"Qwen-Image-Edit-2511: Apache-2.0; {_FAL}", True),
    "fal-ai/qwen-image-edit-2511/lora": Licence(f"Qwen-Image-Edit-2511 with a LoRA: Apache-2.0; {_FAL}", True),
    "fal-ai/ideogram/v2": Licence(f"Ideogram v2: proprietary; {_FAL}", None),
    "fal-ai/nano-banana-pro": Licence(f"Google image model: proprietary; {_FAL}", None),
    "runpod/stable-video-infinity": Licence("Stable Video Infinity: MIT, on Wan2.1: Apache-2.0", True),
    "3d-re-gen": Licence(
        "3D-RE-GEN: MIT code; Hunyuan3D-2, SAM, VGGT and Grounding-DINO have terms of their own", None
    ),
    "mvinverse": Licence("MVInverse: for non-commercial purposes", False),
    "flashportrait": Licence("FlashPortrait: Apache-2.0", True),
    "cari4d": Licence("CARI4D: NVIDIA, non-commercial research only", False),
    "genfocus": Licence("GenFocus: Apache-2.0 code on FLUX.1-dev weights, which are non-commercial", False),
    "infcam": Licence("InfCam: no licence file", None),
}


def licence_of(model: str) -> Licence:
    """Terms of a model by the id in its provenance. Scaling and repairs joined by " + " take the stricter."""
    parts = [_one(part.strip()) for part in model.split(" + ")]
    if len(parts) == 1:
        return parts[0]
    verdicts = [part.commercial for part in parts]
    strict = False if False in verdicts else None if None in verdicts else True
    return Licence("; ".join(part.terms for part in parts), strict)


def _one(model: str) -> Licence:
    if model.startswith(("sandbox/", "ffmpeg/")):
        return _SANDBOX
    name = model.lower()
    return LICENCES.get(name) or next((LICENCES[key] for key in LICENCES if key in name.split("/")), UNKNOWN)
