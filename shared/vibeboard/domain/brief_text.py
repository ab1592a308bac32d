"""A brief's file as plain data: YAML or JSON, with the traps of YAML shut."""

import json
import re
from pathlib import Path
from typing import Any

import yaml


class BriefSyntax(ValueError):
    """The file cannot be read as YAML or JSON."""

    def __init__(self, message: str, fix: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.fix, self.field = message, fix, field


class _Loader(yaml.SafeLoader):
    """YAML where 16:9 is text (YAML 1.1 reads it as base 60), a key stands once, and nothing is an alias."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise BriefSyntax("the brief uses a YAML alias (*name)", "Write the value out where it is needed.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise BriefSyntax(
                    f"line {node.start_mark.line + 1}: {key} stands twice", "Keep one of the two.", str(key)
                )
        return super().construct_mapping(node, deep)


_PLAIN = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag in _PLAIN]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?:\.\d*)?[eE][-+]?\d+)$"), list("-+.0123456789")
)


def read_document(path: Path, max_bytes: int) -> Any:
    """The file's data. Raises BriefSyntax when it is missing, larger than `max_bytes`, no UTF-8, or broken."""
    if not path.is_file():
        raise BriefSyntax("the brief does not exist", "Give the path of a YAML or JSON file.")
    if path.stat().st_size > max_bytes:
        raise BriefSyntax(
            f"the brief is larger than {max_bytes // 1024} KB", "Keep screenplay and images in their own files."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise BriefSyntax("the brief is not UTF-8 text", "Save it as YAML or JSON in UTF-8.") from fault
    try:
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.load(text, Loader=_Loader)  # noqa: S506
    except json.JSONDecodeError as fault:
        raise BriefSyntax(f"line {fault.lineno}: {fault.msg}", "Correct the JSON.") from fault
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise BriefSyntax(f"{line}{getattr(fault, 'problem', None) or 'broken YAML'}", "Correct the YAML.") from fault
    except RecursionError as fault:
        raise BriefSyntax("the brief is nested too deeply", "Write it as in docs/reference/brief.md.") from fault
