"""Why an execution failed, in words: Step Functions wraps a phase's cause in the production's, JSON within JSON."""

import json


def cause_in_words(cause: str) -> str:
    """The innermost sentence of a Cause, with its problem's code and fix; what is no such JSON is returned as it is."""
    while True:
        try:
            told = json.loads(cause)
        except ValueError:
            return cause
        if not isinstance(told, dict):
            return cause
        if told.get("code") and told.get("detail"):
            return " ".join(filter(None, (f"{told['code']}: {told['detail']}.", str(told.get("fix", "")))))
        inner = told.get("Cause") or told.get("errorMessage")
        if not isinstance(inner, str):
            return cause
        cause = inner
