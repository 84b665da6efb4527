"""Every published row of a paper: a plan, the runs, the verdict."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from ercbench.config.compose import compose
from ercbench.console import wide_console
from ercbench.data.leakage import find_leaks
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.groups import read_comparisons
from ercbench.evaluation.published.table import for_terminal, verdict_table
from ercbench.evaluation.published.values import published
from ercbench.evaluation.published.verdict import Attempt, exit_code, verdicts
from ercbench.evaluation.tables.render import to_csv, to_latex, to_markdown
from ercbench.evaluation.tables.tables import Table as VerdictTable
from ercbench.evaluation.tables.terminal import print_table
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import config_folder, expanded, remove_leftovers, replacing
from ercbench.models.registry import title_of
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import code_of, train

# Those whose feature set the settings can name.
MODALITIES = ("text", "audio", "visual")


@dataclass(frozen=True)
class Plan:
    """How a row is to be run.

    Attributes:
        attempt: The row, not yet run; its reason says why it cannot be.
        experiment: Which experiment runs it.
        settings: Its settings, but the seed.
        features: Keys of the feature sets it sees.
    """

    attempt: Attempt
    experiment: str
    settings: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether it can be run."""
        return not self.attempt.reason


def reproduce_command(config: DictConfig) -> None:
    """Reproduces a paper's rows, and leaves with an exit code that says how near it came."""
    if code := reproduce(config):
        sys.exit(code)


def reproduce(config: DictConfig) -> int:
    """Runs what can be run of a paper's rows and says how near it came.

    Args:
        config: As `ReproduceSettings` describes it.

    Returns:
        The exit code: 0, 1 or 3, see `exit_code`.

    Raises:
        ErcbenchError: A setting is wrong.
    """
    plans = make_plans(config)
    wide_console().print(plan_table(plans, config))
    if config.plan:
        return 0
    attempts = [run_plan(plan, config) for plan in plans]
    return evaluate(attempts, config)


def make_plans(config: DictConfig) -> list[Plan]:
    """Returns how every row is run, or one plan on simulated data if these are asked for."""
    if config.simulated:
        return [simulated_plan(config)]
    return [plan_row(row, config) for row in config.paper.rows]


def simulated_plan(config: DictConfig) -> Plan:
    """Returns the plan to run the paper's model on the simulated corpus."""
    model = config.paper.rows[0].experiment.split("/")[0]
    settings = (f"model={model}", "dataset=simulated", *common(config))
    attempt = Attempt(model, "SIMULATED data", (), (), "text, audio, visual", "no paper has it")
    return Plan(attempt, f"simulated/{model}", (*settings, f"group=simulated/{model}"))


def plan_row(row: Any, config: DictConfig) -> Plan:
    """Returns how a row is run: with the features that its store has, on the paper's split."""
    entries = published(config.paper.model, row.modalities, row.corpus, row.classes)
    title = corpus_title(row.corpus, row.classes, simulated=False)
    attempt = Attempt(row.row, title, entries, (), "", "")
    experiment = sized(row.experiment, config.size)
    splits = sorted({entry.split for entry in entries})
    try:
        features, leaking = choose_features(row, config, splits)
    except ErcbenchError as error:
        return Plan(replace(attempt, reason=str(error)), experiment)
    missing = sorted(set(row.modalities) - {key.split(":")[0] for key in features})
    deviations = [f"no {', no '.join(missing)} in the store"] if missing else []
    if leaking:
        deviations.append(f"not taken, saw labels of validation or test: {', '.join(leaking)}")
    deviations += [config.paper.deviations, f"size: {experiment}"]
    told = f"other features than the paper's: {', '.join(features)}"
    settings = (
        f"experiment={experiment}",
        f"store={row.store}",
        f"features=[{','.join(features)}]",
        *(f"dataset.split={split}" for split in splits),
        *common(config),
    )
    return Plan(
        replace(attempt, features=told, deviations="; ".join(deviations)),
        experiment,
        settings,
        tuple(features),
    )


def common(config: DictConfig) -> tuple[str, ...]:
    """Returns the settings of every run."""
    folders = (f"runs={config.runs}", f"stores={config.stores}")
    return (*folders, "protocol=as_released", "trainer.enable_progress_bar=false", *config.settings)


def sized(experiment: str, size: str) -> str:
    """Returns the experiment of that size; one that has no other size is the paper's own."""
    larger = config_folder() / "experiment" / f"{experiment}_paper.yaml"
    return f"{experiment}_paper" if size == "paper" and larger.is_file() else experiment


def choose_features(
    row: Any, config: DictConfig, splits: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Returns the feature sets of a row's modalities, as far as its store has any.

    Returns:
        The sets to use, and those that saw labels of validation or test on one of the splits:
        they are not taken unless the settings name them.

    Raises:
        ErcbenchError: There is no store, or none or several sets of a modality it needs.
    """
    folder = expanded(config.stores) / row.store
    if not folder.is_dir():
        raise ErcbenchError(f"no store '{folder}': make it with ercbench prepare, see docs/data.md")
    store = FeatureStore(folder)
    leaking = leaking_keys(store, splits, config)
    keys = [key for key in store.keys() if key not in leaking]
    chosen = [choose(modality, keys, config) for modality in row.modalities]
    if chosen[0] is None:
        raise ErcbenchError(
            f"'{folder}' has no {row.modalities[0]} features: ercbench prepare store={row.store} "
            f"{row.modalities[0]}=…"
        )
    wanted = [key for key in leaking if key.split(":")[0] in row.modalities]
    return [key for key in chosen if key], wanted


def leaking_keys(store: FeatureStore, splits: Sequence[str], config: DictConfig) -> list[str]:
    """Returns the sets of a store that saw labels of validation or test and are not named."""
    known = [store.corpus.splits[split] for split in splits if split in store.corpus.splits]
    sets = [store.header(key) for key in store.keys()]
    leaking = {leak.features for split in known for leak in find_leaks(split, sets)}
    named = {f"{modality}:{config[modality]}" for modality in MODALITIES}
    return sorted(leaking - named)


def choose(modality: str, keys: Sequence[str], config: DictConfig) -> str | None:
    """Returns the set of a modality that the settings name, or the only one, or None.

    Raises:
        ErcbenchError: There is no such set, or the settings do not say which of several.
    """
    found = [key.split(":")[1] for key in keys if key.split(":")[0] == modality]
    named = config[modality]
    if named in found or (named is None and len(found) == 1):
        return f"{modality}:{named or found[0]}"
    if named is None and not found:
        return None
    raise ErcbenchError(
        f"{modality}={named or 'null'}: this store has {', '.join(found) or 'none'}. Name one of "
        f"them as {modality}=NAME."
    )


def plan_table(plans: Sequence[Plan], config: DictConfig) -> Table:
    """Returns what will be run, what is finished, how long the rest may take."""
    table = Table(title=f"{len(plans)} rows, seeds {', '.join(map(str, config.seeds))}")
    for column in ("row", "on", "experiment", "features", "finished", "to go"):
        table.add_column(column)
    for plan in plans:
        own = (plan.attempt.row, plan.attempt.corpus, plan.experiment)
        if not plan.possible:
            why = Text(f"cannot be run: {plan.attempt.reason}", style="yellow")
            table.add_row(*map(Text, own), why, "", "")
            continue
        seconds = finished(plan, config)
        done, wanted = len(seconds), len(config.seeds)
        rest = f"about {mean(seconds) * (wanted - done) / 60:.0f} min" if done else "not known yet"
        features = ", ".join(plan.features) or plan.attempt.features
        shown = (*own, features, f"{done} of {wanted}", rest if done < wanted else "nothing")
        table.add_row(*map(Text, shown))
    return table


def finished(plan: Plan, config: DictConfig) -> list[float]:
    """Returns the seconds of the runs of a plan that have finished with this code."""
    folder, found = expanded(config.runs), []
    wanted = compose("train", list(plan.settings))
    code, split = code_of(wanted), wanted.dataset.split
    for run in [RunFolder(path) for path in folder.glob("*/")]:
        try:
            record = run.read(RunRecord)
        except ErcbenchError:  # unfinished, damaged, or of another version: it is run again
            continue
        setup = record.setup
        same = (setup.group, setup.code, setup.split) == (plan.experiment, code, split)
        features = plan.features or setup.feature_keys
        if same and setup.seed in config.seeds and setup.feature_keys == features:
            found.append(record.execution.seconds)
    return found


def run_plan(plan: Plan, config: DictConfig) -> Attempt:
    """Trains a run per seed; what has finished is not trained again.

    A seed that cannot be run, because another process is at it for instance, is named in the
    row, and the others go on.
    """
    if not plan.possible:
        return plan.attempt
    runs, failures = [], []
    for seed in config.seeds:
        try:
            record = train(compose("train", [*plan.settings, f"seed={seed}"]))
        except ErcbenchError as error:
            failures.append(f"seed {seed}: {error}")
            print(f"{plan.experiment}, {failures[-1]}", flush=True)
            continue
        if record.results.test is None:
            failures.append(f"seed {seed}: no labels, no scores")
            continue
        runs.append(record.run)
        score = record.results.test["weighted_f1"]
        print(f"{plan.experiment}, seed {seed}: weighted F1 {100 * score:.1f}", flush=True)
    return replace(plan.attempt, runs=tuple(runs), reason="; ".join(failures))


def evaluate(attempts: Sequence[Attempt], config: DictConfig) -> int:
    """Prints and writes the verdict; returns the exit code."""
    ran = any(attempt.runs for attempt in attempts)
    comparisons = read_comparisons(expanded(config.runs)) if ran else []
    found = verdicts(attempts, comparisons)
    table = verdict_table(found, title_of(config.paper.model))
    print_table(wide_console(), for_terminal(table))
    write_verdict(table, sum(len(attempt.runs) for attempt in attempts), config)
    if ran:
        print(f"Tables, figures and a page of these runs: ercbench report {config.runs} out=FOLDER")
    else:
        print("Nothing could be run. For SIMULATED data: simulated=true (make: DATASET=simulated).")
    return exit_code(found)


def write_verdict(table: VerdictTable, runs: int, config: DictConfig) -> None:
    """Writes the verdict on so many runs; one on disk that is on more of them stays as it is."""
    folder, name = expanded(config.out), f"verdict-{config.paper.model}"
    remove_leftovers(folder)
    before = runs_of_verdict(folder / f"{name}.csv")
    if before > runs:
        print(f"{folder / name} is on more runs ({before}, not {runs}) and stays: see {name}-now")
        name = f"{name}-now"
    writers = {"md": to_markdown, "tex": to_latex, "csv": to_csv}
    for suffix, write in writers.items():
        with replacing(folder / f"{name}.{suffix}") as temporary:
            temporary.write_text(write(table), encoding="utf-8")


def runs_of_verdict(path: Path) -> int:
    """Returns how many runs a verdict on disk is on; 0 if there is none that can be read."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = {(row["row"], row["on"]): int(row["seeds"]) for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return 0
    return sum(rows.values())
