"""A real release package, made by the export operation from small footage: what the package's tests take apart."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from media.operations import export
from media.work import Work
from vibeboard.credentials import c2pa
from vibeboard.credentials.identity import Identity, identity
from vibeboard.domain.formats import exact_rate, frame_size, frames_of
from vibeboard.domain.timecode import uses_drop_frame
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.package import MANIFEST, MASTER, sha256_of, write_manifest
from vibeboard.store import objects, table

SECONDS = 2.0
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "MEDIA_BUCKET": "media",
    "TABLE_NAME": "vibeboard",
}


@contextlib.contextmanager
def bench() -> Iterator[None]:
    """A bucket and a table, as the media function finds them."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        objects.s3.cache_clear()
        table.table.cache_clear()
        boto3.client("s3").create_bucket(Bucket="media")
        kinds: Any = [("PK", "HASH"), ("SK", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName="vibeboard",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in kinds],
        )
        yield
    objects.s3.cache_clear()
    table.table.cache_clear()


def footage(folder: Path, rate: Fraction, index: int) -> tuple[Path, Path, int]:
    """A moving test picture with its own frame numbers, and three seconds of tone."""
    frames = frames_of(SECONDS, rate)
    picture, sound = folder / f"{index}.mp4", folder / f"{index}.wav"
    source = f"testsrc2=size=640x268:rate={rate},hue=h={60 * index},lutyuv=y='clip(val*{0.5 + 0.2 * index},16,235)'"
    base = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    fast = ["-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*base, source, "-frames:v", str(frames), *fast, str(picture)], check=True)
    tone = f"sine=frequency={300 + 100 * index}:sample_rate=48000:duration=3"
    subprocess.run([*base, tone, "-ac", "2", "-c:a", "pcm_s24le", str(sound)], check=True)
    return picture, sound, frames


def plan_of(folder: Path, frame_rate: float, **changes: Any) -> dict[str, Any]:
    """Three clips with an L-cut and a J-cut, as the delivery function writes them."""
    rate = exact_rate(frame_rate)
    trims = [(0.0, 1.8, 0.0, 2.2), (0.3, 2.0, 0.0, 1.9), (0.1, 1.9, 0.1, 1.9)]
    clips = []
    for index, (start, end, sound_start, sound_end) in enumerate(trims):
        picture, sound, frames = footage(folder, rate, index)
        keys = [objects.upload(path, f"projects/p/{path.name}") for path in (picture, sound)]
        name = f"SC01_SH{index + 1:02d}"
        clip = {
            "id": f"seg_{index}", "name": name, "reel": name.replace("_", ""), "take": 1, "duration": SECONDS,
            "trimStart": start, "trimEnd": end, "audioTrimStart": sound_start, "audioTrimEnd": sound_end,
            "audioGain": 1.0, "mediaFrames": frames, "mediaSamples": 144_000,
        }  # fmt: skip
        made = {"model": "sandbox/animatic", "seed": index, "at": "2026-01-01T00:00:00Z"}
        row = {"clip": clip, "picture": keys[0], "sound": keys[1], "shotName": name, "score": 0.9}
        clips.append(row | {"characters": ["lead"], "provenance": {"clip": made}})
    owner = {"creator": "user_owner", "organization": "Studio", "rights": "All rights reserved"}
    vibeboard = {"version": "3.0", "generatedAt": "2026-01-01T00:00:00Z", "modelsUsed": ["sandbox/animatic"]}
    outline = {"logline": "Numbers <count> on.", "synopsis": "They count.\n\nThey go on counting."}
    return {
        "exportId": "exp_1", "title": "Counting", "rate": [rate.numerator, rate.denominator],
        "dropFrame": uses_drop_frame(rate), "startTimecode": "01:00:00:00", "size": list(frame_size("2.39:1", "draft")),
        "codec": "prores_hq", "quality": "draft", "loudness": -23.0, "include": {"edl": True, "sidecar": True},
        "clips": clips,
        "sidecar": {"projectId": "prj_1", "exportId": "exp_1", "ownership": owner,
                    "vibeboardAttribution": vibeboard | {"totalCost": 1.0}},
        "epk": {"outline": outline, "styleBible": {"globalRules": {"colorPalette": ["#102030"]}},
                "cast": [{"name": "One & Only", "projectId": "prj_1"}], "credits": [{"role": "Edit", "name": "E. D."}],
                "concept": {"concept": "Counting"}},
    } | changes  # fmt: skip


def export_package(folder: Path, plan: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Runs the export operation and fetches what it left, as a client would: (package, result)."""
    objects.write_json("projects/p/plan.json", plan)
    job = {"projectId": "p", "jobId": "job_1", "input": {"plan": "projects/p/plan.json", "prefix": "projects/p/out/"}}
    work = Work(job, folder / "work")
    work._told = float("inf")  # progress goes to the table, which is not these tests' business
    result = export.master(work)
    for name, key in result["files"].items():
        objects.download(key, folder / "package" / name)
    return folder / "package", result


def signer() -> Identity:
    return identity()


def reseal(folder: Path) -> None:
    """A manifest whose hashes are right again, as somebody who wants to hide a change would write it."""
    old = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    kept = {name: old[name] for name in ("seconds", "exportId", "title", "signer")}
    (folder / MANIFEST).unlink()
    numbers = {"frames": old["frames"], "samples": old["samples"], "rate": Fraction(old["rate"])}
    write_manifest(folder, **numbers, start_timecode=old["startTimecode"], **kept)


def resign(folder: Path, who: Identity) -> None:
    """The master's credentials anew, over the package as it lies there, by `who`."""
    found = c2pa.read(folder / MASTER, MASTER)
    others = [p for p in sorted(folder.iterdir()) if p.name not in (MASTER, MANIFEST)]
    package = {"exportId": "exp_1", "files": [{"name": p.name, "sha256": sha256_of(p)} for p in others]}
    signed = folder.parent / "signed.mov"
    claim = c2pa.Claim(MASTER, ["sandbox/animatic"], dict(found.assertions) and {c2pa.PACKAGE: package})
    c2pa.sign(folder / MASTER, signed, claim, who)
    signed.replace(folder / MASTER)
