"""A failed production says its reason in one sentence, however deep the state machine wrapped it."""

import json

from vibeboard.domain.causes import cause_in_words

PROBLEM = {"code": "DAILIES_NOT_APPROVED", "detail": "Only approved shots proceed to VFX", "fix": "Approve it first."}


def test_given_a_problem_two_executions_deep_then_code_reason_and_fix_are_left() -> None:
    error = {"errorType": "DailiesNotApproved", "errorMessage": json.dumps(PROBLEM), "stackTrace": ["…"]}
    phase = {"ExecutionArn": "arn", "Input": {"run": 1}, "Error": "DailiesNotApproved", "Cause": json.dumps(error)}

    told = cause_in_words(json.dumps(phase))

    assert told == "DAILIES_NOT_APPROVED: Only approved shots proceed to VFX. Approve it first."


def test_given_plain_words_or_other_json_then_they_stay() -> None:
    for cause in ("Nobody answered", '{"odd": 1}', "[1]", ""):
        assert cause_in_words(cause) == cause


def test_given_an_error_that_is_no_problem_then_its_message_is_left() -> None:
    assert cause_in_words(json.dumps({"errorType": "KeyError", "errorMessage": "'shots'"})) == "'shots'"
