"""Checks of settings that several encoders share."""

from ercbench.errors import ErcbenchError


def check_choice(setting: str, value: str, allowed: tuple[str, ...]) -> None:
    """Checks a setting that has a few valid values.

    Raises:
        ErcbenchError: The value is another.
    """
    if value not in allowed:
        raise ErcbenchError(
            f"{setting}={value}: expected one of {', '.join(allowed)}. Change {setting}."
        )


def check_least(setting: str, value: float, least: float) -> None:
    """Checks a setting that has a smallest valid value.

    Raises:
        ErcbenchError: The value is smaller, or no number.
    """
    if not least <= value < float("inf"):
        raise ErcbenchError(f"{setting}={value}: expected {least} or more. Change {setting}.")
