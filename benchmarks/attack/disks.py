"""Commands on a disk that fails at some write, or at every one, and then is well again."""

import errno
import random
from collections.abc import Iterator
from pathlib import Path

from faults import failing

from attack.children import command, run
from attack.kills import Undisturbed
from attack.outcomes import Finding
from attack.scenarios import copied

COMMANDS = ("prepare", "train", "train in stages", "report", "reproduce", "merge")
MOST_WRITES = 30  # a command that writes less often is not disturbed at the later ones
FINISHED = ("train", "train in stages")


def failing_disk(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Lets one random write of every command in turn fail, then runs the command again."""
    rng = random.Random(seed)
    undisturbed = {name: Undisturbed.of(name, folder) for name in COMMANDS[:times]}
    for number in range(times):
        own = undisturbed[COMMANDS[number % len(COMMANDS)]]
        place, code = rng.randint(1, MOST_WRITES), (errno.ENOSPC, errno.EROFS)[number % 2]
        told = f"{own.scenario.name}, write {place} failed with {errno.errorcode[code]}"
        start = copied(own.start, "work")
        ended = run(start, command(*own.scenario.arguments), during=failing(start, place, code))
        found, again = ended.finding(told), own.again(start, told)
        yield found if found.failed or not again.failed else again


def finished_read_only(folder: Path) -> Iterator[Finding]:
    """Asks again for runs that have finished, where nothing can be written any more."""
    for name in FINISHED:
        own = Undisturbed.of(name, folder)
        place = own.start.with_name("work")
        closed = failing(place, 1, errno.EROFS, lasting=True)
        ended = run(place, command(*own.scenario.arguments), during=closed)
        yield own.judge(ended, place, f"{name}, finished, on a read-only disk")
