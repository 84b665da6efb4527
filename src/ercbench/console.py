"""What is printed beside tables, and how wide tables are where the output is no terminal."""

from rich.console import Console

LONGEST_LINE = 2000


def wide_console() -> Console:
    """Returns a console wide enough for a table where the output is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=180)


def say(line: str) -> None:
    """Prints a line beside the results, on standard error."""
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
