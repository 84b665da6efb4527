"""The SHA-256 of each file of a store, recorded when it is written and checked when it is read."""

import json
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from ercbench.errors import ErcbenchError
from ercbench.files import remove_leftovers, replacing, sha256_of_file

CHECKSUMS = "checksums.json"


@dataclass(frozen=True)
class Checksum:
    """A file's SHA-256, and by what it is recognised as unchanged.

    Attributes:
        sha256: Of its bytes, in hexadecimal.
        size: In bytes.
        mtime_ns: When it was changed last.
        inode: Which file it is on its disk.
    """

    sha256: str
    size: int
    mtime_ns: int
    inode: int


class Checksums:
    """The file `checksums.json` of a store; where it cannot be written, files are hashed again.

    Args:
        folder: The store.
        lock: Held while the file is written.
    """

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder, self.path, self.lock = folder, folder / CHECKSUMS, lock

    def check(self, name: str, check_unrecorded: Callable[[], object]) -> str:
        """Returns a file's SHA-256, which is the recorded one; it is hashed if it may have changed.

        Args:
            name: Of the file.
            check_unrecorded: What else is known of a file without a record, as older versions
                wrote them, is checked by this before the file gets one.

        Raises:
            ErcbenchError: The file is not there, or not as it was written.
        """
        recorded = self._read().get(name)
        if recorded and self._is_unchanged(name, recorded):
            return recorded.sha256
        found = self._checksum(name)
        if recorded is None:
            check_unrecorded()
        elif found.sha256 != recorded.sha256:
            raise ErcbenchError(
                f"{self.folder / name}: damaged or replaced (SHA-256 {found.sha256[:12]}…, "
                f"recorded {recorded.sha256[:12]}…). Delete {self._unit(name)} and make it again "
                "with ercbench prepare or import, or bring the file back as it was."
            )
        if self._write({name: found}) and recorded is None:
            warnings.warn(f"{self.folder / name}: had no checksum; recorded as it is", stacklevel=4)
        return found.sha256

    def record(self, *names: str) -> None:
        """Records files as they are now."""
        self._write({name: self._checksum(name) for name in names})

    def forget(self, name: str) -> None:
        """Drops the record of a file that is about to be written anew.

        Raises:
            ErcbenchError: The record cannot be written.
        """
        with self.lock:
            entries = self._read()
            if entries.pop(name, None):
                self._replace(entries)

    def _checksum(self, name: str) -> Checksum:
        path = self.folder / name
        try:
            state = path.stat()
            return Checksum(sha256_of_file(path), state.st_size, state.st_mtime_ns, state.st_ino)
        except OSError as error:
            raise ErcbenchError(
                f"{path}: cannot be read ({error.strerror}). Make it again with ercbench prepare "
                "or import, or correct its permissions."
            ) from None

    def _is_unchanged(self, name: str, recorded: Checksum) -> bool:
        """Compares size, time and inode.

        A file as young as the record may have been written twice in one tick of the disk's clock.
        """
        try:
            now, noted = (self.folder / name).stat(), self.path.stat().st_mtime_ns
        except OSError:
            return False
        same = (now.st_size, now.st_mtime_ns, now.st_ino)
        return same == (recorded.size, recorded.mtime_ns, recorded.inode) and same[1] < noted

    def _read(self) -> dict[str, Checksum]:
        try:
            entries = json.loads(self.path.read_text())
            return {name: Checksum(**entry) for name, entry in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self, new: Mapping[str, Checksum]) -> bool:
        with suppress(OSError, ErcbenchError, NotImplementedError), self.lock:
            self._replace(self._read() | dict(new))
            return True
        return False

    def _replace(self, entries: Mapping[str, Checksum]) -> None:
        plain = {name: asdict(entry) for name, entry in sorted(entries.items())}
        remove_leftovers(self.folder)
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(plain, indent=2) + "\n")

    def _unit(self, name: str) -> str:
        return "it" if name.endswith(".safetensors") else "the whole store"
