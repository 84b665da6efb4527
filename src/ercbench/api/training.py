"""`ercbench train` and `ercbench tune` as functions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ercbench.api.run import Run
from ercbench.config.compose import compose, compose_with_choices
from ercbench.files import expanded
from ercbench.records.study import StudyRecord
from ercbench.training.train import train as train_run
from ercbench.tuning.tune import tune as tune_study


def train(
    model: str,
    dataset: str,
    seed: int = 0,
    features: str | Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    runs: str | Path = "runs",
    stores: str | Path = "stores",
) -> Run:
    """Trains, chooses the epoch on validation, reads the test part once, leaves a run folder.

    A run that has finished is not run again; one that was interrupted goes on.

    Args:
        model: As in `ercbench list models`.
        dataset: A name in `conf/dataset`.
        seed: Of weights, order and dropout.
        features: Feature sets, `modality:name` or `modality`; None for all modalities.
        overrides: Further settings as on the command line, such as `model.hidden=128` or
            `experiment=cfn_esa/meld`.
        runs: Folder of the run folders.
        stores: Folder of the feature stores.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    folders = {"runs": runs, "stores": stores}
    config = compose("train", _settings(model, dataset, seed, features, folders, overrides))
    record = train_run(config)
    return Run(expanded(config.runs) / record.run)


def tune(
    model: str,
    dataset: str,
    trials: int = 30,
    seed: int = 0,
    features: str | Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    studies: str | Path = "studies",
    stores: str | Path = "stores",
) -> StudyRecord:
    """Tries settings of a model and chooses the one that validates best; no test part is read.

    A study that has finished is read; one that was interrupted goes on.

    Args:
        model: As in `ercbench list models`.
        dataset: A name in `conf/dataset`.
        trials: The budget.
        seed: Of the sampler and of every trial's training.
        features: Feature sets, `modality:name` or `modality`; None for all modalities.
        overrides: Further settings as on the command line, such as `pruner=none`, `study=NAME`
            or `jobs=2`; a script that wants several jobs guards its own start with
            `if __name__ == "__main__"`, since each of them reads it.
        studies: Folder of the studies.
        stores: Folder of the feature stores.

    Raises:
        ErcbenchError: A setting or an input is wrong, or every trial failed.
    """
    folders = {"studies": studies, "stores": stores}
    settings = _settings(model, dataset, seed, features, folders, (f"trials={trials}", *overrides))
    return tune_study(*compose_with_choices("tune", settings))


def _settings(
    model: str,
    dataset: str,
    seed: int,
    features: str | Sequence[str] | None,
    folders: Mapping[str, str | Path],
    overrides: Sequence[str],
) -> list[str]:
    """Returns settings as on the command line."""
    chosen = [features] if isinstance(features, str) else features
    return [
        f"model={model}",
        f"dataset={dataset}",
        f"seed={seed}",
        *(f"{name}={_quoted(folder)}" for name, folder in folders.items()),
        *([] if chosen is None else [f"features=[{','.join(chosen)}]"]),
        *overrides,
    ]


def _quoted(path: str | Path) -> str:
    """Returns a path as Hydra reads any text, blanks and brackets in it or not."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
