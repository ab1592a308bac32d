"""The `vibeboard` command. stdout is data, stderr is progress; exit codes are those of local/errors.py."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from local.errors import CommandFailed, Exit
from vibeboard import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="vibeboard")
def cli() -> None:
    """VibeBoard: from brief to signed master, through gates that hold."""


@cli.command()
@click.argument("brief", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where the package goes (out/<brief>).")
@click.option("--quality", type=click.Choice(["draft", "review", "master"]), default=None, help="720p, 1080p or 4K.")
@click.option("--approve", type=click.Choice(["auto", "ask"]), default="auto", help="Who decides the approvals.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def film(brief: Path, out: Path | None, quality: str | None, approve: str, as_json: bool) -> None:
    """Make the film of BRIEF (YAML or JSON) and its release package."""
    from local.asking import ask_in_terminal
    from local.film import approve_all, make_film
    from local.progress import Reporter
    from local.summary import film_summary
    from vibeboard.domain.brief import BriefInvalid

    target = out or Path("out") / (brief.parent.name if brief.stem == "brief" else brief.stem)
    report = Reporter()
    try:
        summary = make_film(
            brief,
            target,
            quality=quality,
            decide=ask_in_terminal if approve == "ask" else approve_all,
            report=report,
        )
    except BriefInvalid as invalid:
        for problem in invalid.problems:
            click.echo(f"{problem.file}: {problem.field or '-'}: {problem.message}\n  fix: {problem.fix}", err=True)
        sys.exit(Exit.USAGE)
    click.echo(json.dumps(summary) if as_json else film_summary(summary))


@cli.command()
@click.option("--port", type=int, default=8300, show_default=True)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything there across restarts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line when ready.")
def serve(port: int, data: Path | None, as_json: bool) -> None:
    """Serve the API on loopback; prints its address and one token per role."""
    from local.client import seed_crew, seed_outsider
    from local.film import TEMPLATE
    from local.serve import serve as run

    try:
        run(TEMPLATE, port, data, as_json, seeds=[seed_crew, seed_outsider])
    except OSError as error:
        raise CommandFailed(
            Exit.ENVIRONMENT, f"Port {port} cannot be used", why=str(error), fix="give another --port"
        ) from error


@cli.group(invoke_without_command=True)
@click.option("--url", envvar="VIBEBOARD_URL", help="Address of a running studio.")
@click.option("--token", envvar="VIBEBOARD_TOKEN", help="Who you are there.")
@click.option("--project", help="Only this project.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def approvals(context: click.Context, url: str | None, token: str | None, project: str | None, as_json: bool) -> None:
    """What waits for a decision (and `approvals decide ID`)."""
    from local.remote import Remote, waiting

    context.obj = Remote(url, token)
    if context.invoked_subcommand is None:
        items = waiting(context.obj, project)
        click.echo(json.dumps(items) if as_json else _approval_lines(items))


def _approval_lines(items: list[dict[str, Any]]) -> str:
    if not items:
        return "Nothing waits for a decision."
    return "\n".join(
        f"{item['approvalId']}  {item['gate']:<12} needs {item['requiredRole']:<7} {item['requestedAt']}"
        for item in items
    )


@approvals.command()
@click.argument("approval_id")
@click.option("--approve/--reject", "approve", required=True)
@click.option("--reason", default="", help="A rejection needs one.")
@click.pass_obj
def decide(remote: Any, approval_id: str, approve: bool, reason: str) -> None:
    """Approve or reject one approval."""
    body = {"decision": "approve" if approve else "reject", "reason": reason}
    item = remote.call("POST", f"/api/approvals/{approval_id}/decision", body)
    click.echo(f"{item['gate']}: {item['status']}")


@cli.command()
@click.argument("project")
@click.option("--url", envvar="VIBEBOARD_URL")
@click.option("--token", envvar="VIBEBOARD_TOKEN")
@click.option("--json", "as_json", is_flag=True)
def gates(project: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Every gate of PROJECT, with what it says now."""
    from local.remote import Remote
    from local.summary import gate_lines

    found = Remote(url, token).call("GET", f"/api/projects/{project}/gates")["gates"]
    click.echo(json.dumps(found) if as_json else gate_lines(found))


@cli.command()
@click.argument("clip", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reference", "references", type=click.Path(path_type=Path, dir_okay=False), multiple=True)
@click.option("--split", is_flag=True, help="Edited footage: cut it apart first, and judge each piece.")
@click.option("--json", "as_json", is_flag=True)
def analyze(clip: Path, references: tuple[Path, ...], split: bool, as_json: bool) -> None:
    """Measure any video file as dailies do."""
    from local.summary import report_lines
    from vibeboard.media.dailies import analyze as measure
    from vibeboard.media.dailies import analyze_pieces

    _exists(clip)
    if split:
        pieces = [report.to_dict() for report in analyze_pieces(clip, references=references)]
        told = json.dumps({"clip": clip.name, "pieces": pieces}) if as_json else "\n\n".join(map(report_lines, pieces))
    else:
        report = measure(clip, references=references).to_dict()
        told = json.dumps(report) if as_json else report_lines(report)
    click.echo(told)


@cli.command()
@click.option("--stack", help="A deployed stack; AWS credentials and region as for any AWS command.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="A folder of `serve --data`, not in use."
)
@click.option("--json", "as_json", is_flag=True)
def redrive(stack: str | None, data: Path | None, as_json: bool) -> None:
    """Give work that was given up another go: a stack's dead letters, or a folder's open jobs."""
    from local import redrive as work

    if (stack is None) == (data is None):
        raise click.UsageError("name either --stack or --data")
    moved = work.of_stack(stack) if stack else work.of_folder(data or Path())
    click.echo(json.dumps(moved) if as_json else "\n".join(f"{n} {name}" for name, n in moved.items()) or "Nothing.")


@cli.group()
def package() -> None:
    """Release packages."""


@package.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="PEM roots that may have signed it.")
@click.option("--json", "as_json", is_flag=True)
def verify(folder: Path, trust: Path | None, as_json: bool) -> None:
    """Check hashes, signatures, frames, EDL, sidecar and EPK of the package in FOLDER.

    Without --trust, the root of the studio that made it is used where that studio lies beside it.
    """
    from local.film import anchors_for
    from local.summary import check_lines
    from vibeboard.media.verify import verify_package

    _exists(folder)
    if trust is not None:
        _exists(trust)
    result = verify_package(folder, trust.read_text(encoding="utf-8") if trust else anchors_for(folder))
    checks = [{"name": c.name, "ok": c.ok, "value": c.value, "reason": c.reason} for c in result.checks]
    click.echo(json.dumps({"valid": result.valid, "checks": checks}) if as_json else check_lines(result.valid, checks))
    sys.exit(Exit.OK if result.valid else Exit.VERIFICATION_FAILED)


@cli.command()
def openapi() -> None:
    """The API document (OpenAPI 3.1) of every route, on stdout."""
    from local.openapi import render

    click.echo(render(), nl=False)


@cli.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> None:
    """Check that this machine has what a film needs."""
    from local.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'BAD'} {finding.name}: {finding.value}")
            if not finding.ok:
                click.echo(f"    fix: {finding.fix}")
    sys.exit(Exit.OK if all(finding.ok for finding in findings) else Exit.ENVIRONMENT)


def _exists(path: Path) -> None:
    if not path.exists():
        raise CommandFailed(Exit.NOT_FOUND, f"{path} does not exist", fix="check the path")


def main() -> NoReturn:
    """Entry point: one clear message for each failure, and its exit code."""
    from vibeboard.domain.errors import VibeBoardError

    try:
        cli.main(standalone_mode=False)
    except CommandFailed as failed:
        click.echo(str(failed), err=True)
        sys.exit(failed.code)
    except VibeBoardError as refused:
        told = CommandFailed(Exit.USAGE, f"{refused.code}: {refused.detail}", fix=refused.fix)
        click.echo(str(told), err=True)
        sys.exit(told.code)
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. The same command goes on from here.", err=True)
        sys.exit(130)
    sys.exit(Exit.OK)


if __name__ == "__main__":
    main()
