"""What a module imports, read from its source: its own code to the last module, and the packages that code names.

Imports inside functions count, those under `if TYPE_CHECKING` do not: the first run in Lambda, the second never.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = (ROOT / "shared", ROOT / "functions", ROOT)
OURS = frozenset({"vibeboard", "local"}) | {p.name for p in (ROOT / "functions").iterdir() if p.is_dir()}


def path_of(module: str) -> Path | None:
    """The source file of one of our modules, None for a name that is no module (an attribute, a namespace package)."""
    relative = Path(*module.split("."))
    for root in CODE:
        for candidate in (root / relative / "__init__.py", root / relative.with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None


def module_of(path: Path) -> str:
    """shared/vibeboard/store/table.py -> vibeboard.store.table."""
    for root in CODE:
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    raise ValueError(f"{path} is under no import root")


@cache
def imported(path: Path) -> frozenset[str]:
    """Dotted names a source file imports: `from a import b` gives a and a.b, which may be a module or not."""
    return frozenset(_names(ast.parse(path.read_text("utf-8")), module_of(path), path.name == "__init__.py"))


def _names(tree: ast.AST, module: str, package: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for other in node.orelse:
                    yield from _names(ast.Module([other], []), module, package)
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                base = node.module or ""
                if node.level:
                    parts = module.split(".")
                    parents = parts[: len(parts) - node.level + package]
                    base = ".".join([*parents, *([base] if base else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
            case _:
                yield from _names(node, module, package)


def closure(module: str) -> dict[str, frozenset[str]]:
    """Every module of ours that `module` can reach, itself included -> the third-party packages it names.

    Raises LookupError when `module` has no source.
    """
    if path_of(module) is None:
        raise LookupError(f"{module} has no source file")
    found: dict[str, frozenset[str]] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = path_of(name)
        if path is None or name in found:
            continue
        names = imported(path)
        roots = {n.split(".")[0] for n in names}
        found[name] = frozenset(roots - OURS - sys.stdlib_module_names)
        parts = name.split(".")
        waiting += [".".join(parts[:i]) for i in range(1, len(parts))]  # importing a module runs its packages
        waiting += [n for n in names if n.split(".")[0] in OURS]
    return found


def packages(module: str) -> frozenset[str]:
    """Third-party packages (by import name) that `module` can reach."""
    return frozenset().union(*closure(module).values())
