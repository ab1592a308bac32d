"""A package is valid as made, and invalid after any change to any file, with the file and the reason named.

The package is a real one, made by the export operation. Whoever changes it here also writes the manifest anew where
that helps him, so that only the content or the signature can give him away.
"""

import json
import random
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.media.release import bench, export_package, plan_of, reseal, resign, signer
from vibeboard.credentials.certificates import issue
from vibeboard.credentials.identity import Identity, local_identity
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import sample_at
from vibeboard.media import mhl
from vibeboard.media.ffmpeg import ffmpeg_path, run
from vibeboard.media.package import manifest_bytes, manifest_digest
from vibeboard.media.verify import Verification, verify_package

RATE = exact_rate(29.97)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Identity]:
    """The package and who signed it."""
    folder = tmp_path_factory.mktemp("release")
    with bench():
        package, _ = export_package(folder, plan_of(folder, 29.97))
        who = signer()
    return package, who


@pytest.fixture
def package(made: tuple[Path, Identity], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "package"))


@pytest.fixture
def root(made: tuple[Path, Identity]) -> str:
    return made[1].root


def failed(result: Verification) -> dict[str, str]:
    return {check.name: check.reason for check in result.checks if not check.ok}


def test_package_as_made_is_valid(package: Path, root: str) -> None:
    result = verify_package(package, root)
    assert failed(result) == {}
    assert result.valid
    values = {check.name: check.value for check in result.checks}
    frames = int(values["frames"])
    assert values["audio samples"] == str(sample_at(frames, RATE))
    assert values["start timecode"] == "01:00:00;00"
    assert values["credentials"].startswith("trusted: VibeBoard studio")
    assert values["signed contents"] == "6 files"  # EDL, OTIO, FCPXML, AAF, sidecar, press kit
    assert values["press credentials"] == "5 files"
    assert json.dumps(result.to_dict())


def test_without_a_trust_anchor_a_package_is_valid_and_says_what_was_not_checked(package: Path) -> None:
    result = verify_package(package)
    assert result.valid
    assert "no trust anchor given" in next(c.value for c in result.checks if c.name == "credentials")


@pytest.mark.parametrize("name", ["Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json"])
def test_one_flipped_byte_anywhere_is_found_and_the_file_named(package: Path, name: str) -> None:
    path, rng = package / name, random.Random(name)
    whole = path.read_bytes()
    # The first byte of a film is its index's: changed, it is refused as unreadable (tests/unit/test_mediainfo.py).
    for position in {2 if name == "Master.mov" else 0, len(whole) - 1, rng.randrange(8, len(whole))}:
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


def edit_json(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    body = json.loads((folder / "Master.json").read_text())
    change(body)
    (folder / "Master.json").write_text(json.dumps(body))


def edit_sidecar_frames(folder: Path) -> None:
    edit_json(folder, lambda body: body["clips"][0].update(frames=body["clips"][0]["frames"] + 1))  # type: ignore[index]


def drop_sidecar_owner(folder: Path) -> None:
    edit_json(folder, lambda body: body["ownership"].pop("creator"))  # type: ignore[attr-defined]


def edit_sidecar_seed(folder: Path) -> None:
    edit_json(folder, lambda body: body["clips"][1].update(seed=99))  # type: ignore[index]


def cut_edl_event(folder: Path) -> None:
    lines = (folder / "Master.edl").read_text().splitlines(keepends=True)
    last = max(index for index, line in enumerate(lines) if " V " in line)
    (folder / "Master.edl").write_text("".join(lines[:last] + lines[last + 1 :]))


def open_edl_gap(folder: Path) -> None:
    edl = (folder / "Master.edl").read_text()
    lines = [line for line in edl.splitlines() if " V " in line]
    second = lines[1].split()
    later = [f"{second[-2][:-2]}{int(second[-2][-2:]) - 1:02d}", f"{second[-1][:-2]}{int(second[-1][-2:]) - 1:02d}"]
    (folder / "Master.edl").write_text(edl.replace(" ".join(second[-2:]), " ".join(later)))


def rename_edl_clip(folder: Path) -> None:
    text = (folder / "Master.edl").read_text()
    (folder / "Master.edl").write_text(text.replace("FROM CLIP NAME: SC01_SH02", "FROM CLIP NAME: SC01_SH09"))


def swap_epk_member(folder: Path) -> None:
    with zipfile.ZipFile(folder / "EPK.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["synopsis.md"] = b"Another story."
    with zipfile.ZipFile(folder / "EPK.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def shorten_the_picture(folder: Path) -> None:
    """The same film without its last frames, copied and not encoded: nothing but its length gives it away."""
    short = folder.parent / "short.mov"
    copy = ["-map", "0", "-c", "copy", "-t", "4.5", "-write_tmcd", "0", "-f", "mov", str(short)]
    run(["-i", f"file:{folder / 'Master.mov'}", *copy])
    short.replace(folder / "Master.mov")


def swap_shots_in_lists(folder: Path) -> None:
    """EDL and sidecar name the first two shots the other way round, in every field, and agree with each other."""
    body = json.loads((folder / "Master.json").read_text())
    edl = (folder / "Master.edl").read_text()
    one, two = body["clips"][0], body["clips"][1]
    one["likeness"], two["likeness"] = two["likeness"], one["likeness"]
    one["name"], two["name"] = two["name"], one["name"]
    swapped = edl.replace("NAME: SC01_SH01", "NAME: x").replace("NAME: SC01_SH02", "NAME: SC01_SH01")
    (folder / "Master.edl").write_text(swapped.replace("NAME: x", "NAME: SC01_SH02"))
    (folder / "Master.json").write_text(json.dumps(body))


HARMS = [
    (edit_sidecar_frames, "frames", "Master.json clips"),
    (drop_sidecar_owner, "sidecar", "ownership.creator"),
    (edit_sidecar_seed, "signed contents", "Master.json is not the one Master.mov was signed with"),
    (cut_edl_event, "frames", "Master.edl:"),
    (open_edl_gap, "edl", "gap"),
    (rename_edl_clip, "edl against sidecar", "clip SC01_SH09, not SC01_SH02"),
    (swap_epk_member, "epk", "synopsis.md, which was changed"),
    (shorten_the_picture, "frames", "Master.mov:"),
    (shorten_the_picture, "credentials", "Master.mov carries no credentials"),
    (swap_shots_in_lists, "edl against picture", "event 001 (SC01_SH02): its first frame is another picture"),
]


@pytest.mark.parametrize(("harm", "check", "reason"), HARMS)
def test_resealed_package_whose_parts_disagree_is_invalid(
    package: Path, root: str, harm: Callable[[Path], None], check: str, reason: str
) -> None:
    harm(package)
    reseal(package)  # hashes are right again: only the content gives it away
    assert reason in failed(verify_package(package, root))[check]


def test_a_file_changed_and_resealed_is_named_by_the_signed_master(package: Path, root: str) -> None:
    (package / "notes.otio").write_text("{}")
    edl = package / "Master.edl"
    edl.write_text(edl.read_text() + "* a remark\n")
    reseal(package)
    found = failed(verify_package(package, root))
    assert found == {
        "signed contents": "Master.edl is not the one Master.mov was signed with; "
        "notes.otio was added after Master.mov was signed"
    }


def test_given_a_foreign_signature_then_master_and_signer_are_named(package: Path, root: str) -> None:
    other = issue("Somebody Else")
    resign(package, local_identity(other.chain, other.key))
    reseal(package)
    found = failed(verify_package(package, root))
    assert "Master.mov has a foreign signature: Somebody Else" in found["credentials"]
    unanchored = failed(verify_package(package))  # even whoever knows no root sees that it is another certificate
    assert "Master.mov has a foreign signature" in unanchored["credentials"]


def test_given_an_expired_certificate_then_the_date_is_named(package: Path) -> None:
    short = issue(lifetime=timedelta(seconds=2))
    who = local_identity(short.chain, short.key)
    resign(package, who)
    reseal(package)
    gone = datetime.fromisoformat(short.expires) + timedelta(seconds=1)  # it holds through its last second
    time.sleep(max(0.0, (gone - datetime.now(UTC)).total_seconds() + 0.05))
    reason = failed(verify_package(package, who.root))["credentials"]
    assert reason == f"Master.mov: the certificate that signed it expired on {short.expires[:10]}"


def test_given_pictures_signed_by_another_hand_then_the_kit_is_refused(package: Path, root: str) -> None:
    other = issue("Somebody Else")
    resign(package, local_identity(other.chain, other.key))
    body = json.loads((package / "manifest.json").read_text())
    body["signer"]["serial"] = other.serial
    (package / "manifest.json").write_bytes(manifest_bytes(body))
    reseal(package)
    found = failed(verify_package(package, local_identity(other.chain, other.key).root))
    assert "EPK.zip: poster.jpg has a foreign signature" in found["press credentials"]


def test_the_hash_list_of_the_kit_is_read_by_the_reference_implementation(package: Path, tmp_path: Path) -> None:
    from ascmhl import commands

    kit = tmp_path / "kit"
    with zipfile.ZipFile(package / "EPK.zip") as archive:
        archive.extractall(kit)
    commands.verify.main([str(kit)], standalone_mode=False)
    (kit / "synopsis.md").write_text("Another story.")
    with pytest.raises(Exception, match=r"(?i)verification|failed|hash"):
        commands.verify.main([str(kit)], standalone_mode=False)


def test_c4_is_that_of_the_standard() -> None:
    """SMPTE ST 2114 for "alfa"."""
    assert mhl.c4(b"alfa") == (
        "c43zYcLni5LF9rR4Lg4B8h3Jp8SBwjcnyyeh4bc6gTPHndKuKdjUWx1kJPYhZxYt3zV6tQXpDs2shPsPYjgG81wZM1"
    )


def test_the_page_of_the_kit_shows_everything_and_escapes_every_word(package: Path) -> None:
    with zipfile.ZipFile(package / "EPK.zip") as archive:
        page, names = archive.read("index.html").decode(), set(archive.namelist())
    assert "Numbers &lt;count&gt; on." in page
    assert "One &amp; Only" in page
    linked = {part.split('"')[0] for part in page.split('src="')[1:] + page.split('href="')[1:]}
    assert linked <= names
    assert "http" not in page.replace("https://schema", "")
    assert {"stills/SC01_SH01.jpg", "stills/SC01_SH02.jpg", "stills/SC01_SH03.jpg"} <= names


def test_the_edl_of_a_real_package_reads_back(package: Path) -> None:
    assert len(read_edl((package / "Master.edl").read_text(), RATE).picture) == 3
    assert ffmpeg_path()
