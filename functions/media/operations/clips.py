"""Footage (SOP steps 8 and 11): a take from its frames, measured as it comes in; and its passes at other qualities."""

from pathlib import Path
from typing import Any

from media.operations.frames import look
from media.work import Work
from vibeboard.media.dailies import analyze
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.proxies import BurnIn, peaks, render_pass, web_proxy
from vibeboard.media.stills import poster
from vibeboard.providers.ports import ClipRequest, ClipResult
from vibeboard.providers.sandbox.picture import render_clip

UPSCALED = "sandbox/upscale"


def _shoot(work: Work, progress: Any) -> ClipResult:
    body = work.input
    request = ClipRequest(
        first_frame=work.fetch(body["firstFrame"], "first.png"),
        last_frame=work.fetch(body["lastFrame"], "last.png"),
        prompt=body["prompt"],
        width=body["width"],
        height=body["height"],
        rate=work.rate,
        frames=body["frames"],
        seed=body["seed"],
        tone=body["tone"],
        genre=body["genre"],
        sound_frames=body["soundFrames"],
        cast=tuple(look(member) for member in body["cast"]),
        place=body["place"],
        palette=tuple(body["palette"]),
    )
    return render_clip(request, work.out("clip.mp4"), work.out("sound.wav"), progress)


def ingest(work: Work, picture: Path, sound: Path | None, planned_frames: int) -> dict[str, Any]:
    """What every take gets, whoever made it: proxy, poster, peaks, and its measurement. Lengths as probed."""
    info = probe(picture)
    web_proxy(picture, work.out("proxy.mp4"), sound=sound)
    poster(picture, work.out("poster.jpg"))
    report = analyze(
        picture,
        references=_references(work),
        planned_frames=planned_frames,
        rate=work.rate,
        progress=work.share(0.6, 0.95),
    )
    result: dict[str, Any] = {
        "picture": work.keep(picture),
        "proxy": work.keep(work.out("proxy.mp4")),
        "poster": work.keep(work.out("poster.jpg")),
        "report": report.to_dict(),
        **lengths(info),
    }
    if sound is not None:
        peaks(sound, work.out("peaks.json"))
        result |= {
            "sound": work.keep(sound),
            "peaks": work.keep(work.out("peaks.json")),
            "samples": probe(sound).samples_48k,
        }
    return result


def _references(work: Work) -> list[Path]:
    """Who and what the shot shows: its approved frames, which were drawn from the cast's looks."""
    names = {"firstFrame": "first.png", "lastFrame": "last.png"}
    return [work.fetch(work.input[field], name) for field, name in names.items() if work.input.get(field)]


def lengths(info: MediaInfo) -> dict[str, Any]:
    return {"frames": info.frames, "width": info.width, "height": info.height, "rate": str(info.rate)}


def burn_in_of(body: dict[str, Any]) -> BurnIn | None:
    """What an order wants written into the picture."""
    if not body["burnIn"]:
        return None
    text = body.get("burnInText", {})
    return BurnIn(
        body["shotName"],
        body["take"],
        body["quality"],
        watermark=text.get("watermark", ""),
        date=text.get("date", ""),
    )


def generate(work: Work) -> dict[str, Any]:
    """A new take."""
    made = _shoot(work, work.share(0.0, 0.6))
    return ingest(work, made.picture, made.sound, work.input["frames"]) | {"model": made.model}


def render(work: Work) -> dict[str, Any]:
    """A pass: the take's whole recipe at another size. A take that VFX made is scaled instead; the model says so."""
    body = work.input
    if "upscale" in body:
        picture, model = work.fetch(body["upscale"], "take.mp4"), UPSCALED
        native = probe(picture)
    else:
        made = _shoot(work, work.share(0.0, 0.8))
        picture, model = made.picture, made.model
        native = probe(picture)
    if "upscale" in body or body["burnIn"]:
        out = work.out("pass.mp4")
        render_pass(
            picture, out, width=body["width"], height=body["height"], burn_in=burn_in_of(body), progress=work.progress
        )
        picture = out
    size = [native.width, native.height]
    return {"picture": work.keep(picture), "model": model, "nativeSize": size, **lengths(probe(picture))}
