"""`ercbench train` as a function."""

from collections.abc import Sequence
from pathlib import Path

from ercbench.api.run import Run
from ercbench.config.compose import compose
from ercbench.files import expanded
from ercbench.training.train import train as train_run


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
    chosen = [features] if isinstance(features, str) else features
    settings = [
        f"model={model}",
        f"dataset={dataset}",
        f"seed={seed}",
        f"runs={_quoted(runs)}",
        f"stores={_quoted(stores)}",
        *([] if chosen is None else [f"features=[{','.join(chosen)}]"]),
        *overrides,
    ]
    config = compose("train", settings)
    record = train_run(config)
    return Run(expanded(config.runs) / record.run)


def _quoted(path: str | Path) -> str:
    """Returns a path as Hydra reads any text, blanks and brackets in it or not."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
