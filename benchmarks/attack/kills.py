"""Commands that are killed at any moment, and at every rename, then run again to their end."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from attack.children import Ended, command, run
from attack.contents import contents, difference, litter
from attack.outcomes import Finding, Outcome
from attack.scenarios import SCENARIOS, Scenario, copied

KILLED = 137  # what a child that dies at a rename leaves with
OTHER_DISK = Path("/dev/shm")


@dataclass(frozen=True)
class Undisturbed:
    """A command that nothing disturbed.

    Attributes:
        scenario: The command.
        start: The folder that it begins in.
        expected: What it leaves; see `contents`.
        allowed: What looks like litter, but is there after it as before, such as others' shards.
        seconds: How long it took.
    """

    scenario: Scenario
    start: Path
    expected: dict[str, str]
    allowed: set[str]
    seconds: float

    @classmethod
    def of(cls, name: str, folder: Path) -> "Undisturbed":
        """Runs a scenario once, in a folder of its own inside this one."""
        scenario = SCENARIOS[name]
        start = scenario.prepare(folder / name / "start")
        whole = copied(start, "work")
        ended = run(whole, command(*scenario.arguments))
        if ended.code not in (0, 3):  # of reproduce: no published number to compare with
            raise RuntimeError(f"{name}\n{ended.said}")
        return cls(scenario, start, contents(whole), litter(whole), ended.seconds)

    def again(self, folder: Path, told: str, temporary: Path | None = None) -> Finding:
        """Runs the command to its end in a folder that an attack left."""
        ended = run(folder, command(*self.scenario.arguments), temporary=temporary)
        return self.judge(ended, folder, told, temporary)

    def judge(
        self, ended: Ended, folder: Path, told: str, temporary: Path | None = None
    ) -> Finding:
        """Returns how a run counts that should have come to its end."""
        finding = ended.finding(told, refusals=False)
        if finding.failed:
            return finding
        if changed := difference(contents(folder), self.expected):
            return Finding(Outcome.CHANGED, f"{told}: {changed}")
        left = litter(folder) - self.allowed
        left |= {str(path) for path in temporary.rglob("*")} if temporary else set()
        if left:
            return Finding(Outcome.LITTER, f"{told}: {', '.join(sorted(left))}")
        return finding


def random_kills(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Kills every command in turn, at a random moment; each second time TMPDIR is elsewhere."""
    rng = random.Random(seed)
    undisturbed: dict[str, Undisturbed] = {}
    for number in range(times):
        name = list(SCENARIOS)[number // 2 % len(SCENARIOS)]
        own = undisturbed.get(name) or Undisturbed.of(name, folder)
        undisturbed[name] = own
        place = OTHER_DISK if number % 2 and OTHER_DISK.is_dir() else folder
        with TemporaryDirectory(dir=place) as temporary:
            yield _kill(own, rng.uniform(0, own.seconds), Path(temporary))


def _kill(own: Undisturbed, after: float, temporary: Path) -> Finding:
    told = f"{own.scenario.name}, killed after {after:.3f} s, TMPDIR in {temporary.parent}"
    folder = copied(own.start, "work")
    run(folder, command(*own.scenario.arguments), kill_after=after, temporary=temporary)
    return own.again(folder, told, temporary)


def killed_renames(folder: Path, name: str) -> Iterator[Finding]:
    """Lets a command die just before and just after each of its renames."""
    own = Undisturbed.of(name, folder)
    for number in count(1):
        for after in (False, True):
            told = f"{name}, killed {'after' if after else 'before'} rename {number}"
            place = copied(own.start, "work")
            ended = run(
                place, command(*own.scenario.arguments), during=dying_at_rename(number, after)
            )
            if ended.code != KILLED:
                yield own.judge(ended, place, f"{name}, {number - 1} renames")
                return
            yield own.again(place, told)


@contextmanager
def dying_at_rename(number: int, after: bool) -> Iterator[None]:
    """Ends this process at the n-th rename, counted from 1."""
    left = number

    def deadly(rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(*paths: Path, **options: int) -> None:
            nonlocal left
            left -= 1
            if left == 0 and not after:
                os._exit(KILLED)
            rename(*paths, **options)
            if left == 0:
                os._exit(KILLED)

        return renamed

    with patch("os.rename", deadly(os.rename)), patch("os.replace", deadly(os.replace)):
        yield
