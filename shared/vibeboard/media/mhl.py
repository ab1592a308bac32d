"""ASC Media Hash List, version 2.0: one generation that seals a folder, and its chain file.

Written here (docs/decisions/0055): the reference implementation stamps its own clock and host into every list, so the
same kit would not give the same bytes. The tests read these lists back with it.
"""

import hashlib
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr, unescape

from vibeboard import __version__

FOLDER = "ascmhl"
CHAIN = f"{FOLDER}/ascmhl_chain.xml"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_C4_LENGTH = 90


def c4(data: bytes) -> str:
    """SMPTE ST 2114 identifier: "c4" and the SHA-512 in base 58, 90 characters."""
    value, digits = int.from_bytes(hashlib.sha512(data).digest(), "big"), ""
    while value:
        value, digit = divmod(value, 58)
        digits = _BASE58[digit] + digits
    return "c4" + digits.rjust(_C4_LENGTH - 2, _BASE58[0])


def seal(members: Mapping[str, bytes], name: str, at: str) -> dict[str, bytes]:
    """The first generation over `members` (path -> content): {path: content} of the list and of its chain file.

    `name` is the sealed folder's, `at` the time in ISO 8601 with zone. The same members give the same bytes.
    """
    stem = "".join(c if c.isalnum() or c in "-." else "_" for c in name)[:60] or "folder"
    compact = at[:19].replace(":", "")
    file = f"0001_{stem}_{compact.replace('T', '_')}Z.mhl"
    rows = [
        f"    <hash>\n      <path size={quoteattr(str(len(data)))}>{escape(path)}</path>\n"
        f'      <c4 action="original" hashdate={quoteattr(at)}>{c4(data)}</c4>\n    </hash>'
        for path, data in sorted(members.items())
    ]
    text = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">',
            "  <creatorinfo>",
            f"    <creationdate>{escape(at)}</creationdate>",
            "    <hostname>vibeboard</hostname>",
            f"    <tool version={quoteattr(__version__)}>VibeBoard</tool>",
            "  </creatorinfo>",
            "  <processinfo>",
            "    <process>in-place</process>",
            "    <ignore>",
            *(f"      <pattern>{pattern}</pattern>" for pattern in (".DS_Store", FOLDER, f"{FOLDER}/")),
            "    </ignore>",
            "  </processinfo>",
            "  <hashes>",
            *rows,
            "  </hashes>",
            "</hashlist>",
            "",
        ]
    ).encode()
    chain = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">',
            '  <hashlist sequencenr="1">',
            f"    <path>{escape(file)}</path>",
            f"    <c4>{c4(text)}</c4>",
            "  </hashlist>",
            "</ascmhldirectory>",
            "",
        ]
    ).encode()
    return {f"{FOLDER}/{file}": text, CHAIN: chain}


def entries(text: bytes) -> dict[str, str]:
    """Path -> C4 identifier of a list written by `seal`."""
    rows = re.findall(r"<path size=[^>]*>([^<]*)</path>\s*<c4 [^>]*>(\w+)</c4>", text.decode())
    return {unescape(path): identifier for path, identifier in rows}
