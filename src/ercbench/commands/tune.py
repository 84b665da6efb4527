"""`ercbench tune`: settings are tried, the best on validation is kept, and all shown as tables."""

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ercbench.console import wide_console
from ercbench.evaluation.tables.study import study_summary
from ercbench.records.study import StudyRecord
from ercbench.tuning.tune import tune


def tune_command(config: DictConfig) -> StudyRecord:
    """Tunes, prints the best trials and the chosen setting, and returns the study's record."""
    record = tune(config, HydraConfig.get().runtime.choices)
    wide_console().print(study_summary(record))
    print(next_command(record, config.studies))
    return record


def next_command(record: StudyRecord, studies: str) -> str:
    """Returns what trains the chosen setting."""
    folder = "" if studies == "studies" else f" --config-dir {studies}"
    return f"ercbench train -m{folder} experiment=tuned/{record.study} seed=0,1,2,3,4"
