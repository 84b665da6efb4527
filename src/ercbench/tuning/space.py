"""The settings that a study may try, checked before anything runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ercbench.config.checking import checked
from ercbench.config.explain import did_you_mean, explain
from ercbench.errors import ErcbenchError

RANGE = {"low", "high", "log"}
Params = dict[str, Any]


@dataclass(frozen=True)
class Space:
    """What a study may try.

    Attributes:
        ranges: Setting to its choices, or to `low`, `high` and perhaps `log`.
        first: Settings that are tried before any other.
    """

    ranges: dict[str, Any]
    first: tuple[Params, ...]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Setting to the distribution that it is drawn from."""
        return {name: distribution(given) for name, given in self.ranges.items()}

    def tried_first(self, base: DictConfig) -> list[Params]:
        """Returns the settings as they stand, if they lie within, then `first` over these."""
        usual = {name: OmegaConf.select(base, name) for name in self.ranges}
        within = {name: own for name, own in usual.items() if _within(own, self.ranges[name])}
        return [*([usual] if within == usual else []), *(within | own for own in self.first)]


def read_space(tuning: DictConfig, base: DictConfig, source: str) -> Space:
    """Reads a space and checks every value in it against the settings' own bounds.

    Args:
        tuning: With `space` and `first`, as in `conf/tuning/<model>.yaml`.
        base: Settings of a run, which trials change.
        source: Where the space is written, for messages.

    Raises:
        ErcbenchError: It names an unknown setting or a value that a setting cannot have.
    """
    plain: Any = OmegaConf.to_container(tuning, resolve=True)
    if "space" not in plain:
        raise ErcbenchError(f"{source}: expected space, the settings to tune. Set tuning=MODEL")
    ranges = dict(_flat(plain["space"] or {}))
    for name, given in ranges.items():
        _check_range(name, given, base, source)
    first = tuple(dict(_flat(own or {})) for own in plain.get("first") or [])
    for params in first:
        _check_first(params, ranges, base, source)
    return Space(ranges, first)


def distribution(given: Any) -> BaseDistribution:
    """Returns the distribution over a list's choices or between `low` and `high`."""
    if isinstance(given, list):
        return CategoricalDistribution(given)
    low, high, log = given["low"], given["high"], given.get("log", False)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def with_params(base: DictConfig, params: Mapping[str, Any]) -> DictConfig:
    """Returns settings of a run with those of a trial.

    Raises:
        ErcbenchError: A value is out of its setting's bounds.
        OmegaConfBaseException: A setting is unknown, or a value of another type.
    """
    config = base.copy()
    for name, value in params.items():
        OmegaConf.update(config, name, value)
    return checked(config)


def _flat(nested: Mapping[str, Any], parent: str = "") -> Iterator[tuple[str, Any]]:
    """Yields each setting under its full name; a mapping with a low and a high is a range."""
    for name, value in nested.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            yield from _flat(value, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", value


def _check_range(name: str, given: Any, base: DictConfig, source: str) -> None:
    _check_known(name, base, source)
    if isinstance(given, list):
        values = given
        valid = bool(given) and all(given.count(value) == 1 for value in given)
    else:
        valid = isinstance(given, Mapping) and _is_range(given)
        values = [given["low"], given["high"]] if valid else []
    if not valid:
        raise ErcbenchError(
            f"{source}: {name}={given}: expected a list of different choices, or low and a higher "
            "high, and with log: true a low above 0. Correct it."
        )
    for value in values:
        _check_value(name, value, base, source)


def _is_range(given: Mapping[str, Any]) -> bool:
    low, high, log = given.get("low"), given.get("high"), given.get("log", False)
    numbers = all(isinstance(value, int | float) and value is not True for value in (low, high))
    known = set(given) <= RANGE and isinstance(log, bool)
    return numbers and known and low < high and (not log or low > 0)  # type: ignore[operator]


def _check_known(name: str, base: DictConfig, source: str) -> None:
    parent, _, key = name.rpartition(".")
    node = OmegaConf.select(base, parent) if parent else base
    if not isinstance(node, DictConfig) or key not in node or isinstance(node[key], ListConfig):
        known = (
            [str(own) for own in node if own != "_target_"] if isinstance(node, DictConfig) else []
        )
        there = f" {parent} has: {', '.join(known)}." if parent and known else ""
        raise ErcbenchError(
            f"{source}: no setting '{name}' to tune.{there}{did_you_mean(key, known)}"
        )


def _check_value(name: str, value: Any, base: DictConfig, source: str) -> None:
    try:
        with_params(base, {name: value})
    except (ErcbenchError, OmegaConfBaseException) as error:
        raise ErcbenchError(f"{source}: {name}={value}: {explain(error)}") from None


def _check_first(params: Params, ranges: Mapping[str, Any], base: DictConfig, source: str) -> None:
    for name, value in params.items():
        if name not in ranges:
            known = list(ranges)
            raise ErcbenchError(
                f"{source}: first: {name} is not in the space: {', '.join(known)}."
                f"{did_you_mean(name, known)}"
            )
        if not _within(value, ranges[name]):
            raise ErcbenchError(
                f"{source}: first: {name}={value} is outside {ranges[name]}. Change one of them."
            )
    try:
        with_params(base, params)
    except (ErcbenchError, OmegaConfBaseException) as error:
        raise ErcbenchError(f"{source}: first: {explain(error)}") from None


def _within(value: Any, given: Any) -> bool:
    if isinstance(given, list):
        return value in given
    return isinstance(value, int | float) and given["low"] <= value <= given["high"]
