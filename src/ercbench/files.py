"""Files that are either whole or absent, and their fingerprints."""

import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from ercbench.errors import ErcbenchError

# Characters of a name that is longer are cut off; file systems allow 255 bytes for one.
LONGEST_NAME = 40


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`, which takes its place if the block succeeds.

    Args:
        path: The file to write; its folder is made if needed.

    Raises:
        OSError: The folder cannot be written or the disk is full; `path`, which it names, is left
            as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Removes what killed processes left of files that they were replacing in a folder."""
    for temporary in folder.glob(".*.tmp"):
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, which takes its place if the block succeeds.

    Another process that finished the same folder first wins: its result stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.exists():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
    if fit == name and name[:1] not in ("", ".", "-") and len(name.encode()) <= 3 * LONGEST_NAME:
        return name
    return f"{fit.strip('._-')[:LONGEST_NAME] or 'name'}-{sha256_of_text(name)[:8]}"


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
