"""What was acknowledged is there after `kill -9`."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local.journal import Journal

ROOT = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "fixtures" / "template.yaml"

WRITER = """
import os, sys
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from local.aws import EmbeddedAws

template, data = map(Path, sys.argv[1:])
with EmbeddedAws(template, data) as aws:
    table, bucket = aws.outputs["TableName"], aws.outputs["BucketName"]
    dynamo, s3 = aws.client("dynamodb"), aws.client("s3")
    token = aws.mint_token("user_1")
    s3.put_object(Bucket=bucket, Key="gone", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="gone")
    dynamo.put_item(TableName=table, Item={"PK": {"S": "gone"}, "SK": {"S": "1"}})
    dynamo.delete_item(TableName=table, Key={"PK": {"S": "gone"}, "SK": {"S": "1"}})
    dynamo.put_item(TableName=table, Item={"PK": {"S": "count"}, "SK": {"S": "1"}, "n": {"N": "0"}})
    source = Path(data) / "large.bin"
    source.write_bytes(bytes(range(256)) * (9 << 12))
    s3.upload_file(str(source), bucket, "large", ExtraArgs={"ContentType": "video/mp4", "Metadata": {"seed": "7"}})
    print("token", token, flush=True)

    def write(thread):
        n = 0
        while True:
            name = f"{thread}-{n}"
            update = {"Update": {"TableName": table, "Key": {"PK": {"S": "count"}, "SK": {"S": "1"}},
                      "UpdateExpression": "SET n = n + :o", "ExpressionAttributeValues": {":o": {"N": "1"}}}}
            put = {"Put": {"TableName": table, "Item": {"PK": {"S": "row"}, "SK": {"S": name}, "b": {"BOOL": True}}}}
            dynamo.transact_write_items(TransactItems=[update, put])
            s3.put_object(Bucket=bucket, Key=f"rows/{name}", Body=name.encode(), ContentType="text/plain")
            os.write(1, f"ack {name}\\n".encode())
            n += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
"""

READER = """
import json, sys, time
from pathlib import Path
from local.aws import EmbeddedAws

template, data = map(Path, sys.argv[1:])
with EmbeddedAws(template, data) as aws:
    table, bucket = aws.outputs["TableName"], aws.outputs["BucketName"]
    dynamo, s3 = aws.client("dynamodb"), aws.client("s3")
    items = [i for p in dynamo.get_paginator("scan").paginate(TableName=table) for i in p["Items"]]
    keys = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for o in p.get("Contents", [])]
    rows = {k: s3.get_object(Bucket=bucket, Key=k)["Body"].read().decode() for k in keys if k.startswith("rows/")}
    head = s3.head_object(Bucket=bucket, Key="large")
    large = s3.get_object(Bucket=bucket, Key="large")["Body"].read()
    status = aws.http("GET", "/crew/1", {"authorization": "Bearer " + sys.stdin.read().strip()}).status
    print(json.dumps({
        "count": [i["n"]["N"] for i in items if i["PK"]["S"] == "count"],
        "rows": sorted(i["SK"]["S"] for i in items if i["PK"]["S"] == "row"),
        "gone": "gone" in keys or any(i["PK"]["S"] == "gone" for i in items),
        "objects": rows, "type": head["ContentType"], "seed": head["Metadata"].get("seed"),
        "large": large == bytes(range(256)) * (9 << 12), "etag": head["ETag"], "status": status,
    }))
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def read(data: Path, token: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", READER, FIXTURE, data],
        input=token, capture_output=True, text=True, env=environment(), check=True, timeout=60,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_kill_in_the_middle_of_writes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, FIXTURE, data], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert child.stdout is not None
    token = child.stdout.readline().split()[1]
    acknowledged = []
    for line in child.stdout:
        acknowledged.append(line.split()[1])
        if len(acknowledged) == 40:
            child.send_signal(signal.SIGKILL)
            break
    acknowledged += [line.split()[1] for line in child.stdout if line.startswith("ack ") and line.endswith("\n")]
    child.wait()

    told = read(data, token)

    assert len(acknowledged) >= 40
    assert set(acknowledged) <= set(told["rows"])
    assert told["count"] == [str(len(told["rows"]))]  # the transactions are whole
    assert {f"rows/{name}" for name in acknowledged} <= set(told["objects"])
    assert all(key == f"rows/{body}" for key, body in told["objects"].items())
    assert not told["gone"]
    assert (told["type"], told["seed"], told["large"]) == ("video/mp4", "7", True)
    assert told["etag"].strip('"').endswith("-2")
    assert told["status"] == 200  # tokens stay good: the issuer's key is kept


def test_an_operation_the_journal_does_not_know_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    with pytest.raises(NotImplementedError, match="ExecuteStatement would not survive"):
        journal.on_write("ExecuteStatement", {})
    journal.close()


def test_a_large_project_is_back_quickly(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.sqlite3") as db:
        journal = Journal(tmp_path)
        body = json.dumps({"PK": {"S": "p"}, "SK": {"S": "s"}, "text": {"S": "x" * 500}})
        db.executemany(
            "INSERT INTO item VALUES (?, ?, ?, ?)",
            [("t", '{"S": "p"}', json.dumps({"S": str(n)}), body.replace('"s"', f'"{n}"')) for n in range(2000)],
        )
        db.commit()
        from moto import mock_aws

        with mock_aws():
            import boto3

            boto3.client("dynamodb", region_name="us-east-1").create_table(
                TableName="t",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("PK", "SK")],
                KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            )
            started = time.monotonic()
            restored = journal.restore_items()
        journal.close()

    assert restored == 2000
    assert time.monotonic() - started < 1.5
