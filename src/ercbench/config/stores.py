"""The types of the settings of `ercbench prepare` and `import`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ercbench.errors import ErcbenchError
from ercbench.features.store.covering import UNCOVERED
from ercbench.features.store.division import ExtractionSettings
from ercbench.files import expanded
from ercbench.settings import Count, Settings, Share, one_of

MODALITIES = ("text", "audio", "visual")


@dataclass(kw_only=True)
class ClipSettings(Settings):
    """Folders of MELD's clips, where they do not lie as in the release.

    Attributes:
        train: Of `dia0_utt0.mp4` and so on; likewise `dev` and `test`.
    """

    train: str | None
    dev: str | None
    test: str | None


@dataclass(kw_only=True)
class ColumnSettings(Settings):
    """What a table calls its columns, where it calls them otherwise.

    Attributes:
        conversation: The table's name of this column, or a list of several that are one name
            only together; likewise `utterance`. The others have one name.
    """

    conversation: Any
    utterance: Any
    speaker: str | None
    text: str | None
    label: str | None
    split: str | None
    score: str | None
    start: str | None
    end: str | None
    audio: str | None
    video: str | None


@dataclass(kw_only=True)
class TextOptions(Settings):
    """What to change of a text encoder; see `TextSettings`. None keeps its own.

    Attributes:
        name: What the features are called.
    """

    name: str | None
    pooling: str | None
    normalise: bool | None
    before: int | None
    after: int | None
    whole_dialogue: bool | None
    speakers: bool | None
    max_tokens: int | None
    batch_tokens: int | None
    dtype: str | None
    device: str | None


@dataclass(kw_only=True)
class AudioOptions(Settings):
    """What to change of an audio encoder; see `AudioSettings`. None keeps its own.

    The last one is of `M2FNetAudioSettings`.

    Attributes:
        name: What the features are called.
    """

    name: str | None
    most_seconds: float | None
    dtype: str | None
    device: str | None
    pictures: str | None


@dataclass(kw_only=True)
class VisualOptions(Settings):
    """What to change of a visual encoder; see `VisualSettings`. None keeps its own.

    The last four are of `M2FNetVisualSettings`.

    Attributes:
        name: What the features are called.
    """

    name: str | None
    frames: int | None
    pooling: str | None
    most_seconds: float | None
    view: str | None
    dtype: str | None
    device: str | None
    spread: str | None
    least_face: int | None
    least_score: float | None
    face_margin: float | None


@dataclass(kw_only=True)
class EncoderOptions(Settings):
    """What to change of the encoders, by modality."""

    text: TextOptions
    audio: AudioOptions
    visual: VisualOptions


@dataclass(kw_only=True)
class PrepareSettings(ExtractionSettings):
    """Everything `ercbench prepare` can be told; how the work is divided is inherited.

    Attributes:
        corpus: `meld`, `iemocap`, `mosi` or `csv`; None adds features to the store that exists.
        root: Where the corpus lies: a path, or one for each part.
        labels: Which reading of the labels; None for the corpus's usual one.
        others: IEMOCAP: what becomes of utterances of other classes.
        zero: Raw CMU-MOSI: what a score of 0 is.
        clips: MELD: folders of clips.
        columns: Tables: names of columns.
        text: An encoder's name or a model's folder, one or a list; likewise `audio`, `visual`.
        options: What to change of the encoders.
        shards: Parts that a launcher's jobs do.
        launcher: How these jobs are started; None to do the work here.
        store: Name of the store; None for the corpus's usual one.
        stores: Folder of the feature stores.
    """

    corpus: str | None
    root: Any
    labels: Any
    others: str | None
    zero: str | None
    clips: ClipSettings
    columns: ColumnSettings
    text: Any
    audio: Any
    visual: Any
    options: EncoderOptions
    shards: Count | None
    launcher: Any
    store: str | None
    stores: str


@dataclass(kw_only=True)
class ImportSettings(Settings):
    """Everything `ercbench import` can be told.

    Attributes:
        corpus: Which corpus the community file holds, to be held against what is found in it.
        community: A pickle that the field passes around; None adds arrays to the store that
            exists.
        labels: For IEMOCAP: 4 makes the 4-way task of a file with 6 classes; None for those of
            the file.
        text: A file of vectors keyed by utterance id, or one for each part; likewise `audio` and
            `visual`.
        features: Likewise, of several modalities.
        ids: For npy: a text file with an utterance id per line, or one for each part.
        name: What the imported features are called; None for the file's name.
        fitted_on: Conversations whose labels made the arrays; an empty list if none did, None if
            nobody knows.
        uncovered: What becomes of utterances without a vector in the arrays: they are missing, or
            the arrays go to a new store without them, or without their whole conversations.
        into: Name of that new store; None for the store's and the arrays'.
        most_missing: Above this share of utterances without a vector a set is refused.
        store: Name of the store; None for the corpus's usual one.
        stores: Folder of the feature stores.
    """

    corpus: str | None
    community: str | None
    labels: Any
    text: Any
    audio: Any
    visual: Any
    features: Any
    ids: Any
    name: str | None
    fitted_on: list[str] | None
    uncovered: Annotated[str, one_of(*UNCOVERED)]
    into: str | None
    most_missing: Share
    store: str | None
    stores: str


def given_files(setting: str, value: Any) -> Path | dict[str, Path] | None:
    """Returns the path that a setting gives, or a path for each part; None if it gives none.

    Raises:
        ErcbenchError: It gives something else, or a path that cannot be one.
    """
    if isinstance(value, Mapping):
        return {part: _path(f"{setting}.{part}", own) for part, own in value.items() if own} or None
    return None if value is None else _path(setting, value)


def _path(setting: str, value: Any) -> Path:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ErcbenchError(f"{setting}: found {value!r}, expected a path. Correct {setting}.")
    return expanded(str(value))
