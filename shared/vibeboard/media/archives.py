"""ZIP archives judged before anybody unpacks them: paths that stay inside, sizes that stay small."""

import io
import stat
import zipfile
from pathlib import PurePosixPath, PureWindowsPath

MAX_ENTRIES = 2_000
MAX_TOTAL = 1024 * 1024 * 1024  # bytes unpacked
MAX_RATIO = 200  # unpacked to packed, for entries above a megabyte
_MEGABYTE = 1024 * 1024


def faults(body: bytes) -> list[str]:
    """What is wrong with an archive; empty for one that may be unpacked. Nothing is unpacked here."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ["it is no ZIP archive"]
    if len(entries) > MAX_ENTRIES:
        return [f"{len(entries)} entries, at most {MAX_ENTRIES}"]
    found = [f"{entry.orig_filename[:80]!r} {why}" for entry in entries if (why := _entry(entry))]
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        found.append("two entries have one name")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        found.append(f"more than {MAX_TOTAL // _MEGABYTE} MB unpacked")
    return found


def _entry(entry: zipfile.ZipInfo) -> str:
    name, mode = entry.orig_filename, entry.external_attr >> 16
    windows = PureWindowsPath(name)
    if name.startswith("/") or windows.drive or windows.root or "\\" in name or "\0" in name:
        return "has an absolute or foreign path"
    if ".." in PurePosixPath(name).parts:
        return "leads out of the archive"
    if stat.S_ISLNK(mode):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.file_size > _MEGABYTE and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        return "unpacks to far more than it holds"
    return ""
