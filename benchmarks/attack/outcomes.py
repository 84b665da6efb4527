"""How what was attacked may end, and a table of how often it did."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one attack ended; all but the first two are failures."""

    CLEAN = "clean"
    REFUSED = "refused in a line"
    TRACEBACK = "traceback"
    CHANGED = "changed unnoticed"
    STUCK = "stuck"
    LITTER = "litter"
    CRASH = "crash"


FAILURES = tuple(Outcome)[2:]


@dataclass(frozen=True)
class Finding:
    """One attack.

    Attributes:
        outcome: How it ended.
        told: What was done, and for a failure what was seen.
    """

    outcome: Outcome
    told: str

    @property
    def failed(self) -> bool:
        """Whether it ended as nothing should."""
        return self.outcome in FAILURES


def counted(kind: str, findings: Iterator[Finding]) -> Counter[Outcome]:
    """Counts the outcomes of a kind of attack, and prints each failure as it comes."""
    counts: Counter[Outcome] = Counter()
    for finding in findings:
        counts[finding.outcome] += 1
        if finding.failed:
            print(f"{kind}: {finding.outcome}: {finding.told}", file=sys.stderr, flush=True)
    return counts


def table(counts: Mapping[str, Counter[Outcome]]) -> str:
    """Returns the counts of every kind as a Markdown table."""
    lines = [f"| attack | {' | '.join(Outcome)} |", f"|---|{'---|' * len(Outcome)}"]
    for kind, own in counts.items():
        lines.append(f"| {kind} | {' | '.join(str(own[outcome]) for outcome in Outcome)} |")
    return "\n".join(lines)
