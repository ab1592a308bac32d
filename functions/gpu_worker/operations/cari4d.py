"""cari4d.contacts: CARI4D, when and where a person holds an object in a shot. CPU: a tracked box and joint motion.

The model reconstructs human and object in 4D; it needs the object's mesh, masks of both in every frame (HDF5) and
OpenPose key points, and SMPL-H under its own terms. Its steps run as its own programs in its own environment.
"""

import json
import os
import shutil
from pathlib import Path
from typing import cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, release
from vibeboard.domain.errors import Invalid, ProviderFailed
from vibeboard.media.programs import run_program
from vibeboard.providers.worker_ops import Contacts

MODEL = Model(
    name="cari4d",
    repository="NVlabs/CARI4D",
    commit="bc753117a0664513b3a41fda671a2128a3d328fa",
    weights="cari4d-release step031397; UniDepth; FoundationPose; NLF; SMPL-H",
    licences=("cari4d", "smpl-h"),
    folder="CARI4D",
    needs=("run_horefine.py", "experiments/cari4d-release/step031397.pth", "data/smpl/smplh", "venv/bin/python"),
    gigabytes=48,
)
STEP_SECONDS = 1800.0
TOUCHING_METRES = 0.02  # surfaces nearer than this touch


def on_gpu(bench: Bench) -> Made:
    missing = [name for name in ("mesh", "masks", "poses") if name not in bench.assets]
    if missing:
        raise Invalid(f"CARI4D needs {', '.join(missing)} beside the video", fix="Send them as assets of the order.")
    wanted = cast(Contacts, bench.params)
    release()  # the programs need the GPU's memory for themselves
    root, sequence = MODEL.root, "Date03_Sub01_order_wild001"
    data = bench.folder / "cari4d"
    places = {
        "video": data / "videos" / f"{sequence}.0.color.mp4",
        "mesh": data / "meshes" / f"{sequence}_000_rgb" / f"{sequence}_000_rgb.obj",
        "masks": data / "masks" / f"{sequence}_masks_k0.h5",
        "poses": data / "packed" / f"{sequence}_GT-packed.pkl",
    }
    for label, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bench.assets[label], place)
    video, masks, meshes, packed = (places[name].parent for name in ("video", "masks", "mesh", "poses"))
    film, meshes = places["video"], meshes.parent
    steps: tuple[tuple[str, list[str]], ...] = (
        ("depth", ["prep/unidepth_behave.py", "--wild_video", "--video", str(film), "-o", f"{video}/"]),
        ("tracking", ["prep/fp_hy3d_track.py", "--viz_path", "x", "--wild_video", "--kid", "0", "--masks_root",
                      f"{masks}/", f"--hy3d_root={meshes}", "--video", str(film), "-o", f"{data}/track"]),
        ("refinement", ["run_horefine.py", "config=learning/configs/cari4d-release.yml",
                        "split_file=splits/demo-behave.json", "use_sel_view=True", "render_video=False",
                        "identifier=_order", "use_intermediate=False", "data_name=test-only",
                        f"hy3d_meshes_root={meshes}", f"masks_root={masks}/", f"fp_root={data}/track",
                        f"nlf_root={data}/nlf", f"video={film}", "cam_id=0", "wild_video=True",
                        f"outpath={data}/coconet"]),
        ("joint fit", ["learning/training/opt_refineout.py", "num_steps=3000", "save_name=order", "batch_size=192",
                       "opt_rot=True", "opt_trans=True", "w_acc_v=600", "w_temp=1000", "w_contact=200.0", "w_pen=2.0",
                       "w_sil=0.002", "w_j2d=0.006", "wild_video=True",
                       f"pth_file={data}/coconet/cari4d-release+step031397_order/{sequence}.pth",
                       f"video_root={video}/", f"packed_root={packed}", f"masks_root={masks}/",
                       f"hy3d_meshes_root={meshes}", f"outpath={data}/fit"]),
    )  # fmt: skip
    for index, (stage, arguments) in enumerate(steps):
        bench.progress(0.05 + 0.85 * index / len(steps), stage)
        python = str(root / "venv" / "bin" / "python")
        run_program([python, *arguments], cwd=root, timeout=STEP_SECONDS, stop=bench.stop, env=dict(os.environ))
    fits = sorted((data / "fit").rglob("*.pth"))
    if not fits:
        raise ProviderFailed("CARI4D finished without a reconstruction", fix="Check masks and mesh of the order.")
    from vibeboard.providers.sandbox.contacts import report

    touching = _from_fit(fits[-1])
    told = report(wanted.object_name, touching, {"engine": MODEL.name, "touchingMetres": TOUCHING_METRES})
    bench.out("contacts").write_text(json.dumps(told, indent=2), "utf-8")
    return Made({"frames": len(touching), "contactFrames": sum(touching)})


def _from_fit(path: Path) -> list[bool]:
    """Whether hand and object touch, frame by frame: the nearest of the hands' and the object's points."""
    import torch

    held = torch.load(path, map_location="cpu", weights_only=False)  # our own program's file
    hands, points = held["hand_verts"].float(), held["obj_verts"].float()
    return [bool(torch.cdist(h, p).min() < TOUCHING_METRES) for h, p in zip(hands, points, strict=True)]


def on_cpu(bench: Bench) -> Made:
    from vibeboard.providers.sandbox import contacts

    wanted = cast(Contacts, bench.params)
    facts = contacts.contacts(
        bench.assets["video"],
        bench.out("contacts"),
        object_name=wanted.object_name,
        box=wanted.box,
        progress=lambda part: bench.progress(part, "tracking"),
    )
    return Made(facts, model=contacts.MODEL)
