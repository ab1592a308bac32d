"""Cues of the timeline (SOP step 10): uploaded sound made ready, or scratch sound made from a prompt."""

from typing import Any

from media.work import Work
from vibeboard.domain.errors import Invalid
from vibeboard.domain.formats import SAMPLE_RATE
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.probe import probe
from vibeboard.media.proxies import peaks
from vibeboard.providers.sandbox.sound import scratch_bed
from vibeboard.providers.sandbox.voice import scratch_voice

CUE_SECONDS = 600.0  # longest cue


def make_cue(work: Work) -> dict[str, Any]:
    """{sound, peaks, samples, model}: 48 kHz stereo 24-bit WAV. Raises Invalid without sound, or when too long."""
    body, out = work.input, work.out("cue.wav")
    if "upload" in body:
        source = work.fetch(body["upload"])
        info = probe(source)
        if not info.has_audio:
            raise Invalid(f"{source.name} holds no sound", code="MEDIA_UNREADABLE", fix="Upload a file with sound.")
        if info.samples > CUE_SECONDS * info.sample_rate:
            raise Invalid(f"The cue is longer than {CUE_SECONDS:g} s", field="uploadId", fix="Cut it first.")
        form = ["-map", "0:a:0", "-vn", "-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s24le", str(out)]
        run([*input_args(source), *form])
        model = "ffmpeg/sound"
    else:
        samples = round(body["seconds"] * SAMPLE_RATE)
        if body["kind"] == "dialogue":
            scratch_voice(out, samples=samples, text=body["prompt"], seed=body["seed"])
        else:
            noises = body["prompt"] if body["kind"] == "effects" else ""
            mood = f"{body['tone']} {body['prompt']}" if body["kind"] == "music" else "quiet"
            scratch_bed(out, samples=samples, tone=mood, genre=body["genre"], seed=body["seed"], prompt=noises)
        model = "sandbox/sound"
    peaks(out, work.out("peaks.json"))
    return {
        "sound": work.keep(out),
        "peaks": work.keep(work.out("peaks.json")),
        "samples": probe(out).samples_48k,
        "model": model,
    }
