from dataclasses import replace

import pytest

from ercbench.errors import ErcbenchError
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import (
    EncoderRecord,
    EncoderResults,
    EncoderSetup,
    RunRecord,
    StageRecord,
)
from records import EXECUTION, write_run


def test_a_record_comes_back_and_nan_becomes_none(tmp_path):
    run = write_run(tmp_path)
    written = run.read(RunRecord)
    stage = replace(written.results.chosen, validation={"loss": float("nan")})
    written = replace(written, results=replace(written.results, stages=(stage,)))
    run.write(written)
    assert run.read(RunRecord).results.chosen.validation == {"loss": None}


def test_the_record_of_an_encoder_comes_back(tmp_path):
    run = RunFolder(tmp_path / "run")
    assert not run.finished
    setup = EncoderSetup("HCAMText", "meld", ("joy",), ["d0"], 0, {}, "c")
    scores = {"probe": {"accuracy": 0.5}, "classifier": {"accuracy": 0.75}}
    stages = (StageRecord("", 1, 2, 2, {"accuracy": 0.5}),)
    results = EncoderResults(stages, {"probe": {"accuracy": 0.25}}, scores, "0")
    record = EncoderRecord("run", "f", setup, results, EXECUTION)
    run.write(record)
    assert run.finished
    assert run.read(EncoderRecord) == record
    assert record.results.test == {"accuracy": 0.75}
    with pytest.raises(ErcbenchError, match="the record of an encoder; expected that of a run"):
        run.read(RunRecord)


@pytest.mark.parametrize(
    ("best", "allowed", "last"), [(4, 5, True), (3, 5, False), (4, None, False)]
)
def test_a_chosen_epoch_that_was_the_last_allowed_is_known(best, allowed, last):
    assert StageRecord("", best, 5, allowed, {}).chose_last_allowed is last
