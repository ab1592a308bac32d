"""Who may know whom: the rules of the house, read from the imports."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scripts.imports import ROOT, imported

SHARED = ROOT / "shared" / "vibeboard"
FUNCTIONS = ROOT / "functions"
MODULES = sorted(p.name for p in FUNCTIONS.iterdir() if any(p.rglob("*.py")))

# Plain libraries without a network: what the domain may lean on besides the standard library.
DOMAIN_MAY = {"timecode", "pydantic", "yaml", "jsonschema", "PIL"}
NETWORK_AND_PROCESSES = {"http", "urllib", "socket", "ssl", "asyncio", "subprocess", "smtplib", "ftplib"}


# What a route may decide by itself: how the answer is put, never what it says.
ROUTES_THAT_DECIDE = {"jobs.read_job": "tells when to ask again, while there is something to wait for"}


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def named(paths: list[Path]) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in paths}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


@cache
def calls(path: Path) -> tuple[tuple[str, str], ...]:
    """(function, first literal argument) of every call like a.b("c")."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Call):
            first = node.args[0] if node.args else None
            value = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
            found.append((ast.unparse(node.func), value))
    return tuple(found)


@pytest.mark.parametrize("path", sources(SHARED / "domain"), ids=lambda p: p.stem)
def test_the_domain_knows_no_cloud_no_http_and_no_vendor(path: Path) -> None:
    foreign = roots(path) - sys.stdlib_module_names - DOMAIN_MAY - {"vibeboard"}
    assert foreign == set()
    assert roots(path) & NETWORK_AND_PROCESSES == set()
    ours = {name for name in imported(path) if name.startswith("vibeboard.")}
    assert {name for name in ours if not name.startswith("vibeboard.domain")} == set()


def clients(service: str) -> set[str]:
    """Files that make an AWS client or resource of a service."""
    makers = {"boto3.client", "boto3.resource", "session.client", "session.resource"}
    found = [path for path in sources(SHARED, FUNCTIONS) if any(c in makers and s == service for c, s in calls(path))]
    return named(found)


def test_only_the_store_reaches_the_table_and_the_bucket() -> None:
    assert clients("dynamodb") == {"shared/vibeboard/store/table.py"}
    assert clients("s3") == {"shared/vibeboard/store/objects.py"}


def test_each_other_service_has_one_door() -> None:
    assert clients("sqs") == {"shared/vibeboard/jobs/queues.py"}
    assert clients("bedrock-runtime") == {"shared/vibeboard/providers/references/embeddings.py"}
    assert clients("kms") == {"shared/vibeboard/credentials/identity.py"}
    assert clients("stepfunctions") <= {
        "shared/vibeboard/jobs/settlement.py",
        "shared/vibeboard/store/approvals.py",
        "shared/vibeboard/machines.py",
    }


def test_no_client_is_made_by_another_way() -> None:
    """Every bare `import boto3` belongs to a door above; conditions for the store are built anywhere."""
    services = ("dynamodb", "s3", "sqs", "stepfunctions", "bedrock-runtime", "kms")
    doors = set().union(*(clients(service) for service in services))
    doors.add("shared/vibeboard/providers/references/opensearch.py")  # signs with the role's credentials
    bare = [
        path
        for path in sources(SHARED, FUNCTIONS)
        if imported(path) & {"boto3", "botocore.session", "boto3.session", "aioboto3"}
        and any(name in {"boto3", "boto3.session", "botocore.session"} for name in _plain(path))
    ]
    assert named(bare) <= doors


def _plain(path: Path) -> Iterator[str]:
    """Modules bound whole by `import x`."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_only_media_starts_processes() -> None:
    starters = [path for path in sources(SHARED, FUNCTIONS) if roots(path) & {"subprocess", "multiprocessing", "pty"}]
    assert {path.parent for path in starters} <= {SHARED / "media"}
    assert starters
    shells = [p for p in sources(SHARED, FUNCTIONS) for c, _ in calls(p) if c in {"os.system", "os.popen", "os.execv"}]
    assert shells == []


@pytest.mark.parametrize("path", sorted(FUNCTIONS.glob("*/app.py")), ids=lambda p: p.parent.name)
def test_routes_hold_no_logic(path: Path) -> None:
    """A route takes, hands on and answers: no statement that decides, repeats or rescues, but those named here."""
    deciding = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match, ast.With, ast.Raise)
    found = {
        f"{path.parent.name}.{route.name}"
        for route in nodes(path)
        if isinstance(route, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(route)
        if isinstance(node, deciding)
    }
    assert found - ROUTES_THAT_DECIDE.keys() == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_function_folder_knows_itself_and_the_shared_package(module: str) -> None:
    others = (set(MODULES) | {"local", "scripts", "tests"}) - {module}
    reached = {path.name: roots(path) & others for path in sources(FUNCTIONS / module)}
    assert {name: found for name, found in reached.items() if found} == {}


def test_the_shared_package_knows_no_function() -> None:
    reached = {path.as_posix(): roots(path) & set(MODULES) for path in sources(SHARED)}
    assert {name: found for name, found in reached.items() if found} == {}


def test_nothing_that_ships_knows_that_it_may_run_locally() -> None:
    telling = {"local", "moto", "responses", "samtranslator", "pytest", "scripts", "tests"}
    reached = {path.as_posix(): roots(path) & telling for path in sources(SHARED, FUNCTIONS)}
    assert {name: found for name, found in reached.items() if found} == {}


def test_slow_packages_are_imported_at_first_use() -> None:
    """Vendor kits cost seconds to import; a module that loads one at its top makes every cold start pay."""
    slow = {"anthropic", "openai", "runpod", "opensearchpy", "fal_client", "onnxruntime", "tokenizers", "jsonschema"}
    eager = {}
    for path in sources(SHARED, FUNCTIONS):
        top = [n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = {a.name.split(".")[0] for n in top if isinstance(n, ast.Import) for a in n.names}
        names |= {(n.module or "").split(".")[0] for n in top if isinstance(n, ast.ImportFrom)}
        if names & slow:
            eager[path.relative_to(ROOT).as_posix()] = names & slow
    assert eager == {}
