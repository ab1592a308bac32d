"""The naming schema of SOP step 3: SC{scene}_SH{shot}_{AssetType}_{AssetName}, in one place."""

import difflib
import re
import unicodedata
from dataclasses import dataclass

ASSET_TYPES: dict[str, str] = {
    "CHAR": "character",
    "PROP": "prop",
    "LOC": "location",
    "WARD": "wardrobe",
    "VFX": "visual effect",
    "SND": "sound",
    "MUS": "music",
    "REF": "reference",
    "FRM": "storyboard frame",
    "CLIP": "video clip",
    "MAT": "material",
    "GRFX": "graphic or title",
}
MAX_SCENE = MAX_SHOT = 999
MAX_NAME = 64

_ALIASES = {
    "CHARACTER": "CHAR", "CHR": "CHAR", "CAST": "CHAR", "PROPS": "PROP", "LOCATION": "LOC", "SET": "LOC",
    "PLACE": "LOC", "WARDROBE": "WARD", "COSTUME": "WARD", "SOUND": "SND", "SFX": "SND", "MUSIC": "MUS",
    "REFERENCE": "REF", "FRAME": "FRM", "VIDEO": "CLIP", "MATERIAL": "MAT", "TITLE": "GRFX", "FX": "VFX",
}  # fmt: skip
_SCHEMA = re.compile(r"SC(\d{2,3})_SH(\d{2,3})_([A-Z]+)_([A-Z][A-Za-z0-9]*)")
_LOOSE = re.compile(
    r"\s*(?:sc(?:ene)?)[\s_.-]*0*(\d{1,3})[\s_.-]*(?:sh(?:ot)?)[\s_.-]*0*(\d{1,3})[\s_.-]+([a-z]+)[\s_.:-]+(\S.*?)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NameVerdict:
    """Whether a name follows the schema; if not, why, and the nearest name that would."""

    ok: bool
    reason: str = ""
    suggestion: str = ""


def asset_name(scene: int, shot: int, kind: str, name: str) -> str:
    """SC01_SH03_CHAR_FemmeFatale. Scene and shot count from 1; `kind` is a type code or its plain word.

    Raises ValueError when a number is outside 1..999, the type is unknown, or nothing of the name is usable.
    """
    for label, number in (("scene", scene), ("shot", shot)):
        if not 1 <= number <= MAX_SCENE:
            raise ValueError(f"{label} number {number} is outside 1..{MAX_SCENE}")
    code = _type_code(kind)
    if code is None:
        raise ValueError(f"asset type {kind!r} is unknown; use one of {', '.join(ASSET_TYPES)}")
    pascal = pascal_name(name)
    if not pascal:
        raise ValueError(f"asset name {name!r} has no letters or digits to name the asset by")
    return f"SC{scene:02d}_SH{shot:02d}_{code}_{pascal}"


def pascal_name(text: str) -> str:
    """ "femme fatale" -> "FemmeFatale": ASCII letters and digits, each word capitalised, at most 64 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    joined = "".join(word[0].upper() + word[1:] for word in words)
    if joined and not joined[0].isalpha():
        joined = f"N{joined}"
    return joined[:MAX_NAME]


def check_name(text: str) -> NameVerdict:
    """Judge a name against the schema. A near miss comes back with the corrected name as suggestion."""
    match = _SCHEMA.fullmatch(text)
    if match:
        scene, shot, kind, name = int(match[1]), int(match[2]), match[3], match[4]
        if scene == 0 or shot == 0:
            fixed = f"SC{scene or 1:02d}_SH{shot or 1:02d}_{kind}_{name}"
            return NameVerdict(False, "scene and shot numbers start at 01", fixed if kind in ASSET_TYPES else "")
        if kind not in ASSET_TYPES:
            code = _type_code(kind)
            reason = f"asset type {kind} is unknown; known types are {', '.join(ASSET_TYPES)}"
            return NameVerdict(False, reason, f"SC{scene:02d}_SH{shot:02d}_{code}_{name}" if code else "")
        if len(name) > MAX_NAME:
            cut = asset_name(scene, shot, kind, name)
            return NameVerdict(False, f"the asset name is longer than {MAX_NAME} characters", cut)
        canonical = f"SC{scene:02d}_SH{shot:02d}_{kind}_{name}"
        if canonical != text:
            return NameVerdict(False, "numbers are written with two digits up to 99", canonical)
        return NameVerdict(True)
    loose = _LOOSE.fullmatch(text)
    reason = "the name must read SC##_SH##_TYPE_Name, for example SC01_SH03_CHAR_FemmeFatale"
    if not loose:
        return NameVerdict(False, reason)
    code = _type_code(loose[3])
    usable = code is not None and int(loose[1]) > 0 and int(loose[2]) > 0 and bool(pascal_name(loose[4]))
    return NameVerdict(False, reason, asset_name(int(loose[1]), int(loose[2]), loose[3], loose[4]) if usable else "")


def _type_code(kind: str) -> str | None:
    upper = kind.strip().upper()
    if upper in ASSET_TYPES:
        return upper
    if upper in _ALIASES:
        return _ALIASES[upper]
    close = difflib.get_close_matches(upper, [*ASSET_TYPES, *_ALIASES], n=1, cutoff=0.7)
    return _ALIASES.get(close[0], close[0]) if close else None
