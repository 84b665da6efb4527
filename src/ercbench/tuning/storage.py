"""Where Optuna keeps the trials: a file in the study's folder, or a database."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study
from optuna.trial import FrozenTrial
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ercbench.errors import ErcbenchError
from ercbench.extras import require

# Seconds between a database trial's signs of life, and after which one without is taken over.
HEARTBEAT, SILENCE = 20, 90


def open_storage(
    url: str | None, folder: Path, on_silence: Callable[[Study, FrozenTrial], None]
) -> BaseStorage:
    """Opens the storage of a study.

    Args:
        url: Of a database; None for `journal.log` in the folder.
        folder: The study's.
        on_silence: Called with a database trial that gave no sign of life for too long.

    Raises:
        ErcbenchError: The URL is none.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=ExperimentalWarning)
    warnings.filterwarnings("ignore", "Heartbeat of storage.*")
    if url is None:
        folder.mkdir(parents=True, exist_ok=True)
        journal = folder / "journal.log"
        return JournalStorage(JournalFileBackend(str(journal), JournalLock(journal)))
    return RDBStorage(
        database(url).render_as_string(hide_password=False),
        engine_kwargs={"pool_pre_ping": True},
        heartbeat_interval=HEARTBEAT,
        grace_period=SILENCE,
        heartbeat_stale_trial_callback=on_silence,
    )


class JournalLock(JournalFileOpenLock):
    """A journal's lock that goes with its process, and leaves no half line for the next.

    Optuna's own stay behind when their process is killed. The one by links is never released if
    the journal's path is a relative one.

    Args:
        journal: The file.
    """

    def __init__(self, journal: Path) -> None:
        super().__init__(str(journal))
        self.journal = journal
        self.lock = FileLock(journal.with_suffix(".lock"))

    def acquire(self) -> bool:
        """Waits for the lock; cuts off what a process that ended amid a line wrote of it."""
        self.lock.acquire()
        with self.journal.open("rb+") as stream:
            stream.truncate(end_of_lines(stream))
        return True

    def release(self) -> None:
        """Lets others write."""
        self.lock.release()


def end_of_lines(stream: BinaryIO) -> int:
    """Returns how many bytes of a file are whole lines."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 1))
    if stream.read(1) in (b"", b"\n"):
        return size
    stream.seek(0)
    return stream.read().rfind(b"\n") + 1


def database(url: str) -> URL:
    """Returns the URL of a database; PostgreSQL's is read with psycopg 3.

    Raises:
        ErcbenchError: It is no URL.
    """
    try:
        place = make_url(url)
    except ArgumentError:
        raise ErcbenchError(
            "storage: expected Optuna's URL of a database, as in postgresql://user@host/name or "
            "sqlite:///study.db, or null for a file in the study's folder. Correct storage."
        ) from None
    if place.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        require("psycopg", "postgresql", "storage=postgresql://…")
        return place.set(drivername="postgresql+psycopg")
    return place


@contextmanager
def reachable(url: str | None) -> Iterator[None]:
    """Tells an error of the storage in one line, its password left out.

    Args:
        url: Of a database; None for a file, whose errors tell themselves.

    Raises:
        ErcbenchError: Instead of an error of the database or of its driver.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError) as error:
        if url is None:
            raise
        place = database(url)
        cause = getattr(error, "orig", None) or error.__cause__ or error
        said = " ".join(str(cause).split()) or type(cause).__name__
        if place.password:
            said = said.replace(str(place.password), "***")
        raise ErcbenchError(
            f"storage={place.render_as_string(hide_password=True)}: {said:.300}. Check host, port, "
            "database, user and password, and that the server runs."
        ) from None
