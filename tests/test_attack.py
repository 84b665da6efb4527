"""A small share of `make attack`, and that it tells how something ended."""

import os
import signal
import sys

import pytest

from attack import disks, kills, mutations
from attack.children import run
from attack.contents import contents, litter
from attack.outcomes import Outcome

SMALL = {
    "kills": lambda folder: kills.random_kills(folder, 1, 2),
    "full disk": lambda folder: disks.failing_disk(folder, 0, 1),
    "stores": lambda folder: mutations.stores(folder, 0, 5),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SMALL)
def test_an_attack_ends_as_it_should(tmp_path, kind):
    findings = list(SMALL[kind](tmp_path))
    assert findings
    assert not [finding for finding in findings if finding.failed]


def told(line, code):
    def work():
        print(line, file=sys.stderr)
        sys.exit(code)

    return work


ENDINGS = [
    (lambda: None, Outcome.CLEAN),
    (told("ercbench: No folder 'x'. Give another.", 2), Outcome.REFUSED),
    (told("No folder 'x'", 2), Outcome.TRACEBACK),
    (lambda: 1 / 0, Outcome.TRACEBACK),
    (lambda: os.kill(os.getpid(), signal.SIGKILL), Outcome.CRASH),
]


@pytest.mark.parametrize(("work", "outcome"), ENDINGS)
def test_every_ending_is_told_from_the_others(tmp_path, work, outcome):
    (tmp_path / "work").mkdir()
    assert run(tmp_path / "work", work).finding("it").outcome == outcome


def test_changed_files_and_litter_are_seen(tmp_path):
    (tmp_path / "kept.csv").write_text("a")
    before = contents(tmp_path)
    (tmp_path / "kept.csv").write_text("b")
    (tmp_path / ".kept.csv.1.tmp").touch()
    assert contents(tmp_path) != before
    assert litter(tmp_path) == {".kept.csv.1.tmp"}
