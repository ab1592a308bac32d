"""Reads a MediaConch policy and holds a file against it with MediaInfo, which neither wrote nor encoded the file.

The same files are given to MediaConch itself by `make policy`.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from pymediainfo import MediaInfo

POLICIES = Path(__file__).parent / "policies"


def failures(media: Path, policy: Path) -> list[str]:
    """The rules a file breaks, each with what was found instead."""
    tracks = [track.to_data() for track in MediaInfo.parse(media).tracks]
    found = []
    for rule in ET.parse(policy).getroot().iter("rule"):
        values = [
            track.get(_key(rule.attrib["value"])) for track in tracks if track["track_type"] == rule.attrib["tracktype"]
        ]
        held = {
            "=": any(value is not None and str(value) == rule.text for value in values),
            "exists": any(value not in (None, "") for value in values),
        }[rule.attrib["operator"]]
        if not held:
            found.append(f"{rule.attrib['name']}: {values}, not {rule.text or 'anything'}")
    return found


def _key(name: str) -> str:
    """MediaInfo's raw name as pymediainfo spells it."""
    special = {"Channels": "channel_s", "CodecID": "codec_id", "colour_primaries": "color_primaries",
               "TimeCode_FirstFrame": "time_code_of_first_frame"}  # fmt: skip
    if name in special:
        return special[name]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
