"""How every published row of a paper is to be run."""

from dataclasses import dataclass, replace
from typing import Any

from omegaconf import DictConfig

from ercbench.api.reproduction.features import choose_features
from ercbench.errors import ErcbenchError
from ercbench.evaluation.published.values import published
from ercbench.evaluation.published.verdict import Attempt
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.files import config_folder


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

    def words(self, seed: int) -> tuple[str, ...]:
        """Returns what `ercbench train` is told for a seed."""
        return (*self.settings, f"seed={seed}")


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
