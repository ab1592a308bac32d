"""What a client may send to the Asset Bin (SOP step 3)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

MAX_PARENTS = 20
MAX_RENAMES = 90  # one transaction, with its audit entry
MAX_LABELS = 40

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
    parents: Annotated[list[AssetId], Field(max_length=MAX_PARENTS)] = []


class RenameAsset(Body):
    name: AssetName


class Rename(Body):
    asset_id: AssetId
    name: AssetName


class RenameAssets(Body):
    """Several at once, all or none."""

    renames: Annotated[list[Rename], Field(min_length=1, max_length=MAX_RENAMES)]

    @field_validator("renames")
    @classmethod
    def _each_once(cls, value: list[Rename]) -> list[Rename]:
        if len({row.asset_id for row in value}) < len(value):
            raise ValueError("an asset is named more than once")
        return value


class Deconstruct(Body):
    """Which asset to build in 3D, from which picture.

    With assetId alone the picture is the asset's own, else the first uploaded reference. With imageKey alone a new
    asset is made, and `name` is needed. labels: what to cut out of the picture, in words.
    """

    asset_id: AssetId | None = None
    image_key: ImageKey | None = None
    name: AssetName | None = None
    prompt: Prompt = ""
    labels: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=MAX_LABELS)] = []

    @model_validator(mode="after")
    def _something_to_build(self) -> "Deconstruct":
        if self.asset_id is None and (self.image_key is None or self.name is None):
            raise ValueError("give assetId, or imageKey together with name")
        return self
