"""Runs of the folds of a corpus in one comparison over all of its conversations."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score
from studies import make_study

from ercbench.corpora.registry import folds_of
from ercbench.evaluation.compare.pooling import with_pooled
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.render import to_markdown
from ercbench.evaluation.tables.tables import tables
from ercbench.records.run_record import RunRecord
from records import SIZES, write_run

FOLDS = folds_of("iemocap")


def write_fold(folder, fold, model="MLP", seed=0, hidden=8, **changes):
    """A run on one session of a made-up IEMOCAP, whose dialogues and labels are its own."""
    settings = {"seed": seed, "model": {"hidden": hidden}, "dataset": {"split": fold}}
    own = {"corpus": "iemocap", "prefix": f"{fold}-", "truth_seed": FOLDS.index(fold)}
    return write_run(folder, model, seed, split=fold, settings=settings, **own | changes)


def write_folds(folder, folds=FOLDS, **changes):
    return [write_fold(folder, fold, **changes) for fold in folds]


def pooled(folder):
    (found,) = [own for own in with_pooled(read_comparisons(folder)) if own.test.folds]
    return found


def warnings(folder):
    return [line for own in with_pooled(read_comparisons(folder)) for line in own.warnings]


def test_iemocap_declares_its_sessions_and_most_corpora_declare_nothing():
    assert FOLDS == ("session1", "session2", "session3", "session4", "session5")
    assert folds_of("meld") == folds_of("somebody's") == ()


def test_pooled_scores_are_those_of_all_folds_together(tmp_path):
    for seed in (0, 1):
        write_folds(tmp_path, seed=seed)
    parts = read_comparisons(tmp_path)
    group = pooled(tmp_path).groups[0]
    truth = np.concatenate([own.test.truth for own in parts])
    for row, seed in enumerate(group.seeds):
        said = np.concatenate([own.groups[0].predictions[seed] for own in parts])
        found = group.scores[row]
        assert found["accuracy"] == pytest.approx(accuracy_score(truth, said))
        for average in ("weighted", "macro"):
            expected = f1_score(truth, said, average=average)
            assert found[f"{average}_f1"] == pytest.approx(expected)
    assert group.seeds == (0, 1)
    assert group.name == "MLP"


def test_every_dialogue_is_tested_once_and_is_a_unit_of_the_statistics(tmp_path):
    write_folds(tmp_path)
    write_folds(tmp_path, model="GRU")
    comparison = pooled(tmp_path)
    dialogues = len(FOLDS) * len(SIZES)
    assert len(comparison.test.utterances) == len(set(comparison.test.utterances))
    assert len(comparison.test.utterances) == len(FOLDS) * sum(SIZES)
    assert analyse(comparison, draws=50).dialogues == dialogues
    text = to_markdown(tables(comparison, analyse(comparison, draws=50))[0])
    assert "5 folds pooled" in text
    assert f"each of {dialogues} dialogues is tested once" in text


def test_a_dialogue_in_two_folds_is_refused_by_name(tmp_path):
    write_folds(tmp_path, prefix="d")
    assert "conversation 'd0' is tested in more than one fold" in " ".join(warnings(tmp_path))


def test_the_tables_of_single_folds_stay_and_do_not_warn_of_each_other(tmp_path):
    write_folds(tmp_path)
    found = with_pooled(read_comparisons(tmp_path))
    assert {own.test.split for own in found} == {*FOLDS, "pooled"}
    assert warnings(tmp_path) == []


def test_order_of_folders_and_folds_does_not_matter(tmp_path):
    for fold in reversed(FOLDS):
        write_fold(tmp_path, fold, name=f"{9 - FOLDS.index(fold)}")
    assert pooled(tmp_path).test.folds == FOLDS
    assert pooled(tmp_path).test.conversations[0] == "session1-0"


def test_a_missing_fold_is_named_and_nothing_is_pooled(tmp_path):
    write_folds(tmp_path, folds=FOLDS[:4])
    assert len(with_pooled(read_comparisons(tmp_path))) == 4
    assert warnings(tmp_path) == ["MLP: not pooled over its folds; missing: session5."]


def test_seeds_that_a_fold_lacks_are_named_and_left_out(tmp_path):
    write_folds(tmp_path, seed=0)
    write_folds(tmp_path, seed=1, folds=FOLDS[1:])
    comparison = pooled(tmp_path)
    assert comparison.groups[0].seeds == (0,)
    assert comparison.warnings == (
        "MLP: pooled over the seeds that every fold has; missing: session1 (seed 1).",
    )


def test_runs_on_one_fold_only_are_not_reproached_for_it(tmp_path):
    write_fold(tmp_path, "session5")
    assert warnings(tmp_path) == []


def test_two_settings_that_are_in_every_fold_are_two_rows(tmp_path):
    write_folds(tmp_path, hidden=8)
    write_folds(tmp_path, hidden=16)
    assert [own.name for own in pooled(tmp_path).groups] == ["MLP, hidden=16", "MLP, hidden=8"]


def test_settings_of_one_group_that_differ_between_folds_are_called_tuned(tmp_path):
    for number, fold in enumerate(FOLDS):
        write_fold(tmp_path, fold, hidden=8 + number, group="search")
    write_folds(tmp_path, model="GRU")
    comparison = pooled(tmp_path)
    assert [own.name for own in comparison.groups] == ["GRU", "MLP, search, tuned in each fold"]
    text = to_markdown(tables(comparison, analyse(comparison, draws=50))[0])
    assert "Tuned in each fold: each has settings of its own choice." in text


@pytest.mark.parametrize("differing", [0, 1])
def test_what_a_study_in_each_fold_chose_is_pooled_be_it_the_same_or_not(differing, tmp_path):
    for number, fold in enumerate(FOLDS):
        write_fold(tmp_path, fold, hidden=8 + differing * number, group=f"tuned/mlp-{fold}")
    assert [own.name for own in pooled(tmp_path).groups] == ["MLP, tuned in each fold"]


def test_one_study_that_chose_for_all_folds_is_not_called_tuned_in_each(tmp_path):
    write_folds(tmp_path, group="tuned/mlp-session5")
    assert [own.name for own in pooled(tmp_path).groups] == ["MLP"]


def test_two_studies_of_one_fold_are_not_pooled_by_guess(tmp_path):
    for number, fold in enumerate((*FOLDS, "session1")):
        write_fold(tmp_path, fold, hidden=8 + number, group=f"tuned/mlp-{number}")
    assert "session1 has runs of several settings" in " ".join(warnings(tmp_path))


def test_several_settings_in_one_fold_are_not_pooled_by_guess(tmp_path):
    for number, fold in enumerate((*FOLDS, "session1")):
        write_fold(tmp_path, fold, hidden=8 + number)
    assert not any(own.test.folds for own in with_pooled(read_comparisons(tmp_path)))
    assert "session1 has runs of several settings" in " ".join(warnings(tmp_path))


def test_every_output_is_pooled(tmp_path):
    write_folds(tmp_path, model="HCAM", outputs=("text",))
    assert [own.name for own in pooled(tmp_path).groups] == ["HCAM", "HCAM: text"]


def test_another_store_or_label_set_is_pooled_apart(tmp_path):
    write_folds(tmp_path)
    write_folds(tmp_path, folds=FOLDS[:2], manifest_sha256="n")
    assert len(pooled(tmp_path).groups) == 1


def test_the_smallest_tuning_budget_of_any_fold_counts_and_a_difference_is_said(tmp_path):
    runs = write_folds(tmp_path)
    setups = [run.read(RunRecord).setup for run in runs]
    everywhere = [make_study(setup, trials=10) for setup in setups]
    tuned = with_studies(pooled(tmp_path), everywhere)
    assert tuned.groups[0].budget.trials == 10
    assert tuned.warnings == ()
    partly = with_studies(pooled(tmp_path), everywhere[:1])
    assert partly.groups[0].budget.trials == 0
    assert "have seen dialogues that another tests" in partly.warnings[0]
