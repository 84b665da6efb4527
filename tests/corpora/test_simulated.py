from itertools import product

import numpy as np
import pytest
from helpers import simulation
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.corpora.simulated.ceilings import Ceiling, ceilings_for, forward_backward, posterior
from ercbench.corpora.simulated.simulation import (
    CONFUSIONS,
    EMOTIONS,
    Simulator,
    recorded_settings,
    simulate,
)
from ercbench.errors import ErcbenchError

SMALL = {"train": 60, "validation": 5, "test": 60}


def brute_force(simulator, speakers, evidence):
    """Sums over every course of emotions, and every pair of emotions before the first turn."""
    classes, transition = len(simulator.prior), simulator.transition()
    total = np.zeros_like(evidence)
    for path in product(range(classes), repeat=len(speakers)):
        for last in product(range(classes), repeat=2):
            state, weight = list(last), simulator.prior[last[0]] * simulator.prior[last[1]]
            for turn, emotion in enumerate(path):
                own, other = state[speakers[turn]], state[1 - speakers[turn]]
                weight *= transition[own, other, emotion] * evidence[turn, emotion]
                state[speakers[turn]] = emotion
            total[np.arange(len(path)), path] += weight
    return total / total.sum(1, keepdims=True)


@given(
    speakers=st.lists(st.integers(0, 1), min_size=1, max_size=4),
    stay=st.floats(0, 0.8),
    catch=st.floats(0, 0.2),
    seed=st.integers(0, 1000),
)
@settings(max_examples=15, deadline=None)
def test_forward_backward_is_brute_force_enumeration(speakers, stay, catch, seed):
    simulator = Simulator(simulation(stay=stay, catch=catch, imbalance=0.4))
    evidence = np.random.default_rng(seed).uniform(0.01, 1, size=(len(speakers), len(EMOTIONS)))
    expected = brute_force(simulator, speakers, evidence)
    np.testing.assert_allclose(
        forward_backward(simulator, np.array(speakers), evidence), expected, rtol=1e-9
    )


def test_transitions_are_distributions_and_keep_the_prior():
    simulator = Simulator(simulation(imbalance=0.7))
    transition = simulator.transition()
    np.testing.assert_allclose(transition.sum(-1), 1)
    pairs = np.outer(simulator.prior, simulator.prior)
    np.testing.assert_allclose(np.einsum("ab,abn->n", pairs, transition), simulator.prior)


def test_without_a_chain_context_tells_nothing():
    settings = simulation(stay=0, catch=0, **SMALL)
    corpus, features = simulate(settings)
    views = [Ceiling(("text", "audio"), context) for context in (False, True)]
    alone, with_context = (
        posterior(Simulator(settings), corpus.conversations, features, view) for view in views
    )
    np.testing.assert_allclose(alone, with_context, rtol=1e-9)


def test_the_posterior_is_calibrated_and_seeing_more_never_hurts():
    corpus, features = simulate(simulation())
    simulator = Simulator(recorded_settings(dict(corpus.provenance)))
    truth = np.array([EMOTIONS.index(u.label) for u in corpus.utterances()])
    expected = {}
    for view in ceilings_for(tuple(CONFUSIONS)):
        belief = posterior(simulator, corpus.conversations, features, view)
        expected[view.name] = belief.max(1).mean()
        hit = (belief.argmax(1) == truth).mean()
        assert hit == pytest.approx(expected[view.name], abs=0.02)
    for modality in CONFUSIONS:
        assert expected[f"{modality} with context"] > expected[f"{modality} without context"]
        assert expected[f"{modality} with context"] < expected["text+audio+visual with context"]


def test_a_modality_cannot_tell_the_emotions_it_confuses():
    centres = Simulator(simulation()).centres
    angry, frustrated = EMOTIONS.index("angry"), EMOTIONS.index("frustrated")
    np.testing.assert_array_equal(centres["text"][angry], centres["text"][frustrated])
    assert not np.allclose(centres["audio"][angry], centres["audio"][frustrated])


def test_the_same_settings_give_the_same_corpus_and_another_seed_another():
    first, again, other = (simulate(simulation(seed=s, **SMALL)) for s in (1, 1, 2))
    assert first[0] == again[0]
    assert all((first[1][m] == again[1][m]).all() for m in CONFUSIONS)
    assert first[0] != other[0]


def test_settings_do_what_they_say():
    def shift_rate(**options):
        corpus, _ = simulate(simulation(**SMALL | options))
        last, changed = {}, []
        for utterance in corpus.utterances():
            if utterance.speaker in last:
                changed.append(last[utterance.speaker] != utterance.label)
            last[utterance.speaker] = utterance.label
        return np.mean(changed)

    assert shift_rate(stay=0.9, catch=0.05) < shift_rate(stay=0.3, catch=0.2) - 0.2
    corpus, _ = simulate(simulation(min_length=3, max_length=5, **SMALL))
    assert {len(c) for c in corpus.conversations} == {3, 4, 5}
    corpus, _ = simulate(simulation(imbalance=1.0, **SMALL))
    labels = [u.label for u in corpus.utterances()]
    assert labels.count("happy") > 2 * labels.count("neutral")


@pytest.mark.parametrize(
    "wrong",
    [
        {"train": 0},
        {"min_length": 9, "max_length": 3},
        {"stay": 0.8, "catch": 0.5},
        {"difficulty": 0},
    ],
)
def test_a_setting_out_of_range_is_named(wrong):
    with pytest.raises(ErcbenchError, match=next(iter(wrong))):
        simulation(**wrong)


def test_it_says_that_it_is_simulated():
    corpus, _ = simulate(simulation(**SMALL))
    assert corpus.provenance["simulated"] is True
