"""`ercbench train`: one run, and its scores as a table."""

from omegaconf import DictConfig

from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import summary
from ercbench.training.train import train


def train_command(config: DictConfig) -> None:
    """Trains, and prints the run's scores."""
    wide_console().print(summary(train(config)))
