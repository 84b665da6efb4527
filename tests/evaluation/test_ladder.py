"""What each step of a ladder adds to the one before, in the table and in the figure."""

from dataclasses import replace

import pytest
from comparisons import make_comparison, make_group

from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.ladder import step_of, with_ladder
from ercbench.evaluation.figures.ladder import ladder
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.ladder import ladder_tables, steps_of


@pytest.fixture
def comparison():
    """A model on two feature sets, and a better one on both together."""
    made = make_comparison()
    kinds = (("text:plain", 0.5), ("text:tuned", 3.0), ("text:tuned+audio:mel", 2.0))
    groups = [
        replace(
            make_group(made.test, f"MLP, {features}", skill=skill, seed=place),
            model="mlp",
            features=tuple(features.split("+")),
        )
        for place, (features, skill) in enumerate(kinds)
    ]
    return replace(made, groups=(*made.groups, *groups))


STEPS = ("mlp@text:plain", "mlp@text:tuned", "mlp@text:tuned+audio:mel")


def test_a_step_adds_what_its_pair_says_and_may_take_away(comparison):
    (own,) = with_ladder([comparison], STEPS)
    analysis = analyse(own, draws=50)
    first, tuned, both = steps_of(own, analysis)
    score = own.test.main.name
    means = [analysis.estimates[name][score].mean for name in own.ladder]
    assert first.added is None
    assert tuned.added.difference == pytest.approx(means[1] - means[0])
    assert both.added.difference == pytest.approx(means[2] - means[1])
    assert both.added.difference < 0 < tuned.added.difference
    for step in (tuned, both):
        low, high = step.added.interval
        assert (low + high) / 2 == pytest.approx(step.added.difference)
        assert low < high
    assert tuned.added.p == next(
        pair.claim.p
        for pair in analysis.pairs[score]
        if {pair.first, pair.second} == {tuned.name, first.name}
    )


def test_table_and_figure_show_the_steps_in_their_order(comparison):
    assert ladder_tables(comparison, analyse(comparison, draws=50)) == []
    assert ladder(comparison, analyse(comparison, draws=50)) is None
    (own,) = with_ladder([comparison], STEPS[::-1])
    analysis = analyse(own, draws=50)
    (table,) = ladder_tables(own, analysis)
    assert [row[0].value for row in table.rows] == [f"MLP, {s[4:]}" for s in STEPS[::-1]]
    (axes,) = ladder(own, analysis).axes
    assert len(axes.texts) == 2
    assert axes.texts[0].get_text().startswith("+")
    assert axes.texts[1].get_text().startswith("-")


def test_a_step_is_called_by_model_and_features_or_by_the_groups_name(comparison):
    assert [step_of(group) for group in comparison.groups[-3:]] == list(STEPS)
    (own,) = with_ladder([comparison], ["MLP", "mlp@text:tuned"])
    assert own.ladder == ("MLP", "MLP, text:tuned")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["mlp@text:plain"], r"ladder=\[mlp@text:plain\]: expected two steps or more"),
        ([*STEPS, "hcam"], r"ladder: hcam: no group is called so.*there are: .*mlp@text:plain"),
        ([*STEPS, "mlp"], r"ladder: mlp: means several groups: MLP, text:plain; MLP, text:tuned"),
    ],
)
def test_steps_that_mean_no_group_are_told_with_those_there_are(comparison, steps, message):
    with pytest.raises(ErcbenchError, match=message):
        with_ladder([comparison], steps)
