import csv
import io
import json
from pathlib import Path

import pytest
import wandb
from PIL import Image
from wandb_log import items, whole_log

from ercbench.commands.report import report_command
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.conclusion import conclusion
from records import write_run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Runs of two models, in a place where wandb finds nobody's settings."""
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.chdir(tmp_path)
    for model, seed in (("GRU", 0), ("GRU", 1), ("MLP", 0)):
        write_run(tmp_path / "runs", model, seed, corpus="mine")
    wandb.teardown()  # what it took from the environment for an earlier run
    yield tmp_path / "runs"
    wandb.teardown()


def logged(folder):
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    log = whole_log(path)
    (run,) = {r.run.run_id: r.run for r in log if r.HasField("run")}.values()
    return run, log, path.parent / "files"


def pages(log):
    return [r.artifact for r in log if r.HasField("artifact") and r.artifact.type == "report"]


def test_an_offline_run_holds_tables_figures_and_the_conclusion(runs, tmp_path):
    out = tmp_path / "report"
    report_command(compose("report", [f"runs={runs}", f"out={out}", "wandb=true"]))
    run, log, files = logged(out)
    assert (run.project, run.job_type) == ("ercbench", "report")
    assert {"mine", "gru", "mlp"} <= set(run.tags)
    (comparison,) = read_comparisons(runs)
    said = conclusion(comparison, analyse(comparison, 100))
    summary = items(u for r in log if r.HasField("summary") for u in r.summary.update)
    assert summary["mine3-standard/conclusion"] == said
    assert run.notes.splitlines()[0] == said
    assert "MLP: no run of seed 1" in run.notes
    tables = {p.name.split("_0_")[0] for p in files.rglob("*.table.json")}
    assert tables == {p.stem.split("standard-")[1] for p in (out / "tables").glob("*.csv")}
    pictures = {p.name.split("_0_")[0] for p in files.rglob("*.png")}
    assert pictures == {p.stem for p in out.glob("figures/**/*.png")}
    for path in files.rglob("*.png"):
        with Image.open(path) as picture:
            picture.verify()
    (artifact,) = [
        r.artifact for r in log if r.HasField("artifact") and r.artifact.type == "report"
    ]
    (entry,) = artifact.manifest.contents
    assert entry.path == "index.html"
    assert Path(entry.local_path).read_bytes() == (out / "index.html").read_bytes()


def test_numbers_are_those_of_the_csv_as_shares(runs, tmp_path):
    out = tmp_path / "report"
    report_command(compose("report", [f"runs={runs}", f"out={out}", "wandb=true"]))
    (path,) = logged(out)[2].rglob("scores_0_*.table.json")
    table = json.loads(path.read_text())
    text = (out / "tables" / "mine3-standard-scores.csv").read_text()
    for row, written in zip(table["data"], csv.DictReader(io.StringIO(text)), strict=True):
        found = dict(zip(table["columns"], row, strict=True))
        assert found.keys() == written.keys()
        assert [found["model"], found["seeds"]] == [written["model"], int(written["seeds"])]
        for head in ("accuracy", "accuracy, low", "weighted F1, sd"):
            share = None if written[head] == "" else pytest.approx(float(written[head]) / 100)
            assert found[head] == share


def test_without_a_folder_to_write_to_there_is_only_the_run(runs, tmp_path):
    report_command(compose("report", [f"runs={runs}", "wandb=true"]))
    _, log, files = logged(tmp_path)
    assert list(files.rglob("pairwise_0_*.png"))
    assert not pages(log)
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "wandb", "data"}


def test_what_wandb_refuses_is_said_with_the_way_out(runs, monkeypatch):
    def refuse(**settings):
        raise wandb.errors.UsageError("No API key configured.")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(ErcbenchError, match=r"No API key configured\. Leave WANDB_MODE unset"):
        report_command(compose("report", [f"runs={runs}", "wandb=true"]))


def test_a_mode_that_wandb_does_not_have_is_said_to_be_one(runs, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "onlin")
    with pytest.raises(ErcbenchError, match="WANDB_MODE=onlin: expected one of offline, online"):
        report_command(compose("report", [f"runs={runs}", "wandb=true"]))


def test_logging_a_report_needs_no_torch(runs, run_command):
    check = (
        "import atexit, sys; "
        "atexit.register(lambda: print({'torch', 'lightning', 'wandb'} & set(sys.modules)))"
    )
    done = run_command("report", "wandb=true", before=check)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("{'wandb'}")
