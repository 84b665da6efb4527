"""Libraries that only some commands need, and that an installation may be without."""

from importlib.util import find_spec

from ercbench.errors import ErcbenchError


def require(module: str, extra: str, what: str) -> None:
    """Checks that a library is installed before it is imported.

    Args:
        module: Its name.
        extra: Of this package, which brings it.
        what: Who needs it, for the message.

    Raises:
        ErcbenchError: It is not installed; the message says how to get it.
    """
    if find_spec(module) is None:
        raise ErcbenchError(
            f"{what}: needs the library {module}, which is not installed. Install it: "
            f"pip install 'ercbench[{extra}]'"
        )
