"""After `sam build`: each zip function imports with nothing but itself and its layers, and fits into Lambda.

    python -m scripts.check_build [.aws-sam/build]

Every Handler is imported in a process of its own that sees no other package, and so is every package its code names
further down. Exit code 1 when one is missing or a function with its layers exceeds 250 MB unzipped.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from scripts.imports import packages

LIMIT = 250 * 1024 * 1024  # bytes, function and layers unzipped (Lambda quota)
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "check",
    "POWERTOOLS_SERVICE_NAME": "vibeboard",
    "POWERTOOLS_METRICS_NAMESPACE": "VibeBoard",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
PROBE = """
import importlib, sys
module, attribute, *named = sys.argv[1:]
getattr(importlib.import_module(module), attribute)
for name in named:
    importlib.import_module(name)
"""


def main(build: Path) -> int:
    """Check every zip function under `build`; prints one line each. Returns the exit code."""
    template: dict[str, Any] = yaml_parse((build / "template.yaml").read_text("utf-8"))
    resources = template["Resources"]
    faults = 0
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] != "AWS::Serverless::Function" or "Handler" not in properties:
            continue
        layers = [build / resources[layer["Ref"]]["Properties"]["ContentUri"] for layer in properties["Layers"]]
        size = sum(_size(folder) for folder in (build / name, *layers))
        variables = template["Globals"]["Function"]["Environment"]["Variables"]
        variables |= properties.get("Environment", {}).get("Variables", {})
        fault = _import(properties["Handler"], build / name, layers, dict.fromkeys(variables, "unset") | ENVIRONMENT)
        if size > LIMIT:
            fault = f"{fault} too large".strip()
        faults += bool(fault)
        print(f"{name:28} {size / 1e6:6.1f} MB  {fault or 'ok'}")  # noqa: T201 - this is its output
    return 1 if faults else 0


def _import(handler: str, function: Path, layers: list[Path], environment: dict[str, str]) -> str:
    """The last line of what went wrong, or nothing."""
    module, _, attribute = handler.rpartition(".")
    try:
        named = packages(module)
    except LookupError as missing:
        return str(missing)
    paths = [function, *(layer / "python" for layer in layers)]
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, module, attribute, *sorted(named)],
        env=environment | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PATH": os.defpath},
        cwd=function,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[-1]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".aws-sam/build").resolve()))
