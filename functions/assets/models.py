"""What a client may send to the Asset Bin (SOP step 3)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

AssetId = Annotated[str, Field(min_length=1, max_length=120)]
AssetName = Annotated[str, Field(min_length=1, max_length=200)]
Prompt = Annotated[str, Field(max_length=2_000)]
ImageKey = Annotated[str, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class CreateAsset(Body):
    """One's own asset: a name by the schema, and the completed upload that holds its file."""

    name: AssetName
    upload_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    source_prompt: Prompt = ""
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] | None = None
    model: Annotated[str, Field(max_length=120)] = ""
    licence: Annotated[str, Field(max_length=200)] = ""


class RenameAsset(Body):
    name: AssetName


class Deconstruct(Body):
    """Which asset to build in 3D, from which picture.

    With assetId alone the picture is the asset's own, else the first uploaded reference. With imageKey alone a new
    asset is made, and `name` is needed.
    """

    asset_id: AssetId | None = None
    image_key: ImageKey | None = None
    name: AssetName | None = None
    prompt: Prompt = ""

    @model_validator(mode="after")
    def _something_to_build(self) -> "Deconstruct":
        if self.asset_id is None and (self.image_key is None or self.name is None):
            raise ValueError("give assetId, or imageKey together with name")
        return self
