import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from comparisons import make_comparison, make_page
from studies import make_study, make_trials

from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.figures.studies import PLOTS, draw_studies
from ercbench.evaluation.figures.style import styled
from ercbench.evaluation.figures.tuning import MOST_CURVES, score_by_budget, trial_curves
from ercbench.evaluation.tables.render import to_csv, to_markdown
from ercbench.evaluation.tables.tuning import tuning_tables
from ercbench.evaluation.tuning.search import expected_best
from ercbench.evaluation.tuning.studies import leaders, names_of
from ercbench.records.study import Trial
from records import make_setup


def trial(number, value, state="complete", **params):
    state = "failed" if value is None else state
    curve = () if value is None else (value / 2, value)
    return Trial(number, state, params, value, len(curve), 2.0, None, curve)


def scored(*values):
    return [trial(number, value) for number, value in enumerate(values)]


def tuned(*trials, **changes):
    """A comparison whose models, by name, each have a study of these trials."""
    comparison = make_comparison(skills=[("GRU", 2.0), ("MLP", 1.0)], **changes)
    setups = [group.runs[0].setup for group in comparison.groups]
    studies = [make_study(setup, own) for setup, own in zip(setups, trials, strict=False)]
    return with_studies(comparison, studies)


def tables_of(comparison):
    return {table.name: table for table in tuning_tables(comparison)}


def rows_of(table):
    return list(csv.DictReader(io.StringIO(to_csv(table))))


def test_no_study_no_table():
    assert tuning_tables(make_comparison()) == []


def test_every_study_has_a_row_and_a_table_of_its_trials():
    found = tables_of(tuned(make_trials(30, failing=True), 12))
    assert list(found) == ["tuning", "budget", "trials-made-up-gru", "trials-made-up-mlp"]
    gru, mlp = rows_of(found["tuning"])
    assert gru["ended"] == "18 complete, 3 failed, 9 pruned"
    assert (gru["trials"], gru["knobs"]) == ("27", "4")
    assert gru["best of 20"]
    assert (mlp["best of 10"] != "", mlp["best of 20"]) == (True, "")
    assert float(gru["best of 27"]) < float(gru["best found"])
    assert len(rows_of(found["trials-made-up-gru"])) == 30


def test_what_n_trials_promise_is_the_expected_best_of_those_with_a_score():
    scores = [0.2, None, 0.6, 0.4]
    found = tables_of(tuned(scored(*scores)))
    best = expected_best([0.2, 0.6, 0.4])
    rows = rows_of(found["budget"])
    assert [row["trials"] for row in rows] == ["1", "2", "3"]
    for row, mean, deviation in zip(rows, best.mean, best.deviation, strict=True):
        assert float(row["expected best"]) == pytest.approx(100 * mean, abs=1e-5)
        assert float(row["expected best, sd"]) == pytest.approx(100 * deviation, abs=1e-5)
    text = to_markdown(found["tuning"])
    assert "a failed one not at all" in text
    assert "(Dodge et al. 2019)" in text


def test_a_trial_says_how_it_ended_and_with_which_settings():
    trials = [
        trial(0, 0.5, hidden=64, norm="none", lr=0.000123),
        trial(1, 0.7, hidden=128, norm=None, lr=0.1),
        trial(2, 0.1, "pruned", hidden=8, norm="[x]", lr=1e-7),
    ]
    comparison = tuned(trials)
    space = {"model.hidden": "…", "hidden": "…", "norm": "…", "lr": "…"}
    study = make_study(comparison.groups[0].runs[0].setup, trials, space=space)
    rows = rows_of(tables_of(with_studies(comparison, [study]))["trials-made-up-gru"])
    assert [row["ended"] for row in rows] == ["complete", "chosen", "pruned"]
    assert [row["lr"] for row in rows] == ["0.000123", "0.1", "0.0"]
    assert rows[0]["norm"] == "none"


def test_who_leads_may_depend_on_the_budget_and_is_said():
    comparison = tuned(scored(0.5, 0.5, 0.5, 0.5), scored(0.1, 0.1, 0.1, 0.9))
    assert leaders(comparison.studies) == [(1, "GRU"), (3, "MLP")]
    text = to_markdown(tables_of(comparison)["tuning"])
    assert "Expected to lead: from 1 trial on GRU; from 3 trials on MLP." in text


def test_studies_of_one_model_are_told_apart():
    setup, other = make_setup("GRU"), make_setup("GRU", features=("text:x",))
    assert names_of([make_study(setup), make_study(make_setup("MLP"))]) == ["GRU", "MLP"]
    assert names_of([make_study(setup), make_study(other)]) == [
        "GRU, text:x+audio:x",
        "GRU, text:x",
    ]
    assert names_of([make_study(setup, study="a"), make_study(setup, study="b")]) == [
        "GRU (a)",
        "GRU (b)",
    ]


@pytest.mark.parametrize(
    "trials",
    [
        scored(0.4),
        scored(0.5, 0.5, 0.5),
        scored(None, None),
        scored(None, 0.2),
        [trial(0, 0.3, "pruned", hidden=8)],
        [trial(0, 0.3, mixed=1), trial(1, 0.4, mixed="$x_$ <b>"), trial(2, 0.4, mixed=None)],
    ],
    ids=["one", "equal", "all failed", "first failed", "pruned", "odd values"],
)
def test_any_study_is_drawn_and_tabled(trials, recwarn):
    comparison = make_comparison(skills=[("GRU", 2.0)])
    space = {"hidden": [8], "mixed": [1, "$x_$ <b>", None]}
    study = make_study(comparison.groups[0].runs[0].setup, trials, space=space)
    comparison = with_studies(comparison, [study])
    assert all(map(to_markdown, tuning_tables(comparison)))
    with styled():
        figures = [plot(study) for _, _, plot in PLOTS.values()]
        figures.append(score_by_budget(comparison, None))
        for figure in filter(None, figures):
            figure.draw_without_rendering()
    known = any(own.value is not None for own in trials)
    assert (figures[0] is not None, figures[-1] is not None) == (known, known)
    assert not [warning for warning in recwarn if warning.category is UserWarning]


def test_every_study_has_its_figures_in_a_folder_of_its_own(tmp_path):
    (drawn,) = draw_studies(tuned(8), tmp_path)
    assert [drawing.name for drawing in drawn.drawings] == list(PLOTS)
    for drawing in drawn.drawings:
        ElementTree.parse(drawing.svg)
        assert drawing.png.is_file()
        assert drawing.svg.parent == tmp_path / "study-made-up-gru"


def test_pruned_curves_are_faint_and_the_chosen_one_is_always_drawn():
    setup = make_comparison().groups[0].runs[0].setup
    study = make_study(setup, make_trials(1000, epochs=200))
    (axes,) = trial_curves(study).axes
    assert len(axes.lines) <= MOST_CURVES + 1
    (chosen,) = (line for line in axes.lines if line.get_label() == "chosen")
    best = study.trials[study.chosen]
    assert chosen.get_ydata()[-1] == pytest.approx(100 * best.curve[-1])
    pruned = [line for line in axes.lines if len(line.get_xdata()) == 2]
    complete = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert max(line.get_alpha() for line in pruned) < min(
        line.get_alpha() or 1 for line in complete
    )
    assert max(len(line.get_xdata()) for line in complete) <= 40


def test_a_page_of_a_thousand_trials_stays_small(tmp_path):
    comparison = make_comparison((3, 4), skills=[("GRU", 2.0)], seeds=1)
    study = make_study(comparison.groups[0].runs[0].setup, make_trials(1000, epochs=50))
    page = make_page(tmp_path, with_studies(comparison, [study]))
    assert page.stat().st_size < 5e6
    text = page.read_text(encoding="utf-8")
    assert "GRU: 1000 trials over 4 knobs, on validation" in text
    assert text.count('<th scope="row"') > 1000


def test_simulated_tuning_says_so():
    found = tables_of(tuned(5, simulated=True))
    for table in found.values():
        assert "SIMULATED" in to_markdown(table)
        assert "SIMULATED" in to_csv(table)


def test_the_best_of_n_is_never_above_what_was_found():
    study = make_study(trials=50)
    best = expected_best([own.value for own in study.trials if own.value is not None])
    assert best.mean[-1] <= max(own.value for own in study.trials if own.value is not None)
    assert np.all(np.diff(best.mean) >= 0)
