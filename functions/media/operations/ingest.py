"""What a vendor made, into our house: copied at once, looked at, and given what every frame and take gets."""

from pathlib import Path
from typing import Any

from media.operations import clips, frames, training, vfx, worker
from media.work import Work
from vibeboard.domain.errors import ProviderFailed
from vibeboard.media.probe import probe
from vibeboard.media.proxies import render_pass
from vibeboard.providers import ssrf
from vibeboard.providers.ssrf import MEGABYTE
from vibeboard.store import objects

IMAGE_BYTES = 40 * MEGABYTE
IMAGE_PIXELS = 40_000_000
FOOTAGE_BYTES = 2048 * MEGABYTE
SOUND_BYTES = 256 * MEGABYTE


def run(work: Work) -> dict[str, Any]:
    """The result of a vendor's job, in the shape our own engine gives. Raises ProviderFailed, ssrf.Forbidden."""
    answer = work.job["answer"]
    if work.job["operation"] in ("frame.draw", "frame.edit"):
        return frame(work, answer)
    if work.job["operation"] == "character.train":
        return training.run(work)
    if work.job["operation"] in worker.TAKEN:
        return worker.run(work)
    if work.job["operation"].startswith("vfx."):
        # fal answers the eraser with a picture, the worker the other operations with a film.
        kind, most = (
            ("image/", IMAGE_BYTES) if work.job["operation"] == "vfx.magic-eraser" else ("video/", FOOTAGE_BYTES)
        )
        name = "plate" if kind == "image/" else "picture.mp4"
        return vfx.from_vendor(work, bring(work, answer["picture"], name, most, kind), str(answer["model"]))
    picture = bring(work, answer["picture"], "picture.mp4", FOOTAGE_BYTES, "video/")
    model = str(answer["model"])
    if work.job["operation"] == "clip.render":
        return rendered(work, picture, model)
    sound = bring(work, answer["sound"], "sound.wav", SOUND_BYTES, "audio/") if "sound" in answer else None
    return clips.ingest(work, picture, sound, work.input["frames"]) | {"model": model}


def bring(work: Work, source: dict[str, str], name: str, most: int, kind: str) -> Path:
    """Get one output into the job's folder: from our bucket, where the worker put it, or from the vendor's address."""
    path = work.out(name)
    if "key" in source:
        if objects.size(source["key"]) > most:
            raise ProviderFailed(f"The output is larger than {most // MEGABYTE} MB", fix="Generate it again.")
        return objects.download(source["key"], path)
    return ssrf.fetch(source["url"], path, max_bytes=most, types=(kind, "application/octet-stream"))


def frame(work: Work, answer: dict[str, Any]) -> dict[str, Any]:
    """A storyboard frame as PNG at the size that was ordered: models that know only named ratios are cropped to it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = bring(work, answer["picture"], "vendor", IMAGE_BYTES, "image/")
    size = (work.input["width"], work.input["height"])
    try:
        with Image.open(path, formats=["PNG", "JPEG", "WEBP"]) as opened:
            if opened.width * opened.height > IMAGE_PIXELS:
                raise ProviderFailed(
                    f"The picture has {opened.width} x {opened.height} pixels", fix="Generate it again."
                )
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ProviderFailed("The provider's picture cannot be read", fix="Generate it again.") from error
    native = picture.size
    if native != size:
        picture = ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    out = work.out("frame.png")
    picture.save(out, "PNG")
    return {
        "frame": work.keep(out),
        "width": size[0],
        "height": size[1],
        "nativeSize": list(native),
        "model": str(answer["model"]),
        "seed": answer.get("seed", work.input["seed"]),
        **frames.continuity(work, out.read_bytes()),
    }


def rendered(work: Work, picture: Path, model: str) -> dict[str, Any]:
    """A render pass at the ordered size; scaling and burn-in are our own, and the model's name says so."""
    body, info = work.input, probe(picture)
    if body["burnIn"] or (info.width, info.height) != (body["width"], body["height"]):
        out = work.out("pass.mp4")
        render_pass(
            picture,
            out,
            width=body["width"],
            height=body["height"],
            burn_in=clips.burn_in_of(body),
            progress=work.progress,
        )
        if (info.width, info.height) != (body["width"], body["height"]):
            model = f"{model} + {clips.UPSCALED}"
        picture = out
    native = [info.width, info.height]
    return {"picture": work.keep(picture), "model": model, "nativeSize": native, **clips.lengths(probe(picture))}
