"""Many schedules by hand: python -m tests.simulation [--schedules 1000000] [--from 0]. Exit code 1 at a violation."""

import argparse
import gc
import sys
import time

from tests.simulation.house import installed
from tests.simulation.schedule import run
from tests.simulation.world import Violation


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1_000_000)
    parser.add_argument("--from", dest="first", type=int, default=0, help="first seed")
    asked = parser.parse_args()
    started, calls = time.monotonic(), 0
    gc.disable()
    with installed():
        for count, seed in enumerate(range(asked.first, asked.first + asked.schedules), start=1):
            try:
                calls += run(seed).world.calls
            except Violation as broken:
                sys.stdout.write(f"{broken}\n")
                return 1
            if count % 10_000 == 0:
                rate = count / (time.monotonic() - started)
                sys.stderr.write(f"{count:,} schedules, {calls:,} calls, {rate:,.0f}/s, no violation\n")
    sys.stdout.write(f"{asked.schedules} schedules from seed {asked.first}, {calls} calls, no violation\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
