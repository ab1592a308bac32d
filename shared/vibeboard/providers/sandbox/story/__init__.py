"""The sandbox writer: outline, breakdown, prompts, cast and style, computed from the words of the brief."""

from vibeboard.providers.sandbox.story.breakdown import segment_prompts, write_breakdown
from vibeboard.providers.sandbox.story.grammar import ImpossibleRuntime
from vibeboard.providers.sandbox.story.looks import design_cast, design_style
from vibeboard.providers.sandbox.story.outline import write_act, write_outline

MODEL = "sandbox/story-1"

__all__ = [
    "MODEL",
    "ImpossibleRuntime",
    "design_cast",
    "design_style",
    "segment_prompts",
    "write_act",
    "write_breakdown",
    "write_outline",
]
