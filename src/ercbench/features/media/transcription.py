"""What is said in a recording, written down by Whisper (Radford et al. 2023)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.corpora.recordings.given import Given, kind_of, of_turns
from ercbench.corpora.recordings.turns import Turn, in_order
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.pretrained import Located, PublicModel, load, locate, locate_public
from ercbench.features.media.clips import UnreadableError
from ercbench.features.media.sound import RATE, read_sound

NAME = "whisper"
WHISPER = PublicModel("openai/whisper-base", "e37978b90ca9030d5170a5c07aadb050351a65bb")
"""What the name stands for."""
LONGEST = 6 * 3600.0
"""Seconds of a recording that are heard."""

Hear = Callable[[np.ndarray], Mapping[str, Any]]
"""[samples] at 16 kHz to `text`, and `chunks` of it with their times."""


def transcribed(given: Given, model: str, language: str | None = None) -> Given:
    """Returns what was given with the text of every recording that has none.

    A recording without a transcript becomes a turn for each segment that Whisper hears; who
    speaks, it does not say.

    Args:
        given: Whose recordings are heard.
        model: `whisper`, or the folder of such a model.
        language: What is spoken, such as `de`; None lets the model find out.

    Raises:
        ErcbenchError: There is nothing to hear, or the model is not at hand.
    """
    unwritten = [turn for turn in given.utterances() if not turn.text.strip()]
    recorded = [turn for turn in unwritten if turn.audio or turn.video]
    if not recorded:
        raise ErcbenchError(
            f"transcribe={model}: {given.name} has no recording whose text is missing. Leave "
            "transcribe out."
        )
    hear = load_whisper(model, language)
    if given.recording is not None and recorded[0].start is None:
        return _in_segments(given.recording, recorded[0], hear, model)
    texts = {turn.id: _heard(hear, turn)["text"].strip() for turn in recorded}
    conversations = tuple(
        Conversation(own.id, tuple(_with_text(turn, texts) for turn in own.utterances))
        for own in given.conversations
    )
    return replace(given, conversations=conversations, notes=(*given.notes, _note(model)))


def load_whisper(model: str, language: str | None = None) -> Hear:
    """Returns what hears a sound of any length.

    Args:
        model: `whisper`, or the folder of such a model.
        language: What is spoken; None lets the model find out.

    Raises:
        ErcbenchError: The model is not at hand, or is none of this kind.
    """
    from transformers import (
        AutoFeatureExtractor,
        AutomaticSpeechRecognitionPipeline,
        AutoModelForSpeechSeq2Seq,
        AutoTokenizer,
    )

    located = _located(model)
    recognise: Any = AutomaticSpeechRecognitionPipeline(
        model=load(AutoModelForSpeechSeq2Seq, located).eval(),
        tokenizer=load(AutoTokenizer, located),
        feature_extractor=load(AutoFeatureExtractor, located),
    )
    options = {"task": "transcribe", **({"language": language} if language else {})}

    def hear(samples: np.ndarray) -> Mapping[str, Any]:
        sound = {"raw": samples, "sampling_rate": RATE}
        return recognise(sound, return_timestamps=True, generate_kwargs=options)

    return hear


def _located(model: str) -> Located:
    if model != NAME:
        return locate(model)
    found = locate_public(NAME, WHISPER)
    if found is None:
        raise ErcbenchError(
            f"transcribe={NAME}: {WHISPER.repository} at {WHISPER.revision[:12]} is not in the "
            "cache of this machine and could not be downloaded. Copy the model's folder here and "
            "give it: transcribe=FOLDER; or write the turns down yourself: transcript=FILE"
        )
    return found


def _in_segments(path: Path, whole: Utterance, hear: Hear, model: str) -> Given:
    """Returns a recording as a conversation whose turns are what Whisper hears in one breath."""
    found = _heard(hear, whole)
    turns = [turn for chunk in found["chunks"] for turn in _turn(chunk)]
    if not turns:
        raise ErcbenchError(
            f"transcribe={model}: heard nothing in {path}. Is it silent? Give a transcript "
            "instead: transcript=FILE"
        )
    read = in_order(path.name, turns)
    return of_turns(path, str(kind_of(path)), read.turns, (_note(model), *read.notes))


def _turn(chunk: Mapping[str, Any]) -> list[Turn]:
    """Returns a segment as a turn; none if nothing is said or if it has no end."""
    start, end = chunk["timestamp"]
    text = " ".join(chunk["text"].split())
    return [Turn(text, start=start, end=end)] if text and end is not None else []


def _heard(hear: Hear, turn: Utterance) -> Mapping[str, Any]:
    try:
        return hear(read_sound(turn, LONGEST))
    except UnreadableError:
        return {"text": "", "chunks": []}


def _with_text(turn: Utterance, texts: Mapping[str, str]) -> Utterance:
    return replace(turn, text=texts[turn.id]) if turn.id in texts else turn


def _note(model: str) -> str:
    return f"The text is what {model} heard; it may be wrong."
