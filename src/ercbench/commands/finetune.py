"""`ercbench finetune`: an utterance encoder, and how well its vectors tell labels apart."""

from omegaconf import DictConfig

from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import encoder_summary
from ercbench.training.finetune import finetune


def finetune_command(config: DictConfig) -> None:
    """Trains an encoder, and prints its scores on test, before and after training."""
    wide_console().print(encoder_summary(finetune(config)))
