"""What is printed beside tables, and how wide tables are where the output is no terminal."""

from rich.console import Console


def wide_console() -> Console:
    """Returns a console wide enough for a table where the output is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=120)


def say(line: str) -> None:
    """Prints a line beside the results, on standard error."""
    Console(stderr=True, soft_wrap=True).print(line, markup=False, highlight=False)
