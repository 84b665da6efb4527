"""A group's seeds as one: runs that nothing but the seed tells apart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ercbench.api.encoders import EncoderGiven
from ercbench.api.encoding import Features
from ercbench.api.predicting import predict_on
from ercbench.api.run import Run
from ercbench.corpora.conversation import Conversation
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.naming import differences
from ercbench.evaluation.predicted.result import Predicted
from ercbench.records.adding.names import files_of

Runs = Run | str | Path | Sequence[Run | str | Path]
"""A run, its folder, a pattern such as `runs/meld-gru-*` for its seeds, or several of these."""


def load_seeds(runs: Runs) -> list[Run]:
    """Returns runs whose probabilities may be averaged, in the order of their seeds.

    Raises:
        ErcbenchError: There is none, one is not finished, or they differ in more than the seed.
    """
    several = [runs] if isinstance(runs, (Run, str, Path)) else list(runs)
    found = [run for each in several for run in _loaded(each)]
    if not found:
        raise ErcbenchError("run: found none. Give the folder of a run, or its pattern.")
    _check_alike(found)
    return sorted(found, key=lambda run: run.record.setup.seed)


def predict(
    run: Runs,
    input: str | Path | Conversation,
    features: Features | None = None,
    encoders: Mapping[str, EncoderGiven] | None = None,
    **reading: Any,
) -> Predicted:
    """Labels conversations that a run has not seen, or its seeds in the mean of probabilities.

    Args:
        run: A run, its folder, or a pattern for the folders of its seeds.
        input: As `Run.predict` takes it, like the other arguments.
        features: Modality to [N, D] vectors; None encodes the input.
        encoders: Modality to its encoder, or to where that lies.
        reading: `transcript`, `columns`, `transcribe` and `language`.

    Raises:
        ErcbenchError: As `load_seeds` and `Run.predict` do.
    """
    return predict_on(load_seeds(run), input, features, encoders or {}, **reading)


def _loaded(run: Run | str | Path) -> list[Run]:
    return [run] if isinstance(run, Run) else [Run(folder) for folder in files_of("run", str(run))]


def _check_alike(runs: Sequence[Run]) -> None:
    setups = [run.record.setup for run in runs]
    models = sorted({setup.model for setup in setups})
    if len(models) > 1:
        raise _unlike(f"they are of {', '.join(models)}")
    varying = differences(setups[0], setups)
    if varying:
        name = next(iter(varying))
        own = [
            f"{run.folder.path.name}: {differences(run.record.setup, setups)[name]}" for run in runs
        ]
        more = f", and in {', '.join(list(varying)[1:])}" if len(varying) > 1 else ""
        raise _unlike(f"they differ in {name} ({'; '.join(own[:4])}){more}")
    seeds = [setup.seed for setup in setups]
    if len(set(seeds)) < len(seeds):
        raise _unlike(f"a seed is there twice ({', '.join(map(str, sorted(seeds)))})")


def _unlike(how: str) -> ErcbenchError:
    return ErcbenchError(
        f"run: these runs cannot be averaged: {how}. Name runs that only the seed tells apart, "
        "such as those of one command with -m seed=0,1,2."
    )
