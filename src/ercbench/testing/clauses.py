"""What a contract consists of: clauses, each a function that says in a line what must hold."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import getdoc
from typing import Any, TypeVar

from lightning.pytorch.utilities.seed import isolate_rng

Subject = TypeVar("Subject")
Clause = Callable[..., None]


class ContractError(AssertionError):
    """A clause of a contract does not hold.

    Args:
        clause: What must hold.
        found: What was found instead.
        look: Where to look.

    Attributes:
        clause: As given.
    """

    def __init__(self, clause: str, found: str, look: str) -> None:
        self.clause = clause
        super().__init__(f"{clause}\nFound: {found}\nLook at: {look}")


class _FoundError(Exception):
    """What was found where a clause does not hold."""


class NotAskedError(Exception):
    """A clause asks nothing of this subject; the message says why."""


def clause(look: str) -> Callable[[Clause], Clause]:
    """Makes a function a clause, whose docstring says what must hold.

    What the function raises becomes a `ContractError`. The generators of random numbers are left
    as they were.

    Args:
        look: Where to look if it does not hold.
    """

    def mark(check: Clause) -> Clause:
        @wraps(check)
        def checked(*arguments: Any, **options: Any) -> None:
            try:
                with isolate_rng(include_cuda=False):
                    check(*arguments, **options)
            except NotAskedError:
                raise
            except _FoundError as found:
                raise ContractError(said(check), str(found), look) from None
            except Exception as error:  # whatever the subject raises
                told = f"{type(error).__name__}: {error}"
                raise ContractError(said(check), told, look) from error

        return checked

    return mark


def expect(holds: object, found: str) -> None:
    """Says what was found, unless something holds; for use in clauses."""
    if not holds:
        raise _FoundError(found)


def said(check: Clause) -> str:
    """Returns what a clause says must hold."""
    return (getdoc(check) or check.__name__).splitlines()[0]


def check_all(subject: Subject, contract: Sequence[Clause]) -> list[str]:
    """Checks clause after clause.

    Returns:
        What each clause says; of one that asks nothing of this subject, also why.

    Raises:
        ContractError: One does not hold.
    """
    passed = []
    for check in contract:
        try:
            check(subject)
            passed.append(said(check))
        except NotAskedError as why:
            passed.append(f"{said(check)} Not asked: {why}")
    return passed
