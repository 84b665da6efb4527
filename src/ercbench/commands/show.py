"""`ercbench show`: one run's settings, scores and features, and how these were made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ercbench.console import wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.summary import (
    added_summary,
    encoder_summary,
    evaluation_summary,
    summary,
)
from ercbench.evaluation.tuning.budget import budget_of, chose
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.files import expanded
from ercbench.records.added_record import AddedRecord
from ercbench.records.evaluation_record import EvaluationRecord
from ercbench.records.result_file import Record
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import Execution, RunRecord, RunSetup
from ercbench.records.study import StudyRecord, read_studies


def show_command(config: DictConfig) -> None:
    """Prints what a run's record says.

    Args:
        config: As `ShowSettings` describes it.

    Raises:
        ErcbenchError: The folder holds no finished run.
    """
    run = RunFolder(expanded(config.run))
    if not run.finished:
        raise ErcbenchError(
            f"{run.path}: holds no finished run (no {run.result.name}). Give the folder of a run, "
            "as ercbench train or finetune names it."
        )
    wide_console().print(shown(run.read_any(), read_studies(expanded(config.studies))))


def shown(record: Record, studies: Sequence[StudyRecord] = ()) -> Group:
    """Returns everything a record says, for the terminal, and which study chose its settings."""
    if isinstance(record, AddedRecord):
        return Group(added_summary(record), _rows("where from", _origin(record)))
    if isinstance(record, EvaluationRecord):
        return Group(evaluation_summary(record), _rows("labels", _mapped(record)))
    first = summary(record) if isinstance(record, RunRecord) else encoder_summary(record)
    tables = [first, _rows("settings", _flat(record.setup.settings))]
    if isinstance(record, RunRecord):
        tables.append(_rows("tuning", _tuning(record.setup, studies)))
        tables.append(features_table(record.setup.features))
    return Group(*tables, _rows("how it ran", _execution(record.run, record.execution)))


def features_table(recipes: Iterable[FeatureRecipe]) -> Table:
    """Returns the table of feature sets: what made each, with which settings, on whose labels."""
    table = Table(title="features")
    for column in ("set", "encoder", "revision", "settings", "fitted on"):
        table.add_column(column, overflow="fold")
    for recipe in recipes:
        settings = ", ".join(f"{name}={value}" for name, value in recipe.settings.items())
        cells = (recipe.key, recipe.encoder, recipe.revision or "", settings, _fitted_on(recipe))
        table.add_row(*map(Text, cells))
    return table


def _fitted_on(recipe: FeatureRecipe) -> str:
    if recipe.fitted_on is None:
        return "unknown"
    return f"{len(recipe.fitted_on)} conversations" if recipe.fitted_on else "nobody's labels"


def _origin(record: AddedRecord) -> Iterable[tuple[str, str]]:
    yield "run", record.run
    yield "added", record.added
    yield "file", record.setup.file
    yield "sha256", record.setup.file_sha256
    yield "predicted", "labels alone" if record.setup.labels_only else "probabilities"


def _tuning(setup: RunSetup, studies: Sequence[StudyRecord]) -> Iterable[tuple[str, str]]:
    yield "budget", budget_of(setup, studies).told
    yield from (("chosen by", study.study) for study in studies if chose(study, setup))


def _mapped(record: EvaluationRecord) -> Iterable[tuple[str, str]]:
    for label, target in record.setup.label_map.items():
        yield label, target or "left out"


def _execution(run: str, execution: Execution) -> Iterable[tuple[str, str]]:
    yield "run", run
    yield "finished", execution.finished
    yield "parameters", f"{execution.parameters:,}"
    yield "seconds", f"{execution.seconds:.0f}"
    yield "peak memory", f"{execution.peak_memory_bytes / 2**30:.1f} GiB"
    yield "device", execution.device
    yield "versions", ", ".join(f"{name} {own}" for name, own in execution.versions.items())


def _flat(settings: Mapping[str, Any], parent: str = "") -> Iterable[tuple[str, str]]:
    """Yields every setting as it is written on the command line, but for Hydra's own."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", "null" if value is None else str(value)


def _rows(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=title, show_header=False)
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table
