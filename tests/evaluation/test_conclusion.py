from dataclasses import replace

import pytest
from comparisons import make_comparison

from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.conclusion import conclusion

MANY = [6] * 40


def said(comparison, significant=None):
    """The conclusion, with every pair's significance as wished."""
    analysis = analyse(comparison, draws=300)
    if significant is not None:
        p = 0.001 if significant else 0.9
        pairs = {
            score: tuple(replace(pair, p_holm=p, low=0.01) for pair in own)
            for score, own in analysis.pairs.items()
        }
        analysis = replace(analysis, pairs=pairs)
    return conclusion(comparison, analysis)


def test_who_is_better_than_whom_by_how_much_with_interval_and_p():
    text = said(make_comparison(MANY, [("Weak", 0.2), ("Strong", 3.0)]))
    assert text.startswith("Strong is better than Weak: weighted F1 ")
    assert "points ahead of Weak (95 % interval " in text
    assert "after Holm)" in text


def test_twins_are_not_told_apart():
    assert said(make_comparison(MANY, [("A", 1.0), ("B", 1.0)]), False).count("not told apart") == 1


def test_a_leader_may_beat_some_and_not_others():
    text = said(make_comparison(MANY, [("Low", 0.1), ("Top", 3.0), ("Twin", 2.95)]))
    assert "not told apart from T" in text
    assert "it is better than Low" in text


@pytest.mark.parametrize("significant", [True, False])
def test_many_models_still_make_one_sentence(significant):
    text = said(make_comparison(MANY, [(f"M{n}", n / 5) for n in range(10)]), significant)
    assert len(text) < 250
    assert ("all 9 other models" in text) == significant
    assert ("and 6 more" in text) != significant


def test_one_model_is_compared_with_nobody():
    assert "no other model" in said(make_comparison(skills=[("GRU", 1.0)]))


def test_simulated_data_is_said_to_be():
    assert said(make_comparison(simulated=True)).startswith("On SIMULATED data, ")
