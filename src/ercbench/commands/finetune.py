"""`ercbench finetune`: an utterance encoder, and how well its vectors tell labels apart."""

from omegaconf import DictConfig

from ercbench.config.sweep import check_several, swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import encoder_summary, run_line
from ercbench.launching.asking import check_same
from ercbench.launching.work import of_encoder
from ercbench.records.run_record import EncoderRecord
from ercbench.training.finetune import carry_out, plan


def finetune_command(config: DictConfig) -> EncoderRecord:
    """Trains an encoder, prints its scores on test, and returns its record.

    Raises:
        ErcbenchError: A setting or an input is wrong, or is not what a launcher asked for.
    """
    check_several(config)
    planned = plan(config)
    check_same(of_encoder(planned))
    record = carry_out(planned)
    overrides = swept()
    shown = encoder_summary(record) if overrides is None else run_line(record, overrides)
    wide_console().print(shown)
    return record
