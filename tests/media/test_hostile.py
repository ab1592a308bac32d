"""Media that lies about itself gets one clear problem, and nothing else is ever read."""

from pathlib import Path

import pytest

from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import FORMAT_OPTS, ffmpeg_path, raw_frames, run
from vibeboard.media.probe import count_frames, probe


@pytest.fixture
def secret(tmp_path: Path, flat_clip: Path) -> Path:
    """Another tenant's film, which no upload may pull in."""
    path = tmp_path / "secret.mp4"
    path.write_bytes(flat_clip.read_bytes())
    return path


def hostile_files(folder: Path, clip: Path, secret: Path) -> dict[str, tuple[Path, str]]:
    whole = clip.read_bytes()
    faststart = folder / "whole.mp4"
    run(["-i", str(clip), "-c", "copy", "-movflags", "+faststart", str(faststart)])
    contents = {
        "playlist.mp4": (f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode(), "MEDIA_WRONG_TYPE"),
        "script.mp4": (f"ffconcat version 1.0\nfile '{secret}'\n".encode(), "MEDIA_WRONG_TYPE"),
        "empty.mp4": (b"", "MEDIA_EMPTY"),
        "headless.mp4": (whole[: len(whole) // 2], "MEDIA_UNREADABLE"),
        "cut-short.mp4": (faststart.read_bytes()[:-200], "MEDIA_TRUNCATED"),
        "picture.mp4": (b"\x89PNG\r\n\x1a\n" + bytes(64), "MEDIA_WRONG_TYPE"),
        "mp4.wav": (whole, "MEDIA_WRONG_TYPE"),
        "noise.mp4": (b"\0\0\0\x20ftypisom" + bytes(range(256)) * 8, "MEDIA_UNREADABLE"),
    }
    made = {}
    for name, (data, code) in contents.items():
        (folder / name).write_bytes(data)
        made[name] = (folder / name, code)
    return made


def test_each_hostile_file_gets_its_own_problem(tmp_path: Path, flat_clip: Path, secret: Path) -> None:
    for name, (path, code) in hostile_files(tmp_path, flat_clip, secret).items():
        with pytest.raises(MediaError) as refusal:
            probe(path)
        assert refusal.value.code == code, name
        assert name in refusal.value.detail


def test_playlist_is_refused_by_the_decoder_too(tmp_path: Path, secret: Path) -> None:
    # A list behind a first line that looks like MP4 gets past the sniffing; the whitelist is the second fence.
    path = tmp_path / "list.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\n#EXTM3U\n#EXTINF:1,\nfile://" + str(secret).encode() + b"\n")
    with pytest.raises(MediaError):
        list(raw_frames(path, "scale=16:16", 256, "gray"))


def test_movie_source_is_fenced_inside_the_graph(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "list.mp4").write_bytes(f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode())
    graph = f"movie=list.mp4:format_opts='{FORMAT_OPTS}'[v]"
    with pytest.raises(MediaError):
        run(["-filter_complex", graph, "-map", "[v]", "-f", "null", "-"], cwd=tmp_path)
    good = f"movie={secret.name}:format_opts='{FORMAT_OPTS}'[v]"
    run(["-filter_complex", good, "-map", "[v]", "-f", "null", "-"], cwd=tmp_path)


def test_file_name_that_looks_like_an_option_or_a_protocol_is_only_a_name(tmp_path: Path, flat_clip: Path) -> None:
    for name in ("-y.mp4", "concat:a|b.mp4", "http:x.mp4"):
        path = tmp_path / name
        path.write_bytes(flat_clip.read_bytes())
        assert probe(path).frames == count_frames(path) == 12


def test_endless_work_is_stopped_at_its_time(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as stopped:
        run(["-f", "lavfi", "-i", "testsrc2=s=1280x720", "-f", "null", "-"], timeout=0.5)
    assert stopped.value.code == "MEDIA_TIMEOUT"


def test_ffmpeg_of_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFMPEG_BINARY", "/opt/ffmpeg")
    assert ffmpeg_path() == "/opt/ffmpeg"
