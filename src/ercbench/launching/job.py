"""A job: one command line of ercbench, and what its folder tells about how it went."""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ercbench.console import one_line
from ercbench.errors import ErcbenchError
from ercbench.files import replacing, writing

# Bytes at the end of a log in which its last line is looked for.
TAIL = 4096
# What an engine's word on a job is where it has no more to say of it.
GONE = "GONE"
# What Slurm says of a job that runs, or will.
ALIVE = (
    *("PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "STAGE_OUT"),
    *("REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESIZING", "SIGNALING"),
)
# A run's job is in this folder of it.
JOB = "job"


class State(StrEnum):
    """How a job stands."""

    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"
    LEFT = "left"


@dataclass(frozen=True)
class Asked:
    """What a job is asked.

    Attributes:
        arguments: After `ercbench`.
        place: The working folder.
        result: Name of the file beside the job's folder that is there when the job has done what
            it should; empty if the exit code says so.
        same: What must be the same where the job runs: name to a hash or a name.
    """

    arguments: tuple[str, ...] = ()
    place: str = ""
    result: str = ""
    same: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A job's folder: who asked what, who began when, how it ended, and everything it printed.

    Each of its files is written once, by one process, so that none gets lost.

    Args:
        path: The folder; a run's is `<run>/job`.
    """

    path: Path

    @property
    def log(self) -> Path:
        """What the job printed, of every attempt."""
        return self.path / "log.txt"

    @property
    def name(self) -> str:
        """The name of what the job works on."""
        return self.path.parent.name if self.path.name == JOB else self.path.name

    @property
    def asked(self) -> Asked:
        """What it is asked."""
        said = self._read("asked") or {}
        return Asked(**{**said, "arguments": tuple(said.get("arguments", ()))})

    @property
    def queued(self) -> dict[str, Any]:
        """Which engine has it in line, under which `id`, and in the end in which `state`."""
        return self._read("queued") or {}

    @property
    def began(self) -> dict[str, Any]:
        """Where and when it began last."""
        return self._read("began") or {}

    @property
    def finished(self) -> bool:
        """Whether it did what it should."""
        result = self.asked.result
        if result:
            return (self.path.parent / result).is_file()
        return (self._read("ended") or {}).get("code") == 0

    @property
    def state(self) -> State:
        """How it stands, as its folder tells."""
        if self.finished:
            return State.FINISHED
        if self.began and self._is_locked():
            return State.RUNNING
        line = _in_line(self.queued)
        if line is not State.LEFT:
            return line
        if self.began:
            return State.FAILED
        return State.LEFT

    @property
    def is_alive(self) -> bool:
        """Whether it runs or waits in line."""
        return self.state in (State.RUNNING, State.WAITING)

    @property
    def why(self) -> str:
        """Why it failed, in a line."""
        ended, engine = self._read("ended"), self.queued.get("state")
        by = f"{self.queued.get('launcher')}: {engine}. " if engine not in (None, GONE) else ""
        if ended is None and self.began:
            return f"{by}Its process on {self.began['host']} is gone. {self.last_line}".strip()
        code = (ended or {}).get("code")
        if code is not None and code < 0:
            return f"{by}Ended by signal {-code}{_guess(-code)}. {self.last_line}".strip()
        return f"{by}{self.last_line}".strip() or f"exit code {code}, and no word"

    @property
    def last_line(self) -> str:
        """The last line of the log, or of what the engine kept where the job never began."""
        other = self.queued.get("log")
        for path in (self.log, *([Path(other)] if other and not self.began else [])):
            lines = _tail(path)
            if lines:
                return one_line(lines[-1]).removeprefix("ercbench: ")
        return ""

    def ask(self, asked: Asked) -> None:
        """Writes down what is asked; what is known of earlier attempts goes, but for the log.

        Raises:
            ErcbenchError: The folder cannot be written.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            for name in ("queued", "began", "ended"):
                self._file(name).unlink(missing_ok=True)
        self._write("asked", asdict(asked))

    def queue(self, **said: Any) -> None:
        """Writes down which engine has the job in line."""
        self._write("queued", said)

    def begin(self, **said: Any) -> None:
        """Writes down that the job has begun here and now."""
        self._file("ended").unlink(missing_ok=True)
        self._write("began", {"host": platform.node(), "at": _now(), **said})

    def end(self, code: int) -> None:
        """Writes down the exit code; a negative one is a signal's."""
        self._write("ended", {"code": code, "at": _now()})

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Keeps other processes from the job; yields whether none of them is at it."""
        try:
            with FileLock(self.path / ".lock", timeout=0):
                yield True
        except Timeout:
            yield False

    def _is_locked(self) -> bool:
        with self.locked() as mine:
            return not mine

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    def _write(self, name: str, said: Mapping[str, Any]) -> None:
        with replacing(self._file(name)) as temporary:
            temporary.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return json.loads(self._file(name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ErcbenchError(
                f"{self._file(name)}: damaged ({error}). Delete {self.path} and start again."
            ) from None


def _in_line(queued: Mapping[str, Any]) -> State:
    """Returns how a job stands as its engine says: waiting, failed, or left where it says nothing.

    A job that runs is one that others keep from its folder, whatever the engine says.
    """
    said = queued.get("state", "PENDING" if queued else GONE)
    if said == GONE:
        return State.LEFT
    return State.WAITING if said in ALIVE else State.FAILED


def _guess(signal: int) -> str:
    return {9: " (killed, as where memory runs out)", 15: " (told to stop)"}.get(signal, "")


def _tail(path: Path) -> list[str]:
    """Returns the last lines of a file that hold anything."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - TAIL))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
