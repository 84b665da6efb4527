"""The contract of dialogue models as functions, for those of anybody; no test framework is needed.

A contract is a list of clauses, each a function whose docstring says what must hold; the first
that does not raises `ContractError`.
"""

from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import ContractError
from ercbench.testing.models import check_model

__all__ = ["Candidate", "ContractError", "check_model"]
