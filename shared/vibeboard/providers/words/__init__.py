"""The SOP's writers: Claude for outlines, MiniMax for breakdowns. The sandbox is priced by the same `Ask`."""

from vibeboard.providers.words.asks import Ask, act_ask, breakdown_ask, breakdown_asks, outline_ask
from vibeboard.providers.words.errors import WordsFailed
from vibeboard.providers.words.messages import Usage, Written, write, write_parts

__all__ = [
    "Ask",
    "Usage",
    "WordsFailed",
    "Written",
    "act_ask",
    "breakdown_ask",
    "breakdown_asks",
    "outline_ask",
    "write",
    "write_parts",
]
