"""Curves of made-up answers, and the records they are read from."""

from dataclasses import replace

import numpy as np
import pytest

from ercbench.corpora.registry import folds_of
from ercbench.data.damage import Damage
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.pooling import with_pooled
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.robustness.curves import robustness, stored_robustness
from ercbench.evaluation.tables.robustness import curves_table, levels_table
from ercbench.records.reading import read_run
from ercbench.records.robustness import (
    Answers,
    DamagedScores,
    RobustnessRecord,
    read_answers,
    write_answers,
)
from records import write_run

DROP = Damage("drop", "text", "utterance")


def answer(run, damage=DROP, levels=((0.0, 0), (0.5, 0), (0.5, 1), (1.0, 0))):
    """Writes made-up answers of a run: its own, mixed with the mean answer by the level."""
    stored = read_run(run)
    own, record = stored.probabilities["final"], stored.record
    found = {(level, n): (1 - level) * own + level * own.mean(0) for level, n in levels}
    told = tuple(DamagedScores(level, n, level, {"nll": 1 + level}) for level, n in found)
    made = RobustnessRecord(
        record.run, record.results.checkpoint_sha256, damage, record.setup.labels, told
    )
    answers = Answers(made, found)
    write_answers(run.path, answers, stored.utterances["utterance"].to_pylist())
    return answers


def asked(folder, models=("GRU", "MLP"), seeds=2):
    for model in models:
        for seed in range(seeds):
            answer(write_run(folder, model, seed))
    (comparison,) = read_comparisons(folder)
    return comparison


def test_answers_are_read_as_they_were_written(tmp_path):
    run = write_run(tmp_path, "GRU")
    written = answer(run)
    read = read_answers(run.path, DROP, written.record.checkpoint_sha256)
    assert read.record == written.record
    assert read.probabilities.keys() == written.probabilities.keys()
    for pair, own in written.probabilities.items():
        assert np.array_equal(read.probabilities[pair], own)
    assert read_answers(run.path, DROP, "other weights") is None
    assert read_answers(run.path, replace(DROP, modality="audio"), "") is None


def test_answers_that_are_damaged_are_named(tmp_path):
    run = write_run(tmp_path, "GRU")
    weights = answer(run).record.checkpoint_sha256
    record, table = (run.path / "robust" / f"{DROP.name}.{end}" for end in ("json", "parquet"))
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(ErcbenchError, match=r"parquet: damaged .*run ercbench robust again"):
        read_answers(run.path, DROP, weights)
    record.write_text(record.read_text().replace('"version": 1', '"version": 9'))
    with pytest.raises(ErcbenchError, match=r"json: record version 9; expected 1"):
        read_answers(run.path, DROP, weights)


def test_a_curve_is_the_mean_over_draws_and_seeds_and_its_area_the_trapezoid(tmp_path):
    (found,) = stored_robustness(asked(tmp_path), resamples=200)
    assert found.levels == (0, 0.5, 1)
    for curve in found.curves:
        clean, half, whole = (point.estimates["weighted_f1"].mean for point in curve.points)
        assert clean == pytest.approx(np.mean([own["weighted_f1"] for own in curve.group.scores]))
        assert curve.areas["weighted_f1"].mean == pytest.approx((clean + 2 * half + whole) / 4)
        lost = curve.points[-1].losses["weighted_f1"]
        assert lost.mean == pytest.approx(clean - whole)
        assert lost.low <= lost.mean <= lost.high
        assert curve.points[0].losses["weighted_f1"].high == 0
        assert curve.points[1].scores["nll"] == 1.5


def test_only_levels_and_draws_that_all_have_are_shown(tmp_path):
    comparison = asked(tmp_path)
    answer(write_run(tmp_path, "HCAM", 0), levels=((0.0, 0), (0.5, 0)))
    (comparison,) = read_comparisons(tmp_path)
    found = robustness(comparison, DROP, resamples=100)
    assert found.levels == (0, 0.5)
    assert found.draws == 1
    assert len(found.curves) == 3


def test_a_model_of_which_a_seed_was_not_asked_is_named_in_the_tables(tmp_path):
    asked(tmp_path)
    answer(write_run(tmp_path, "HCAM", 0))
    write_run(tmp_path, "HCAM", 1)
    (comparison,) = read_comparisons(tmp_path)
    (found,) = stored_robustness(comparison, resamples=100)
    assert len(found.left_out) == 1
    curves, levels = curves_table(found), levels_table(found)
    assert [column.title for column in curves.columns][1:] == [
        "0 %",
        "50 %",
        "100 %",
        "area",
        "lost at 100 %",
    ]
    assert len(levels.rows) == 2 * 3
    for table in (curves, levels):
        assert any(f"{found.left_out[0]}: not every seed" in note for note in table.notes)


def test_of_runs_that_were_not_asked_there_is_nothing(tmp_path):
    write_run(tmp_path, "GRU")
    (comparison,) = read_comparisons(tmp_path)
    assert stored_robustness(comparison, 100) == []
    assert robustness(comparison, DROP, 100).curves == ()


def test_curves_of_all_folds_together_are_those_of_every_conversation_tested_once(tmp_path):
    folds = folds_of("iemocap")
    for number, fold in enumerate(folds):
        settings = {"seed": 0, "dataset": {"split": fold}}
        own = {"corpus": "iemocap", "prefix": f"{fold}-", "truth_seed": number}
        run = write_run(tmp_path, "MLP", 0, split=fold, settings=settings, **own)
        answer(run)
    (pooled,) = [own for own in with_pooled(read_comparisons(tmp_path)) if own.test.folds]
    (found,) = stored_robustness(pooled, 100)
    clean, half, gone = found.curves[0].points
    assert clean.scores["weighted_f1"] == pytest.approx(pooled.groups[0].scores[0]["weighted_f1"])
    assert (half.missing, gone.missing) == pytest.approx((0.5, 1))
    (tmp_path / run.path.name / "robust" / f"{DROP.name}.json").unlink()
    assert stored_robustness(pooled, 100) == []
