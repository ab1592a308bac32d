"""The relief as files: binary glTF 2.0 with its maps inside, and a coloured PLY point cloud."""

from pathlib import Path

import cv2
import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

from vibeboard.providers.sandbox.deconstruct.maps import Surface
from vibeboard.providers.sandbox.deconstruct.relief import Mesh
from vibeboard.providers.sandbox.pictures import Picture

JPEG_QUALITY = 92


class _Blob:
    """The one buffer of a GLB: views in order, each starting on four bytes."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[gltf.BufferView] = []

    def add(self, data: bytes, target: int | None = None) -> int:
        """Append; returns the index of the new buffer view."""
        self.data += b"\0" * (-len(self.data) % 4)
        view = gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(data), target=target)
        self.data += data
        self.views.append(view)
        return len(self.views) - 1


def write_glb(path: Path, mesh: Mesh, surface: Surface, *, name: str, generator: str) -> None:
    """One mesh, one metallic-roughness material; base colour as JPEG, the other maps as PNG."""
    blob = _Blob()
    vertices = (
        ("POSITION", mesh.positions, gltf.VEC3),
        ("NORMAL", mesh.normals, gltf.VEC3),
        ("TEXCOORD_0", mesh.uv, gltf.VEC2),
        ("TANGENT", mesh.tangents, gltf.VEC4),
    )
    accessors = [_accessor(blob.add(a.tobytes(), gltf.ARRAY_BUFFER), a, kind) for _, a, kind in vertices]
    accessors[0].min = mesh.positions.min(axis=0).tolist()  # required of POSITION, and of nothing else
    accessors[0].max = mesh.positions.max(axis=0).tolist()
    attributes = gltf.Attributes(**{label: index for index, (label, _, _) in enumerate(vertices)})
    indices = gltf.Accessor(
        bufferView=blob.add(mesh.indices.tobytes(), gltf.ELEMENT_ARRAY_BUFFER),
        componentType=gltf.UNSIGNED_INT,
        count=len(mesh.indices),
        type=gltf.SCALAR,
    )
    images = [
        gltf.Image(bufferView=blob.add(_encode(".jpg", surface.albedo)), mimeType="image/jpeg", name="base colour"),
        gltf.Image(bufferView=blob.add(_encode(".png", surface.normal_picture())), mimeType="image/png", name="normal"),
        gltf.Image(bufferView=blob.add(_encode(".png", surface.orm_picture())), mimeType="image/png", name="ORM"),
    ]
    material = gltf.Material(
        name=name,
        pbrMetallicRoughness=gltf.PbrMetallicRoughness(
            baseColorTexture=gltf.TextureInfo(index=0),
            metallicRoughnessTexture=gltf.TextureInfo(index=2),
            # The factors multiply the maps; 1 lets the maps speak for themselves.
            metallicFactor=1.0,
            roughnessFactor=1.0,
        ),
        normalTexture=gltf.NormalMaterialTexture(index=1),
        occlusionTexture=gltf.OcclusionTextureInfo(index=2),
        doubleSided=True,
    )
    primitive = gltf.Primitive(attributes=attributes, indices=len(accessors), material=0)
    document = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator=generator),
        scene=0,
        scenes=[gltf.Scene(nodes=[0])],
        nodes=[gltf.Node(mesh=0, name=name)],
        meshes=[gltf.Mesh(primitives=[primitive], name=name)],
        materials=[material],
        textures=[gltf.Texture(sampler=0, source=index) for index in range(len(images))],
        samplers=[
            gltf.Sampler(
                magFilter=gltf.LINEAR,
                minFilter=gltf.LINEAR_MIPMAP_LINEAR,
                wrapS=gltf.CLAMP_TO_EDGE,
                wrapT=gltf.CLAMP_TO_EDGE,
            )
        ],
        images=images,
        accessors=[*accessors, indices],
        bufferViews=blob.views,
        buffers=[gltf.Buffer(byteLength=len(blob.data))],
    )
    document.set_binary_blob(bytes(blob.data))
    document.save_binary(str(path))


def _accessor(view: int, values: NDArray[np.float32], kind: str) -> gltf.Accessor:
    return gltf.Accessor(bufferView=view, componentType=gltf.FLOAT, count=len(values), type=kind)


def _encode(suffix: str, pixels: Picture) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    _, encoded = cv2.imencode(suffix, pixels, options)
    return encoded.tobytes()


_POINT = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("nx", "<f4"),
        ("ny", "<f4"),
        ("nz", "<f4"),
        ("red", "u1"),
        ("green", "u1"),
        ("blue", "u1"),
    ]
)


def write_ply(path: Path, mesh: Mesh, albedo: Picture) -> None:
    """One point per vertex of the relief, with its normal and colour (binary little-endian PLY 1.0)."""
    points = np.empty(len(mesh.positions), _POINT)
    colours = cv2.resize(albedo, (mesh.columns, mesh.rows), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    for column, label in enumerate(("x", "y", "z")):
        points[label] = mesh.positions[:, column]
        points["n" + label] = mesh.normals[:, column]
    for column, label in enumerate(("blue", "green", "red")):  # OpenCV's order
        points[label] = colours[:, column]
    kinds = {"f": "float", "u": "uchar"}
    properties = "".join(f"property {kinds[_POINT[label].kind]} {label}\n" for label in _POINT.names or ())
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n{properties}end_header\n"
    path.write_bytes(header.encode("ascii") + points.tobytes())
