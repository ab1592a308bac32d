"""Words from outside as plain text: what people and models write may name no address and hide no mark."""

import re
import unicodedata
from typing import Any

_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}:\s*//|\bdata:[\w/+.-]+[;,]|\bjavascript:|\bwww\.)\S*", re.IGNORECASE
)
_KEPT_CONTROL = "\n\t"


def plain(value: Any) -> Any:
    """Text without addresses, control characters and invisible marks; anything that is no text as it is."""
    if not isinstance(value, str):
        return value
    visible = "".join(c for c in value if c in _KEPT_CONTROL or unicodedata.category(c)[0] != "C")
    return re.sub(r"[ \t]{2,}", " ", _ADDRESS.sub("", visible)).strip()
