import io
from dataclasses import asdict

import pytest
from rich.console import Console

from ercbench.corpora.simulated import SimulationSettings
from ercbench.evaluation.tables import ceiling_scores, comparison, summary

SIMULATION = asdict(SimulationSettings(train=5, validation=5, test=50))


def result(model="MLP", seed=0, accuracy=0.5, **changes):
    scores = dict.fromkeys(("weighted_f1", "macro_f1", "shift_f1", "stay_f1"), 0.25)
    return {
        "model": model,
        "seed": seed,
        "corpus": "mosi",
        "split": "poria",
        "simulated": False,
        "features": ["text:x", "audio:x"],
        "labels": ["no", "yes"],
        "leaks": [],
        "settings": {"seed": seed, "model": {"hidden": 8, "layers": 1}},
        "data": {"manifest": "m", "provenance": {}},
        "code": "c",
        "best_epoch": 3,
        "epochs": 9,
        "outputs": {},
        "test": {"accuracy": accuracy, **scores, "class_f1": [0.1, 0.2]},
    } | changes


def printed(*results):
    console = Console(width=150, file=io.StringIO())
    for table in comparison(results):
        console.print(table)
    return console.file.getvalue()


def test_seeds_are_averaged_with_their_standard_deviation():
    text = printed(result(accuracy=0.4), result(seed=1, accuracy=0.5), result(seed=2, accuracy=0.6))
    assert "50.0 ± 10.0" in text
    assert text.count("MLP") == 1


def test_one_seed_has_no_standard_deviation():
    assert "±" not in printed(result()).split("mean ± sd")[0]


def test_runs_that_differ_in_a_setting_or_in_code_stay_apart_and_say_why():
    wider = {"seed": 1, "model": {"hidden": 16, "layers": 1}}
    text = printed(result(accuracy=0.4), result(seed=1, accuracy=0.6, settings=wider))
    assert "model.hidden=8" in text
    assert "model.hidden=16" in text
    assert "model.layers" not in text
    assert "code=d" in printed(result(), result(seed=1, code="d"))


def test_runs_on_other_data_are_in_another_table():
    other = result(split="standard")
    assert len(comparison([result(), other, result(features=["text:x"])])) == 3
    assert len(comparison([result(), result(data={"manifest": "n", "provenance": {}})])) == 2


def test_a_missing_score_is_not_a_number():
    test = result()["test"] | {"shift_f1": None}
    assert "n/a" in printed(result(test=test))


def test_a_leak_is_marked():
    leak = {"features": "text:x", "part": "test", "overlap": 2, "size": 9}
    assert "LEAK: text:x saw the labels of 2 of 9 test conversations" in printed(
        result(leaks=[leak])
    )


def test_the_other_outputs_of_a_model_have_rows_of_their_own():
    def staged(seed, accuracy):
        test = result(accuracy=accuracy)["test"]
        outputs = {"text": {"test": test}, "ensemble": {"test": test | {"accuracy": 0.9}}}
        return result("HCAM", seed, outputs=outputs)

    text = printed(staged(0, 0.1), staged(1, 0.3))
    assert any("HCAM: text" in line and "20.0 ± 14.1" in line for line in text.splitlines())
    assert any("HCAM: ensemble" in line and "90.0 ± 0.0" in line for line in text.splitlines())
    assert "weighed on validation" in text
    assert "weighed on validation" not in printed(result())


def simulated(**changes):
    data = {"manifest": "m", "provenance": {"simulated": True, "settings": SIMULATION}}
    return result(corpus="simulated", simulated=True, data=data, **changes)


def test_a_simulated_corpus_says_so_and_models_stand_between_its_ceilings():
    text = printed(simulated(accuracy=0.01), simulated(model="Seer", accuracy=0.99))
    assert "SIMULATED corpus" in text
    rows = [line for line in text.splitlines() if line.startswith("│")]
    assert "MLP" in rows[0]
    assert "ceiling: text+audio with context" in rows[-2]
    assert "Seer" in rows[-1]


def test_ceilings_are_those_of_the_features_in_use():
    names = set(ceiling_scores(simulated(features=["text:simulated"])))
    assert names == {"text without context", "text with context"}
    scores = ceiling_scores(simulated())
    accuracy, weighted_f1 = scores["text+audio with context"]
    assert accuracy > scores["text+audio without context"][0] > scores["text without context"][0]
    assert weighted_f1 == pytest.approx(accuracy, abs=0.06)


def test_a_summary_has_every_class():
    console = Console(width=100, file=io.StringIO())
    console.print(summary(result()))
    text = console.file.getvalue()
    assert "F1 yes" in text
    assert "20.0" in text
    assert "epoch 3 of 9" in text
