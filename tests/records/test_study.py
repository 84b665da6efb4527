import json
from dataclasses import replace

import pytest

from ercbench.errors import ErcbenchError
from ercbench.records.study import StudyRecord, Trial, read_studies, read_study, write_study

TRIALS = (
    Trial(0, "complete", {"model.hidden": 64}, 0.5, 4, 1.5, "run", (0.25, 0.5)),
    Trial(1, "pruned", {"model.hidden": 128}, 0.25, 1, 0.5, None, (0.25,)),
    Trial(2, "failed", {"model.hidden": 256}, None, 0, 0.5, None, ()),
)
STUDY = StudyRecord(
    study="gru-talk",
    model="gru",
    corpus="talk",
    simulated=True,
    split="usual",
    features=("text:minilm",),
    metric="weighted_f1",
    sampler="tpe",
    pruner="median",
    seed=0,
    budget=2,
    space={"model.hidden": [64, 128, 256]},
    first=({"model.hidden": 64},),
    settings={"model": {"hidden": 64}},
    chosen=0,
    trials=TRIALS,
    seconds=2.5,
    importances={"model.hidden": 1.0},
)


def test_what_was_written_comes_back(tmp_path):
    write_study(tmp_path / "gru-talk", STUDY)
    assert read_study(tmp_path / "gru-talk") == STUDY
    assert STUDY.best.value == 0.5
    assert [STUDY.count(state) for state in ("complete", "pruned", "failed")] == [1, 1, 1]


def test_studies_come_by_name_and_unfinished_ones_are_skipped(tmp_path):
    assert read_studies(tmp_path / "nowhere") == []
    write_study(tmp_path / "b", replace(STUDY, study="b"))
    write_study(tmp_path / "a", replace(STUDY, study="a"))
    (tmp_path / "unfinished").mkdir()
    assert [study.study for study in read_studies(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_record_is_refused_with_its_name(tmp_path, text):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(ErcbenchError, match=r"study\.json: "):
        read_study(tmp_path)


def test_a_record_of_another_version_is_refused(tmp_path):
    write_study(tmp_path, STUDY)
    content = json.loads((tmp_path / "study.json").read_text())
    (tmp_path / "study.json").write_text(json.dumps(content | {"version": 9}))
    with pytest.raises(ErcbenchError, match="version 9; expected 1"):
        read_study(tmp_path)
