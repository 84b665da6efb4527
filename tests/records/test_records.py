import re
from contextlib import suppress
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.errors import ErcbenchError
from ercbench.records.reading import read_runs
from ercbench.records.run_record import VERSION, RunRecord
from records import EXECUTION, LABELS, rewritten, write_run


def test_what_was_written_comes_back(tmp_path):
    written = write_run(tmp_path, "HCAM", outputs=("text",))
    (run,), warnings = read_runs(tmp_path)
    assert not warnings
    assert run.record == written.read(RunRecord)
    assert set(run.probabilities) == {"final", "text"}
    assert run.probabilities["final"].shape == (22, 3)
    assert run.probabilities["final"].sum(1) == pytest.approx(1, abs=1e-6)
    assert len(run.utterances) == 22


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_changed_byte_never_makes_another_record(tmp_path_factory, place, byte):
    run = write_run(tmp_path_factory.mktemp("runs"))
    record, content = run.read(RunRecord), bytearray(run.result.read_bytes())
    content[int(place * len(content))] = byte
    run.result.write_bytes(content)
    with suppress(ErcbenchError):
        assert run.read(RunRecord) == record


def test_a_changed_digit_is_named_with_a_next_step(tmp_path):
    run = write_run(tmp_path)
    run.result.write_text(run.result.read_text().replace('"seconds": 56.7', '"seconds": 56.8'))
    with pytest.raises(ErcbenchError, match=r"result\.json: damaged \(something .* and run again"):
        run.read(RunRecord)


def test_a_record_of_before_there_was_a_sha256_is_read(tmp_path):
    run = write_run(tmp_path)
    record = run.read(RunRecord)
    rewritten(run.result, lambda found: found["execution"].update(seconds=3.5))
    assert run.read(RunRecord) == replace(record, execution=replace(EXECUTION, seconds=3.5))


def test_a_folder_without_runs_says_what_to_do(tmp_path):
    with pytest.raises(ErcbenchError, match=r"No folder .*nowhere"):
        read_runs(tmp_path / "nowhere")
    (tmp_path / "stray.txt").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ErcbenchError, match=r"no finished run\. Train one first"):
        read_runs(tmp_path)


def test_a_run_that_has_not_finished_is_left_out_and_named(tmp_path):
    write_run(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.yaml").write_text("")
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert "half: not finished" in warning


@pytest.mark.parametrize(
    "contents", [b"{", b"[]", b"3", b"\xff\xfe{}", b'{"version": 1, "kind": "run"}', b"[" * 100_000]
)
def test_a_damaged_record_is_left_out_and_named(tmp_path, contents):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP", name="bad").result.write_bytes(contents)
    runs, (warning,) = read_runs(tmp_path)
    assert [run.record.setup.model for run in runs] == ["gru"]
    assert "bad/result.json: damaged (" in warning
    assert "Delete the file and run again" in warning


def test_only_broken_records_are_an_error_that_names_them(tmp_path):
    write_run(tmp_path, name="bad").result.write_text("{")
    with pytest.raises(ErcbenchError, match=r"no finished run.*bad.*damaged"):
        read_runs(tmp_path)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "made by an earlier version of ercbench, or not by it.*Run again, or read it with"),
        (0, "made by an earlier version"),
        ("1", "made by an earlier version"),
        (True, "made by an earlier version"),
        (VERSION + 1, "made by a later version of ercbench"),
    ],
)
def test_a_record_of_another_version_is_left_out_and_says_what_to_do(tmp_path, version, said):
    write_run(tmp_path, "GRU")
    rewritten(write_run(tmp_path).result, lambda record: record.update(version=version))
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert re.search(said, warning)


def test_the_record_of_an_encoder_is_no_run(tmp_path):
    write_run(tmp_path, "GRU")
    rewritten(write_run(tmp_path).result, lambda record: record.update(kind="encoder"))
    assert "the record of an encoder; expected that of a run" in read_runs(tmp_path)[1][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["setup"].update(seed="abc"), "setup.seed is 'abc'"),
        (lambda r: r["setup"].update(seed=1.5), "setup.seed is 1.5"),
        (lambda r: r["setup"].update(seed=True), "setup.seed is True"),
        (lambda r: r["setup"].update(leaks="none"), "setup.leaks is 'none'"),
        (lambda r: r["setup"].update(leaks=[{"features": 1}]), "setup.leaks.0.features is 1"),
        (lambda r: r["setup"].update(features="text:x"), "setup.features is 'text:x'"),
        (lambda r: r["setup"].update(labels="joy"), "setup.labels is 'joy'"),
        (lambda r: r["setup"].pop("code"), "setup.code is missing"),
        (lambda r: r["results"].update(stages=3), "results.stages is 3"),
        (lambda r: r["results"].update(stages=[]), "expected at least one stage"),
        (lambda r: r["results"].update(outputs={}), "and the output 'final'"),
        (lambda r: r.pop("execution"), "execution is missing"),
    ],
)
def test_a_field_of_another_type_is_named_and_the_others_go_on(tmp_path, change, said):
    write_run(tmp_path, "GRU")
    rewritten(write_run(tmp_path, name="bad").result, change)
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert "bad/result.json: damaged" in warning
    assert said in warning


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


def with_other_labels(run):
    rewritten(run.result, lambda record: record["setup"].update(labels=["neutral", "joy", "fear"]))


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (truncated, "contradicts its record"),
        (with_other_columns, "no column p_joy"),
        (half_written, "cannot be read"),
        (without_numbers, "probabilities that are not numbers"),
        (lambda run: run.predictions.unlink(), "cannot be read"),
        (with_other_labels, "no column p_fear"),
    ],
)
def test_predictions_that_cannot_be_the_runs_are_left_out_and_named(tmp_path, breaks, said):
    write_run(tmp_path, "GRU")
    breaks(write_run(tmp_path, name="bad"))
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert said in warning
    assert "bad" in warning


def changed(run, change):
    """Rewrites the predictions of a run as `change` does with their rows."""
    rows = pq.read_table(run.predictions).to_pylist()
    change(rows)
    run.write_predictions(rows)


def with_odd_probabilities(*values):
    def change(rows):
        rows[3] |= dict(zip(("p_neutral", "p_joy", "p_anger"), values, strict=True))

    return lambda run: changed(run, change)


def with_the_truth_pasted_in(run):
    def change(rows):
        for row in rows:
            row |= {f"p_{label}": float(label == row["label"]) for label in LABELS}

    changed(run, change)


def with_another_accuracy(run):
    def change(record):
        record["results"]["outputs"]["final"]["test"]["values"]["accuracy"] = 0.99

    rewritten(run.result, change)


def with_a_flipped_byte(run):
    contents = bytearray(run.predictions.read_bytes())
    contents[len(contents) // 3] ^= 255
    run.predictions.write_bytes(contents)


def with_a_foreign_label(run):
    changed(run, lambda rows: rows[0].update(label="bliss"))


def with_words_for_probabilities(run):
    changed(run, lambda rows: [row.update(p_joy="much") for row in rows])


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (with_odd_probabilities(5.0, 0.0, 0.0), "row 4 has the probabilities 5, 0, 0; expected"),
        (with_odd_probabilities(-1.0, 1.0, 1.0), "row 4 has the probabilities -1, 1, 1"),
        (with_odd_probabilities(0.5, 0.2, 0.2), "expected shares that add up to 1"),
        (with_the_truth_pasted_in, "contradicts its record: accuracy, weighted_f1"),
        (with_another_accuracy, "recorded 0.9900); one of the two was changed"),
        (with_a_foreign_label, "unknown label 'bliss'; expected one of neutral, joy, anger"),
        (with_words_for_probabilities, "probabilities of type string"),
        (with_a_flipped_byte, "bad/predictions.parquet"),
    ],
)
def test_predictions_that_contradict_their_record_are_left_out_and_named(tmp_path, breaks, said):
    write_run(tmp_path, "GRU")
    breaks(write_run(tmp_path, name="bad"))
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert said in warning
    assert "bad" in warning


def test_a_run_on_a_test_part_without_labels_is_named_and_the_others_go_on(tmp_path):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, name="blind", unlabelled=range(22))
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert "blind/predictions.parquet: no labels, no scores" in warning


def test_metrics_that_a_record_does_not_have_come_from_its_predictions(tmp_path):
    run = write_run(tmp_path)

    def forget(record):
        del record["results"]["outputs"]["final"]["test"]["values"]["nll"]

    rewritten(run.result, forget)
    (read,), warnings = read_runs(tmp_path)
    assert not warnings
    assert read.scores["final"]["nll"] > 0


def test_a_copied_run_counts_once(tmp_path):
    write_run(tmp_path, name="one", fingerprint="f")
    write_run(tmp_path, name="two", fingerprint="f")
    runs, warnings = read_runs(tmp_path)
    assert len(runs) == 1
    assert not warnings


def test_one_fingerprint_with_different_numbers_is_serious(tmp_path):
    write_run(tmp_path, name="one", fingerprint="f")
    write_run(tmp_path, name="two", fingerprint="f", skill=2.0)
    runs, (warning,) = read_runs(tmp_path)
    assert len(runs) == 1
    assert warning.startswith("SERIOUS")
    assert "one" in warning
    assert "two" in warning
