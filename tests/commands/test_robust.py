from helpers import SMALL_RUN

TINY = ("trainer.max_epochs=1", "dataset.simulation.test=5")
QUICK = ("modality=audio", "drop=[0,.5,1]", "draws=2", "resamples=100")


def test_a_table_is_printed_and_files_are_written(ercbench, tmp_path):
    assert ercbench("train", *SMALL_RUN, *TINY)[0] == 0
    code, said, _ = ercbench("robust", "runs", *QUICK, "noise=[10]", "out=out")
    assert code == 0
    text = " ".join(said.split())
    assert "audio missing at test time, by utterances" in text
    assert "noise on audio features at test time" in text
    assert "lost at 100 %" in text
    assert "No model was trained for this" in text
    written = {path.name for path in (tmp_path / "out").rglob("*.*")}
    for name in ("robust-drop-audio-utterance", "robust-noise-audio"):
        assert {f"{name}.svg", f"{name}.png"} < written
        assert f"simulated6-simulated-{name}.csv" in written
        levels = name.replace("robust", "levels")
        assert f"simulated6-simulated-{levels}.tex" in written


def test_the_report_has_a_section_of_what_lies_beside_its_runs(ercbench, tmp_path):
    assert ercbench("train", *SMALL_RUN, *TINY)[0] == 0
    assert ercbench("report", "out=before")[0] == 0
    assert ercbench("robust", *QUICK)[0] == 0
    assert ercbench("report", "out=after")[0] == 0
    before, after = (
        (tmp_path / name / "index.html").read_text(encoding="utf-8") for name in ("before", "after")
    )
    section = "A missing or noisy modality"
    assert section in after
    assert section not in before
    assert after.count(">lost at 100 %<") == 1
    figures = {path.name for path in (tmp_path / "after" / "figures").rglob("robust-*")}
    assert "robust-drop-audio-utterance.svg" in figures


def test_a_rate_out_of_its_bounds_is_one_line(ercbench):
    for setting in (
        "drop=[0,1.5]",
        "words=[-1]",
        "noise=[inf]",
        "recordings=[1000]",
        "by=word",
        "draws=0",
        "modality=3",
    ):
        code, _, errors = ercbench("robust", setting)
        assert code == 2
        assert f"ercbench: {setting.partition('=')[0]}" in errors.splitlines()[-1]
