"""What is printed beside tables, and how wide tables are where the output is no terminal."""

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any

from rich.console import Console

from ercbench.processes import is_first

LONGEST_LINE = 2000


class Outlasting(FileIO):
    """An open file that goes on, into nothing, when its reader has gone, as `head` does."""

    def write(self, data: Any) -> int:
        """Writes bytes; none are left over once nobody reads them."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


def outlast_readers() -> None:
    """Lets a command finish its work, such as its files, whoever stops reading what it prints."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream is getattr(sys, f"__{name}__"):
            stream.flush()
            outlasting = BufferedWriter(Outlasting(stream.fileno(), "w", closefd=False))
            form = (stream.encoding, stream.errors, None, stream.line_buffering)
            setattr(sys, name, TextIOWrapper(outlasting, *form, stream.write_through))


def wide_console() -> Console:
    """Returns a console wide enough for a table where the output is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=180)


def say(line: str) -> None:
    """Prints a line beside the results, on standard error; of several processes the first does."""
    if is_first():
        Console(stderr=True, soft_wrap=True).print(line, markup=False, emoji=False, highlight=False)


def printable(text: str) -> str:
    """Returns a text with a space for every control character and end of line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def one_line(message: str) -> str:
    """Returns a message as one printable line, whatever the names and values that it quotes."""
    line = " ".join(printable(message).split())
    if len(line) <= LONGEST_LINE:
        return line
    half = LONGEST_LINE // 2
    return f"{line[:half]} … {line[-half:]}"
