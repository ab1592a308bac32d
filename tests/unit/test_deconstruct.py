"""SOP step 3: a picture becomes a relief that a second library reads, and maps that follow the picture."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from vibeboard.domain.errors import Invalid
from vibeboard.providers.sandbox.deconstruct import deconstruct, maps

NAME = "SC01_SH03_LOC_Laundromat"


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1600x900: a dark wall left, a bright door right, a striped floor below."""
    picture = np.full((900, 1600, 3), (60, 40, 30), np.uint8)
    picture[200:700, 1000:1400] = (90, 200, 240)  # BGR: a warm door
    picture[700:, ::40] = (200, 200, 200)
    path = tmp_path_factory.mktemp("plate") / "plate.png"
    cv2.imwrite(str(path), picture)
    return path


@pytest.fixture(scope="module")
def made(plate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("set")
    deconstruct(plate, out, name=NAME)
    return out


def test_the_files_are_listed_with_their_types(plate: Path, tmp_path: Path) -> None:
    rows = deconstruct(plate, tmp_path / "new" / "folder", name=NAME)
    assert [(row["name"], row["type"]) for row in rows] == [
        (f"{NAME}.glb", "geometry"),
        (f"{NAME}.ply", "pointcloud"),
        (f"{NAME}_albedo.png", "texture"),
        (f"{NAME}_normal.png", "texture"),
        (f"{NAME}_roughness.png", "texture"),
        (f"{NAME}_metallic.png", "texture"),
        ("materials.json", "pbr"),
    ]
    assert all(row["path"].stat().st_size > 0 for row in rows)


def test_the_relief_loads_elsewhere_with_bounds_normals_and_textures(made: Path) -> None:
    mesh = next(iter(trimesh.load_scene(made / f"{NAME}.glb").geometry.values()))
    assert mesh.vertices.shape == (256 * 144, 3)
    assert mesh.faces.shape == (255 * 143 * 2, 3)
    np.testing.assert_allclose(mesh.bounds, [[-0.8, -0.45, -0.15], [0.8, 0.45, 0.15]], atol=1e-6)
    # The file's own normals agree with those of its triangles, so neither winding nor slope is turned round.
    agreement = np.einsum("ij,ij->i", mesh.face_normals, mesh.vertex_normals[mesh.faces].mean(axis=1))
    assert agreement.min() > 0.3
    assert agreement.mean() > 0.99
    assert mesh.face_normals[:, 2].min() > 0
    material = mesh.visual.material
    assert material.baseColorTexture.size == (1024, 576)
    assert material.normalTexture.size == (1024, 576)
    assert material.occlusionTexture is not None
    assert material.metallicRoughnessTexture is not None


def test_position_and_only_position_carries_its_range(made: Path) -> None:
    document = _glb_json(made / f"{NAME}.glb")
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    for label, index in attributes.items():
        assert ("min" in document["accessors"][index]) == (label == "POSITION"), label
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])
    assert document["buffers"][0]["byteLength"] >= max(
        v["byteOffset"] + v["byteLength"] for v in document["bufferViews"]
    )


def test_uv_runs_from_the_upper_left_so_the_picture_is_not_upside_down(made: Path) -> None:
    mesh = next(iter(trimesh.load_scene(made / f"{NAME}.glb").geometry.values()))
    door = np.argmin(np.abs(mesh.vertices[:, :2] - [0.4, 0.1]).sum(axis=1))  # in the picture: (1200, 350), in the door
    u, v = mesh.visual.uv[door]
    texture = mesh.visual.material.baseColorTexture
    red, _, blue = texture.getpixel((int(u * 1023), int((1 - v) * 575)))  # trimesh flips v to its own convention
    assert red > 1.5 * blue


def test_a_bright_place_stands_nearer_than_a_dark_one_at_the_same_height(made: Path) -> None:
    mesh = next(iter(trimesh.load_scene(made / f"{NAME}.glb").geometry.values()))
    row = np.abs(mesh.vertices[:, 1] - 0.1) < 0.003
    x, z = mesh.vertices[row, 0], mesh.vertices[row, 2]
    assert z[(x > 0.3) & (x < 0.5)].mean() > z[(x > -0.5) & (x < -0.3)].mean() + 0.05


def test_normals_lean_away_from_what_gets_brighter() -> None:
    ramp = np.repeat(np.linspace(0, 255, 200)[None, :], 200, axis=0)
    across = maps.surface(np.dstack([ramp] * 3).astype(np.uint8)).normal
    down = maps.surface(np.dstack([ramp.T] * 3).astype(np.uint8)).normal
    assert across[100, 100, 0] < -0.005  # rises to the right: leans left
    assert abs(across[100, 100, 1]) < 1e-3
    assert down[100, 100, 1] > 0.005  # rises downwards: leans up
    np.testing.assert_allclose(np.linalg.norm(across, axis=2), 1.0, atol=1e-5)


def test_even_places_are_rougher_than_busy_ones(made: Path) -> None:
    rough = np.asarray(Image.open(made / f"{NAME}_roughness.png"))
    assert rough.shape == (576, 1024)
    assert rough[100:300, 100:400].mean() > rough[480:560].mean() + 10


def test_the_point_cloud_carries_the_pictures_colours(made: Path) -> None:
    cloud = trimesh.load(made / f"{NAME}.ply")
    assert cloud.vertices.shape == (256 * 144, 3)
    door = np.argmin(np.abs(cloud.vertices[:, :2] - [0.4, 0.1]).sum(axis=1))
    red, _, blue = cloud.colors[door][:3]
    assert red > 1.5 * blue


def test_the_sheet_says_that_depth_is_a_guess_and_who_made_it(made: Path) -> None:
    sheet = json.loads((made / "materials.json").read_text("utf-8"))
    assert sheet["engine"] == "sandbox/relief"
    assert sheet["depth"]["measured"] is False
    assert "guess from luminance" in sheet["depth"]["note"]
    assert {row["file"] for row in sheet["maps"].values()} == {p.name for p in made.glob("*.png")}


def test_the_same_picture_gives_the_same_bytes(plate: Path, made: Path, tmp_path: Path) -> None:
    for row in deconstruct(plate, tmp_path, name=NAME):
        assert row["path"].read_bytes() == (made / row["name"]).read_bytes(), row["name"]


@pytest.mark.parametrize("size", [(64, 64), (360, 640), (1, 500), (2000, 3)])
def test_any_shape_gives_a_relief_that_loads(size: tuple[int, int], tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (*size, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), noise)
    deconstruct(tmp_path / "in.png", tmp_path / "out", name="SC02_SH01_PROP_Coin")
    mesh = next(iter(trimesh.load_scene(tmp_path / "out" / "SC02_SH01_PROP_Coin.glb").geometry.values()))
    assert np.isfinite(mesh.vertices).all()
    assert max(mesh.visual.material.baseColorTexture.size) <= 1024


def test_an_even_picture_is_still_a_valid_relief(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((120, 200, 3), np.uint8))
    deconstruct(tmp_path / "black.png", tmp_path, name="Black")
    normals = next(iter(trimesh.load_scene(tmp_path / "Black.glb").geometry.values())).vertex_normals
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("body", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_picture_is_refused_before_anything_is_written(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(body)
    with pytest.raises(Invalid, match=r"bad\.png is no picture"):
        deconstruct(tmp_path / "bad.png", tmp_path / "out", name="Bad")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 101])
def test_a_name_that_is_no_file_name_is_refused(name: str, plate: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot name a file"):
        deconstruct(plate, tmp_path / "out", name=name)


def test_an_embedded_base_colour_is_a_jpeg_of_the_albedo(made: Path) -> None:
    path = made / f"{NAME}.glb"
    document, body = _glb_json(path), path.read_bytes()
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    start = 20 + int.from_bytes(body[12:16], "little") + 8 + view["byteOffset"]
    embedded = Image.open(io.BytesIO(body[start : start + view["byteLength"]]))
    assert embedded.format == "JPEG"
    albedo = np.asarray(Image.open(made / f"{NAME}_albedo.png").convert("RGB"), np.float64)
    assert np.abs(np.asarray(embedded, np.float64) - albedo).mean() < 4


def _glb_json(path: Path) -> dict:
    body = path.read_bytes()
    assert body[:4] == b"glTF"
    assert int.from_bytes(body[8:12], "little") == len(body)
    length = int.from_bytes(body[12:16], "little")
    return dict(json.loads(body[20 : 20 + length]))
