"""What goes missing is the same for everybody, and more at a higher rate."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.data.damage import UNITS, Damage, dropped, noise, noise_scale
from ercbench.data.word_errors import misheard, vocabulary_of

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=8)
rates = st.floats(0, 1)


def talks(sizes, text="one two three four five"):
    return [
        Conversation(
            f"c{number}",
            tuple(Utterance(f"c{number}_{i}", "ab"[i % 2], text) for i in range(size)),
        )
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("by", UNITS)
@given(sizes=lengths, rate=rates, higher=rates, draw=st.integers(0, 5))
def test_what_is_missing_at_one_rate_is_missing_at_every_higher_one(by, sizes, rate, higher, draw):
    low, high = sorted((rate, higher))
    fewer, more = (dropped(talks(sizes), by, own, draw) for own in (low, high))
    assert not (fewer & ~more).any()
    assert not dropped(talks(sizes), by, 0, draw).any()
    assert dropped(talks(sizes), by, 1, draw).all()


@pytest.mark.parametrize("by", UNITS)
def test_a_conversation_loses_the_same_whatever_stands_beside_it(by):
    every, alone = talks([9, 7, 8]), talks([9, 7, 8])[1:2]
    assert np.array_equal(dropped(every, by, 0.5, 3)[9:16], dropped(alone, by, 0.5, 3))
    assert not np.array_equal(dropped(every, by, 0.5, 0), dropped(every, by, 0.5, 1))


@pytest.mark.parametrize("by", UNITS)
def test_the_share_that_is_missing_is_the_rate(by):
    lost = [dropped(talks([10] * 200), by, 0.3, draw).mean() for draw in range(5)]
    assert np.mean(lost) == pytest.approx(0.3, abs=0.03)


@given(size=st.integers(1, 20), rate=rates, draw=st.integers(0, 9))
def test_a_block_is_a_stretch_and_a_speaker_is_missing_throughout(size, rate, draw):
    (talk,) = talks([size])
    lost = np.flatnonzero(dropped([talk], "block", rate, draw))
    assert np.array_equal(lost, np.arange(len(lost)) + (lost[0] if len(lost) else 0))
    assert abs(len(lost) - rate * size) < 1
    missing = dropped([talk], "speaker", rate, draw)
    for speaker in "ab":
        own = missing[[turn.speaker == speaker for turn in talk.utterances]]
        assert own.all() or not own.any()


def test_noise_is_drawn_by_utterance_with_the_power_that_the_ratio_says():
    every, alone = talks([9, 7]), talks([9, 7])[1:]
    assert np.array_equal(noise(every, 5, 0)[9:], noise(alone, 5, 0))
    power = np.square(noise_scale(10) * noise(talks([50] * 20), 32, 1)).mean()
    assert 10 * np.log10(1 / power) == pytest.approx(10, abs=0.1)
    assert noise_scale(inf) == 0


def test_levels_go_from_the_least_damage_to_the_most():
    assert Damage("noise", "audio").in_order([0, 20, 10]) == [inf, 20, 10, 0]
    assert Damage("drop", "audio", "block").in_order([1, 0.2]) == [0, 0.2, 1]
    assert Damage("drop", "audio", "block").draws(1, 5) == range(1)
    assert Damage("words", "text").draws(1, 5) == range(5)


def test_words_are_wrong_at_the_rate_asked_and_come_from_the_corpus():
    (talk,) = talks([400])
    words = vocabulary_of(Corpus("c", (), (talk,), {}))
    assert misheard(talk, 0, 0, words) == talk
    heard = misheard(talk, 0.3, 0, words)
    changed = [
        one.text != two.text for one, two in zip(talk.utterances, heard.utterances, strict=True)
    ]
    # An utterance of five words is whole with 0.7 ** 5; a word replaced by itself is no change.
    assert 0.7 < np.mean(changed) <= 0.9
    assert set(" ".join(own.text for own in heard.utterances).split()) <= set(words)
    assert misheard(talk, 0.3, 0, words) == heard
    assert misheard(talk, 0.3, 1, words) != heard


def test_a_word_that_is_wrong_at_one_rate_is_wrong_in_the_same_way_at_a_higher_one():
    (talk,) = talks([1], text=" ".join(f"w{n}" for n in range(40)))
    low, high = (misheard(talk, rate, 0, ["x"]).utterances[0].text for rate in (0.2, 0.6))
    kept = [word for word in low.split() if word != "x"]
    assert set(high.split()) - {"x"} < set(kept)


def test_without_a_text_nothing_is_misheard():
    (talk,) = talks([3], text="")
    assert misheard(talk, 1, 0, []) == talk
