"""`serve`: one line when ready, an API behind tokens, a clean end."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "fixtures" / "template.yaml"

SERVE = """
import sys
from pathlib import Path
from local.serve import serve

def seed(aws):
    aws.client("dynamodb").put_item(TableName=aws.outputs["TableName"], Item={"PK": {"S": "seed"}, "SK": {"S": "1"}})
    assert aws.calls == {}

serve(Path(sys.argv[1]), data_dir=Path(sys.argv[2]), json_output=True, seeds=[seed])
"""


def test_serve_announces_itself_answers_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVE, str(FIXTURE), str(tmp_path / "data")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        request = urllib.request.Request(
            f"{ready['url']}/crew/1", headers={"authorization": f"Bearer {ready['tokens']['editor']}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            claims = json.loads(answer.read())["event"]["requestContext"]["authorizer"]["jwt"]["claims"]
        try:
            urllib.request.urlopen(f"{ready['url']}/crew/1", timeout=20)
        except urllib.error.HTTPError as refused:
            with refused:
                status = refused.code
    finally:
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)

    assert set(ready["tokens"]) == {"owner", "admin", "editor", "viewer", "outsider"}
    assert (claims["sub"], claims["org"]) == ("user_editor", "Studio")
    assert status == 401
    assert child.returncode == 0
    assert (out, err) == ("", "")
