"""From a SAM template to a running stack in moto.

samtranslator expands the template as the deployment does; what cannot be had offline (code, images, layers) is
pointed at a placeholder, and what moto cannot create is listed in `SERVED_HERE` with the part that stands in for
it. A resource type that neither knows is an error, so that nothing is skipped unnoticed.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local import REGION, STACK
from local.expansion import expanded_by_sam
from local.intrinsics import NAME_PROPERTY, Resolver

SERVED_HERE = {
    "AWS::ApiGatewayV2::Api": "local.gateway",
    "AWS::ApiGatewayV2::Stage": "local.gateway (one $default stage)",
    "AWS::ApiGatewayV2::ApiMapping": "local.gateway (loopback has no domain names)",
    "AWS::ApiGatewayV2::DomainName": "local.gateway (loopback has no domain names)",
    "AWS::Cognito::UserPool": "local.issuer",
    "AWS::Cognito::UserPoolClient": "local.issuer",
    "AWS::Cognito::UserPoolDomain": "local.issuer",
    "AWS::Cognito::UserPoolGroup": "local.issuer",
    "AWS::Lambda::EventInvokeConfig": "local.lambdas (retries and destinations of asynchronous calls)",
    "AWS::Scheduler::Schedule": "local.pumps",
}
"""Types moto does not create, and what does their work locally."""

_INERT = {
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
}
"""Types that change no behaviour a local run can show: they are left out of the stack."""

_CODE_BUCKET = "local-code"
_CODE_KEY = "placeholder.zip"
_NO_VALUE = {"Ref": "AWS::NoValue"}
_LEFTOVER = re.compile(r"\$\{[A-Za-z0-9_]+\}")


class StackError(ValueError):
    """The template cannot be run locally; the message says what and why."""


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms (!Ref, !Sub), read by libyaml: five times as fast as SAM's reader."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


@dataclass(slots=True)
class Stack:
    """A created stack: the expanded template and where everything is."""

    root: Path
    resources: dict[str, Any]
    """Logical id -> expanded resource, those whose Condition holds."""
    resolver: Resolver
    outputs: dict[str, str] = field(default_factory=dict)
    physical: dict[str, str] = field(default_factory=dict)
    """Logical id -> physical name or id."""
    import_roots: list[Path] = field(default_factory=list)
    images: frozenset[str] = frozenset()
    """Logical ids of the functions that are container images."""

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(logical id, unresolved properties) of each resource of a CloudFormation type."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})

    def logical_id(self, kind: str, physical: str) -> str:
        """The logical id of a resource by its physical name. Raises KeyError."""
        for logical_id, _ in self.of_type(kind):
            if self.physical.get(logical_id) == physical:
                return logical_id
        raise KeyError(physical)


def load(template: Path, parameters: Mapping[str, str]) -> Stack:
    """Expand `template` with `parameters` (over its defaults). Raises `StackError`."""
    document = yaml.load(template.read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
    values = _parameters(document, parameters)
    roots = _import_roots(document, template.parent)
    images = frozenset(k for k, v in document["Resources"].items() if _is_image(v))
    for logical_id, resource in document["Resources"].items():
        _localise(logical_id, resource, template.parent)
    expanded = expanded_by_sam(document)
    resolver = Resolver(expanded, values)
    resources = {k: v for k, v in expanded["Resources"].items() if resolver.exists(k)}
    for logical_id, resource in resources.items():
        _name(logical_id, resource)
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            _define(logical_id, resource["Properties"], resolver)
    stack = Stack(template.parent, resources, resolver, import_roots=roots, images=images)
    stack.outputs = {
        k: v["Value"]
        for k, v in expanded.get("Outputs", {}).items()
        if "Condition" not in v or resolver.condition(v["Condition"])
    }
    return stack


def create(stack: Stack) -> None:
    """Create the stack in the running moto and fill in `outputs` and `physical`. Raises `StackError`."""
    from moto.cloudformation.parsing import get_model_map

    known = set(get_model_map())
    made: dict[str, Any] = {}
    unknown: list[str] = []
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        if kind in SERVED_HERE or kind in _INERT:
            continue
        if kind not in known:
            unknown.append(f"{logical_id} ({kind})")
            continue
        made[logical_id] = {"Type": kind, "Properties": _literal_subs(resource.get("Properties", {}), stack.resolver)}
    for logical_id in made:
        if depends := [d for d in _listed(stack.resources[logical_id].get("DependsOn")) if d in made]:
            made[logical_id]["DependsOn"] = depends
    if unknown:
        raise StackError("neither moto nor the embedded AWS can make: " + ", ".join(sorted(unknown)))

    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=_CODE_BUCKET)
    s3.put_object(Bucket=_CODE_BUCKET, Key=_CODE_KEY, Body=_empty_zip())
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    parameters = {k: {"Type": "String", "Default": v} for k, v in stack.resolver.parameters.items()}
    body = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Parameters": parameters, "Resources": made})
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=body, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    )
    status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    if status["StackStatus"] != "CREATE_COMPLETE":
        raise StackError(f"stack is {status['StackStatus']}: {status.get('StackStatusReason', 'no reason given')}")
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK):
        for summary in page["StackResourceSummaries"]:
            stack.physical[summary["LogicalResourceId"]] = summary.get("PhysicalResourceId", "")
    stack.resolver.physical.update(stack.physical)
    for logical_id, resource in stack.resources.items():
        if resource["Type"] in NAME_PROPERTY:
            stack.physical[logical_id] = stack.resolver.name(logical_id)
    for logical_id, properties in stack.of_type("AWS::S3::Bucket"):
        if cors := stack.resolver.resolve(properties.get("CorsConfiguration")):  # moto's CloudFormation leaves it out
            s3.put_bucket_cors(Bucket=stack.physical[logical_id], CORSConfiguration={"CORSRules": _cors_rules(cors)})
    stack.outputs = {k: str(stack.resolver.resolve(v)) for k, v in stack.outputs.items()}


def _parameters(document: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    declared: Mapping[str, Any] = document.get("Parameters", {})
    if extra := set(given) - set(declared):
        raise StackError(f"the template has no parameter {', '.join(sorted(extra))}")
    values = {k: str(v["Default"]) for k, v in declared.items() if "Default" in v} | dict(given)
    for name in set(declared) - set(values):
        if "Issuer" in name:
            values[name] = "https://issuer.vibeboard.test"
        elif "Audience" in name or "ClientId" in name:
            values[name] = "vibeboard"
        else:
            raise StackError(f"parameter {name} has no default: give it a value")
    return values


def _localise(logical_id: str, resource: dict[str, Any], root: Path) -> None:
    """Point one SAM resource's code at the placeholder; inline a state machine's definition."""
    kind, properties = resource["Type"], resource.setdefault("Properties", {})
    placeholder = f"s3://{_CODE_BUCKET}/{_CODE_KEY}"
    if kind == "AWS::Serverless::Function":
        image = _is_image(resource)
        properties.pop("PackageType", None)
        if image:
            # The image's command is an import path like any Handler: the same code runs, without the image, in a
            # process of its own (local.containers).
            command = properties.pop("ImageConfig", {}).get("Command")
            if not command:
                raise StackError(f"{logical_id}: an image function needs ImageConfig.Command, its handler")
            properties.pop("ImageUri", None)
            properties |= {"Handler": command[0], "Runtime": "python3.13"}
        properties["CodeUri"] = placeholder
        resource.pop("Metadata", None)
    elif kind == "AWS::Serverless::LayerVersion":
        properties["ContentUri"] = placeholder
        resource.pop("Metadata", None)
    elif kind == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
        path = root / properties.pop("DefinitionUri")
        if not path.is_file():
            raise StackError(f"{logical_id}: DefinitionUri {path} does not exist")
        properties["Definition"] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def _is_image(resource: Mapping[str, Any]) -> bool:
    properties: Mapping[str, Any] = resource.get("Properties", {})
    return resource["Type"] == "AWS::Serverless::Function" and str(properties.get("PackageType")) == "Image"


def _import_roots(document: Mapping[str, Any], root: Path) -> list[Path]:
    """Folders handlers are imported from: every CodeUri and every layer kept in the repository."""
    found: dict[Path, None] = {}
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri"):
            uri = properties.get(key) or document.get("Globals", {}).get("Function", {}).get(key)
            if isinstance(uri, str) and (root / uri).is_dir():
                found[(root / uri).resolve()] = None
    return list(found)


def _name(logical_id: str, resource: dict[str, Any]) -> None:
    kind = resource["Type"]
    properties = resource.setdefault("Properties", {})
    if (key := NAME_PROPERTY.get(kind)) and key not in properties:
        name = f"{STACK}-{logical_id}"
        if kind == "AWS::S3::Bucket":
            name = name.lower()
        elif kind == "AWS::SQS::Queue" and properties.get("FifoQueue"):
            name += ".fifo"
        properties[key] = name[:64]


def _define(logical_id: str, properties: dict[str, Any], resolver: Resolver) -> None:
    """Put a state machine's substitutions into its definition, which moto leaves undone."""
    text: str = resolver.resolve(properties["DefinitionString"])
    for name, value in resolver.resolve(properties.pop("DefinitionSubstitutions", {})).items():
        text = text.replace("${" + name + "}", json.dumps(str(value))[1:-1])
    if left := sorted(set(_LEFTOVER.findall(text))):
        raise StackError(f"{logical_id}: no DefinitionSubstitutions for {', '.join(left)}")
    properties["DefinitionString"] = json.dumps(json.loads(text))


def _literal_subs(value: Any, resolver: Resolver) -> Any:
    """Choose the branches of `Fn::If`, and work out what moto cannot: `Fn::Sub` with variables of its own, and
    references to types it does not make or whose ARN it does not give. Other references stay, because moto orders the
    resources by them."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Fn::If":
                return _literal_subs(argument[1] if resolver.condition(argument[0]) else argument[2], resolver)
            if key == "Fn::Sub" and isinstance(argument, list):
                return resolver.resolve(value)
            if key in ("Ref", "Fn::GetAtt", "Fn::Sub") and _needs_literal(argument, resolver):
                return resolver.resolve(value)
        pairs = ((k, _literal_subs(v, resolver)) for k, v in value.items())
        return {k: v for k, v in pairs if v != _NO_VALUE}
    if isinstance(value, list):
        return [v for v in (_literal_subs(v, resolver) for v in value) if v != _NO_VALUE]
    return value


def _needs_literal(argument: Any, resolver: Resolver) -> bool:
    text = argument if isinstance(argument, str) else ".".join(map(str, argument))
    return any(
        (resource["Type"] in SERVED_HERE or resource["Type"] == "AWS::StepFunctions::StateMachine")
        and re.search(rf"\b{logical_id}\b", text)
        for logical_id, resource in resolver.resources.items()
    )


def _cors_rules(configuration: dict[str, Any]) -> list[Any]:
    """CloudFormation's CORS rules in the words of the S3 API."""
    words = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return [{words.get(k, k): v for k, v in rule.items()} for rule in configuration["CorsRules"]]


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _empty_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("placeholder.txt", "the code runs from the repository")
    return buffer.getvalue()
