"""Honest comparison of models for emotion recognition in conversation.

The Python interface: each name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ercbench.api.adding import add_predictions
    from ercbench.api.building import build_model, load_corpus, load_dataset
    from ercbench.api.comparing import Compared, compare, evaluate
    from ercbench.api.evaluating import evaluate_runs
    from ercbench.api.robustness.asking import robust
    from ercbench.api.run import Run, load_run
    from ercbench.api.seeds import predict
    from ercbench.api.training import train, tune
    from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
    from ercbench.errors import ErcbenchError

_HOME = {
    "add_predictions": "ercbench.api.adding",
    "build_model": "ercbench.api.building",
    "load_corpus": "ercbench.api.building",
    "load_dataset": "ercbench.api.building",
    "Compared": "ercbench.api.comparing",
    "compare": "ercbench.api.comparing",
    "evaluate": "ercbench.api.comparing",
    "evaluate_runs": "ercbench.api.evaluating",
    "robust": "ercbench.api.robustness.asking",
    "Run": "ercbench.api.run",
    "load_run": "ercbench.api.run",
    "predict": "ercbench.api.seeds",
    "train": "ercbench.api.training",
    "tune": "ercbench.api.training",
    "Conversation": "ercbench.corpora.conversation",
    "Corpus": "ercbench.corpora.conversation",
    "Split": "ercbench.corpora.conversation",
    "Utterance": "ercbench.corpora.conversation",
    "ErcbenchError": "ercbench.errors",
}

__all__ = [  # noqa: RUF022 (the order of the work)
    "load_corpus",
    "load_dataset",
    "build_model",
    "train",
    "tune",
    "load_run",
    "predict",
    "evaluate",
    "evaluate_runs",
    "add_predictions",
    "compare",
    "robust",
    "Run",
    "Compared",
    "Conversation",
    "Corpus",
    "Split",
    "Utterance",
    "ErcbenchError",
]


def __getattr__(name: str) -> Any:
    """Imports a name of the interface from where it is written."""
    if name not in _HOME:
        raise AttributeError(f"module 'ercbench' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """Returns the names of the interface, for completion."""
    return sorted([*globals(), *__all__])
