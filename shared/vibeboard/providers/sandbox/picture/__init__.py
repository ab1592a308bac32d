"""The sandbox picture engine: storyboard frames, edits of frames, and moving clips, computed on the CPU."""

from vibeboard.providers.sandbox.picture.clip import MODEL_CLIP, render_clip
from vibeboard.providers.sandbox.picture.draw import draw_frame
from vibeboard.providers.sandbox.picture.edit import edit_frame

MODEL_DRAW = "sandbox/storyboard"
MODEL_EDIT = "sandbox/storyboard-edit"

__all__ = ["MODEL_CLIP", "MODEL_DRAW", "MODEL_EDIT", "draw_frame", "edit_frame", "render_clip"]
