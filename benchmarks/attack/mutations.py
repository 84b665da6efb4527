"""Files of stores and runs with a few bytes changed, as by a bad disk, a bad copy, or a person."""

import hashlib
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from attack_files import Attack, kinds, with_changed_bytes

from attack.children import Ended, command, run
from attack.contents import contents, difference
from attack.kills import Undisturbed
from attack.outcomes import Finding, Outcome
from attack.scenarios import ARRAYS, CORPUS, PREPARE, SCENARIOS, copied
from ercbench.files import sha256_of_file

WITHOUT_CHECKSUMS = ("changed", "unchanged", "read")  # what is read of an input that has none
ENDINGS = {"refused": Outcome.REFUSED, "hang": Outcome.STUCK} | {
    outcome.value: outcome for outcome in (Outcome.TRACEBACK, Outcome.CRASH)
}


def stores(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Changes a file of a store; what a run would take from it is the same, or it is refused."""
    SCENARIOS["import arrays"].prepare(folder / "start")
    for arguments in (ARRAYS, PREPARE):
        run(folder / "start", command(*arguments))
    yield from _changed(folder / "start", "stores/talk/*", seed, times, telling(read_store))


def records(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Changes a file of a run; its numbers are the same, or it is left out with a reason."""
    SCENARIOS["report"].prepare(folder / "start")
    yield from _changed(folder / "start", "runs/*/*.*", seed, times, telling(read_records))


def reports(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Changes a file of a run; the report goes on over it, with the same tables or without it."""
    own = Undisturbed.of("report", folder)
    expected = contents(own.start.with_name("work") / "report")
    for told, place in _places(own.start, "runs/*/*.*", random.Random(seed), times):
        ended = run(place, command(*own.scenario.arguments))
        finding = ended.finding(told, refusals=False)
        changed = difference(contents(place / "report"), expected)
        if finding.failed or not changed:
            yield finding
        else:
            left_out = "Left out" in ended.said
            yield Finding(Outcome.REFUSED if left_out else Outcome.CHANGED, f"{told}: {changed}")


def checkpoints(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Changes a checkpoint or the curves of a run that was killed after its last epoch."""
    own = Undisturbed.of("train in stages", folder)
    finished = copied(own.start.with_name("work"), "finished")
    for result in finished.glob("runs/*/result.json"):
        result.unlink()
    patterns = "runs/*/**/*.*"
    for told, place in _places(finished, patterns, random.Random(seed), times):
        ended = run(place, command(*own.scenario.arguments))
        if ended.code == 2:
            yield ended.finding(told)
        else:
            yield own.judge(ended, place, told)


def tables(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Changes a table of utterances, which has no checksum: it is read or refused."""
    SCENARIOS["prepare"].prepare(folder / "start")
    for told, place in _places(folder / "start", "talk.csv", random.Random(seed), times):
        yield run(place, command(*CORPUS)).finding(told)


def inputs(folder: Path, seed: int, each: int) -> Iterator[Finding]:
    """Imports hostile pickles, and files of every format with changes; see `attack_files`."""
    attack = Attack(folder)
    for kind, files in kinds(random.Random(seed), each):
        for number, (suffix, content, _) in enumerate(files):
            ending, found = attack.outcome(folder / f"file.{suffix}", content)
            outcome = Outcome.CLEAN if ending in WITHOUT_CHECKSUMS else ENDINGS[ending]
            yield Finding(outcome, f"{kind} {number}: {found}")


def _changed(
    start: Path, pattern: str, seed: int, times: int, work: Callable[[], None]
) -> Iterator[Finding]:
    expected = run(copied(start, "work"), work)
    for told, place in _places(start, pattern, random.Random(seed), times):
        ended = run(place, work)
        finding = ended.finding(told)
        if finding.failed or ended.code or _printed(ended) == _printed(expected):
            yield finding
        elif "Left out" in ended.said:
            yield Finding(Outcome.REFUSED, told)
        else:
            yield Finding(Outcome.CHANGED, f"{told}\n{_first_difference(ended, expected)}")


def _places(
    start: Path, pattern: str, rng: random.Random, times: int
) -> Iterator[tuple[str, Path]]:
    """Yields copies of a folder in which one file is changed, and what was changed."""
    files = sorted(path for path in start.glob(pattern) if path.is_file() and path.stat().st_size)
    for _ in range(times):
        place = copied(start, "work")
        path = place / rng.choice(files).relative_to(start)
        path.write_bytes(with_changed_bytes(rng, path.read_bytes()))
        yield f"{path.relative_to(place)}, SHA-256 now {sha256_of_file(path)[:8]}", place


def telling(work: Callable[[], Sequence[str]]) -> Callable[[], None]:
    """Returns what prints what was read, or ends in the line that the program would print."""

    def call() -> None:
        from ercbench.config.explain import explain
        from ercbench.console import one_line

        warnings.simplefilter("ignore")
        try:
            print("\n".join(work()))
        except Exception as error:
            line = explain(error)
            if line is None:
                raise
            print(f"ercbench: {one_line(line)}", file=sys.stderr)
            sys.exit(2)

    return call


def read_store() -> list[str]:
    """Returns all that a run takes from a store."""
    from ercbench.features.store.feature_store import FeatureStore

    store = FeatureStore(Path("stores/talk"))
    values = [hashlib.sha256(s.rows(0, store.count).tobytes()) for s in store.select(["text"])]
    return [repr(store.corpus), *(value.hexdigest() for value in values)]


def read_records() -> list[str]:
    """Returns what a report takes from the runs in `runs/`."""
    from ercbench.records.reading import read_runs

    found, warnings = read_runs(Path("runs"))
    runs = [f"{run.record} {run.utterances} {run.probabilities} {run.scores}" for run in found]
    return [*runs, *warnings]


def _first_difference(found: Ended, expected: Ended) -> str:
    letters = zip(found.said, expected.said, strict=False)
    place = next((n for n, (ours, theirs) in enumerate(letters) if ours != theirs), 0)
    around = slice(max(0, place - 100), place + 100)
    return f"{found.said[around]} instead of {expected.said[around]}"


def _printed(ended: Ended) -> list[str]:
    return [line for line in ended.said.splitlines() if not line.startswith("warning: ")]
