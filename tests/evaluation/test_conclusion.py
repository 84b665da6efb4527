from dataclasses import replace

import pytest
from comparisons import make_comparison

from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.conclusion import conclusion

MANY = [6] * 40


def said(comparison, told_apart=None):
    """The conclusion, with every pair told apart or not as wished."""
    analysis = analyse(comparison, draws=100)
    if told_apart is not None:
        p = 0.001 if told_apart else 0.9
        pairs = {
            score: tuple(replace(pair, claim=replace(pair.claim, p=p)) for pair in own)
            for score, own in analysis.pairs.items()
        }
        analysis = replace(analysis, pairs=pairs)
    return conclusion(comparison, analysis)


def test_who_is_better_than_whom_by_how_much_with_interval_and_p():
    text = said(make_comparison(MANY, [("Weak", 0.2), ("Strong", 3.0)]))
    assert text.startswith("Strong is better than Weak: weighted F1 ")
    assert "points ahead of Weak (simultaneous 95 % interval " in text
    assert "p < 0.001)" in text


def test_twins_are_not_told_apart():
    assert said(make_comparison(MANY, [("A", 1.0), ("B", 1.0)]), False).count("not told apart") == 1


def test_a_leader_may_beat_some_and_not_others():
    text = said(make_comparison(MANY, [("Low", 0.1), ("Top", 3.0), ("Twin", 2.95)]))
    assert "not told apart from T" in text
    assert "it is better than Low" in text


@pytest.mark.parametrize("told_apart", [True, False])
def test_many_models_still_make_one_sentence(told_apart):
    text = said(make_comparison(MANY, [(f"M{n}", n / 5) for n in range(10)]), told_apart)
    assert len(text) < 250
    assert ("all 9 other models" in text) == told_apart
    assert ("and 6 more" in text) != told_apart


def test_one_seed_is_of_these_trained_networks_alone():
    strong = [("Weak", 0.2), ("Strong", 3.0)]
    two, three = (
        said(make_comparison(MANY, own, seeds=1)) for own in (strong, [*strong, ("M", 1)])
    )
    assert "are not told apart" in two
    assert "of these trained networks alone: with one seed" in two
    assert "of these trained networks; with one seed nothing is known of other" in three


def test_one_model_is_compared_with_nobody():
    assert "no other model" in said(make_comparison(skills=[("GRU", 1.0)]))


def test_simulated_data_is_said_to_be():
    assert said(make_comparison(simulated=True)).startswith("On SIMULATED data, ")
