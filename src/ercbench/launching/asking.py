"""What a run is asked where it is started, held against what it would be where it runs."""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_text
from ercbench.launching.job import JOB, Asked, Job
from ercbench.launching.work import Work
from ercbench.launching.working import VARIABLE

# What decides a run's name, in words, and what to do where it differs.
MEND = {
    "code": "install the same ercbench on every machine",
    "data": "let every machine see the same stores",
    "settings": "let every machine see the same folders of settings",
}


def same_of(work: Work) -> dict[str, str]:
    """Returns what must be the same wherever a run is carried out."""
    return {
        "run": work.run.path.name,
        "code": work.setup.code,
        "data": _hash(work.data),
        "settings": _hash(work.setup.settings),
        "version": version("ercbench"),
    }


def check_same(work: Work) -> None:
    """Checks, where a launcher started this process, that it is about the run that was asked.

    Raises:
        ErcbenchError: Code, data or settings are others here.
    """
    if VARIABLE not in os.environ:
        return
    asked, found = Job(Path(os.environ[VARIABLE])).asked, same_of(work)
    if not asked.same or asked.same["run"] == found["run"]:
        return
    others = [name for name in MEND if asked.same[name] != found[name]] or ["settings"]
    versions = sorted({asked.same["version"], found["version"]})
    raise ErcbenchError(
        f"{asked.same['run']}: on {platform.node()} {' and '.join(others)} differ from where "
        f"the run was started (ercbench {' and '.join(versions)}), so that it would be another "
        f"run, {found['run']}. To mend it, {'; '.join(MEND[name] for name in others)}."
    )


def job_of(work: Work, arguments: Sequence[str]) -> tuple[Job, Asked]:
    """Returns the job of a run, and what it is asked."""
    asked = Asked(tuple(arguments), str(Path.cwd()), work.goal.name, same_of(work))
    return Job(work.run.path / JOB), asked


def _hash(said: object) -> str:
    return sha256_of_text(json.dumps(said, sort_keys=True))[:12]
