"""The sandbox picture engine: storyboard frames, edits of frames, and moving clips, computed on the CPU."""

from vibeboard.providers.sandbox.picture.draw import draw_frame

MODEL_DRAW = "sandbox/storyboard"
MODEL_EDIT = "sandbox/storyboard-edit"
MODEL_CLIP = "sandbox/animatic"

__all__ = ["MODEL_CLIP", "MODEL_DRAW", "MODEL_EDIT", "draw_frame"]
