"""An utterance among its neighbours, as the one sequence of tokens that a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def window_of(item: Item, before: int, after: int, speakers: bool) -> Window:
    """Returns an utterance's text with up to `before` and `after` neighbours."""
    turns = item.conversation.utterances
    near = turns[max(0, item.turn - before) : item.turn + 1 + after]
    own = min(before, item.turn)
    said = [f"{turn.speaker.upper()}: {turn.text}" if speakers else turn.text for turn in near]
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


def _spaced(texts: Sequence[str]) -> list[str]:
    """Puts a space between two utterances of one segment, where byte-pair models see it."""
    return [text if place == 0 else f" {text}" for place, text in enumerate(texts)]
