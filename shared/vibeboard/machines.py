"""Starting a state machine, once per name."""

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def step_functions() -> "SFNClient":
    return boto3.client("stepfunctions")


def start(setting: str, name: str, given: dict[str, Any]) -> bool:
    """Start the machine whose ARN is in environment variable `setting`; False when that name was started before."""
    try:
        step_functions().start_execution(stateMachineArn=os.environ[setting], name=name, input=json.dumps(given))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            return False
        raise
    return True
