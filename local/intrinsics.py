"""CloudFormation values worked out locally: Ref, GetAtt, Sub, If and the rest.

moto resolves what it creates. This resolver is for what moto leaves alone: state machine substitutions, the
HTTP API's body, function environments. Both agree because every resource gets its physical name here, before
the stack is made, so a name is the same in every run (which is also what lets stored state find its table again).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from local import ACCOUNT, REGION, STACK

NAME_PROPERTY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""The property that names a resource, for the types whose ARN and Ref follow from the name alone."""

_ARN: dict[str, str] = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{r}:{a}:table/{n}",
    "AWS::Events::EventBus": "arn:aws:events:{r}:{a}:event-bus/{n}",
    "AWS::Events::Rule": "arn:aws:events:{r}:{a}:rule/{n}",
    "AWS::IAM::Role": "arn:aws:iam::{a}:role/{n}",
    "AWS::Lambda::Function": "arn:aws:lambda:{r}:{a}:function:{n}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{r}:{a}:log-group:{n}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{n}",
    "AWS::SNS::Topic": "arn:aws:sns:{r}:{a}:{n}",
    "AWS::SQS::Queue": "arn:aws:sqs:{r}:{a}:{n}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{r}:{a}:stateMachine:{n}",
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
_HTTP_API = "AWS::ApiGatewayV2::Api"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local",
    "AWS::URLSuffix": "amazonaws.com",
}
_SUB = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = object()


class Unresolvable(ValueError):
    """A value of the template that cannot be worked out; the message names it."""


class Resolver:
    """Works out intrinsic functions of one expanded template.

    `physical` maps logical ids to the ids moto made, for types not named by `NAME_PROPERTY`; fill it once the
    stack exists.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self.resources: Mapping[str, Any] = template["Resources"]
        self._mappings: Mapping[str, Any] = template.get("Mappings", {})
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self.parameters = parameters
        self.physical: dict[str, str] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self.ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda a: str(a[0]).join(str(v) for v in self.resolve(a[1])),
            "Fn::Select": lambda a: self.resolve(a[1])[int(self.resolve(a[0]))],
            "Fn::Split": lambda a: self.resolve(a[1]).split(a[0]),
            "Fn::If": lambda a: self._value(a[1] if self.condition(a[0]) else a[2]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::Equals": lambda a: self.resolve(a[0]) == self.resolve(a[1]),
            "Fn::Not": lambda a: not self.resolve(a[0]),
            "Fn::And": lambda a: all(self.resolve(v) for v in a),
            "Fn::Or": lambda a: any(self.resolve(v) for v in a),
            "Condition": self.condition,
        }

    def resolve(self, value: Any) -> Any:
        """`value` with every intrinsic function replaced by what it stands for. Raises `Unresolvable`."""
        resolved = self._value(value)
        return None if resolved is _NO_VALUE else resolved

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            raise Unresolvable(f"condition {name} is not in the template")
        return bool(self.resolve(self._conditions[name]))

    def exists(self, logical_id: str) -> bool:
        """False for a resource whose Condition does not hold."""
        condition = self.resources[logical_id].get("Condition")
        return condition is None or self.condition(condition)

    def name(self, logical_id: str) -> str:
        """The physical name of a resource of a type in `NAME_PROPERTY`."""
        resource = self.resources[logical_id]
        return str(self.resolve(resource["Properties"][NAME_PROPERTY[resource["Type"]]]))

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.resources:
            raise Unresolvable(f"Ref {name}: no such parameter or resource")
        kind = self.resources[name]["Type"]
        if kind == _HTTP_API:
            return http_api_id(name)
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name(name)}"
        if kind in _REF_IS_ARN:
            return self._get_att([name, "Arn"])
        if name in self.physical:
            return self.physical[name]
        if kind in _ARN:
            return self.name(name)
        raise Unresolvable(f"Ref {name}: the embedded AWS does not know the id of a {kind} before it exists")

    def _get_att(self, argument: str | list[str]) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if name not in self.resources:
            raise Unresolvable(f"GetAtt {name}.{attribute}: no such resource")
        kind = self.resources[name]["Type"]
        if kind == _HTTP_API and attribute == "ApiEndpoint":
            return f"https://{http_api_id(name)}.execute-api.{REGION}.amazonaws.com"
        if kind in _ARN and attribute in ("Arn", "TopicArn"):
            return _ARN[kind].format(r=REGION, a=ACCOUNT, n=self.name(name))
        if attribute in ("QueueName", "Name", "TopicName") and kind in NAME_PROPERTY:
            return self.name(name)
        if kind == "AWS::SQS::Queue" and attribute == "QueueUrl":
            return self.ref(name)
        if kind == "AWS::S3::Bucket" and attribute in ("DomainName", "RegionalDomainName"):
            return f"{self.name(name)}.s3.{REGION}.amazonaws.com"
        if attribute == "Arn" and self.physical.get(name, "").startswith("arn:"):
            return self.physical[name]
        raise Unresolvable(f"GetAtt {name}.{attribute}: the embedded AWS does not know this attribute of a {kind}")

    def _sub(self, argument: str | list[Any]) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in local:
                return str(self.resolve(local[name]))
            return str(self._get_att(name) if "." in name else self.ref(name))

        return _SUB.sub(replace, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        table, first, second = (self.resolve(a) for a in argument)
        try:
            return self._mappings[table][first][second]
        except KeyError as missing:
            raise Unresolvable(f"FindInMap {table}.{first}.{second}: no {missing}") from missing

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) == 1:
                ((key, argument),) = value.items()
                if key in self._functions and (key != "Condition" or isinstance(argument, str)):
                    return self._functions[key](argument)
                if key.startswith("Fn::"):
                    raise Unresolvable(f"{key} is not supported by the embedded AWS")
            resolved = {k: self._value(v) for k, v in value.items()}
            return {k: v for k, v in resolved.items() if v is not _NO_VALUE}
        if isinstance(value, list):
            return [v for v in (self._value(v) for v in value) if v is not _NO_VALUE]
        return value


def http_api_id(logical_id: str) -> str:
    """The id an HTTP API answers to locally (moto creates none)."""
    return f"local-{logical_id.lower()}"
