"""`ercbench finetune`: an utterance encoder, and how well its vectors tell labels apart."""

from omegaconf import DictConfig

from ercbench.config.sweep import swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import encoder_summary, run_line
from ercbench.records.run_record import EncoderRecord
from ercbench.training.finetune import finetune


def finetune_command(config: DictConfig) -> EncoderRecord:
    """Trains an encoder, prints its scores on test, and returns its record."""
    record = finetune(config)
    overrides = swept()
    shown = encoder_summary(record) if overrides is None else run_line(record, overrides)
    wide_console().print(shown)
    return record
