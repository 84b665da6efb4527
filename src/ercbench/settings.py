"""Typed settings without defaults: each value's bounds stand beside it, its default in `conf/`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

from omegaconf import OmegaConf

from ercbench.errors import ErcbenchError


@dataclass(frozen=True)
class Bound:
    """What a value must be.

    Attributes:
        expected: In words.
        holds: Whether a value is.
    """

    expected: str
    holds: Callable[[Any], bool]

    def check(self, setting: str, found: object) -> None:
        """Checks a value.

        Raises:
            SettingError: It is not what it must be.
        """
        require(setting, found, self.holds(found), self.expected)


def at_least(least: float) -> Bound:
    """Returns the bound of a number that is not smaller."""
    return Bound(f"at least {least}", lambda value: value >= least)


def more_than(limit: float) -> Bound:
    """Returns the bound of a number that is larger."""
    return Bound(f"more than {limit}", lambda value: value > limit)


def between(least: float, most: float) -> Bound:
    """Returns the bound of a number between two, both included."""
    return Bound(f"a number from {least} to {most}", lambda value: least <= value <= most)


def from_below(least: float, limit: float) -> Bound:
    """Returns the bound of a number between two, the upper one excluded."""
    return Bound(f"a number from {least} to below {limit}", lambda value: least <= value < limit)


def one_of(*choices: Any) -> Bound:
    """Returns the bound of a choice."""
    return Bound(f"one of {', '.join(map(str, choices))}", lambda value: value in choices)


WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}

Count = Annotated[int, at_least(1)]
Positive = Annotated[float, more_than(0)]
NonNegative = Annotated[float, at_least(0)]
Share = Annotated[float, between(0, 1)]
DropoutRate = Annotated[float, from_below(0, 1)]
Seed = Annotated[int, between(0, 2**32 - 1)]  # what numpy takes


class SettingError(ErcbenchError):
    """A setting has a value it cannot have.

    Args:
        setting: Its name.
        found: The value.
        expected: What it must be, in words.
    """

    def __init__(self, setting: str, found: object, expected: str) -> None:
        self.setting, self.found, self.expected = setting, found, expected
        super().__init__(f"{setting}={_written(found)}: expected {expected}. Change {setting}.")

    def inside(self, parent: str) -> "SettingError":
        """Returns the same of a setting that stands inside another, as in `model.`."""
        return SettingError(f"{parent}{self.setting}", self.found, self.expected)


@dataclass(kw_only=True)
class Settings:
    """Settings that are checked when they are made.

    Raises:
        SettingError: One is out of its bounds.
    """

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():  # type: ignore[arg-type]
            if expected := _unmet(hint, getattr(self, name, None)):
                raise SettingError(name, getattr(self, name), expected)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Returns the settings of these values, brought to their types.

        Raises:
            SettingError: One is out of its bounds.
            OmegaConfBaseException: One is unknown, absent or of another type.
        """
        blank = _without_values(cls)  # type: ignore[arg-type]  # the class is hashable
        typed: Any = OmegaConf.merge(blank, dict(values))
        return OmegaConf.to_object(typed)  # type: ignore[return-value]


@dataclass(kw_only=True)
class ClassSettings(Settings):
    """Settings of a class that Hydra makes.

    Attributes:
        _target_: The class, as `package.module.Class`.
    """

    _target_: str = field(init=False, repr=False, compare=False)


def require(setting: str, found: object, holds: bool, expected: str) -> None:
    """Checks what depends on several settings.

    Raises:
        SettingError: It does not hold.
    """
    if not holds:
        raise SettingError(setting, found, expected)


def kind_of(settings: Any, name: str) -> str | None:
    """Returns in words which type a setting has, if its class says so."""
    hint = get_type_hints(settings).get(name) if isinstance(settings, type) else None
    null = NoneType in get_args(hint)
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] if null else [hint]
    if isinstance(kinds[0], type) and issubclass(kinds[0], Settings):
        return f"settings inside it, as in {name}.{fields(kinds[0])[0].name}"
    known = "a list" if get_origin(kinds[0]) is list else WORDS.get(kinds[0])
    return known and known + (", or null" if null else "")


@cache
def _hints(settings: type) -> dict[str, Any]:
    return get_type_hints(settings, include_extras=True)


@cache
def _without_values(settings: type) -> Any:
    """Returns the node of a type; what merges into it copies it first."""
    return OmegaConf.structured(settings)


def _unmet(hint: Any, value: Any) -> str | None:
    """Returns what a value should have been, if it is not that."""
    if get_origin(hint) is Annotated:
        if isinstance(value, float) and not math.isfinite(value):
            return "a finite number"
        return next((b.expected for b in hint.__metadata__ if not b.holds(value)), None)
    if get_origin(hint) is list:
        return next((e for each in value if (e := _unmet(get_args(hint)[0], each))), None)
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if len(kinds) < len(get_args(hint)):
        expected = None if value is None else _unmet(kinds[0], value)
        return expected and f"{expected}, or null"
    return None


def _written(value: object) -> str:
    """Returns a value as it is written in YAML and on the command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
