"""The contract of an encoder of utterances."""

import json
import pickle
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item, Vector
from ercbench.files import check_name
from ercbench.testing.clauses import Clause, check_all, clause, expect

TEXTS = ("Hello there.", "No!", "You are late again; why, oh why?", "Hello there.", "I know …")


@dataclass(frozen=True)
class Encoding:
    """An encoder that is checked.

    Attributes:
        encoder: The encoder.
        items: What it encodes.
    """

    encoder: Encoder
    items: Sequence[Item]


@clause("the attributes name, modality, width and fitted_on.")
def it_says_what_it_is(encoding: Encoding) -> None:
    """It has a name, a modality, a width and a list of conversations whose labels it saw."""
    encoder = encoding.encoder
    check_name("name", encoder.name)
    check_name("modality", encoder.modality)
    expect(type(encoder.width) is int and encoder.width > 0, f"width {encoder.width!r}.")
    seen = encoder.fitted_on
    ids = seen is None or (not isinstance(seen, str) and all(isinstance(id, str) for id in seen))
    expect(ids, f"fitted_on {seen!r}, expected ids, or None if nobody knows.")


@clause("what encode returns, and in what order.")
def each_item_has_a_vector_or_a_reason(encoding: Encoding) -> None:
    """Each item has a finite float32 vector of the width, or a reason why it has none."""
    encoder, vectors = encoding.encoder, encoding.encoder.encode(encoding.items)
    expect(len(vectors) == len(encoding.items), f"{len(vectors)} for {len(encoding.items)} items.")
    for vector in vectors:
        if isinstance(vector, str):
            expect(vector.strip(), "a reason without words.")
            continue
        told = f"{vector.dtype} {list(vector.shape)} for float32 [{encoder.width}]."
        expect(vector.dtype == np.float32 and vector.shape == (encoder.width,), told)
        expect(np.isfinite(vector).all(), "a vector with NaN or infinite values.")
    expect(any(not isinstance(v, str) for v in vectors), f"no vector at all: {vectors[0]}.")


@clause("dropout that is left on, and other randomness.")
def vectors_are_the_same_each_time(encoding: Encoding) -> None:
    """The same item gives the same vector each time."""
    _expect_same(encoding.encoder.encode(encoding.items), encoding, "a second time")


@clause("padding that is read, normalisation over a batch, state kept between items.")
def vectors_do_not_depend_on_other_items(encoding: Encoding) -> None:
    """A vector never depends on what else is encoded."""
    encode, items = encoding.encoder.encode, encoding.items
    _expect_same([encode([item])[0] for item in items], encoding, "alone")
    _expect_same(encode(items[::-1])[::-1], encoding, "in reversed order")


@clause("open files, locks and functions without a name among its attributes.")
def it_can_be_sent_to_workers(encoding: Encoding) -> None:
    """A pickled copy says the same of itself and gives the same vectors."""
    copy: Encoder = pickle.loads(pickle.dumps(encoding.encoder))
    same = copy.describe() == encoding.encoder.describe()
    expect(same, "another description of a pickled copy.")
    _expect_same(copy.encode(encoding.items), encoding, "by a pickled copy")


@clause("describe(): what several machines make is put together only where it is equal.")
def its_description_is_the_same_everywhere(encoding: Encoding) -> None:
    """It describes itself in JSON values that name no path and no machine."""
    description = encoding.encoder.describe()
    wanted = {"encoder", "revision", "settings"}
    expect(wanted <= set(description), f"{sorted(description)} for {sorted(wanted)}.")
    expect(json.loads(json.dumps(description)) == description, "values that JSON does not keep.")
    local = [text for text in _texts(description) if _is_local(text)]
    expect(not local, f"{', '.join(map(repr, local))}.")


@clause("utterances without the text, sound or picture that it reads, and broken files.")
def what_is_missing_has_a_reason(encoding: Encoding) -> None:
    """An utterance without anything to encode has a reason, and disturbs no other."""
    items = encoding.items
    nothing = Conversation("empty", (Utterance("empty", "nobody"),))
    *others, reason = encoding.encoder.encode([*items, Item(nothing, 0)])
    expect(isinstance(reason, str), f"a vector {reason!r} of an utterance without anything.")
    _expect_same(others, encoding, "beside one without anything")


ENCODER_CONTRACT: tuple[Clause, ...] = (
    it_says_what_it_is,
    each_item_has_a_vector_or_a_reason,
    vectors_are_the_same_each_time,
    vectors_do_not_depend_on_other_items,
    it_can_be_sent_to_workers,
    its_description_is_the_same_everywhere,
    what_is_missing_has_a_reason,
)
"""The clauses, those that others build on first."""


def check_encoder(encoder: Encoder, items: Sequence[Item] | None = None) -> list[str]:
    """Checks the contract of an encoder of utterances.

    Args:
        encoder: The encoder.
        items: What it encodes; by default a few made-up texts.

    Returns:
        What each clause says.

    Raises:
        ContractError: A clause does not hold.
        ErcbenchError: It reads no text, and nothing else is given.
    """
    if items is None and encoder.modality != "text":
        raise ErcbenchError(f"{encoder.name}: reads {encoder.modality}. Give items that have it.")
    return check_all(Encoding(encoder, items or _made_up()), ENCODER_CONTRACT)


def _made_up() -> list[Item]:
    turns = [Utterance(f"u{i}", ("Ann", "Bo")[i % 2], text) for i, text in enumerate(TEXTS)]
    conversation = Conversation("c", tuple(turns))
    return [Item(conversation, turn) for turn in range(len(turns))]


def _expect_same(vectors: Sequence[Vector], encoding: Encoding, when: str) -> None:
    for vector, usual in zip(vectors, encoding.encoder.encode(encoding.items), strict=True):
        if isinstance(vector, str) or isinstance(usual, str):
            same: Any = isinstance(vector, str) and vector == usual
        else:
            scale = max(1.0, float(np.abs(usual).max()))
            same = np.allclose(vector, usual, atol=1e-5 * scale, rtol=1e-5)
        expect(same, f"another vector or reason {when}.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from (name, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_local(text: str) -> bool:
    named = Path(text).is_absolute() or text.startswith("~") or str(Path.cwd()) in text
    return named or (len(platform.node()) > 3 and platform.node() in text)
