"""The state machines as graphs: nothing dangles, nothing is unreachable, nothing waits for ever, every task exists."""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from scripts.imports import ROOT

RESOURCES: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))["Resources"]
MACHINES = {k: v["Properties"] for k, v in RESOURCES.items() if v["Type"] == "AWS::Serverless::StateMachine"}
TERMINAL = {"Succeed", "Fail"}
INVOKE = "arn:aws:states:::lambda:invoke"

State = dict[str, Any]


def text_of(machine: str) -> str:
    path: str = MACHINES[machine]["DefinitionUri"]
    return (ROOT / path).read_text("utf-8")


@cache
def definition(machine: str) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load(text_of(machine))
    return body


def graphs(graph: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The graph itself and those inside its Map and Parallel states."""
    yield where or "top", graph
    for name, state in graph["States"].items():
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", [])
        for sub in inner:
            yield from graphs(sub, f"{where}/{name}")


def states(machine: str) -> Iterator[tuple[str, State]]:
    for where, graph in graphs(definition(machine)):
        yield from ((f"{where}: {name}", state) for name, state in graph["States"].items())


def targets(state: State) -> list[str]:
    """Every state this one can go to."""
    rows = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return [row["Next"] for row in rows if "Next" in row] + ([state["Default"]] if "Default" in state else [])


def faults(graph: Mapping[str, Any]) -> list[str]:
    """What is wrong with one graph, its inner graphs not included."""
    found, known = [], graph["States"]
    reached, waiting = set(), [graph["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        if name not in known:
            found.append(f"{name} is no state")
            continue
        reached.add(name)
        waiting += targets(known[name])
    found += [f"{name} is never reached" for name in known.keys() - reached]
    for name, state in known.items():
        kind = state["Type"]
        if kind == "Choice" and "Default" not in state:
            found.append(f"{name} has no Default")
        if kind not in TERMINAL | {"Choice"} and ("Next" in state) == bool(state.get("End")):
            found.append(f"{name} needs either Next or End")
        if kind == "Task":
            found += [f"{name} {fault}" for fault in task_faults(state)]
    return found


def task_faults(state: State) -> Iterator[str]:
    if not ("TimeoutSeconds" in state or "TimeoutSecondsPath" in state):
        yield "has no timeout"
    caught = {error for row in state.get("Catch", []) for error in row["ErrorEquals"]}
    if state["Resource"].endswith(".waitForTaskToken") and not caught & {"States.Timeout", "States.ALL"}:
        yield "waits without a branch for the timeout"
    if function_of(state) and not any(is_patient(row) for row in state.get("Retry", [])):
        yield "is not retried with jitter"


def is_patient(retry: Mapping[str, Any]) -> bool:
    """Retries what Lambda itself throws, more than once, growing, spread."""
    return (
        {"Lambda.ServiceException", "Lambda.TooManyRequestsException"} <= set(retry["ErrorEquals"])
        and retry.get("JitterStrategy") == "FULL"
        and retry.get("BackoffRate", 1) > 1
        and retry.get("MaxAttempts", 3) > 1
    )


def function_of(state: State) -> str | None:
    """The substitution that names a task's Lambda function; None for another kind of task."""
    resource = state["Resource"]
    if resource.startswith(INVOKE):
        resource = state["Parameters"]["FunctionName"]
    found = re.fullmatch(r"\$\{(\w+)\}", resource)
    return found[1] if found else None


def payload_of(state: State) -> dict[str, Any]:
    parameters: dict[str, Any] = state["Parameters"]
    return dict(parameters["Payload"]) if state["Resource"].startswith(INVOKE) else parameters


def test_the_graph_check_finds_what_it_is_for() -> None:
    broken: dict[str, Any] = {
        "StartAt": "Choose",
        "States": {
            "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Wait"}]},
            "Wait": {
                "Type": "Task",
                "Resource": f"{INVOKE}.waitForTaskToken",
                "Parameters": {"FunctionName": "${Jobs}", "Payload": {"task": "wait"}},
                "Catch": [{"ErrorEquals": ["Busy"], "Next": "Gone"}],
            },
            "Island": {"Type": "Pass", "End": True},
        },
    }
    assert sorted(faults(broken)) == [
        "Choose has no Default",
        "Gone is no state",
        "Island is never reached",
        "Wait has no timeout",
        "Wait is not retried with jitter",
        "Wait needs either Next or End",
        "Wait waits without a branch for the timeout",
    ]


def test_every_file_is_a_machine_and_every_machine_has_its_file() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "statemachines").glob("*")}
    assert {properties["DefinitionUri"] for properties in MACHINES.values()} == files


@pytest.mark.parametrize("machine", MACHINES)
def test_the_graph_is_whole(machine: str) -> None:
    found = [f"{where}: {fault}" for where, graph in graphs(definition(machine)) for fault in faults(graph)]
    assert found == []


@pytest.mark.parametrize("machine", MACHINES)
def test_the_machine_itself_ends_some_day(machine: str) -> None:
    whole = definition(machine)["TimeoutSeconds"]
    assert whole >= max((s.get("TimeoutSeconds", 0) for _, s in states(machine)), default=0)


@pytest.mark.parametrize("machine", MACHINES)
def test_substitutions_are_those_the_text_names(machine: str) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", text_of(machine))) == set(MACHINES[machine]["DefinitionSubstitutions"])


@pytest.mark.parametrize("machine", MACHINES)
def test_every_task_it_names_is_one_its_function_knows(machine: str) -> None:
    unknown = []
    for where, state in states(machine):
        if state["Type"] == "Task" and (name := function_of(state)):
            task = payload_of(state)["task"]
            if task not in tasks_of(_name(MACHINES[machine]["DefinitionSubstitutions"][name])):
                unknown.append(f"{where}: {task}")
    assert unknown == []


@cache
def tasks_of(function: str) -> frozenset[str]:
    module, _, attribute = RESOURCES[function]["Properties"]["Handler"].rpartition(".")
    return frozenset(getattr(importlib.import_module(module), attribute).tasks)


def test_every_task_of_a_function_is_used_by_a_machine() -> None:
    used: dict[str, set[str]] = {}
    for machine, properties in MACHINES.items():
        for _, state in states(machine):
            if state["Type"] == "Task" and (name := function_of(state)):
                function = _name(properties["DefinitionSubstitutions"][name])
                used.setdefault(function, set()).add(payload_of(state)["task"])
    assert {f: sorted(tasks_of(f) - names) for f, names in used.items() if tasks_of(f) - names} == {}


@pytest.mark.parametrize("machine", MACHINES)
def test_its_role_may_call_exactly_what_it_calls(machine: str) -> None:
    allowed: dict[str, set[str]] = {}
    for policy in MACHINES[machine]["Policies"]:
        for statement in policy["Statement"]:
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            for action in statement["Action"]:
                allowed.setdefault(action, set()).update(_name(r) for r in resources)
    substitutions = {key: _name(value) for key, value in MACHINES[machine]["DefinitionSubstitutions"].items()}
    functions = {name for name in substitutions.values() if RESOURCES[name]["Type"].endswith("Function")}
    machines = set(substitutions.values()) - functions
    assert allowed.get("lambda:InvokeFunction", set()) == functions
    assert allowed.get("states:StartExecution", set()) == machines


@pytest.mark.parametrize("machine", MACHINES)
def test_a_token_leaves_the_machine_only_for_the_function_that_keeps_it(machine: str) -> None:
    for where, state in states(machine):
        waits = state.get("Resource", "").endswith(".waitForTaskToken")
        assert ("$$.Task.Token" in json.dumps(state.get("Parameters", {}))) == waits, where


def test_cfn_lint_accepts_every_definition_inlined() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:x"
    inlined: dict[str, Any] = {
        name: {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": "arn:aws:iam::123456789012:role/x",
                "Definition": json.loads(re.sub(r"\$\{\w+\}", arn, json.dumps(definition(name)))),
            },
        }
        for name in MACHINES
    }
    assert _e3601(inlined) == []
    inlined["ShootMachine"]["Properties"]["Definition"]["States"]["Producer gate"]["Type"] = "Tsk"
    assert _e3601(inlined) != []


def _e3601(resources: dict[str, Any]) -> list[str]:
    body = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    from cfnlint import api as cfnlint  # with what it imports a second and a half, for whoever runs this test only
    from cfnlint.config import ManualArgs

    matches = cfnlint.lint(body, config=ManualArgs(regions=["us-east-1"]))
    return [f"{'/'.join(map(str, m.path))}: {m.message}" for m in matches if m.rule.id == "E3601"]


def _name(reference: Any) -> str:
    """The logical id in a Ref, GetAtt or Sub."""
    ((_, value),) = reference.items()
    text = value[0] if isinstance(value, list) else str(value)
    inside = re.search(r"\$\{(\w+)\.Name\}", text)
    return inside[1] if inside else text.split(".")[0]
