"""What a trained model says of somebody's own conversations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ercbench.api.encoding import Progress
from ercbench.api.predicting import predict_on
from ercbench.api.seeds import load_seeds
from ercbench.config.predicting import PredictSettings
from ercbench.config.stores import MODALITIES
from ercbench.console import say, wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.predicted.files import write_predictions
from ercbench.evaluation.predicted.page import write_page
from ercbench.evaluation.predicted.terminal import prediction_table
from ercbench.features.store.workers import row_progress
from ercbench.files import expanded, remove_leftovers


def predict_command(config: DictConfig) -> None:
    """Prints predictions, and writes them if asked to.

    Args:
        config: As `PredictSettings` describes it.

    Raises:
        ErcbenchError: A setting or the input is wrong, or an encoder is not at hand.
    """
    settings: PredictSettings = OmegaConf.to_object(config)  # type: ignore[assignment]
    out = expanded(settings.out) if settings.out else None
    if out is not None:
        _check_free(out, settings.force)
    runs = load_seeds(settings.run if isinstance(settings.run, list) else str(settings.run))
    encoders = {name: own for name in MODALITIES if (own := getattr(settings, name))}
    columns = {name: own for name, own in asdict(settings.columns).items() if own is not None}
    with _shown() as progress:
        predicted = predict_on(
            runs,
            settings.input,
            None,
            encoders,
            progress,
            transcript=settings.transcript,
            columns=columns,
            transcribe=settings.transcribe,
            language=settings.language,
        )
    for note in predicted.notes:
        say(f"note: {note}")
    say(str(predicted.timing))
    console = wide_console()
    console.print(prediction_table(predicted))
    if out is not None:
        remove_leftovers(out)
        write_predictions(predicted, out)
        page = write_page(predicted, out)
        console.print(f"Tables are in {out}; open {page} in a browser.", soft_wrap=True)


def _check_free(out: Path, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise ErcbenchError(f"out={out}: is a file; expected a folder. Name another.")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise ErcbenchError(
            f"out={out}: is there and not empty. Name another folder, or replace what it holds of "
            "predictions: force=true"
        )


@contextmanager
def _shown() -> Iterator[Progress]:
    """Shows a bar for each modality on a terminal."""
    bars, tasks = row_progress(), dict[str, Any]()

    def told(modality: str, done: int, rows: int) -> None:
        if modality not in tasks:
            tasks[modality] = bars.add_task(modality, total=rows)
        bars.update(tasks[modality], completed=done)

    bars.disable = not bars.console.is_terminal
    with bars:
        yield told
