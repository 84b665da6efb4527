import pytest

from ercbench.errors import ErcbenchError
from ercbench.records.run_folder import RunFolder

RESULT = {"test": {"weighted_f1": 0.5, "shift_f1": float("nan")}, "outputs": {}, "seed": 0}


def test_a_result_comes_back_and_nan_becomes_none(tmp_path):
    run = RunFolder(tmp_path / "run")
    assert not run.finished
    run.write_result(RESULT)
    assert run.finished
    assert run.read_result() == RESULT | {"test": {"weighted_f1": 0.5, "shift_f1": None}}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"test": 3}'])
def test_a_foreign_or_half_written_record_is_named(tmp_path, text):
    run = RunFolder(tmp_path / "run")
    run.write_result(RESULT)
    run.result.write_text(text)
    with pytest.raises(ErcbenchError, match=r"result\.json: damaged or of another version"):
        run.read_result()
