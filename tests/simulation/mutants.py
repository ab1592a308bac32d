"""Ways to get the protocol wrong, each a small change to the real code. A checker that misses one is blind."""

import contextlib
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """Texts replaced in one module of the protocol. promise: words of the violation it must cause."""

    name: str
    module: str
    changes: tuple[tuple[str, str], ...]
    promise: str


MUTANTS = (
    Mutant(
        "post before the fence",
        "vibeboard.jobs.submission",
        (
            (
                "    try:\n        job = table().write(fence)\n    except ConditionFailed:\n        return None\n",
                "    seen = table().get(key)\n"
                "    early = None\n"
                '    if seen["provider"] != engines.OWN and seen["status"] == "RESERVED":\n'
                '        early = engines.vendor(seen["provider"]).post(seen | {"fence": seen["fence"] + 1})\n'
                "    try:\n        job = table().write(fence)\n    except ConditionFailed:\n        return None\n",
            ),
            ('receipt = engines.vendor(job["provider"]).post(job)', "receipt = early"),
        ),
        "double submission|overspend|sent while it is held",
    ),
    Mutant(
        "no fence",
        "vibeboard.jobs.submission",
        (
            (
                'condition=Attr("status").eq("RESERVED") & Attr("hold").eq("RESERVED") & Attr("held").not_exists(),',
                'condition=Attr("hold").eq("RESERVED"),',
            ),
        ),
        "double submission",
    ),
    Mutant(
        "retry inside submit",
        "vibeboard.jobs.submission",
        (
            (
                "    except engines.OutcomeUnknown:\n        return job  #",
                "    except engines.OutcomeUnknown:\n"
                '        return sent(job, engines.vendor(job["provider"]).post(job))  #',
            ),
        ),
        "double submission",
    ),
    Mutant(
        "release on timeout",
        "vibeboard.jobs.submission",
        (
            (
                "    except engines.OutcomeUnknown:\n        return job  #",
                '    except engines.OutcomeUnknown:\n        return _not_now(job, engines.NotAccepted(""))  #',
            ),
        ),
        "double submission|unaccounted",
    ),
    Mutant(
        "unconditional settle",
        "vibeboard.jobs.settlement",
        (
            (
                'unmoved = Attr("hold").eq("RESERVED") & Attr("amount").eq(job["amount"])',
                'unmoved = Attr("amount").eq(job["amount"])',
            ),
        ),
        "jobs and batches hold",
    ),
    Mutant(
        "a token that comes while the job settles is forgotten",
        "vibeboard.jobs.settlement",
        (
            (
                '        unmoved &= Attr("taskToken").eq(waiting) if waiting else Attr("taskToken").not_exists()\n',
                "",
            ),
        ),
        "nobody told",
    ),
    Mutant(
        "void of unknown",
        "vibeboard.jobs.reconcile",
        (('settlement.fail(job, ASSUMED, cost=job["amount"], assumed=True,', "settlement.fail(job, ASSUMED, cost=0,"),),
        "unaccounted",
    ),
    Mutant(
        "release without waiting for what is still in the vendor's queue",
        "vibeboard.jobs.reconcile",
        (('if clock.seconds() < job["leaseUntil"] + SKEW_SECONDS + provider.horizon:', "if False:"),),
        "unaccounted",
    ),
    Mutant(
        "reconcile while the worker may be alive",
        "vibeboard.jobs.reconcile",
        (
            ('return bool(clock.seconds() > job["leaseUntil"] + SKEW_SECONDS)', "return True"),
            ('if clock.seconds() < job["leaseUntil"] + SKEW_SECONDS + provider.horizon:', "if False:"),
        ),
        "unaccounted",
    ),
    Mutant(
        "settle by estimate",
        "vibeboard.jobs.inbox",
        (
            (
                'settlement.succeed(job, outcome["result"], job.get("billed"))',
                'settlement.succeed(job, outcome["result"])',
            ),
        ),
        "booked too much",
    ),
    Mutant(
        "a picture that cannot be used is free",
        "vibeboard.jobs.inbox",
        (('settlement.fail(job, body["error"], cost=job.get("billed", 0))', 'settlement.fail(job, body["error"])'),),
        "unaccounted",
    ),
    Mutant(
        "cancel frees what the vendor has",
        "vibeboard.jobs.cancelling",
        (('    if not engines.vendor(job["provider"]).cancel(job):\n        return job\n', ""),),
        "unaccounted",
    ),
    Mutant(
        "a batch keeps the hold it handed to its jobs",
        "vibeboard.jobs.batches",
        (('add={"hold": -share},', 'add={"hold": 0},'),),
        "jobs and batches hold",
    ),
    Mutant(
        "two writers write the same chunk of a batch",
        "vibeboard.jobs.batches",
        (
            (
                'condition=Attr("state").eq(OPEN) & Attr("written").eq(batch["written"]) & Attr("hold").gte(share),',
                'condition=Attr("batchId").exists(),',
            ),
        ),
        "still open|jobs and batches hold",
    ),
    Mutant(
        "what a batch ordered a second time stays held",
        "vibeboard.jobs.batches",
        (
            (
                "actions = [move, *(Put(job, NEW) for job in fresh), *_give_back(batch, back)]",
                "actions = [move, *(Put(job, NEW) for job in fresh)]",
            ),
        ),
        "jobs and batches hold",
    ),
    Mutant(
        "nobody looks after a batch whose writer died",
        "vibeboard.jobs.reconcile",
        (("for batch in table().query_index(keys.OPEN_BATCHES, limit=OPEN_JOBS_PER_RUN):", "for batch in ():"),),
        "still holds money",
    ),
    Mutant(
        "the fence does not see that a job is held",
        "vibeboard.jobs.submission",
        ((' & Attr("held").not_exists(),', ","),),
        "sent while it is held",
    ),
    Mutant(
        "nobody lets go what stepped behind a render",
        "vibeboard.jobs.reconcile",
        (("    _let_go(listed)\n", ""),),
        "still open",
    ),
    Mutant(
        "a hold outlives its job",
        "vibeboard.jobs.settlement",
        (('remove=["leaseUntil", "held",', 'remove=["leaseUntil",'),),
        "at rest and held",
    ),
    Mutant(
        "look, then reserve",
        "vibeboard.store.ledger",
        (
            (
                "Update(keys.budget(project_id), add=move, condition=ready & enough)",
                "Update(keys.budget(project_id), add=move, condition=ready)",
            ),
        ),
        "do not make",
    ),
)


@contextlib.contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Run a module with the mutant in it. Raises AssertionError when the text to change is no longer there."""
    module = importlib.import_module(mutant.module)
    source = inspect.getsource(module)
    for old, new in mutant.changes:
        assert source.count(old) == 1, f"{mutant.name}: the code has changed; this mutant must change with it"
        source = source.replace(old, new)
    before: dict[str, Any] = dict(vars(module))
    try:
        exec(compile(source, f"{mutant.module} ({mutant.name})", "exec"), vars(module))
        yield
    finally:
        vars(module).clear()
        vars(module).update(before)
