"""Requests of SOP step 12."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

RESOLUTIONS: dict[str, Literal["draft", "review", "master"]] = {
    "720p": "draft",
    "1080p": "review",
    "4k": "master",
}


class ExportOrder(BaseModel):
    """The SOP's export payload. Without sceneChainId the whole film goes out, chain after chain."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    scene_chain_id: Annotated[str, Field(max_length=120)] | None = None
    format: Literal["prores", "prores4444", "h264"] = "prores"
    frame_rate: float | None = None
    resolution: Literal["720p", "1080p", "4k"] = "4k"
    audio_codec: Literal["pcm"] = "pcm"
    include_edl: bool = Field(default=True, alias="includeEDL")
    include_sidecar: bool = True
