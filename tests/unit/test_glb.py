"""Binary glTF by its rules: what the sandbox writes breaks none, and each rule is broken once."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vibeboard.media import glb
from vibeboard.providers.sandbox.deconstruct import deconstruct

Document = dict[str, Any]


@pytest.fixture(scope="module")
def relief(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("relief")
    noise = np.random.default_rng(5).integers(0, 256, (90, 160, 3), np.uint8)
    cv2.imwrite(str(folder / "in.png"), noise)
    deconstruct(folder / "in.png", folder, name="Set", parts=("geometry",))
    assert not list(folder.glob("Set_*.png"))
    return folder / "Set.glb"


def parts(path: Path) -> tuple[Document, bytearray]:
    body = path.read_bytes()
    length = struct.unpack_from("<I", body, 12)[0]
    return json.loads(body[20 : 20 + length]), bytearray(body[28 + length :])


def written(document: Document, binary: bytes) -> bytes:
    told = json.dumps(document).encode()
    told += b" " * (-len(told) % 4)
    chunks = struct.pack("<II", len(told), 0x4E4F534A) + told + struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def test_given_the_sandboxes_relief_when_judged_then_it_breaks_no_rule(relief: Path) -> None:
    assert glb.faults(relief.read_bytes()) == []
    facts = glb.describe(relief)
    assert (facts["meshes"], facts["vertices"], facts["textures"]) == (1, 256 * 144, 3)
    assert facts["triangles"] == 255 * 143 * 2


def _poke(binary: bytearray, document: Document, accessor: int, value: float, code: str = "<f") -> None:
    view = document["bufferViews"][document["accessors"][accessor]["bufferView"]]
    struct.pack_into(code, binary, view.get("byteOffset", 0), value)


def _accessor(document: Document, name: str) -> int:
    primitive = document["meshes"][0]["primitives"][0]
    return primitive["indices"] if name == "indices" else primitive["attributes"][name]


# rule -> how to break it
BROKEN: dict[str, Callable[[Document, bytearray], None]] = {
    "UNKNOWN_ASSET_MAJOR_VERSION": lambda d, _: d["asset"].update(version="3.0"),
    "UNSUPPORTED_EXTENSION": lambda d, _: d.update(extensionsRequired=["KHR_draco_mesh_compression"]),
    "URI_GLB": lambda d, _: d["images"][0].update(uri="https://elsewhere.test/a.png"),
    "BUFFER_GLB_CHUNK_TOO_BIG": lambda d, _: d["buffers"][0].update(byteLength=1 << 40),
    "BUFFER_VIEW_TOO_LONG": lambda d, _: d["bufferViews"][-1].update(byteLength=1 << 30),
    "VALUE_NOT_IN_LIST": lambda d, _: d["accessors"][0].update(componentType=9999),
    "VALUE_NOT_IN_RANGE": lambda d, _: d["accessors"][0].update(count=0),
    "ACCESSOR_TOO_LONG": lambda d, _: d["accessors"][0].update(count=10**9),
    "ACCESSOR_TOTAL_OFFSET_ALIGNMENT": lambda d, _: d["accessors"][0].update(byteOffset=2, count=10),
    "IMAGE_MIME_TYPE_INVALID": lambda d, _: d["images"][0].update(mimeType="image/png"),
    "IMAGE_BUFFER_VIEW_WITHOUT_MIME": lambda d, _: d["images"][0].pop("mimeType"),
    "UNRESOLVED_REFERENCE": lambda d, _: d["textures"][0].update(source=9),
    "MESH_PRIMITIVE_NO_POSITION": lambda d, _: d["meshes"][0]["primitives"][0]["attributes"].pop("POSITION"),
    "MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT": lambda d, _: d["accessors"][_accessor(d, "NORMAL")].update(count=3),
    "MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS": lambda d, _: d["accessors"][_accessor(d, "POSITION")].pop("max"),
    "MESH_PRIMITIVE_INCOMPATIBLE_MODE": lambda d, _: d["accessors"][_accessor(d, "indices")].update(count=7),
    "ACCESSOR_MIN_MISMATCH": lambda d, b: _poke(b, d, _accessor(d, "POSITION"), -99.0),
    "ACCESSOR_NON_UNIT": lambda d, b: _poke(b, d, _accessor(d, "NORMAL"), 40.0),
    "ACCESSOR_INDEX_OOB": lambda d, b: _poke(b, d, _accessor(d, "indices"), 10**6, "<I"),
    "NODE_LOOP": lambda d, _: d["nodes"][0].update(children=[0]),
    "NODE_PARENT_OVERRIDE": lambda d, _: (
        d["nodes"].extend([{}, {"children": [1]}]), d["nodes"][0].update(children=[1])),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_given_one_rule_broken_when_judged_then_it_is_named(rule: str, relief: Path) -> None:
    document, binary = parts(relief)
    assert glb.faults(written(document, bytes(binary))) == []
    BROKEN[rule](document, binary)

    found = glb.faults(written(document, bytes(binary)))

    assert rule in {fault.split(" ")[0] for fault in found}, found


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _body: b"",
        lambda body: body[:19],
        lambda body: b"PNG!" + body[4:],
        lambda body: body[:4] + struct.pack("<I", 1) + body[8:],
        lambda body: body[:-4],
        lambda body: body + b"more",
        lambda body: body[:12] + struct.pack("<I", 0xFFFFFFFC) + body[16:],
        lambda body: body[:20] + b"[" * 400 + body[420:],
    ],
)
def test_given_bytes_that_are_no_glb_when_judged_then_a_fault_and_no_error(
    spoil: Callable[[bytes], bytes], relief: Path
) -> None:
    assert glb.faults(spoil(relief.read_bytes()))


def test_given_any_field_of_another_type_when_judged_then_never_an_error(relief: Path) -> None:
    document, binary = parts(relief)
    for name in ("buffers", "bufferViews", "accessors", "images", "meshes", "nodes", "textures", "materials", "scenes"):
        for nonsense in ("x", 7, None, [7], [None], ["x"], [[]], [{}], {"a": 1}):
            glb.faults(written(document | {name: nonsense}, bytes(binary)))
