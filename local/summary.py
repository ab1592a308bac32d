"""What the command prints for people."""

from typing import Any


def film_summary(summary: dict[str, Any]) -> str:
    """Sizes, durations, spend against cap and gates of a finished film."""
    spend = summary["spend"]
    rows = [
        f"{summary['shots']} shots, {summary['frames']} frames at {summary['fps']} fps, {summary['seconds']:.2f} s",
        f"spent {spend['committed']:.2f} of {spend['cap'] + spend['overrides']:.2f} USD ({spend['billing']} billing)",
        "",
    ]
    rows += [f"{_size(summary['sizes'][name]):>10}  {path}" for name, path in summary["package"].items()]
    rows += ["", "seconds per step"]
    rows += [f"  {name:<28}{seconds:8.1f}" for name, seconds in summary["steps"].items()]
    rows += ["", "gates"]
    rows += ["  " + line for line in gate_lines(summary["gates"]).splitlines()]
    rows += ["", "approvals"]
    rows += [f"  {item['gate']:<12} {item['decision']:<10} {item['by'] or ''}" for item in summary["approvals"]]
    rows += ["", "package verified" if summary.get("verified") else "package NOT verified"]
    return "\n".join(rows)


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return ""


def gate_lines(gates: dict[str, Any]) -> str:
    """One gate a line: open or refusing, and its sentence."""
    rows = []
    for name, decision in gates.items():
        word = "open" if decision["allowed"] else "REFUSES"
        rows.append(f"{name:<16} {word:<8} {decision.get('message', '')}".rstrip())
    return "\n".join(rows)


def report_lines(report: dict[str, Any]) -> str:
    last = report["start"] + report["frames"] - 1
    rows = [f"frames {report['start']} to {last}: score {report['score']:.2f}  {report['status']}"]
    rows += [f"  {i['name']} at frame {i.get('frame', 0)}: {i.get('value')}" for i in report["issues"]]
    rows += [f"  {name}: {value}" for name, value in report["metrics"].items()]
    return "\n".join(rows)


def check_lines(valid: bool, checks: list[dict[str, Any]]) -> str:
    rows = [f"{'ok ' if c['ok'] else 'BAD'} {c['name']}: {c['reason'] or c['value']}" for c in checks]
    return "\n".join([*rows, "", "valid" if valid else "NOT valid"])
