from dataclasses import replace

import pytest
from comparisons import make_comparison
from hypothesis import given
from hypothesis import strategies as st
from studies import make_study

from ercbench.evaluation.compare.groups import brought_along
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.render import to_csv, to_markdown
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tuning.budget import (
    BY_HAND,
    NOTHING_TO_TUNE,
    UNKNOWN,
    Budget,
    budget_of,
)
from ercbench.records.study import Trial
from records import make_setup

LONG = [6] * 12
CLEAR = [("GRU", 4.0), ("MLP", 0.2)]


def with_budgets(*budgets, skills=CLEAR):
    """A clear winner and a loser, with these budgets."""
    comparison = make_comparison(LONG, skills)
    pairs = zip(comparison.groups, budgets, strict=True)
    groups = tuple(replace(group, budget=budget) for group, budget in pairs)
    return replace(comparison, groups=groups)


def tables_of(comparison):
    return tables(comparison, analyse(comparison, draws=100))


def is_bold(table):
    return any(cell.bold for row in table.rows for cell in row)


def column_of(table, title):
    index = [column.title for column in table.columns].index(title)
    return {row[0].value: row[index].value for row in table.rows}


def test_a_run_is_tuned_by_the_study_whose_choice_it_has_but_for_the_seed():
    setup = make_setup(seed=0)
    study = make_study(setup, trials=10)
    for seed in (0, 5):
        found = budget_of(make_setup(seed=seed), [study])
        assert found.told == "10 trials over 4 knobs, on validation"
        assert found.short == "10"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"corpus": "other"},
        {"split": "other"},
        {"features": ("text:x",)},
        {"settings": {"seed": 0, "model": {"hidden": 16, "layers": 2}, "features": None}},
        {"settings": {"seed": 0, "model": {"hidden": 8, "layers": 2, "more": 1}}},
    ],
)
def test_a_study_of_anything_else_did_not_tune_it(change):
    study = make_study(make_setup(**change))
    assert budget_of(make_setup(), [study]) == BY_HAND
    assert BY_HAND.told == "by hand or by default, 0 trials counted"


def with_model(**changes):
    """A setup whose model is that of the others with some settings changed."""
    return make_setup(settings={**make_setup().settings, "model": {"hidden": 8, **changes}})


def test_a_tuned_setting_with_one_part_changed_is_told_as_that_and_counts_no_trials():
    found = budget_of(with_model(layers=0), [make_study(trials=12)])
    assert found.told == (
        "the setting of 12 trials over 4 knobs, on validation, then model.layers=0 by hand"
    )
    assert found.short == "12, then model.layers=0"
    assert found.trials == 0
    assert budget_of(with_model(layers=0, hidden=16), [make_study(trials=12)]) == BY_HAND
    assert budget_of(with_model(layers=0), [make_study(), make_study(with_model(layers=0))]) == (
        Budget(10, 10, 4)
    )


def test_of_several_studies_the_largest_budget_counts():
    studies = [make_study(trials=count) for count in (5, 20, 10)]
    assert budget_of(make_setup(), studies).trials == 20


def test_a_study_that_is_not_finished_says_so():
    assert budget_of(make_setup(), [make_study(trials=12, budget=30)]).told == (
        "12 of 30 trials over 4 knobs, on validation"
    )


def test_one_trial_over_one_knob_is_no_plural():
    assert Budget(1, 1, 1).told == "1 trial over 1 knob, on validation"


def test_what_failed_is_no_trial_and_what_was_pruned_is_one():
    states = [("complete", 0.5), ("pruned", 0.1), ("failed", None)]
    trials = [
        Trial(n, state, {}, value, 1, 1.0, None, ()) for n, (state, value) in enumerate(states)
    ]
    assert budget_of(make_setup(), [make_study(trials=trials, budget=2)]).trials == 2


def test_whether_the_test_part_is_read_does_not_matter():
    told = [{"test": False}, {"test": True, "as_released": True}]
    searched, run = ({"model": {"hidden": 8}, "protocol": own} for own in told)
    study = make_study(make_setup(settings=searched))
    assert budget_of(make_setup(settings=run), [study]).trials == study.budget


def test_the_most_frequent_class_has_nothing_to_tune():
    setup = make_setup("majority")
    assert budget_of(setup, [make_study(setup)]) == NOTHING_TO_TUNE
    assert budget_of(make_setup("of another package")) == BY_HAND


def test_rows_of_equal_budgets_are_not_marked_and_the_best_is_bold():
    scores, *others = tables_of(with_budgets(Budget(30, 30, 7), Budget(30, 30, 2)))
    assert is_bold(scores)
    assert column_of(scores, "trials") == {
        "GRU": "30",
        "MLP": "30",
    }
    for table in (scores, *others):
        assert "§" not in to_markdown(table)
        assert "30 trials over 7 knobs, on validation (GRU); 30 trials" in to_markdown(table)
    assert any(map(is_bold, others))


@pytest.mark.parametrize("other", [BY_HAND, UNKNOWN, Budget(29, 29, 7), Budget(12, 30, 7)])
def test_rows_of_unequal_budgets_are_marked_and_nothing_is_bold(other):
    comparison = with_budgets(Budget(30, 30, 7), other)
    found = tables_of(comparison)
    assert not any(map(is_bold, found))
    assert column_of(found[0], "trials")["MLP §"] == other.short
    for table in found:
        assert "MLP §" in to_markdown(table)
        assert "GRU §" not in to_markdown(table)
        assert "MLP §" in to_csv(table)
        assert "NOTHING IS BOLD" in to_markdown(table)
        assert "trials=30" in to_markdown(table)
    said = conclusion(comparison, analyse(comparison, draws=100))
    assert said.startswith("GRU has the highest weighted F1")
    assert said.endswith("no model is called better, since tuning budgets differ or are unknown.")


def test_what_is_no_longer_the_tuned_model_is_marked_and_not_to_be_tuned_instead():
    found = tables_of(with_budgets(Budget(30, 30, 7), Budget(0, 30, 7, changed="model.layers=0")))
    assert not any(map(is_bold, found))
    assert column_of(found[0], "trials")["MLP §"] == "30, then model.layers=0"
    assert "ercbench tune" not in to_markdown(found[0])
    changed = Budget(0, 30, 7, changed="model.layers=0")
    assert [own.model for own in with_budgets(BY_HAND, changed).fewer_trials] == ["MLP"]
    assert not with_budgets(changed, changed).fewer_trials


def test_a_model_with_nothing_to_tune_is_level_with_all():
    scores, *_ = tables_of(with_budgets(Budget(30, 30, 7), NOTHING_TO_TUNE))
    assert is_bold(scores)
    assert column_of(scores, "trials")["MLP"] == "nothing to tune"


def test_without_any_study_all_budgets_are_nought_and_it_is_said():
    scores, *_ = tables_of(make_comparison(LONG, CLEAR))
    assert is_bold(scores)
    assert "Tuning: by hand or by default, 0 trials counted." in to_markdown(scores)


def test_the_budget_of_what_was_brought_along_is_unknown():
    comparison = make_comparison(LONG, CLEAR)
    theirs = brought_along("theirs", comparison.groups[0].probabilities, comparison.test)
    scores, *_ = tables_of(replace(comparison, groups=(*comparison.groups, theirs)))
    assert column_of(scores, "trials")["theirs ‡"] == "unknown"
    assert not is_bold(scores)
    assert "To mend it" not in to_markdown(scores)


def test_studies_on_other_data_are_no_part_of_a_comparison():
    comparison = make_comparison(LONG, CLEAR)
    setup = comparison.groups[0].runs[0].setup
    own, other = make_study(setup), make_study(replace(setup, corpus="other"))
    tuned = with_studies(comparison, [own, other])
    assert tuned.studies == (own,)
    assert [group.budget.trials for group in tuned.groups] == [10, 0]


budgets = st.sampled_from([BY_HAND, UNKNOWN, NOTHING_TO_TUNE, Budget(5, 5, 1), Budget(9, 9, 2)])


@given(st.lists(budgets, min_size=2, max_size=2))
def test_somebody_falls_short_exactly_where_budgets_differ_or_one_is_unknown(given_budgets):
    comparison = with_budgets(*given_budgets, skills=[("GRU", 1.0), ("MLP", 1.0)])
    trials = {budget.trials for budget in given_budgets if budget.tunable}
    assert bool(comparison.fewer_trials) == (len(trials) > 1 or None in trials)
