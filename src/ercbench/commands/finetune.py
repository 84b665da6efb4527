"""`ercbench finetune`: an utterance encoder, and how well its vectors tell labels apart."""

from typing import Any

from omegaconf import DictConfig

from ercbench.config.sweep import swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import encoder_summary, run_line
from ercbench.training.finetune import finetune


def finetune_command(config: DictConfig) -> dict[str, Any]:
    """Trains an encoder, prints its scores on test, and returns its record."""
    result = finetune(config)
    overrides = swept()
    shown = encoder_summary(result) if overrides is None else run_line(result, overrides)
    wide_console().print(shown)
    return result
