"""Requests of SOP step 12."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

TAG_CHARACTERS = 500
RESOLUTIONS: dict[str, Literal["draft", "review", "master"]] = {
    "720p": "draft",
    "1080p": "review",
    "4k": "master",
}


class PublishOrder(BaseModel):
    """Where a finished film goes public. Limits are YouTube's; what is not given comes from the film."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    platform: Literal["youtube"] = "youtube"
    rendition: Literal["master", "web"] = "master"  # the master as delivered, or the press kit's 720p H.264
    title: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^<>]*$")] | None = None
    description: Annotated[str, Field(max_length=5000, pattern=r"^[^<>]*$")] | None = None
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=30)] = []
    privacy_status: Literal["private", "unlisted", "public"] = "private"
    made_for_kids: bool = False

    @field_validator("tags")
    @classmethod
    def _together(cls, tags: list[str]) -> list[str]:
        if sum(map(len, tags)) > TAG_CHARACTERS:
            raise ValueError(f"all tags together may have {TAG_CHARACTERS} characters")
        return tags


class ExportOrder(BaseModel):
    """The SOP's export payload. Without sceneChainId the whole film goes out, chain after chain."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    scene_chain_id: Annotated[str, Field(max_length=120)] | None = None
    format: Literal["prores", "prores4444", "h264"] = "prores"
    frame_rate: float | None = None
    resolution: Literal["720p", "1080p", "4k"] = "4k"
    audio_codec: Literal["pcm"] = "pcm"
    loudness_target: Literal[-23, -14] | None = None  # LUFS; by default -23 for ProRes, -14 for H.264
    include_edl: bool = Field(default=True, alias="includeEDL")
    include_sidecar: bool = True
