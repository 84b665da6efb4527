"""The types of the settings of `ercbench prepare` and `import`; importing this needs no torch."""

from dataclasses import dataclass, field
from typing import Any

MODALITIES = ("text", "audio", "visual")


@dataclass
class ClipSettings:
    """Folders of MELD's clips, where they do not lie as in the release.

    Attributes:
        train: Of `dia0_utt0.mp4` and so on; likewise `dev` and `test`.
    """

    train: str | None = None
    dev: str | None = None
    test: str | None = None


@dataclass
class ColumnSettings:
    """What a table calls its columns, where it calls them otherwise.

    Attributes:
        conversation: The table's name of this column; likewise the others.
    """

    conversation: str | None = None
    utterance: str | None = None
    speaker: str | None = None
    text: str | None = None
    label: str | None = None
    split: str | None = None
    score: str | None = None
    start: str | None = None
    end: str | None = None
    audio: str | None = None
    video: str | None = None


@dataclass
class TextOptions:
    """What to change of a text encoder; see `TextSettings`. None keeps its own.

    Attributes:
        name: What the features are called.
    """

    name: str | None = None
    pooling: str | None = None
    normalise: bool | None = None
    before: int | None = None
    after: int | None = None
    speakers: bool | None = None
    max_tokens: int | None = None
    batch_tokens: int | None = None
    dtype: str | None = None
    device: str | None = None


@dataclass
class AudioOptions:
    """What to change of an audio encoder; see `AudioSettings`. None keeps its own.

    The last one is of `M2FNetAudioSettings`.

    Attributes:
        name: What the features are called.
    """

    name: str | None = None
    most_seconds: float | None = None
    dtype: str | None = None
    device: str | None = None
    pictures: str | None = None


@dataclass
class VisualOptions:
    """What to change of a visual encoder; see `VisualSettings`. None keeps its own.

    The last four are of `M2FNetVisualSettings`.

    Attributes:
        name: What the features are called.
    """

    name: str | None = None
    frames: int | None = None
    pooling: str | None = None
    most_seconds: float | None = None
    dtype: str | None = None
    device: str | None = None
    spread: str | None = None
    least_face: int | None = None
    least_score: float | None = None
    face_margin: float | None = None


@dataclass
class EncoderOptions:
    """What to change of the encoders, by modality."""

    text: TextOptions = field(default_factory=TextOptions)
    audio: AudioOptions = field(default_factory=AudioOptions)
    visual: VisualOptions = field(default_factory=VisualOptions)


@dataclass
class PrepareSettings:
    """Everything `ercbench prepare` can be told.

    Attributes:
        corpus: `meld`, `iemocap`, `mosi` or `csv`; None adds features to the store that exists.
        root: Where the corpus lies.
        labels: Which reading of the labels; None for the corpus's usual one.
        others: IEMOCAP: what becomes of utterances of other classes.
        zero: Raw CMU-MOSI: what a score of 0 is.
        clips: MELD: folders of clips.
        columns: Tables: names of columns.
        text: An encoder's name or a model's folder, one or a list; likewise `audio`, `visual`.
        options: What to change of the encoders.
        workers: Processes.
        shard: `3/8` does the third of eight parts of the work.
        chunk: Utterances that are finished together.
        store: Name of the store; None for the corpus's usual one.
        stores: Folder of the feature stores.
    """

    corpus: str | None = None
    root: str | None = None
    labels: Any = None
    others: str | None = None
    zero: str | None = None
    clips: ClipSettings = field(default_factory=ClipSettings)
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    text: Any = None
    audio: Any = None
    visual: Any = None
    options: EncoderOptions = field(default_factory=EncoderOptions)
    workers: int = 1
    shard: str = "1/1"
    chunk: int = 256
    store: str | None = None
    stores: str = "stores"


@dataclass
class ImportSettings:
    """Everything `ercbench import` can be told.

    Attributes:
        corpus: Which corpus the community file holds, to be held against what is found in it.
        community: A pickle that the field passes around; None adds arrays to the store that
            exists.
        labels: For IEMOCAP: 4 makes the 4-way task of a file with 6 classes; None for those of
            the file.
        text: A file of vectors keyed by utterance id; likewise `audio` and `visual`.
        ids: For npy: a text file with an utterance id per line.
        name: What the imported features are called; None for the file's name.
        fitted_on: Conversations whose labels made the arrays; an empty list if none did, None if
            nobody knows.
        store: Name of the store; None for the corpus's usual one.
        stores: Folder of the feature stores.
    """

    corpus: str | None = None
    community: str | None = None
    labels: Any = None
    text: str | None = None
    audio: str | None = None
    visual: str | None = None
    ids: str | None = None
    name: str | None = None
    fitted_on: list[str] | None = None
    store: str | None = None
    stores: str = "stores"
