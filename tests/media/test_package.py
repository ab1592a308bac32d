"""A package is valid as made, and invalid after any change to any file, with the file and the reason named."""

import json
import random
import shutil
import wave
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.ruler import write_picture
from vibeboard.domain.edl import write_edl
from vibeboard.domain.timeline import Clip, Timeline, assemble, sample_at
from vibeboard.media.conform import ClipSource, MasterSpec, conform
from vibeboard.media.package import PressKit, build_epk, manifest_bytes, manifest_digest, sidecar, write_manifest
from vibeboard.media.proxies import trailer
from vibeboard.media.stills import SheetEntry, contact_sheet, poster, still
from vibeboard.media.verify import Verification, verify_package

RATE = Fraction(30000, 1001)


def write_tone(path: Path, samples: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(samples) / 20) * 8000).astype("<i2").repeat(2).tobytes())


def cut() -> Timeline:
    trims = [((0, 24), (0, 30)), ((3, 30), (0, 30)), ((0, 30), (0, 30))]
    clips = [
        Clip.from_frames(f"c{i}", RATE, picture=p, sound=s, media_frames=30, media_samples=sample_at(36, RATE))
        for i, (p, s) in enumerate(trims)
    ]
    return assemble(clips, RATE)


def kit(work: Path, master: Path) -> PressKit:
    entries = [SheetEntry(master, 5, "SC01_SH01"), SheetEntry(master, 40, "SC01_SH02")]
    return PressKit(
        title="Ruler",
        logline="A film about numbers.",
        synopsis="They count.",
        poster=poster(master, work / "poster.jpg"),
        contact_sheet=contact_sheet(entries, work / "sheet.jpg"),
        trailer=trailer(master, work / "trailer.mp4").path,
        stills={"SC01_SH01": still(master, 5, work / "a.jpg"), "SC01/SH02": still(master, 40, work / "b.jpg")},
        style_bible={"palette": ["#102030"]},
        cast=[{"name": "one"}],
        credits=[("Direction", "A. Person")],
        licences=[("Ruler", "CC0")],
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work, folder = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("package")
    timeline = cut()
    sources = {}
    for index in range(3):
        write_picture(work / f"{index}.mp4", index, 30, RATE)
        write_tone(work / f"{index}.wav", sample_at(36, RATE))
        sources[f"c{index}"] = ClipSource(work / f"{index}.mp4", work / f"{index}.wav")
    master = conform(timeline, sources, MasterSpec(320, 64, quantiser=8), folder / "Master.mov").info
    (folder / "Master.edl").write_text(write_edl(timeline, "Ruler"), encoding="utf-8")
    body = sidecar(
        project_id="prj_1",
        export_id="exp_1",
        ownership={"creator": "user_1", "organization": "Studio", "rights": "All rights reserved"},
        attribution={"version": "3.0", "generatedAt": "2026-11-23T04:00:00Z", "modelsUsed": [], "totalCost": 1.5},
        master={
            "frames": master.frames,
            "samples": master.samples,
            "rate": str(master.rate),
            "startTimecode": timeline.start_timecode,
        },
        clips=[{"id": e.clip_id, "frames": e.frames} for e in timeline.picture],
    )
    (folder / "Master.json").write_text(json.dumps(body, indent=1), encoding="utf-8")
    build_epk(kit(work, folder / "Master.mov"), folder / "EPK.zip")
    seal(folder, timeline)
    return folder


def seal(folder: Path, timeline: Timeline) -> None:
    frames, samples, start = timeline.frames, timeline.samples, timeline.start_timecode
    write_manifest(folder, frames=frames, samples=samples, rate=RATE, start_timecode=start)


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "package"))


def failed(result: Verification) -> dict[str, str]:
    return {check.name: check.reason for check in result.checks if not check.ok}


def test_package_as_made_is_valid(package: Path) -> None:
    result = verify_package(package)
    assert failed(result) == {}
    assert result.valid
    values = {check.name: check.value for check in result.checks}
    assert values["frames"] == "81"
    assert values["audio samples"] == str(sample_at(81, RATE))
    assert values["start timecode"] == "01:00:00;00"
    assert json.dumps(result.to_dict())


@pytest.mark.parametrize("name", ["Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json"])
def test_one_flipped_byte_anywhere_is_found_and_the_file_named(package: Path, name: str) -> None:
    path, rng = package / name, random.Random(name)
    whole = path.read_bytes()
    for position in {0, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(12))}:
        changed = bytearray(whole)
        changed[position] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        result = verify_package(package)
        assert not result.valid, position
        assert any(name in reason for reason in failed(result).values()), (position, failed(result))
    path.write_bytes(whole)
    assert verify_package(package).valid


@pytest.mark.parametrize("name", ["Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json"])
@pytest.mark.parametrize("harm", ["missing", "empty"])
def test_missing_or_empty_file_is_a_failed_check(package: Path, name: str, harm: str) -> None:
    (package / name).unlink()
    if harm == "empty":
        (package / name).touch()
    result = verify_package(package)
    assert not result.valid
    assert any(name in reason for reason in failed(result).values())


def test_extra_file_and_path_out_of_the_package_are_found(package: Path) -> None:
    (package / "notes.txt").write_text("x")
    assert "notes.txt" in failed(verify_package(package))["contents"]
    (package / "notes.txt").unlink()
    body = json.loads((package / "manifest.json").read_text())
    body["files"].append({"name": "../secret", "bytes": 1, "sha256": "0"})
    body["digest"] = manifest_digest(body)
    (package / "manifest.json").write_bytes(manifest_bytes(body))
    assert "outside the package" in failed(verify_package(package))["file ../secret"]


def edit_sidecar_frames(folder: Path) -> None:
    body = json.loads((folder / "Master.json").read_text())
    body["clips"][0]["frames"] += 1
    (folder / "Master.json").write_text(json.dumps(body))


def drop_sidecar_owner(folder: Path) -> None:
    body = json.loads((folder / "Master.json").read_text())
    del body["ownership"]["creator"]
    (folder / "Master.json").write_text(json.dumps(body))


def cut_edl_event(folder: Path) -> None:
    lines = (folder / "Master.edl").read_text().splitlines(keepends=True)
    last = max(index for index, line in enumerate(lines) if " V " in line)
    (folder / "Master.edl").write_text("".join(lines[:last] + lines[last + 1 :]))


def open_edl_gap(folder: Path) -> None:
    text = (folder / "Master.edl").read_text().replace("01:00:00;24 01:00:01;21", "01:00:00;25 01:00:01;22")
    (folder / "Master.edl").write_text(text)


def swap_epk_member(folder: Path) -> None:
    with zipfile.ZipFile(folder / "EPK.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["synopsis.md"] = b"Another story."
    with zipfile.ZipFile(folder / "EPK.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("harm", "check", "reason"),
    [
        (edit_sidecar_frames, "frames", "Master.json clips: 82"),
        (drop_sidecar_owner, "sidecar", "ownership.creator"),
        (cut_edl_event, "frames", "Master.edl: 51"),
        (open_edl_gap, "edl", "gap"),
        (swap_epk_member, "epk", "synopsis.md was changed"),
    ],
)
def test_resealed_package_whose_parts_disagree_is_invalid(
    package: Path, harm: Callable[[Path], None], check: str, reason: str
) -> None:
    harm(package)
    seal(package, cut())  # hashes are right again: only the content gives it away
    assert reason in failed(verify_package(package))[check]


def test_the_same_kit_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    one = kit(tmp_path, package / "Master.mov")
    first = build_epk(one, tmp_path / "1.zip").read_bytes()
    assert first == build_epk(one, tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert {"stills/SC01_SH01.jpg", "stills/SC01_SH02.jpg", "trailer.mp4"} <= set(archive.namelist())
