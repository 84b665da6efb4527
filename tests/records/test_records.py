import json

import pyarrow.parquet as pq
import pytest

from ercbench.errors import ErcbenchError
from ercbench.records.reading import read_records
from records import write_run


def rewritten(run, **changes):
    run.result.write_text(json.dumps(json.loads(run.result.read_text()) | changes))


def without(run, key):
    result = json.loads(run.result.read_text())
    del result[key]
    run.result.write_text(json.dumps(result))


def test_what_was_written_comes_back(tmp_path):
    write_run(tmp_path, "HCAM", outputs=("text",))
    (record,), warnings = read_records(tmp_path)
    assert not warnings
    assert set(record.answers) == {"final", "text"}
    assert record.answers["final"].shape == (22, 3)
    assert record.answers["final"].sum(1) == pytest.approx(1, abs=1e-6)
    assert len(record.asked) == 22


def test_a_folder_without_runs_says_what_to_do(tmp_path):
    with pytest.raises(ErcbenchError, match=r"No folder .*nowhere"):
        read_records(tmp_path / "nowhere")
    (tmp_path / "stray.txt").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ErcbenchError, match=r"no finished run\. Train one first"):
        read_records(tmp_path)


def test_a_run_that_has_not_finished_is_left_out_and_named(tmp_path):
    write_run(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.yaml").write_text("")
    records, (warning,) = read_records(tmp_path)
    assert len(records) == 1
    assert "half: not finished" in warning


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"test": 3}',
        '{"test": {"weighted_f1": 1}, "outputs": {}}',
        '{"test": {"weighted_f1": 1}, "outputs": 3, "data": 4}',
        '{"encoder": "HCAMText", "trained": {}}',
    ],
)
def test_a_foreign_or_half_written_record_is_left_out_and_named(tmp_path, text):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP", name="bad").result.write_text(text)
    records, (warning,) = read_records(tmp_path)
    assert [record.result["model"] for record in records] == ["gru"]
    assert "result.json: damaged or of another version" in warning
    assert "bad" in warning


def test_only_broken_records_are_an_error_that_names_them(tmp_path):
    write_run(tmp_path, name="bad").result.write_text("{")
    with pytest.raises(ErcbenchError, match=r"no finished run.*bad.*damaged"):
        read_records(tmp_path)


def test_a_record_of_an_older_version_says_what_it_lacks(tmp_path):
    write_run(tmp_path, "GRU")
    without(write_run(tmp_path), "leaks")
    assert "it lacks leaks" in read_records(tmp_path)[1][0]


def truncated(run):
    pq.write_table(pq.read_table(run.predictions).slice(0, 10), run.predictions)


def with_other_columns(run):
    pq.write_table(pq.read_table(run.predictions).drop_columns(["p_joy"]), run.predictions)


def half_written(run):
    run.predictions.write_bytes(run.predictions.read_bytes()[:500])


def without_numbers(run):
    table = pq.read_table(run.predictions)
    column = table.column_names.index("p_joy")
    nothing = [float("nan")] * len(table)
    pq.write_table(table.set_column(column, "p_joy", [nothing]), run.predictions)


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (truncated, "does not cover the test set: 10 utterances of the known labels, expected 22"),
        (with_other_columns, "no column p_joy"),
        (half_written, "cannot be read"),
        (without_numbers, "probabilities that are not numbers"),
        (lambda run: run.predictions.unlink(), "cannot be read"),
        (lambda run: rewritten(run, labels=["neutral", "joy", "fear"]), "no column p_fear"),
    ],
)
def test_predictions_that_cannot_be_the_runs_are_left_out_and_named(tmp_path, breaks, said):
    write_run(tmp_path, "GRU")
    breaks(write_run(tmp_path, name="bad"))
    records, (warning,) = read_records(tmp_path)
    assert len(records) == 1
    assert said in warning
    assert "bad" in warning


def test_a_copied_run_counts_once(tmp_path):
    write_run(tmp_path, name="one", fingerprint="f")
    write_run(tmp_path, name="two", fingerprint="f")
    records, warnings = read_records(tmp_path)
    assert len(records) == 1
    assert not warnings


def test_one_fingerprint_with_different_numbers_is_serious(tmp_path):
    write_run(tmp_path, name="one", fingerprint="f")
    write_run(tmp_path, name="two", fingerprint="f", skill=2.0)
    records, (warning,) = read_records(tmp_path)
    assert len(records) == 1
    assert warning.startswith("SERIOUS")
    assert "one" in warning
    assert "two" in warning
