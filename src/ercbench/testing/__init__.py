"""The contracts of models, corpora and encoders as functions, for those of anybody.

A contract is a list of clauses, each a function whose docstring says what must hold; the first
that does not raises `ContractError`. No test framework is needed.
"""

from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import ContractError
from ercbench.testing.corpora import check_corpus
from ercbench.testing.encoders import check_encoder
from ercbench.testing.models import check_model

__all__ = ["Candidate", "ContractError", "check_corpus", "check_encoder", "check_model"]
