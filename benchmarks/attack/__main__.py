"""Attacks ercbench and counts how it ends.

    make attack
    PYTHONPATH=benchmarks:tests/support python -m attack [--only kills] [--seed 0] [--share 1]

Leaves with 1 if anything ended in a traceback, a changed number, a hang, litter or a crash.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from attack.children import import_everything
from attack.kinds import KINDS
from attack.outcomes import FAILURES, counted, table


def main() -> bool:
    """Attacks, prints the counts of every kind, and returns whether something failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1, help="of the attacks of each kind")
    arguments = parser.parse_args()
    import_everything()
    counts = {}
    for kind in arguments.only:
        begun = time.monotonic()
        with TemporaryDirectory() as folder:
            counts[kind] = counted(kind, KINDS[kind](Path(folder), arguments.seed, arguments.share))
        print(f"{kind}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    print(table(counts))
    return any(own[outcome] for own in counts.values() for outcome in FAILURES)


if __name__ == "__main__":
    sys.exit(main())
