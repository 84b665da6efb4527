"""From an input to predictions: read, transcribe if asked to, encode, and ask the model."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ercbench.api.encoders import EncoderGiven
from ercbench.api.encoding import Encoded, Features, Progress, encode, unseen
from ercbench.corpora.conversation import Conversation
from ercbench.corpora.recordings.given import NO_COLUMNS, Given, read_given
from ercbench.evaluation.predicted.result import Predicted, Timing
from ercbench.features.media.length import with_length
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.files import expanded

if TYPE_CHECKING:
    from ercbench.api.run import Run


def predict_on(
    runs: "Sequence[Run]",
    input: str | Path | Conversation,
    features: Features | None,
    encoders: Mapping[str, EncoderGiven],
    progress: Progress = unseen,
    **reading: str | Path | Mapping[str, str] | None,
) -> Predicted:
    """Returns what runs that differ in their seed alone say of an input, in the mean.

    Args:
        runs: At least one.
        input: As `read_input` takes it.
        features: Modality to [N, D] vectors; None encodes the input.
        encoders: Modality to its encoder or where that lies.
        progress: Is told how far the encoding is.
        reading: Further arguments of `read_input`.

    Raises:
        ErcbenchError: The input cannot be read, or the features do not fit or cannot be made.
    """
    begun = time.perf_counter()
    first = runs[0]
    given = read_input(input, **reading)  # type: ignore[arg-type]
    for run in runs:
        _ = run.model  # its loading is part of the start-up
    loaded = time.perf_counter() - begun
    if features is None:
        encoded = encode(given.conversations, first.record.setup.features, encoders, progress)
    else:
        encoded = Encoded(dict(features), (), 0.0, {})
    begun = time.perf_counter()
    probabilities = np.mean([_answers(run, given, encoded.features) for run in runs], axis=0)
    timing = Timing(loaded + encoded.start_up, encoded.encoding, time.perf_counter() - begun)
    widths = first.model.spec.widths
    return Predicted(
        name=given.name,
        model=first.record.setup.model,
        corpus=first.record.setup.corpus,
        runs=tuple(run.record.run for run in runs),
        labels=first.labels,
        conversations=given.conversations,
        probabilities=probabilities,
        present={m: _there(encoded.features.get(m), len(probabilities)) for m in widths},
        notes=(*given.notes, *encoded.notes, *_on_length(given, first.record.setup.features)),
        timing=timing,
        recording=given.recording,
        target=first.record.setup.target,
    )


def read_input(
    input: str | Path | Conversation,
    transcript: str | Path | None = None,
    columns: Mapping[str, str] = NO_COLUMNS,
    transcribe: str | None = None,
    language: str | None = None,
) -> Given:
    """Reads what is to be predicted on, and writes down what is said if asked to.

    Args:
        input: A recording, a folder of clips, a transcript, a table, or a conversation.
        transcript: Of a recording: who speaks when.
        columns: A table's name of a column, by ours, where they differ.
        transcribe: `whisper` or the folder of such a model, which writes down what is said where
            no text is given.
        language: What is spoken, such as `de`; None lets the model hear it.

    Raises:
        ErcbenchError: The input cannot be read, or the model is not at hand.
    """
    if isinstance(input, Conversation):
        return Given(input.id, (input,))
    path = None if transcript is None else expanded(transcript)
    given = read_given(expanded(input), path, columns)
    if transcribe is not None:
        from ercbench.features.media.transcription import transcribed

        given = transcribed(given, transcribe, language)
    return with_length(given)


def _answers(run: "Run", given: Given, features: Features) -> np.ndarray:
    """Returns [N, C] probabilities, or [N, 1] scores, each conversation by itself."""
    ends = list(accumulate(len(own) for own in given.conversations))
    parts = zip(given.conversations, [0, *ends], ends, strict=False)
    return np.concatenate(
        [
            run.answer(own, {m: values[first:end] for m, values in features.items()})
            for own, first, end in parts
        ]
    )


def _there(values: np.ndarray | None, rows: int) -> np.ndarray:
    if values is None:
        return np.zeros(rows, bool)
    return np.asarray(np.isfinite(values).all(axis=1))


def _on_length(given: Given, recipes: Sequence[FeatureRecipe]) -> Iterator[str]:
    """Yields a note on texts of which an encoder surely reads the beginning alone."""
    for recipe in recipes:
        most = recipe.settings.get("max_tokens")
        if not isinstance(most, int):
            continue
        long = [len(turn.text.split()) for turn in given.utterances()]
        count = sum(words > most for words in long)
        if count:
            yield (
                f"{count} text(s) have up to {max(long):,} words; {recipe.key} reads the first "
                f"{most} tokens of each. Divide them into utterances."
            )
