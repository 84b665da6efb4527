"""What of an utterance an encoder reads."""

from pathlib import Path

from ercbench.corpora.conversation import Utterance
from ercbench.corpora.excerpt import excerpt_of
from ercbench.features.encoders.encoder import Encoder, Item

# By modality, one of these; unless the encoder has its `inputs`.
INPUTS = {"text": ("text",), "audio": ("audio", "video"), "visual": ("video",)}


def inputs_of(encoder: Encoder) -> tuple[str, ...]:
    """Returns the fields of an utterance that an encoder reads, of which one must be there."""
    return getattr(encoder, "inputs", INPUTS.get(encoder.modality, ()))


def recording_of(utterance: Utterance, fields: tuple[str, ...]) -> str | None:
    """Returns the recording that is read of an utterance: of its fields the first that is set."""
    named = (getattr(utterance, field) for field in fields if field in ("audio", "video"))
    return next((path for path in named if path), None)


def recording_size(item: Item, encoder: Encoder) -> int:
    """Returns the bytes of the recordings that an encoder reads of an utterance; 0 for none."""
    fields = set(inputs_of(encoder)) & {"audio", "video"}
    named = [path for field in fields if (path := getattr(item.utterance, field))]
    paths = [Path(own.path if (own := excerpt_of(path)) else path) for path in named]
    return sum(path.stat().st_size for path in paths if path.is_file())
