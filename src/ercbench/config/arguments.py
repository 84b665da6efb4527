"""Arguments of the command line as Hydra's grammar wants them."""

import re
from collections.abc import Sequence

# A setting, and a value that neither has quotes around it nor is a dictionary.
_SETTING = re.compile(r"""(\+{0,2}[\w.@/]+=)([^{"'].*[^"']|[^{"'])""", re.DOTALL)


def quoted(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments with those values in quotes that Hydra cannot read as they are.

    Its grammar wants quotes around `данные.csv`, `data (v1).csv` or `~/data`, which a shell takes
    away. Of a list, and of several runs, each value is quoted by itself.
    """
    several = bool({"-m", "--multirun"} & set(arguments))
    return [_quoted(argument, several) for argument in arguments]


def in_quotes(value: str) -> str:
    """Returns a value in double quotes, which Hydra reads as this very text."""
    # A backslash is one, except before a quote, where it takes two.
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', value)
    last = re.search(r"\\*$", escaped)
    return f'"{escaped}{last[0] if last else ""}"'


def _quoted(argument: str, several: bool) -> str:
    match = _SETTING.fullmatch(argument)
    if match is None or _is_readable(argument):
        return argument
    key, value = match.groups()
    if several or value.startswith("["):
        return key + re.sub(r"[^\[\],]+", lambda part: _readable(part[0]), value)
    return key + in_quotes(value)


def _readable(value: str) -> str:
    return value if _is_readable(f"key={value}") else in_quotes(value)


def _is_readable(argument: str) -> bool:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return False
    return True
