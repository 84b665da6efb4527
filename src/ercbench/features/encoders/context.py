"""An utterance among its neighbours, as the one sequence of tokens that a model reads."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ercbench.corpora.conversation import Utterance
from ercbench.features.encoders.encoder import Item


@dataclass(frozen=True, slots=True)
class Window:
    """The texts that are read together, each as it is to be tokenised."""

    before: list[str]
    own: str
    after: list[str]

    def texts(self) -> list[str]:
        """Returns all of them."""
        return [*self.before, self.own, *self.after]


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Token ids [L] with the special ones, and the span [first, last) that a mean covers."""

    ids: list[int]
    span: tuple[int, int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens of a model and the most tokens it can read.

    Attributes:
        first: Opens a sequence, such as `<s>`.
        last: Closes it, such as `</s>`.
        separators: How many closing tokens stand between two segments: 2 in RoBERTa, 1 in BERT.
        most: Longest sequence, special tokens included.
    """

    first: int
    last: int
    separators: int
    most: int


def text_of(utterance: Utterance, speakers: bool) -> str:
    """Returns what is read of an utterance: its text, after the speaker's name if wished."""
    return f"{utterance.speaker.upper()}: {utterance.text}" if speakers else utterance.text


def window_of(item: Item, before: int, after: int, speakers: bool) -> Window:
    """Returns an utterance's text with up to `before` and `after` neighbours."""
    turns = item.conversation.utterances
    near = turns[max(0, item.turn - before) : item.turn + 1 + after]
    own = min(before, item.turn)
    said = [text_of(turn, speakers) for turn in near]
    return Window(_spaced(said[:own]), said[own], _spaced(said[own + 1 :]))


def assemble(
    before: Sequence[list[int]], own: list[int], after: Sequence[list[int]], frame: Frame
) -> TokenSequence:
    """Joins `<s> before </s></s> own </s></s> after </s>`, the order of EmoBERTa.

    What does not fit is left out: whole neighbours, the farthest first, then the end of the
    utterance itself. Among neighbours, the opening token stands for an utterance without tokens.
    """
    join = [frame.last] * frame.separators
    own = own[: frame.most - 2]
    before, after = list(before), list(after)
    room = frame.most - 2 - len(own) - 2 * len(join)
    while (before or after) and sum(map(len, before)) + sum(map(len, after)) > room:
        if len(before) >= len(after):
            before.pop(0)
        else:
            after.pop()
    head = [frame.first, *(token for ids in before for token in ids), *(join if before else [])]
    tail = [*(join if after else []), *(token for ids in after for token in ids), frame.last]
    alone = not before and not after
    span = (len(head), len(head) + len(own))
    if alone or not own:
        span = (0, len(own) + 2) if alone else (0, 1)
    return TokenSequence([*head, *own, *tail], span)


def stretches(said: Sequence[list[int]], frame: Frame) -> list[TokenSequence]:
    """Joins a dialogue's utterances, `<s> one </s></s> two </s></s> three </s>`.

    One that is longer than the model reads is cut between utterances into as few stretches as
    will do, the longest of them as short as can be. An utterance that is too long even alone
    loses its end.

    Returns:
        For each utterance the sequence of its stretch, with the span of its own tokens.
    """
    said = [own[: frame.most - 2] for own in said]
    most, count = frame.most, len(_cut(said, frame, frame.most))
    even = bisect_left(range(most), True, key=lambda m: len(_cut(said, frame, m)) <= count)
    return [one for stretch in _cut(said, frame, even) for one in _joined(stretch, frame)]


def same_stretch(sequences: Sequence[TokenSequence]) -> list[list[int]]:
    """Returns the places of sequences that follow each other and are of one stretch."""
    places = groupby(range(len(sequences)), key=lambda place: sequences[place].ids)
    return [list(own) for _, own in places]


def _cut(said: Sequence[list[int]], frame: Frame, most: int) -> list[list[list[int]]]:
    """Puts utterances in stretches of at most so many tokens, as many in each as fit."""
    cut: list[list[list[int]]] = []
    length = 0
    for own in said:
        length += frame.separators + len(own)
        if not cut or length > most:
            cut.append([])
            length = 2 + len(own)
        cut[-1].append(own)
    return cut


def _joined(said: Sequence[list[int]], frame: Frame) -> list[TokenSequence]:
    ids, spans = [frame.first], []
    for place, own in enumerate(said):
        ids += [frame.last] * (frame.separators if place else 0)
        spans.append((len(ids), len(ids) + len(own)) if own else (0, 1))
        ids += own
    ids.append(frame.last)
    return [TokenSequence(ids, span) for span in spans]


def _spaced(texts: Sequence[str]) -> list[str]:
    """Puts a space between two utterances of one segment, where byte-pair models see it."""
    return [text if place == 0 else f" {text}" for place, text in enumerate(texts)]
