"""Trained models on another corpus, by `ercbench evaluate` and from Python."""

import shutil

import numpy as np
import pytest
from helpers import SMALL_DATA
from studies import make_study

import ercbench
from ercbench.commands.evaluate import evaluate_command
from ercbench.commands.report import report_command
from ercbench.commands.show import show_command
from ercbench.config.compose import compose
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.files import stems
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tuning.budget import spent
from ercbench.features.store.feature_store import FeatureStore
from records import rewritten

EMOTIONS, SENTIMENTS = ("happy", "sad", "angry", "neutral"), ("negative", "neutral", "positive")
FITTING = [own for own in SMALL_DATA if own.startswith("trainer")]
MADE = {"encoder": "made-up", "revision": "1", "fitted_on": []}


def make_store(folder, name, corpus, **made):
    """A store whose vectors tell the label, for the first four labels."""
    said = [corpus.labels.index(own.label) for own in corpus.utterances()]
    noise = np.random.default_rng(0).normal(0, 0.1, (len(said), 4))
    values = (np.eye(4)[said] + noise).astype(np.float32)
    with FeatureStore.creating(folder / name, corpus) as store:
        store.add("text", "made-up", values, **(MADE | made))


def make_corpus(name, labels, splits=("given",), conversations=12):
    parts = ["train"] * 6 + ["validation"] * 2 + ["test"] * (conversations - 8)
    talks = [
        Conversation(
            f"{name}-{number}",
            tuple(
                Utterance(f"{name}-{number}-{turn}", "AB"[turn % 2], label=own)
                for turn, own in enumerate(np.roll(labels, number).tolist())
            ),
        )
        for number in range(conversations)
    ]
    ids = {
        part: tuple(own.id for own, its in zip(talks, parts, strict=True) if its == part)
        for part in parts
    }
    every = {
        "given": Split(ids["train"], ids["validation"], ids["test"]),
        "turned": Split(ids["test"], ids["validation"], ids["train"]),
    }
    return Corpus(name, labels, tuple(talks), {own: every[own] for own in splits})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Stores, and two seeds of a model that was trained on one of them."""
    folder = tmp_path_factory.mktemp("evaluating")
    stores = folder / "stores"
    make_store(stores, "home", make_corpus("home", EMOTIONS, ("given", "turned")))
    make_store(stores, "away", make_corpus("away", SENTIMENTS))
    make_store(stores, "leaky", make_corpus("leaky", SENTIMENTS), fitted_on=["leaky-9"])
    make_store(stores, "other", make_corpus("other", SENTIMENTS), revision="2")
    make_store(stores, "imported", make_corpus("imported", SENTIMENTS), revision=None)
    make_store(stores, "apart", make_corpus("home", EMOTIONS, ("turned",)))
    for seed in (0, 1):
        settings = (*FITTING, "model.hidden=8", "dataset.store=home")
        ercbench.train("gru", "csv", seed, "text", settings, folder / "runs", stores)
    return folder


@pytest.fixture
def evaluate(folder, tmp_path):
    """Evaluates both seeds."""

    def call(store, **options):
        pattern = options.pop("runs", folder / "runs" / "*")
        places = {"evaluations": tmp_path / "evaluations", "stores": folder / "stores"}
        return ercbench.evaluate_runs(pattern, store, **(places | options))

    return call


def only(folder, seed=0):
    """The folder of the run with a seed."""
    (found,) = (folder / "runs").glob(f"*-seed{seed}-*")
    return found


def test_a_run_on_its_own_test_part_has_the_scores_of_its_record(folder, evaluate):
    for record in evaluate("home"):
        own = ercbench.load_run(folder / "runs" / record.setup.trained.run)
        assert record.test.values == pytest.approx(own.scores, abs=1e-5, nan_ok=True)
        assert record.setup.trained == own.record


def test_mapped_labels_are_scored_as_the_sums_of_probabilities(folder, evaluate, tmp_path):
    record, _ = evaluate("away", label_map="to_sentiment")
    assert record.setup.label_map["angry"] == "negative"
    (comparison,) = read_comparisons(tmp_path / "evaluations")
    (group,) = comparison.groups
    assert group.seeds == (0, 1)
    np.testing.assert_allclose(group.probabilities.sum(-1), 1, atol=1e-5)
    found = ercbench.evaluate(group.probabilities[0], comparison.test)
    assert found == pytest.approx(record.test.values, nan_ok=True)


def test_tables_say_where_models_come_from_and_claim_nothing_published(evaluate, tmp_path):
    evaluate("away", label_map="to_sentiment")
    (comparison,) = read_comparisons(tmp_path / "evaluations")
    assert stems([comparison]) == ["away3-given-trained-elsewhere"]
    found = tables(comparison, analyse(comparison, draws=100))
    assert {table.name for table in found} == {"scores", "classes"}
    for table in found:
        assert table.title.startswith("home, 4 labels → away, 3 labels, split given")
        notes = " ".join(table.notes)
        assert "trained on home, 4 labels, split given, where the epoch was chosen" in notes
        assert "tested on the test part of away, 3 labels, split given" in notes
        assert "labels: sad + angry → negative; neutral → neutral; happy → positive" in notes


def test_the_budget_of_the_training_is_told_elsewhere_too(evaluate, tmp_path):
    record, _ = evaluate("away", label_map="to_sentiment")
    study = make_study(record.setup.trained.setup)
    (comparison,) = read_comparisons(tmp_path / "evaluations")
    (group,) = with_studies(comparison, [study]).groups
    assert group.budget == spent(study)


def test_evaluations_of_other_origins_stand_in_other_tables(evaluate, tmp_path):
    evaluate("away", label_map="to_sentiment")
    (tmp_path / "map.yaml").write_text("happy: positive\nsad: negative\nangry: null\nneutral: null")
    evaluate("away", label_map=tmp_path / "map.yaml")
    first, second = read_comparisons(tmp_path / "evaluations")
    assert first.test.labels == second.test.labels
    assert any("another origin" in warning for warning in first.warnings)
    said = {note for own in (first, second) for note in own.test.notes}
    assert any(
        "nothing → neutral" in note and "angry and neutral left out" in note for note in said
    )


def test_the_same_evaluation_again_is_read_and_not_made(evaluate, tmp_path, capsys):
    first, again = evaluate("home"), evaluate("home")
    assert first == again
    assert capsys.readouterr().err.count("there already") == 2
    assert len(list((tmp_path / "evaluations").iterdir())) == 2


def test_what_a_run_has_seen_is_refused_or_marked(evaluate, tmp_path):
    with pytest.raises(ErcbenchError, match=r"chose its epoch, on 6 of the 6 test.*split=given"):
        evaluate("home", split="turned")
    assert evaluate("home", part="all")[0].setup.seen == 8
    (comparison,) = read_comparisons(tmp_path / "evaluations")
    table = tables(comparison, analyse(comparison, draws=100))[0]
    assert any(note.startswith("SEEN: 8 of these 12 conversations") for note in table.notes)
    with pytest.raises(ErcbenchError, match="no split 'given', by which the run was trained"):
        evaluate("apart")


def test_features_that_saw_the_labels_are_refused_or_marked(evaluate, tmp_path):
    with pytest.raises(ErcbenchError, match="Leakage: the features text:made-up saw the labels of"):
        evaluate("leaky", label_map="to_sentiment")
    evaluate("leaky", label_map="to_sentiment", part="test")
    (comparison,) = read_comparisons(tmp_path / "evaluations")
    assert any(note.startswith("LEAK: text:made-up") for note in comparison.test.notes)


BAD = {
    "other revision": ({"store": "other"}, "no features like the run's text:made-up, by made-up"),
    "imported": ({"store": "imported"}, "found text:made-up by made-up"),
    "no map": ({"store": "away"}, "labels.map is not set, and the run predicts happy, sad"),
    "no store": ({"store": "nowhere"}, "store=nowhere: no such store"),
    "no split": ({"store": "home", "split": "x"}, "has no split 'x'"),
    "part": ({"store": "home", "part": "tests"}, "part=tests: expected one of train"),
    "no run": ({"store": "home", "runs": "nothing*"}, "run=nothing\\*: nothing is called so"),
    "not a run": ({"store": "home", "runs": "nothing"}, "holds no finished run"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_a_mistake_is_one_line_and_leaves_no_record(evaluate, tmp_path, options, message):
    with pytest.raises(ErcbenchError, match=message):
        evaluate(
            **({"label_map": "to_sentiment"} if options["store"] == "other" else {}), **options
        )
    assert not (tmp_path / "evaluations").exists()


def test_a_feature_set_of_a_registered_encoder_is_missed_with_the_command_that_makes_it(
    folder, evaluate, tmp_path
):
    run = tmp_path / "run"
    shutil.copytree(only(folder), run)
    known = {"encoder": "sentence-transformers/all-MiniLM-L6-v2"}
    rewritten(run / "result.json", lambda found: found["setup"]["features"][0].update(known))
    with pytest.raises(ErcbenchError, match="ercbench prepare store=away text=minilm"):
        evaluate("away", runs=run, label_map="to_sentiment")


def test_the_command_prints_the_tables_and_report_and_show_know_the_record(
    folder, tmp_path, capsys
):
    told = [f"run=['{folder}/runs/*']", "store=away", "labels.map=to_sentiment"]
    places = [f"evaluations={tmp_path / 'found'}", f"stores={folder / 'stores'}"]
    evaluate_command(compose("evaluate", [*told, *places]))
    assert "home, 4 labels → away, 3 labels" in capsys.readouterr().out
    report_command(compose("report", [f"runs={tmp_path / 'found'}"]))
    assert "home, 4 labels → away, 3 labels" in capsys.readouterr().out
    first, *_ = sorted((tmp_path / "found").iterdir())
    show_command(compose("show", [f"run='{first}'"]))
    assert "angry" in capsys.readouterr().out
    with pytest.raises(ErcbenchError, match="record of an evaluation; expected that of a run"):
        ercbench.load_run(first)
