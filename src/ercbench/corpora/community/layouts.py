"""The layouts of the pickles that the field passes around, recognised by their content.

Each is a tuple or list whose fields are dicts by dialogue (a value per utterance) or collections
of dialogue ids. Nothing in the files says what a field is; the authors' loaders do, by unpacking
them in order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.errors import ErcbenchError

TEXT, NUMBER, VECTOR, IDS, OTHER = "text", "number", "vector", "ids", "something else"

# What a field's first value may look like; a field with a colon is a feature set.
KINDS = {
    "id": (TEXT, NUMBER),
    "speaker": (TEXT, VECTOR),
    "label": (NUMBER,),
    "sentiment": (NUMBER,),
    "score": (NUMBER,),
    "sentence": (TEXT,),
    "train": (IDS,),
    "validation": (IDS,),
    "test": (IDS,),
    "unused": (TEXT, NUMBER, VECTOR, IDS, OTHER),
}
PARTS = ("train", "validation", "test")
_ROBERTA = "text:roberta1 text:roberta2 text:roberta3 text:roberta4"
_MEDIA = "audio:community visual:community"


@dataclass(frozen=True)
class Layout:
    """One way to lay out a corpus in a tuple.

    Attributes:
        name: Whose, for people.
        corpus: `iemocap`, `meld` or `mosi`.
        fields: What each item is, in order.
    """

    name: str
    corpus: str
    fields: tuple[str, ...]


def _layout(name: str, corpus: str, fields: str) -> Layout:
    return Layout(name, corpus, tuple(fields.split()))


LAYOUTS = (
    _layout("COSMIC's list", "iemocap", "speaker label sentence train test validation"),
    _layout("GCNet's tuple", "iemocap", "id label speaker sentence train test"),
    _layout("COSMIC's list", "meld", "speaker label sentiment sentence train test validation"),
    _layout("GCNet's tuple", "mosi", "id score speaker sentence train validation test"),
    _layout(
        "DialogueRNN's 9-tuple (MMGCN's is laid out alike)",
        "iemocap",
        f"id speaker label text:community {_MEDIA} sentence train test",
    ),
    _layout(
        "DialogueRNN's 9-tuple",
        "meld",
        "id speaker label text:community audio:community sentence train test sentiment",
    ),
    _layout(
        "MMGCN's 10-tuple",
        "meld",
        f"id speaker label text:community {_MEDIA} sentence train test unused",
    ),
    _layout(
        "COSMIC's RoBERTa features",
        "iemocap",
        f"speaker label {_ROBERTA} sentence train test validation",
    ),
    _layout(
        "COSMIC's RoBERTa features",
        "meld",
        f"speaker label sentiment {_ROBERTA} sentence train test validation",
    ),
    _layout(
        "CFN-ESA's 12-tuple",
        "iemocap",
        f"id speaker label {_ROBERTA} {_MEDIA} sentence train test",
    ),
    _layout(
        "CFN-ESA's 13-tuple",
        "meld",
        f"id speaker label {_ROBERTA} {_MEDIA} sentence train test unused",
    ),
    _layout(
        "CFN-ESA's 14-tuple",
        "meld",
        f"id speaker label sentiment {_ROBERTA} {_MEDIA} sentence train test unused",
    ),
)


def recognise(path: Path, content: Any) -> Layout:
    """Returns the one layout whose every field looks as it should.

    Raises:
        ErcbenchError: None fits; the message says what the file holds.
    """
    items = list(content) if isinstance(content, list | tuple) else []
    kinds = [kind_of(item) for item in items]
    for layout in LAYOUTS:
        allowed = [KINDS.get(field, (VECTOR,)) for field in layout.fields]
        if len(kinds) == len(allowed) and all(
            kind in choice for kind, choice in zip(kinds, allowed, strict=True)
        ):
            return layout
    known = "; ".join(f"{layout.name} ({len(layout.fields)} fields)" for layout in LAYOUTS)
    found = f"{len(kinds)} fields ({', '.join(kinds)})" if kinds else type(content).__name__
    raise ErcbenchError(
        f"{path}: found {found}, which is no known layout; expected one of {known}, or MMSA's "
        "dict. Save it as csv and npz instead, which any corpus can use."
    )


def fields_by_name(path: Path, content: Sequence[Any], layout: Layout) -> dict[str, Any]:
    """Returns the fields by name, checked to hold the same number of values per dialogue.

    Raises:
        ErcbenchError: A dialogue has fewer or more values in one field than in another.
    """
    fields = {name: item for name, item in zip(layout.fields, content, strict=True)}
    labelled = fields["label" if "label" in fields else "score"]
    for name, values in fields.items():
        if name in PARTS or name == "unused":
            continue
        for dialogue, labels in labelled.items():
            found, expected = _count(values.get(dialogue)), _count(labels)
            if found != expected:
                raise ErcbenchError(
                    f"{path}: dialogue '{dialogue}' has {expected} labels but {found} values "
                    f"in field '{name}'; expected a value per utterance. Copy the file again."
                )
    return fields


def _count(values: Any) -> int:
    return len(values) if hasattr(values, "__len__") else 0


def kind_of(item: Any) -> str:
    """Returns what a field's values look like, judged by its first value."""
    if isinstance(item, Mapping):
        return _kind_of_value(next(iter(item.values()), None))
    return IDS if isinstance(item, list | tuple | set | frozenset | np.ndarray) else OTHER


def _kind_of_value(values: Any) -> str:
    if isinstance(values, str):
        return TEXT
    first = next(iter(values), None) if np.iterable(values) else None
    if isinstance(first, str):
        return TEXT
    if np.iterable(first):
        return VECTOR
    return OTHER if first is None else NUMBER
