"""Pages of docs/reference that are made from the tables in the code: `make docs` writes them, a test compares them."""

from pathlib import Path

from local import openapi
from local.errors import Exit
from vibeboard.domain.formats import ASPECT_RATIOS, FRAME_RATES, QUALITIES, frame_size
from vibeboard.domain.gates import GATES
from vibeboard.domain.gear import BOKEH_SHAPES, CAMERAS, LENS_TYPES, LENSES
from vibeboard.domain.pricing import FOOTAGE_PER_SECOND, IMAGE_MODELS, TRAINING_RUN, to_usd
from vibeboard.domain.qc import RULES
from vibeboard.domain.roles import APPROVAL_ROLES, PERMISSIONS
from vibeboard.http.access import ROUTES

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
MADE = "<!-- made by `make docs` from the code; change the table there -->\n\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def gates_page() -> str:
    """Every gate: where, what kind, how it answers, its sentence, when it refuses and what lifts it."""
    rows = [
        [
            gate.title,
            gate.step,
            gate.kind,
            str(gate.status or "-"),
            f"`{gate.code}`",
            gate.message,
            gate.refuses,
            gate.fix or "-",
            gate.override or "-",
        ]
        for gate in GATES.values()
    ]
    head = ["gate", "step", "kind", "HTTP", "code", "sentence", "refuses", "what to do", "override"]
    asked = _table(["approval", "least role that decides"], [[name, role] for name, role in APPROVAL_ROLES.items()])
    return f"# Gates\n\n{MADE}{_table(head, rows)}\n## Approvals\n\n{asked}"


def qc_page() -> str:
    """Every check of a finished master: what it asks, in whose words, and whether it blocks."""
    words = {"block": "blocks: nothing is delivered", "warn": "warns: delivered, with its value in the sidecar"}
    rows = [[f"`{rule.name}`", rule.asks, rule.source or "-", words[rule.kind]] for rule in RULES.values()]
    return f"# Checks of a finished master\n\n{MADE}{_table(['check', 'asks', 'after', 'when it fails'], rows)}"


_ANYBODY = {"signed-in": "any signed-in person", "signed-url": "whoever has the address, with a signed body"}


def routes_page() -> str:
    """Every route with the permission it needs and the least role that has it."""
    rows = [
        [method, f"`{path}`", permission, PERMISSIONS[permission] or _ANYBODY[permission]]
        for (method, path), permission in ROUTES.items()
    ]
    return f"# Routes and roles\n\n{MADE}{_table(['method', 'path', 'permission', 'least role'], rows)}"


def formats_page() -> str:
    """Picture sizes per aspect ratio and quality, frame rates, and what everything costs."""
    sizes = [
        [aspect, *("x".join(map(str, frame_size(aspect, quality))) for quality in QUALITIES)]
        for aspect in ASPECT_RATIOS
    ]
    rates = [[name, str(rate)] for name, rate in FRAME_RATES.items()]
    prices = [
        [f"footage, {quality}", f"{to_usd(micros):.2f} a second"] for quality, micros in FOOTAGE_PER_SECOND.items()
    ]
    prices += [
        [
            model,
            f"{to_usd(row.per_megapixel)} a started megapixel"
            if row.per_megapixel
            else f"{to_usd(row.per_image)} each",
        ]
        for model, row in IMAGE_MODELS.items()
    ]
    prices.append(["LoRA training", f"{to_usd(TRAINING_RUN):.2f} a run"])
    head = ["aspect ratio", *(f"{name} ({spec.label})" for name, spec in QUALITIES.items())]
    return (
        f"# Formats and prices\n\n{MADE}{_table(head, sizes)}\n"
        f"{_table(['frame rate', 'exact'], rates)}\n{_table(['what', 'USD'], prices)}"
    )


def gear_page() -> str:
    """Cameras and lens families of the Optics Engine, with the formulas they go into."""
    cameras = [[c.name, f"{c.width:g} x {c.height:g}", f"{c.coc:.4f}", c.color_science] for c in CAMERAS]
    lenses = [
        [lens.name, lens.lens_type, f"{lens.squeeze:g}", f"{lens.transmittance:g}", f"{lens.circle:g}", lens.look]
        for lens in LENSES
    ]
    return (
        f"# Cameras, lenses, optics\n\n{MADE}{_FORMULAS}\n"
        f"{_table(['camera', 'sensor, mm', 'circle of confusion, mm', 'colour science'], cameras)}\n"
        f"{_table(['lens family', 'type', 'squeeze', 'transmittance', 'image circle, mm', 'look'], lenses)}\n"
        f"Bokeh shapes: {', '.join(BOKEH_SHAPES)}. Lens types: {', '.join(LENS_TYPES)}.\n"
    )


_FORMULAS = """Lengths in mm: f focal length, N f-number, s distance in focus, d another distance, c circle of confusion
(sensor diagonal / 1500), w x h the sensor, q the squeeze, t the transmittance.

```
angle of view      2 atan(w q / 2f), 2 atan(h / 2f)
hyperfocal         H = f^2 / (N c) + f
near, far          s (H - f) / (H + s - 2f), s (H - f) / (H - s); infinite from s = H on
blur disc          f^2 / N * |d - s| / (d (s - f)); of a point infinitely far: f^2 / (N (s - f))
T-stop             N / sqrt(t)
full frame equal   36 f / (w q)
```

Refused with the reason (`OPTICS_IMPOSSIBLE`): apertures outside f/0.7 to f/64, focal lengths outside 4 to 1200 mm,
openings wider than 350 mm,
squeezes outside 1 to 2, a T-stop faster than its f-number, focus inside the focal length, unknown
lens types or bokeh shapes. A rack eases in 1/distance, as a focus ring is marked. `POST /api/optics/refocus` focuses a
picture of the project anew: GenFocus on RunPod, `sandbox/lens-blur` here (a blur of the lens's real size and shape
over a guessed depth). A chain with its style is locked against both.
"""


def exits_page() -> str:
    rows = [[str(code.value), code.name.lower().replace("_", " ")] for code in Exit]
    return f"# Exit codes of `vibeboard`\n\n{MADE}{_table(['code', 'meaning'], rows)}"


PAGES = {
    "gates.md": gates_page,
    "routes.md": routes_page,
    "formats.md": formats_page,
    "exit-codes.md": exits_page,
    "qc.md": qc_page,
    "gear.md": gear_page,
    "openapi.json": openapi.render,
}


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
