"""State machine tasks: one Lambda per module, the event names the task. Plain functions, no HTTP.

An event is {"task": name, "projectId": …, "traceId": …, …}. A refusal becomes an error whose type a Catch can name:
BUDGET_CAP_EXCEEDED -> BudgetCapExceeded, with the problem as JSON in its message.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from vibeboard.domain.errors import Busy, VibeBoardError

Task = Callable[[dict[str, Any]], dict[str, Any]]
logger = Logger(service="vibeboard")

ANSWER_BYTES = 128 * 1024  # half of what Step Functions takes; ids and keys, never media


class TaskAnswerTooLarge(Exception):
    """A task answered more than a state machine should carry."""


def error_name(code: str) -> str:
    """BUDGET_CAP_EXCEEDED -> BudgetCapExceeded."""
    return "".join(word.capitalize() for word in code.split("_"))


def handler_of(tasks: Mapping[str, Task]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler of a module's tasks. Raises KeyError for a task that is not in the map."""

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        name = event["task"]
        logger.append_keys(task=name, projectId=event.get("projectId"), traceId=event.get("traceId"))
        try:
            answer = tasks[name](event)
        except Busy:
            raise  # retried by the state machine, by its class name
        except VibeBoardError as refused:
            logger.info("refused", code=refused.code, detail=refused.detail)
            message = json.dumps({"code": refused.code, "detail": refused.detail, "fix": refused.fix} | refused.extra)
            raise type(error_name(refused.code), (Exception,), {})(message) from refused
        if len(json.dumps(answer)) > ANSWER_BYTES:
            raise TaskAnswerTooLarge(f"{name} answered more than {ANSWER_BYTES} bytes")
        return answer

    handler.tasks = dict(tasks)  # type: ignore[attr-defined]  # for the template tests: which names it answers to
    return handler
