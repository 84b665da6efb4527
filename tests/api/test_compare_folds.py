"""Runs of all folds beside each other, as in the report."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

import ercbench
from ercbench.corpora.registry import folds_of
from ercbench.errors import ErcbenchError
from records import write_run

FOLDS = folds_of("iemocap")


@pytest.fixture
def runs(tmp_path):
    """Loads a made-up model's runs of two seeds in every fold."""

    def load(model, seeds=(0, 1), folds=FOLDS):
        return [
            ercbench.load_run(
                write_run(
                    *(tmp_path, model, seed),
                    corpus="iemocap",
                    split=fold,
                    prefix=f"{fold}-",
                    truth_seed=FOLDS.index(fold),
                ).path
            )
            for fold in folds
            for seed in seeds
        ]

    return load


def test_runs_of_all_folds_are_one_group_over_every_conversation(runs):
    mlp = runs("MLP")
    compared = ercbench.compare({"mine": mlp, "other": runs("GRU")})
    test, group = compared.comparison.test, compared.comparison.groups[0]
    assert test.folds == FOLDS
    assert group.seeds == (0, 1)
    said = np.concatenate([run.probabilities.argmax(1) for run in mlp[::2]])
    expected = f1_score(test.truth, said, average="weighted")
    assert group.scores[0]["weighted_f1"] == pytest.approx(expected)
    assert compared.analysis.dialogues == len(set(test.conversations))


def test_probabilities_over_all_folds_stand_beside_them(runs):
    pooled = ercbench.compare({"mine": runs("MLP")}).comparison
    answers = pooled.groups[0].probabilities
    compared = ercbench.compare({"mine": runs("MLP"), "copy": answers})
    (pair,) = compared.pairs()
    assert pair.difference == 0


def test_a_fold_or_a_seed_that_is_missing_is_named(runs):
    with pytest.raises(ErcbenchError, match="expected one split, or all folds .*session5"):
        ercbench.compare({"mine": runs("MLP", folds=FOLDS[:4])})
    uneven = [*runs("MLP", folds=FOLDS[:4]), *runs("MLP", (0,), FOLDS[4:])]
    with pytest.raises(ErcbenchError, match=r"same seeds in every fold.*session5: \[0\]"):
        ercbench.compare({"mine": uneven})


def test_a_fold_alone_is_no_part_of_all_folds(runs):
    with pytest.raises(ErcbenchError, match="other utterances or labels than the test"):
        ercbench.compare({"mine": runs("MLP"), "one": runs("GRU", folds=FOLDS[:1])})


def test_without_runs_the_test_part_must_be_given():
    with pytest.raises(ErcbenchError, match="test: not given"):
        ercbench.compare({"mine": np.ones((3, 2)) / 2})
