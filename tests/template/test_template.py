"""The template as a deployment sees it: it lints, expands, and every route, handler, right and layer in it is real."""

import importlib
import importlib.metadata
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from scripts.imports import ROOT, packages
from vibeboard.http.access import ROUTES

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
WORKER = ROOT / "functions" / "gpu_worker"
FUNCTIONS = {k: v["Properties"] for k, v in RESOURCES.items() if v["Type"] == "AWS::Serverless::Function"}
ZIPPED = {k: v for k, v in FUNCTIONS.items() if v.get("PackageType") != "Image"}
STATEFUL = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool", "AWS::KMS::Key"}

# The SOP's routes, as it writes them.
SOP_ROUTES = [
    "POST /api/projects",
    "PUT /api/projects/:projectId",
    "POST /api/projects/:projectId/story-editor/outline",
    "POST /api/search/semantic",
    "POST /api/projects/:projectId/story-editor/breakdown",
    "POST /api/projects/:projectId/story-editor/prompts",
    "POST /api/projects/:projectId/assets/deconstruct",
    "POST /api/projects/:projectId/foundry/characters",
    "POST /api/projects/:projectId/training/start",
    "POST /api/optics/rack-focus",
    "POST /api/projects/:projectId/scene-chains",
    "POST /api/projects/:projectId/scene-chains/:id/segments",
    "POST /api/projects/:projectId/scene-chains/:id/segments/:segId/generate-frame",
    "POST /api/projects/:projectId/render-queue/estimate",
    "POST /api/projects/:projectId/scene-chains/:id/segments/:segId/generate",
    "POST /api/projects/:projectId/scene-chains/:id/generate",
    "GET /api/projects/:projectId/scene-chains/:id/continuity-report",
    "POST /api/vfx/reshoot",
    "POST /api/vfx/rescue-focus",
    "POST /api/vfx/motion-fix",
    "POST /api/process/magic-eraser",
    "PUT /api/projects/:projectId/scene-chains/:id/segments/:segId/lock",
    "GET /api/projects/:projectId/sequencer/timeline/:sceneChainId",
    "PUT /api/projects/:projectId/scene-chains/:id/segments/:segId",
    "PUT /api/projects/:projectId/scene-chains/:id/picture-lock",
    "POST /api/projects/:projectId/render-queue/jobs",
    "POST /api/projects/:projectId/render-queue/jobs/:jobId/shots/:shotId/promote",
    "GET /api/projects/:projectId/render-queue/jobs/:jobId/shots/:shotId/compare",
    "POST /api/projects/:projectId/export/master",
    "GET /api/exports/jobs/:jobId",
    "GET /api/exports/:exportId/video",
    "GET /api/exports/:exportId/edl",
    "GET /api/exports/:exportId/sidecar",
    "GET /api/exports/:exportId/epk",
]


def events() -> dict[tuple[str, str], str]:
    """(method, path) -> logical id of the function, of every HttpApi event."""
    found: dict[tuple[str, str], str] = {}
    for name, properties in FUNCTIONS.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = (event["Properties"]["Method"].upper(), event["Properties"]["Path"])
                assert route not in found, f"{route} is in {name} and in {found[route]}"
                assert event["Properties"]["ApiId"] == {"Ref": "Api"}
                found[route] = name
    return found


def handler_of(function: str) -> str:
    properties = FUNCTIONS[function]
    return str(properties.get("Handler") or properties["ImageConfig"]["Command"][0])


def load(handler: str) -> Any:
    module, _, attribute = handler.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def statements() -> list[tuple[str, dict[str, Any]]]:
    """(logical id, statement) of every policy written in the template."""
    return [
        (name, statement)
        for name, resource in RESOURCES.items()
        for policy in resource.get("Properties", {}).get("Policies", [])
        if isinstance(policy, dict) and "Statement" in policy
        for statement in policy["Statement"]
    ]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_has_nothing_to_say() -> None:
    from cfnlint import api as cfnlint  # with what it imports a second and a half, for whoever runs this test only
    from cfnlint.config import ManualArgs

    matches = cfnlint.lint_file(ROOT / "template.yaml", config=ManualArgs(regions=["us-east-1"]))
    assert [f"{m.rule.id} line {m.linenumber}: {m.message}" for m in matches] == []


def test_sam_expands_the_template_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    document = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
    for resource in document["Resources"].values():  # code and images only exist after a build
        properties = resource.get("Properties", {})
        for uri in ("CodeUri", "ContentUri", "DefinitionUri"):
            if uri in properties:
                properties[uri] = "s3://built/artifact"
        if properties.get("PackageType") == "Image":
            properties["ImageUri"] = "built/artifact:latest"

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    expanded = transform(document, {}, NoManagedPolicies())["Resources"]
    kinds = [resource["Type"] for resource in expanded.values()]
    assert kinds.count("AWS::Lambda::Function") == len(FUNCTIONS)
    machines = sum(r["Type"] == "AWS::Serverless::StateMachine" for r in RESOURCES.values())
    assert kinds.count("AWS::StepFunctions::StateMachine") == machines > 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_imports(function: str) -> None:
    assert callable(load(handler_of(function)))


@pytest.mark.parametrize("route", SOP_ROUTES)
def test_every_sop_route_is_an_event_with_its_method(route: str) -> None:
    method, path = route.split()
    wanted = (method, re.sub(r":\w+", "{}", path))
    assert wanted in {(m, re.sub(r"\{\w+\}", "{}", p)) for m, p in events()}


def test_permission_table_and_template_hold_the_same_routes() -> None:
    assert set(events()) ^ set(ROUTES) == set()


@pytest.mark.parametrize("function", sorted(set(events().values())))
def test_a_function_serves_exactly_the_routes_that_lead_to_it(function: str) -> None:
    document = load(handler_of(function)).app.openapi()
    mounted = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert mounted == {route for route, owner in events().items() if owner == function}


def test_what_holds_state_outlives_the_stack() -> None:
    stateful = {name: r for name, r in RESOURCES.items() if r["Type"] in STATEFUL}
    assert stateful
    for name, resource in stateful.items():
        assert resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain", name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_states_its_own_rights(function: str) -> None:
    assert FUNCTIONS[function].get("Policies"), "no policy of its own"
    assert "Role" not in FUNCTIONS[function]


def test_every_queue_ends_in_a_dead_letter_queue() -> None:
    queues = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::SQS::Queue"}
    targets = {_name(q["RedrivePolicy"]["deadLetterTargetArn"]) for q in queues.values() if "RedrivePolicy" in q}
    assert targets <= set(queues)
    assert {name for name, q in queues.items() if "RedrivePolicy" not in q} == targets
    for name, queue in queues.items():
        assert name in targets or queue["RedrivePolicy"]["maxReceiveCount"] >= 3, name


def test_a_message_stays_hidden_longer_than_its_consumer_may_run() -> None:
    for name, properties in FUNCTIONS.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "SQS":
                queue = RESOURCES[_name(event["Properties"]["Queue"])]["Properties"]
                assert queue["VisibilityTimeout"] >= 6 * properties["Timeout"], name
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def _name(reference: dict[str, Any]) -> str:
    """The logical id in a Ref or GetAtt."""
    ((_, value),) = reference.items()
    return str(value[0] if isinstance(value, list) else value.split(".")[0])


# IAM names a few actions otherwise than the operation they allow.
OPERATION_OF = {
    "s3:ListBucket": "ListObjectsV2",
    "lambda:InvokeFunction": "Invoke",
    "dynamodb:ConditionCheckItem": "TransactWriteItems",
}
SERVICE_OF = {"states": "stepfunctions", "bedrock": "bedrock-runtime"}
# Rights on a search service's data, which is no AWS API: requests to its own address, signed.
DATA_ACTIONS = {"aoss:APIAccessAll", "es:ESHttpPost"}


@cache
def operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_service_model(service).operation_names)


def test_every_allowed_action_exists() -> None:
    actions = {a for _, s in statements() for a in listed(s["Action"])}
    assert actions
    unknown = []
    for action in actions - DATA_ACTIONS:
        prefix, _, name = action.partition(":")
        if OPERATION_OF.get(action, name) not in operations(SERVICE_OF.get(prefix, prefix)):
            unknown.append(action)
    assert unknown == []


def test_rights_are_narrow() -> None:
    for name, statement in statements():
        assert statement["Effect"] == "Allow"
        if "*" in listed(statement["Resource"]):  # only a task token has no resource to name
            assert set(listed(statement["Action"])) <= {
                "states:SendTaskSuccess",
                "states:SendTaskFailure",
                "states:SendTaskHeartbeat",
            }, name


def _closed_over(names: set[str]) -> set[str]:
    """Distributions in `names` and all they require, by normalised name, as installed here."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _required_by(name) - found
    return found


@cache
def _required_by(name: str) -> frozenset[str]:
    try:
        requirements = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return frozenset()
    return frozenset(_normal(re.split(r"[ ;<>=!~\[(]", r)[0]) for r in requirements if "extra ==" not in r)


@cache
def _providers() -> dict[str, set[str]]:
    """Import name -> distributions that bring it, by normalised name: read once, it takes a second."""
    return {name: {_normal(d) for d in found} for name, found in importlib.metadata.packages_distributions().items()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _listed_in(path: Path) -> dict[str, str]:
    """Distribution -> pinned version of a requirements file."""
    lines = [line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    return {_normal(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def _requirements(function: str) -> list[Path]:
    if function not in ZIPPED:
        return [ROOT / "functions" / "media" / "requirements.txt"]
    layers = [RESOURCES[_name(layer)]["Properties"]["ContentUri"] for layer in ZIPPED[function]["Layers"]]
    return [ROOT / layer / "requirements.txt" for layer in layers]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_layers_hold_every_package_the_code_names(function: str) -> None:
    there = _closed_over({name for path in _requirements(function) for name in _listed_in(path)})
    module = handler_of(function).rpartition(".")[0]
    missing = {p for p in packages(module) if not _providers().get(p, set()) & there}
    assert missing == set(), f"add them to one of {[str(p.relative_to(ROOT)) for p in _requirements(function)]}"


# What a model's own code brings: named in requirements-gpu.txt, or the checkout itself.
CHECKOUTS = {"diffsynth", "wan", "mvinverse", "depth_pro", "Genfocus"}


def test_the_worker_image_holds_every_package_its_code_names() -> None:
    there = _closed_over(set(_listed_in(WORKER / "requirements.txt")))
    models = {line.strip() for line in (WORKER / "requirements-gpu.txt").read_text("utf-8").splitlines()}
    named = packages("gpu_worker.handler") - models - CHECKOUTS
    assert {p for p in named if not _providers().get(p, set()) & there} == set()


def test_layers_and_image_pin_what_the_lock_pins() -> None:
    lock = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    for path in {WORKER / "requirements.txt", *(path for function in FUNCTIONS for path in _requirements(function))}:
        for name, version in _listed_in(path).items():
            assert lock.get(name) == version, f"{path.relative_to(ROOT)}: {name}"


@pytest.mark.parametrize("function", ZIPPED)
def test_a_function_has_no_more_layers_than_lambda_takes(function: str) -> None:
    layers = [_name(layer) for layer in ZIPPED[function]["Layers"]]
    assert layers[0] == "SharedLayer"
    assert len(layers) == len(set(layers)) <= 5


@pytest.mark.parametrize("image", ["media", "gpu_worker"])
def test_the_image_copies_what_it_runs(image: str) -> None:
    lines = (ROOT / "functions" / image / "Dockerfile").read_text("utf-8").splitlines()
    copied = {source for line in lines if line.startswith("COPY") for source in line.split()[1:-1]}
    assert all((ROOT / source).exists() for source in copied)
    assert {"shared/vibeboard", f"functions/{image}"} <= copied
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {f"!{source}" for source in ("shared/vibeboard", f"functions/{image}")} <= set(ignored)
    command = next(line for line in lines if line.startswith("CMD"))
    started = {"media": FUNCTIONS["MediaFunction"]["ImageConfig"]["Command"][0], "gpu_worker": "gpu_worker/handler.py"}
    assert started[image] in command
