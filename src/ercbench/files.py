"""Files that are either whole or absent, and their fingerprints."""

import errno
import hashlib
import os
import platform
import re
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

from ercbench.errors import ErcbenchError

# Seconds after which a temporary file of another machine, whose processes cannot be asked, is left.
LEFT_AFTER = 24 * 3600
# Bytes of a name, to which endings are added; file systems allow 255 in all.
LONGEST_NAME = 100


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tells an error of the disk by the file that was to be written, not by a temporary name.

    Args:
        path: The file or folder.

    Raises:
        ErcbenchError: Instead of an `OSError` that concerns the path, its folder or no file.
    """
    try:
        yield
    except OSError as error:
        if not _concerns(error, path.absolute()):
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        step = "Make room on the disk" if full else "Check the disk and the folder's permissions"
        raise ErcbenchError(
            f"{path}: cannot be written ({error.strerror or error}). {step} and try again."
        ) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`, which takes its place if the block succeeds.

    Args:
        path: The file to write; its folder is made if needed.

    Raises:
        ErcbenchError: It cannot be written, as on a full disk; `path` is left as it was.
    """
    temporary = path.with_name(f".{path.name}.{_process()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, which takes its place if the block succeeds.

    Another process that finished the same folder first wins: its result stays.

    Raises:
        ErcbenchError: It cannot be written; nothing is left of it.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(
            mkdtemp(prefix=f".{path.name}.", suffix=f".{_process()}.tmp", dir=path.parent)
        )
        try:
            temporary.chmod(0o755)
            yield temporary
            _rename_unless_there(temporary, path)
        except ErcbenchError as error:
            raise ErcbenchError(str(error).replace(str(temporary), str(path))) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Removes what writers that were killed left in a folder; another machine's after a day."""
    for path in folder.glob(".*.tmp"):
        if not _is_left(path):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def expanded(path: str | Path) -> Path:
    """Returns a path with `~` and `~user` replaced by the home folder that they stand for.

    Raises:
        ErcbenchError: There is no such user, or the path holds a NUL.
    """
    if "\0" in str(path):
        raise ErcbenchError(f"{str(path)!r}: no path holds a NUL. Correct the path.")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = Path(path).parts[0]
        raise ErcbenchError(
            f"{path}: found no home folder for '{user}'. Write the path out, or as ./{path} if the "
            "folder is called so."
        ) from None


def safe_name(name: str) -> str:
    """Returns a name as one component of a path: letters and digits of any script, `.`, `-`, `_`.

    A name that is one already stays as it is. Of any other, what is unfit becomes `_` and a hash
    of the whole name is added, so that distinct names stay distinct.
    """
    name = unicodedata.normalize("NFC", name)
    fit = "".join(character if _is_fit(character) else "_" for character in name)
    if fit == name and name[:1] not in ("", ".", "-") and len(name.encode()) <= LONGEST_NAME:
        return name
    stem = re.sub("_+", "_", fit).strip("._-").encode()[: LONGEST_NAME - 9].decode(errors="ignore")
    return f"{stem or 'name'}-{sha256_of_text(name)[:8]}"


def check_name(setting: str, name: str) -> str:
    """Returns a name that becomes a file's or a folder's, if it can be one.

    Args:
        setting: That gives the name, for the message.
        name: The name.

    Raises:
        ErcbenchError: It holds a blank, a `/` or another character that `safe_name` replaces.
    """
    name = unicodedata.normalize("NFC", name)
    if safe_name(name) != name:
        raise ErcbenchError(
            f"{setting}={name!r}: expected a name of letters, digits, '.', '-' and '_', that "
            f"begins with a letter or digit and is no path. Set {setting}={safe_name(name)}"
        )
    return name


def _is_fit(character: str) -> bool:
    return character in "._-" or unicodedata.category(character)[0] in "LMN"


def sha256_of_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_text(text: str) -> str:
    """Returns the SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def config_folder() -> Path:
    """Returns the folder of the settings: inside an installed package, or the checkout's."""
    installed = Path(str(files("ercbench"))) / "conf"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "conf"


def _concerns(error: OSError, path: Path) -> bool:
    """Returns whether an error names no file, or one beside `path` or on the way to it."""
    if not isinstance(error.filename, str):
        return True
    named = Path(error.filename).absolute()
    return named.is_relative_to(path.parent) or path.is_relative_to(named)


def _rename_unless_there(temporary: Path, path: Path) -> None:
    try:
        temporary.rename(path)
    except OSError:
        if not path.exists():
            raise


def _process() -> str:
    """Returns a name for this machine and this process, as temporary names carry it."""
    return f"{sha256_of_text(platform.node())[:8]}-{os.getpid()}"


def _is_left(path: Path) -> bool:
    """Returns whether the process that wrote a temporary file is gone."""
    writer = re.search(r"\.(?:([0-9a-f]{8})-)?(\d+)\.tmp$", path.name)
    if writer and writer[1] in (None, _process().split("-")[0]):
        return not _is_running(int(writer[2]))
    try:
        return time.time() - path.stat().st_mtime > LEFT_AFTER
    except OSError:
        return False


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
