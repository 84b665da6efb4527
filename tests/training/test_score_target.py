"""Scores as the target: every model learns them, and everything that reads runs knows them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers import SMALL_DATA

import ercbench
from ercbench.api.robustness.asking import robust
from ercbench.commands.report import report
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import open_or_create
from ercbench.metrics import MAIN, METRICS, SCORE_CLASSES, labelled, metrics_of, score_class
from ercbench.models.registry import MODELS

TRAINER = [own for own in SMALL_DATA if own.startswith("trainer")]
TOLD = ["store=rated", "dataset.split=only", "dataset.target=score", *TRAINER]
NAMES = [model.name for model in MODELS]


def rated(scale=1.0):
    """Nine short conversations whose score the features give away; some turns have none."""
    random = np.random.default_rng(0)
    scores = np.round(random.uniform(-3, 3, 45), 1)
    turns = [
        Utterance(
            id=f"{n // 5}_{n % 5}",
            speaker="ab"[n % 2],
            label=["negative", "positive"][int(score >= 0)],
            score=None if n % 11 == 3 else scale * float(score),
        )
        for n, score in enumerate(scores)
    ]
    talks = tuple(Conversation(f"c{n}", tuple(turns[5 * n : 5 * n + 5])) for n in range(9))
    ids = [talk.id for talk in talks]
    split = {"only": Split(tuple(ids[:5]), tuple(ids[5:7]), tuple(ids[7:]))}
    values = np.stack([scores, scores**2, *random.normal(size=(4, 45))], 1).astype(np.float32)
    return Corpus("rated", ("negative", "positive"), talks, split), values


def stored(folder, corpus, values):
    with open_or_create(corpus, folder / "stores" / "rated") as store:
        for modality in ("text", "audio"):
            store.add(modality, "made", values, encoder="test", fitted_on=[])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rated")
    stored(path, *rated())
    return path


def trained(folder, model, *overrides, seed=0):
    tiny = [
        f"model.{name}={value}"
        for name, value in MODELS[model].tiny.items()
        if not isinstance(value, dict)
    ]
    return ercbench.train(
        model,
        "csv",
        seed,
        overrides=[*TOLD, *tiny, *overrides],
        runs=folder / "runs",
        stores=folder / "stores",
    )


@pytest.mark.parametrize("model", NAMES)
def test_every_model_learns_scores_and_leaves_them_beside_the_truth(folder, model):
    run = trained(folder, model)
    assert run.record.setup.target == "score"
    assert run.labels == SCORE_CLASSES
    assert set(run.scores) == {own.name for own in metrics_of("score")}
    rows = pq.read_table(run.folder.predictions).to_pylist()
    true = np.array([np.nan if own["score"] is None else own["score"] for own in rows])
    predicted = np.array([[own["predicted_score"]] for own in rows])
    truth = np.where(np.isnan(true), -1, score_class(np.nan_to_num(true)))
    found = labelled(truth, predicted, truth, true)
    for name, score in run.scores.items():
        assert score == pytest.approx(METRICS[name].of(found), abs=1e-6), name
    assert [own["label"] for own in rows if own["score"] is None] == [None]


def test_the_epoch_with_the_lowest_error_is_chosen_unless_another_metric_is_set(folder):
    for metric in (None, "corr"):
        run = trained(folder, "gru", *([f"selection.metric={metric}"] if metric else []))
        chosen, name = run.record.results.chosen, metric or MAIN["score"]
        curve = [float(own) for own in _column(run, f"val/{name}")]
        best = min(curve) if name == "mae" else max(curve)
        assert chosen.best_epoch == curve.index(best)
        assert run.record.results.outputs["final"].validation[name] == pytest.approx(best, abs=1e-5)


def _column(run, name):
    head, *rows = [line.split(",") for line in run.folder.metrics.read_text().splitlines()]
    return [row[head.index(name)] for row in rows]


def test_a_constant_answers_the_mean_of_the_training_scores(folder):
    corpus, _ = rated()
    known = [
        turn.score
        for talk in corpus.conversations
        if talk.id in corpus.splits["only"].train
        for turn in talk.utterances
        if turn.score is not None
    ]
    run = trained(folder, "majority")
    assert run.probabilities == pytest.approx(np.full((10, 1), np.mean(known)), abs=1e-5)


def test_models_are_compared_by_error_lowest_first_and_the_report_has_it(folder, capsys):
    runs = {name: [trained(folder, name, seed=seed) for seed in (0, 1)] for name in ("gru", "mlp")}
    found = ercbench.compare(runs)
    (pair,) = found.pairs()
    means = {name: np.mean([own.scores["mae"] for own in each]) for name, each in runs.items()}
    assert pair.first == min(means, key=means.get)
    assert pair.difference == pytest.approx(abs(means["gru"] - means["mlp"]), abs=1e-6)
    estimate = found.analysis.estimates["gru"]["mae"]
    assert estimate.low < estimate.mean < estimate.high
    report(folder / "runs", folder / "studies", folder / "report")
    said = capsys.readouterr().out
    assert "MAE" in said
    assert "corr" in said
    assert (folder / "report" / "index.html").is_file()


def test_brought_scores_stand_in_the_comparison_and_text_is_refused(folder):
    run = trained(folder, "mlp")
    same = ercbench.compare({"ours": run, "theirs": run.probabilities[:, 0]})
    (pair,) = same.pairs()
    assert pair.difference == pytest.approx(0, abs=1e-6)
    with pytest.raises(ErcbenchError, match="is no number"):
        ercbench.compare({"ours": run, "theirs": np.full(10, np.nan)})


def test_scores_of_another_code_are_added_as_a_table_or_as_mmsa_keeps_them(folder, tmp_path):
    run = trained(folder, "mlp")
    rows = pq.read_table(run.folder.predictions).to_pylist()
    table = tmp_path / "theirs.csv"
    lines = [f"{own['utterance']},{own['predicted_score']}" for own in rows]
    table.write_text("\n".join(["utterance_id,score", *lines]))
    kept = {own["utterance"]: own["predicted_score"] for own in rows}
    dictionary = tmp_path / "mmsa.json"
    dictionary.write_text(json.dumps({"Ids": list(kept), "SResults": list(kept.values())}))
    for number, file in enumerate((table, dictionary)):
        (record,) = ercbench.add_predictions(
            file,
            "csv",
            "Theirs",
            number,
            overrides=TOLD[:3],
            runs=tmp_path / "runs",
            stores=folder / "stores",
        )
        assert record.test["mae"] == pytest.approx(run.scores["mae"], abs=1e-5)
    table.write_text("utterance_id,mood\n" + "\n".join(lines))
    with pytest.raises(ErcbenchError, match="have no scores; expected one of predicted_score"):
        ercbench.add_predictions(
            table,
            "csv",
            "Theirs",
            overrides=TOLD[:3],
            runs=tmp_path / "runs",
            stores=folder / "stores",
        )


def test_a_damaged_test_part_costs_error(folder):
    run = trained(folder, "mlp")
    (own,) = robust(run.folder.path, "text", drop=[0, 1], draws=1, resamples=100)
    clean, _ = own.curves[0].points
    assert clean.scores["mae"] == pytest.approx(run.scores["mae"], abs=1e-6)
    lost = own.curves[0].points[-1]
    more = lost.estimates["mae"].mean - clean.estimates["mae"].mean
    assert lost.losses["mae"].mean == pytest.approx(more, abs=1e-6)


def test_a_run_of_scores_predicts_a_score_for_each_turn(folder):
    run = trained(folder, "mlp")
    talk = Conversation("new", (Utterance("n1", "a", "so"), Utterance("n2", "b", "no")))
    values = np.zeros((2, 6), np.float32)
    found = run.predict(talk, {"text": values, "audio": values})
    assert [turn.score for turn in found.turns] == pytest.approx(found.probabilities[:, 0])
    assert all(turn.label in SCORE_CLASSES for turn in found.turns)


def test_it_is_evaluated_on_another_part_and_no_label_map_is_taken(folder):
    run = trained(folder, "mlp")
    (found,) = ercbench.evaluate_runs(
        run.folder.path,
        "rated",
        part="validation",
        evaluations=folder / "evaluations",
        stores=folder / "stores",
    )
    validation = run.record.results.outputs["final"].validation
    assert found.test["mae"] == pytest.approx(validation["mae"], abs=1e-5)
    with pytest.raises(ErcbenchError, match=r"labels\.map=to_polarity: the run predicts scores"):
        ercbench.evaluate_runs(
            run.folder.path, "rated", part="validation", label_map="to_polarity",
            evaluations=folder / "evaluations", stores=folder / "stores",
        )  # fmt: skip


def test_a_metric_of_labels_chooses_no_epoch_of_scores(folder):
    with pytest.raises(ErcbenchError, match="weighted_f1: no metric of score; expected one of mae"):
        trained(folder, "mlp", "selection.metric=weighted_f1")
    with pytest.raises(ErcbenchError, match=r"mae: no metric of labels.*dataset\.target=score"):
        trained(folder, "mlp", "selection.metric=mae", "dataset.target=labels")


def test_a_study_of_scores_ranks_by_correlation(folder):
    with pytest.raises(ErcbenchError, match=r"Set selection\.metric=corr"):
        tuned(folder, "mae")
    record = tuned(folder, "corr")
    assert record.metric == "corr"
    assert (
        "target: score"
        in (folder / "studies" / "experiment" / "tuned" / f"{record.study}.yaml").read_text()
    )


def tuned(folder, metric):
    return ercbench.tune(
        "logistic_regression",
        "csv",
        2,
        overrides=[*TOLD, f"selection.metric={metric}", f"runs={folder / 'trials'}"],
        studies=folder / "studies",
        stores=folder / "stores",
    )


@pytest.mark.parametrize("fault", ["scale", "none"])
def test_scores_that_are_absent_or_on_another_scale_are_refused(tmp_path, fault):
    corpus, values = rated(scale=2.0)
    if fault == "none":
        talks = tuple(
            replace(own, utterances=tuple(replace(turn, score=None) for turn in own.utterances))
            for own in corpus.conversations
        )
        corpus = replace(corpus, conversations=talks)
    stored(tmp_path, corpus, values)
    expected = {"scale": "expected -3 to 3", "none": "has no scores. Take target=labels"}[fault]
    with pytest.raises(ErcbenchError, match=expected):
        trained(tmp_path, "mlp")
