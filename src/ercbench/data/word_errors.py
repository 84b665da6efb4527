"""Transcripts with errors as of speech recognition: words substituted, deleted, inserted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ercbench.corpora.conversation import Conversation, Corpus
from ercbench.data.damage import number


def vocabulary_of(corpus: Corpus) -> list[str]:
    """Returns every word of a corpus as often as it is said."""
    return [word for utterance in corpus.utterances() for word in utterance.text.split()]


def misheard(
    conversation: Conversation, rate: float, draw: int, vocabulary: Sequence[str]
) -> Conversation:
    """Returns a conversation whose transcript has errors.

    Args:
        conversation: With its transcript.
        rate: The word error rate, in expectation: each word is the place of one error with this
            probability, a substitution, a deletion or an insertion after it alike.
        draw: Number of the draw. A word that is wrong at one rate is wrong at every higher one.
        vocabulary: Words that are put in, drawn evenly.
    """
    turns = (
        replace(own, text=_misheard(own.text, rate, number(own.id, "words", draw), vocabulary))
        for own in conversation.utterances
    )
    return replace(conversation, utterances=tuple(turns))


def _misheard(text: str, rate: float, seed: int, vocabulary: Sequence[str]) -> str:
    words, random = text.split(), np.random.default_rng(seed)
    wrong = random.random(len(words)) < rate
    kinds = random.integers(3, size=len(words))
    others = random.integers(max(1, len(vocabulary)), size=len(words))
    heard: list[str] = []
    for word, is_wrong, kind, other in zip(words, wrong, kinds, others, strict=True):
        if not is_wrong:
            heard.append(word)
        else:
            heard += ([vocabulary[other]], [], [word, vocabulary[other]])[kind]
    return " ".join(heard)
