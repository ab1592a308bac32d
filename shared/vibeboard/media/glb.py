"""Binary glTF 2.0 judged by the rules of its specification (the Khronos validator's error codes stand in the faults).

Plain Python over the bytes, so that an upload can be judged anywhere; nothing is decoded, nothing outside is fetched.
"""

import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MAX_JSON_BYTES = 16 * 1024 * 1024
MAX_NUMBERS = 3_000_000  # components whose values are looked at; the rest is judged by its structure
MAX_FAULTS = 20
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_SIZES = {5120: (1, "b"), 5121: (1, "B"), 5122: (2, "h"), 5123: (2, "H"), 5125: (4, "I"), 5126: (4, "f")}
_COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_UNIT = 0.005  # how far a normal's length may be from 1


class _Faults(list[str]):
    """Faults found so far; `full` once there are enough to tell."""

    def add(self, code: str, where: str, why: str) -> None:
        if len(self) < MAX_FAULTS:
            self.append(f"{code} {where}: {why}")


def faults(body: bytes) -> list[str]:
    """Every rule the file breaks, `CODE where: why`; empty for a valid GLB."""
    found = _Faults()
    try:
        document, binary = _chunks(body, found)
        if document is not None:
            _Check(document, binary, found).all()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, struct.error) as fault:
        found.add("SCHEMA_VIOLATION", "document", f"{type(fault).__name__}: {str(fault)[:120]}")
    return list(found)


def describe(path: Path) -> dict[str, int]:
    """{meshes, vertices, triangles, textures} of a valid GLB. Raises ValueError naming its first faults."""
    body = path.read_bytes()
    found = faults(body)
    if found:
        raise ValueError("; ".join(found[:3]))
    document = _chunks(body, _Faults())[0] or {}
    accessors = document.get("accessors", [])
    primitives = [row for mesh in document.get("meshes", []) for row in mesh["primitives"]]
    return {
        "meshes": len(document.get("meshes", [])),
        "vertices": sum(accessors[row["attributes"]["POSITION"]]["count"] for row in primitives),
        "triangles": sum(accessors[row["indices"]]["count"] // 3 for row in primitives if "indices" in row),
        "textures": len(document.get("textures", [])),
    }


def _chunks(body: bytes, found: _Faults) -> tuple[dict[str, Any] | None, bytes]:
    if len(body) < 20 or body[:4] != b"glTF":
        found.add("GLB_INVALID_MAGIC", "header", "the file does not begin as a GLB")
        return None, b""
    version, length = struct.unpack_from("<II", body, 4)
    if version != 2:
        found.add("GLB_INVALID_VERSION", "header", f"version {version}")
        return None, b""
    if length != len(body):
        found.add("GLB_LENGTH_MISMATCH", "header", f"says {length} bytes, has {len(body)}")
        return None, b""
    chunks: list[tuple[int, bytes]] = []
    at = 12
    while at + 8 <= len(body):
        size, kind = struct.unpack_from("<II", body, at)
        if size % 4 or at + 8 + size > len(body):
            found.add(
                "GLB_CHUNK_LENGTH_UNALIGNED" if size % 4 else "GLB_CHUNK_TOO_BIG", f"chunk {len(chunks)}", f"{size}"
            )
            return None, b""
        chunks.append((kind, body[at + 8 : at + 8 + size]))
        at += 8 + size
    if at != len(body) or not chunks or chunks[0][0] != _JSON:
        found.add("GLB_UNEXPECTED_FIRST_CHUNK", "chunks", "the first chunk is not JSON, or bytes are left over")
        return None, b""
    if len(chunks[0][1]) > MAX_JSON_BYTES:
        found.add("JSON_TOO_BIG", "chunk 0", f"{len(chunks[0][1])} bytes, at most {MAX_JSON_BYTES}")
        return None, b""
    try:
        document = json.loads(chunks[0][1])
    except (ValueError, RecursionError):
        found.add("INVALID_JSON", "chunk 0", "is no JSON")
        return None, b""
    if not isinstance(document, dict):
        found.add("SCHEMA_VIOLATION", "document", "is no object")
        return None, b""
    binary = next((data for kind, data in chunks[1:] if kind == _BIN), b"")
    return document, binary


class _Check:
    """The rules, one method a part of the document."""

    def __init__(self, document: dict[str, Any], binary: bytes, found: _Faults) -> None:
        self.document, self.binary, self.found = document, binary, found

    def rows(self, name: str) -> list[dict[str, Any]]:
        rows = self.document.get(name, [])
        return rows if isinstance(rows, list) else []

    def all(self) -> None:
        asset = self.document.get("asset")
        if not isinstance(asset, dict) or str(asset.get("version")) != "2.0":
            self.found.add("UNKNOWN_ASSET_MAJOR_VERSION", "asset", "version is not 2.0")
        for name in self.document.get("extensionsRequired", []):
            self.found.add("UNSUPPORTED_EXTENSION", "extensionsRequired", str(name))
        self.buffers()
        self.views()
        if self.found:
            return
        self.accessors()
        self.images()
        self.references()
        if not self.found:
            self.meshes()
            self.nodes()

    def buffers(self) -> None:
        for index, buffer in enumerate(self.rows("buffers")):
            if "uri" in buffer:
                self.found.add("URI_GLB", f"buffers[{index}]", "points outside the file")
            elif buffer["byteLength"] > len(self.binary) or len(self.binary) - buffer["byteLength"] > 3:
                told = f"says {buffer['byteLength']} bytes, the chunk has {len(self.binary)}"
                self.found.add("BUFFER_GLB_CHUNK_TOO_BIG", f"buffers[{index}]", told)

    def views(self) -> None:
        buffers = self.rows("buffers")
        for index, view in enumerate(self.rows("bufferViews")):
            start, size = view.get("byteOffset", 0), view["byteLength"]
            if not 0 <= view["buffer"] < len(buffers):
                self.found.add("UNRESOLVED_REFERENCE", f"bufferViews[{index}]", "no such buffer")
            elif start < 0 or size < 1 or start + size > buffers[view["buffer"]]["byteLength"]:
                self.found.add("BUFFER_VIEW_TOO_LONG", f"bufferViews[{index}]", "reaches beyond its buffer")

    def accessors(self) -> None:
        views = self.rows("bufferViews")
        for index, accessor in enumerate(self.rows("accessors")):
            where = f"accessors[{index}]"
            if accessor.get("componentType") not in _SIZES or accessor.get("type") not in _COUNTS:
                self.found.add("VALUE_NOT_IN_LIST", where, "unknown componentType or type")
                continue
            size = _SIZES[accessor["componentType"]][0]
            element, start = size * _COUNTS[accessor["type"]], accessor.get("byteOffset", 0)
            if accessor["count"] < 1:
                self.found.add("VALUE_NOT_IN_RANGE", where, "count is below 1")
            if "bufferView" not in accessor:
                continue
            if not 0 <= accessor["bufferView"] < len(views):
                self.found.add("UNRESOLVED_REFERENCE", where, "no such bufferView")
                continue
            view = views[accessor["bufferView"]]
            stride = view.get("byteStride", element)
            if (view.get("byteOffset", 0) + start) % size or stride % size:
                self.found.add("ACCESSOR_TOTAL_OFFSET_ALIGNMENT", where, f"not aligned to {size} bytes")
            if start + stride * (accessor["count"] - 1) + element > view["byteLength"]:
                self.found.add("ACCESSOR_TOO_LONG", where, "reaches beyond its view")

    def images(self) -> None:
        views = self.rows("bufferViews")
        for index, image in enumerate(self.rows("images")):
            where = f"images[{index}]"
            if "uri" in image:
                self.found.add("URI_GLB", where, "points outside the file")
                continue
            signature = _IMAGES.get(image.get("mimeType", ""))
            if signature is None or not 0 <= image.get("bufferView", -1) < len(views):
                self.found.add("IMAGE_BUFFER_VIEW_WITHOUT_MIME", where, "needs a PNG or JPEG in a bufferView")
                continue
            start = views[image["bufferView"]].get("byteOffset", 0)
            if self.binary[start : start + len(signature)] != signature:
                self.found.add("IMAGE_MIME_TYPE_INVALID", where, f"is no {image['mimeType']}")

    def references(self) -> None:
        counts = {name: len(self.rows(name)) for name in ("images", "samplers", "textures", "meshes", "materials")}
        counts |= {name: len(self.rows(name)) for name in ("nodes", "scenes", "accessors")}

        def within(index: Any, name: str, where: str) -> None:
            if index is not None and not (isinstance(index, int) and 0 <= index < counts[name]):
                self.found.add("UNRESOLVED_REFERENCE", where, f"no {name}[{index}]")

        for number, texture in enumerate(self.rows("textures")):
            within(texture.get("source"), "images", f"textures[{number}]")
            within(texture.get("sampler"), "samplers", f"textures[{number}]")
        for number, material in enumerate(self.rows("materials")):
            metal = material.get("pbrMetallicRoughness", {})
            slots = [metal.get("baseColorTexture"), metal.get("metallicRoughnessTexture")]
            for slot in slots + [material.get(f"{name}Texture") for name in ("normal", "occlusion", "emissive")]:
                if slot is not None:
                    within(slot["index"], "textures", f"materials[{number}]")
        for number, node in enumerate(self.rows("nodes")):
            within(node.get("mesh"), "meshes", f"nodes[{number}]")
            for child in node.get("children", []):
                within(child, "nodes", f"nodes[{number}]")
        for number, scene in enumerate(self.rows("scenes")):
            for root in scene.get("nodes", []):
                within(root, "nodes", f"scenes[{number}]")
        within(self.document.get("scene"), "scenes", "scene")
        for number, mesh in enumerate(self.rows("meshes")):
            for row in mesh["primitives"]:
                within(row.get("indices"), "accessors", f"meshes[{number}]")
                within(row.get("material"), "materials", f"meshes[{number}]")
                for index in row["attributes"].values():
                    within(index, "accessors", f"meshes[{number}]")

    def meshes(self) -> None:
        for number, mesh in enumerate(self.rows("meshes")):
            for part, row in enumerate(mesh["primitives"]):
                self.primitive(row, f"meshes[{number}].primitives[{part}]")

    def primitive(self, row: dict[str, Any], where: str) -> None:
        accessors, attributes = self.rows("accessors"), row["attributes"]
        if "POSITION" not in attributes:
            self.found.add("MESH_PRIMITIVE_NO_POSITION", where, "has no POSITION")
            return
        count = accessors[attributes["POSITION"]]["count"]
        if len({accessors[index]["count"] for index in attributes.values()}) > 1:
            self.found.add("MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT", where, "attributes differ in length")
            return
        position = accessors[attributes["POSITION"]]
        if "min" not in position or "max" not in position:
            self.found.add("MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", where, "POSITION has no min and max")
        else:
            self.bounds(position, where)
        for name, width in (("NORMAL", 3), ("TANGENT", 4)):
            if name in attributes:
                self.unit(accessors[attributes[name]], width, f"{where}.{name}")
        if "indices" in row:
            values = self.numbers(accessors[row["indices"]])
            if values and max(values) >= count:
                self.found.add("ACCESSOR_INDEX_OOB", where, f"index {max(values)} of {count} vertices")
            if row.get("mode", 4) == 4 and accessors[row["indices"]]["count"] % 3:
                self.found.add("MESH_PRIMITIVE_INCOMPATIBLE_MODE", where, "indices are no whole triangles")

    def bounds(self, position: dict[str, Any], where: str) -> None:
        values = self.numbers(position)
        for axis in range(3 if values else 0):
            low, high = min(values[axis::3]), max(values[axis::3])
            near = all(
                math.isclose(float(told), found, rel_tol=1e-6, abs_tol=1e-9)
                for told, found in ((position["min"][axis], low), (position["max"][axis], high))
            )
            if not near or not math.isfinite(low + high):
                self.found.add("ACCESSOR_MIN_MISMATCH", where, f"axis {axis} runs from {low:g} to {high:g}")

    def unit(self, accessor: dict[str, Any], width: int, where: str) -> None:
        values = self.numbers(accessor)
        for at in range(0, len(values), width):
            length = math.hypot(*values[at : at + 3])
            if not abs(length - 1) < _UNIT:
                self.found.add("ACCESSOR_NON_UNIT", where, f"vector {at // width} has length {length:g}")
                return
            if width == 4 and values[at + 3] not in (-1.0, 1.0):
                self.found.add("ACCESSOR_INVALID_SIGN", where, f"w of vector {at // width} is {values[at + 3]:g}")
                return

    def numbers(self, accessor: dict[str, Any]) -> Sequence[Any]:
        """An accessor's values, flat; empty for one too large to look at, strided, or without bytes of its own."""
        size, code = _SIZES[accessor["componentType"]]
        total = accessor["count"] * _COUNTS[accessor["type"]]
        if "bufferView" not in accessor or total > MAX_NUMBERS:
            return []
        view = self.rows("bufferViews")[accessor["bufferView"]]
        if view.get("byteStride", size * _COUNTS[accessor["type"]]) != size * _COUNTS[accessor["type"]]:
            return []
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return memoryview(self.binary[start : start + total * size]).cast(code)  # type: ignore[call-overload,no-any-return]

    def nodes(self) -> None:
        nodes, parents = self.rows("nodes"), dict[int, int]()
        for number, node in enumerate(nodes):
            for child in node.get("children", []):
                if child in parents:
                    self.found.add("NODE_PARENT_OVERRIDE", f"nodes[{child}]", "has two parents")
                parents[child] = number
        checked: set[int] = set()
        for number in range(len(nodes)):
            line, at = {number}, number
            while at in parents and parents[at] not in checked:
                at = parents[at]
                if at in line:
                    self.found.add("NODE_LOOP", f"nodes[{number}]", "is its own ancestor")
                    return
                line.add(at)
            checked |= line
