"""`ercbench evaluate`: trained models on another corpus, side by side."""

from omegaconf import DictConfig

from ercbench.api.evaluating import evaluate_on
from ercbench.console import say, wide_console
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tables.terminal import print_table
from ercbench.files import expanded
from ercbench.metrics import MAIN
from ercbench.records.study import read_studies

PRINTED = ("scores", "classes", *(f"pairs-{metric}" for metric in MAIN.values()))
"""Names of the tables that are printed; a report has the others."""


def evaluate_command(config: DictConfig) -> None:
    """Evaluates runs, and prints the tables of all that were evaluated on the same.

    Args:
        config: As `EvaluateSettings` describes it.

    Raises:
        ErcbenchError: A setting is wrong, features or labels do not fit, or a run has seen what it
            is evaluated on.
    """
    evaluations = expanded(config.evaluations)
    made = {evaluations / record.run for record in evaluate_on(config)}
    studies, console = read_studies(expanded(config.studies)), wide_console()
    for comparison in read_comparisons(evaluations):
        if any(made & set(group.folders) for group in comparison.groups):
            known = with_studies(comparison, studies)
            for table in tables(known, analyse(known)):
                if table.name in PRINTED:
                    print_table(console, table)
    say(f"records: {evaluations}; ercbench report {evaluations} shows all of them")
