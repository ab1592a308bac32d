"""`vibeboard serve`: the embedded AWS on a loopback port until interrupted."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from local.aws import EmbeddedAws


class Person(NamedTuple):
    """Somebody the local issuer signs in."""

    role: str
    sub: str
    name: str
    org: str


PEOPLE = (
    Person("owner", "user_owner", "Olivia Owner", "Studio"),
    Person("admin", "user_admin", "Adrian Admin", "Studio"),
    Person("editor", "user_editor", "Edith Editor", "Studio"),
    Person("viewer", "user_viewer", "Victor Viewer", "Studio"),
    Person("outsider", "user_outsider", "Oscar Outsider", "Other Studio"),
)
"""One per SOP role, and one of another organization. What a role may do is up to the project's members."""

Seed = Callable[[EmbeddedAws], None]
"""Run once the AWS is up and before it is announced; must do nothing when its work is already there."""


def tokens(aws: EmbeddedAws) -> dict[str, str]:
    """One access token per person of `PEOPLE`, by role."""
    return {p.role: aws.mint_token(p.sub, p.name, p.org) for p in PEOPLE}


def serve(
    template: Path,
    port: int = 0,
    data_dir: Path | None = None,
    json_output: bool = False,
    *,
    seeds: Sequence[Seed] = (),
    parameters: Mapping[str, str] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve the template's API until SIGINT or SIGTERM (or `until` is set).

    Prints one line when ready: `{"url": ..., "tokens": {role: token}}` with `json_output`, else words for a person.
    Raises `StackError`, `AlreadyRunning`, and OSError when the port is taken.
    """
    stop = until or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    with EmbeddedAws(template, data_dir, parameters, port=port) as aws:
        for seed in seeds:
            seed(aws)
        minted = tokens(aws)
        if json_output:
            print(json.dumps({"url": aws.url, "tokens": minted}), flush=True)
        else:
            print(f"VibeBoard serves at {aws.url}")
            for role, token in minted.items():
                print(f"  {role}: {token}")
            sys.stdout.flush()
        stop.wait()
