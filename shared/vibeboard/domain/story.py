"""The words of a film: outline, breakdown, shots, cast and style rules, in the SOP's shapes (steps 1, 2, 4 and 6).

Whatever writes them, a vendor's model or the sandbox writer, passes through these models: unknown fields are refused
and every size is capped, because model output is data and never trusted.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

ShotSize = Literal[
    "extreme wide shot",
    "wide shot",
    "full shot",
    "medium shot",
    "medium close-up",
    "close-up",
    "extreme close-up",
    "over-the-shoulder",
    "two shot",
    "insert",
]
Angle = Literal["eye level", "low angle", "high angle", "bird's-eye view", "dutch angle"]
CameraMove = Literal[
    "static",
    "slow push in",
    "slow pull back",
    "pan left",
    "pan right",
    "tilt up",
    "tilt down",
    "tracking shot",
    "crane up",
    "crane down",
    "handheld",
]
SHOT_SIZES: tuple[str, ...] = get_args(ShotSize)
ANGLES: tuple[str, ...] = get_args(Angle)
CAMERA_MOVES: tuple[str, ...] = get_args(CameraMove)

MAX_SCENES = 200
MAX_SHOTS = 600
MAX_SHOTS_PER_SCENE = 12
MIN_SHOT_SECONDS = 1.0
MAX_SHOT_SECONDS = 10.0
DEFAULT_SHOT_SECONDS = 5.0

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=80)]
Term = Annotated[str, Field(min_length=1, max_length=120)]
Line = Annotated[str, Field(min_length=1, max_length=600)]
Prompt = Annotated[str, Field(min_length=1, max_length=2_000)]
HexColor = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class StoryModel(BaseModel):
    """camelCase outside, snake_case inside, no unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        serialize_by_alias=True,
        str_strip_whitespace=True,
    )


class Reference(StoryModel):
    """A retrieved convention (SOP step 1, RAG gate) with what it suggests to the writer."""

    id: Annotated[str, Field(min_length=1, max_length=120)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    score: float = 0.0
    kind: Annotated[str, Field(max_length=40)] = ""
    text: Annotated[str, Field(max_length=2_000)] = ""
    prompt_hints: Annotated[list[Term], Field(max_length=12)] = []
    negative_hints: Annotated[list[Term], Field(max_length=12)] = []


class UsedReference(StoryModel):
    """What the outline records of a reference: enough to find it again."""

    id: Annotated[str, Field(min_length=1, max_length=120)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    score: float


class Act(StoryModel):
    """One act of the outline."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    summary: Annotated[str, Field(min_length=1, max_length=2_000)]
    beats: Annotated[list[Line], Field(min_length=1, max_length=40)]


class Outline(StoryModel):
    """SOP step 1's output. `visualStyle` and `avoid` are what the references contributed."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    logline: Annotated[str, Field(min_length=1, max_length=600)]
    synopsis: Annotated[str, Field(min_length=1, max_length=6_000)]
    acts: Annotated[list[Act], Field(min_length=1, max_length=8)]
    themes: Annotated[list[Term], Field(min_length=1, max_length=8)]
    references: Annotated[list[UsedReference], Field(max_length=20)] = []
    visual_style: Annotated[list[Term], Field(max_length=12)] = []
    avoid: Annotated[list[Term], Field(max_length=12)] = []
    variation: Annotated[int, Field(ge=0, le=1_000)] = 0

    @property
    def beats(self) -> list[str]:
        """All beats in order."""
        return [beat for act in self.acts for beat in act.beats]


class DialogueLine(StoryModel):
    """One speech of a shot; `character` is a character id."""

    character: Identifier
    line: Annotated[str, Field(min_length=1, max_length=2_000)]


class Shot(StoryModel):
    """One shot of a scene. `duration` in seconds, a multiple of 0.5."""

    prompt: Prompt
    first_frame_prompt: Prompt
    last_frame_prompt: Prompt
    duration: Annotated[float, Field(ge=MIN_SHOT_SECONDS, le=MAX_SHOT_SECONDS, multiple_of=0.5)]
    order_index: Annotated[int, Field(ge=0, lt=MAX_SHOTS)]
    shot_size: ShotSize
    angle: Angle
    camera_move: CameraMove
    characters: Annotated[list[Identifier], Field(max_length=20)] = []
    props: Annotated[list[Identifier], Field(max_length=20)] = []
    dialogue: Annotated[list[DialogueLine], Field(max_length=60)] = []


class Scene(StoryModel):
    """One scene: one place, one time, a few shots (SOP step 2)."""

    scene_prompt: Prompt
    negative_elements: Annotated[list[Term], Field(max_length=24)]
    visual_elements: Annotated[list[Term], Field(max_length=24)]
    characters: Annotated[list[Identifier], Field(max_length=40)]
    order_index: Annotated[int, Field(ge=0, lt=MAX_SCENES)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    location: Identifier
    time_of_day: Annotated[str, Field(min_length=1, max_length=40)]
    interior: bool
    shots: Annotated[list[Shot], Field(min_length=1, max_length=MAX_SHOTS_PER_SCENE)]


class AssetManifest(StoryModel):
    """Everything that needs a placeholder in the Asset Bin or the Foundry (SOP step 2)."""

    characters: Annotated[list[Identifier], Field(max_length=100)]
    locations: Annotated[list[Identifier], Field(max_length=MAX_SCENES)]
    props: Annotated[list[Identifier], Field(max_length=200)]


class Breakdown(StoryModel):
    """SOP step 2's output. Order indexes run from 0 without gaps; shots count through the whole film."""

    scenes: Annotated[list[Scene], Field(min_length=1, max_length=MAX_SCENES)]
    asset_manifest: AssetManifest

    @model_validator(mode="after")
    def _orders_run(self) -> "Breakdown":
        if [scene.order_index for scene in self.scenes] != list(range(len(self.scenes))):
            raise ValueError("scene orderIndex values must run 0, 1, 2 … in order")
        if [shot.order_index for shot in self.shots] != list(range(len(self.shots))):
            raise ValueError("shot orderIndex values must run 0, 1, 2 … through the film")
        return self

    @property
    def shots(self) -> list[Shot]:
        """All shots in film order."""
        return [shot for scene in self.scenes for shot in scene.shots]

    @property
    def runtime_seconds(self) -> float:
        """Sum of the shot durations."""
        return sum(shot.duration for shot in self.shots)


class SegmentPrompt(StoryModel):
    """A shot as the storyboard receives it (SOP step 6). `negativePrompt` holds weighted terms."""

    prompt: Prompt
    negative_prompt: Annotated[str, Field(max_length=4_000)]
    first_frame_prompt: Prompt
    last_frame_prompt: Prompt
    duration: Annotated[float, Field(ge=MIN_SHOT_SECONDS, le=MAX_SHOT_SECONDS)]
    order_index: Annotated[int, Field(ge=0, lt=MAX_SHOTS)]
    scene_index: Annotated[int, Field(ge=0, lt=MAX_SCENES)]
    shot_size: ShotSize
    angle: Angle
    camera_move: CameraMove
    characters: Annotated[list[Identifier], Field(max_length=20)]
    location: Identifier
    props: Annotated[list[Identifier], Field(max_length=20)]
    dialogue: Annotated[list[DialogueLine], Field(max_length=60)] = []


class CastMember(StoryModel):
    """One character of the Style Bible (SOP step 4) before any training."""

    id: Identifier
    display_name: Annotated[str, Field(min_length=1, max_length=120)]
    attributes: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=120)]]
    wardrobe_rules: Annotated[list[Term], Field(max_length=12)]
    lighting_rules: Annotated[list[Term], Field(max_length=12)]
    pose_guidance: Annotated[list[Term], Field(max_length=12)]


class StyleGlobals(StoryModel):
    """The Style Bible's globalRules (SOP step 4)."""

    color_palette: Annotated[list[HexColor], Field(min_length=3, max_length=8)]
    banned_elements: Annotated[list[Term], Field(max_length=24)]
    required_elements: Annotated[list[Term], Field(max_length=24)]


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One thing that happens on the page, in page order: action (no character) or a speech."""

    text: str
    character: str = ""
    off_screen: bool = False  # heard, not seen: (O.S.) and (V.O.)


@dataclass(frozen=True, slots=True)
class ScriptScene:
    """One scene of a screenplay as written."""

    heading: str
    interior: bool
    exterior: bool
    place: str
    time: str
    lines: tuple[ScriptLine, ...]

    @property
    def action(self) -> str:
        """The scene's action text."""
        return " ".join(line.text for line in self.lines if not line.character)

    @property
    def dialogue(self) -> tuple[tuple[str, str], ...]:
        """(character, line) in page order."""
        return tuple((line.character, line.text) for line in self.lines if line.character)


@dataclass(frozen=True, slots=True)
class Screenplay:
    """A screenplay as read from Fountain or FDX."""

    title: str
    scenes: tuple[ScriptScene, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Every speaking character, in order of first speech."""
        return tuple(dict.fromkeys(name for scene in self.scenes for name, _ in scene.dialogue))
