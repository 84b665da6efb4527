import csv
import io
import json
from contextlib import contextmanager
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


@contextmanager
def runs_in(folder):
    """Runs of two models, in a place where wandb finds nobody's settings."""
    with pytest.MonkeyPatch.context() as place:
        place.setenv("WANDB_SILENT", "true")
        place.setenv("WANDB_DATA_DIR", str(folder / "data"))
        place.delenv("WANDB_MODE", raising=False)
        place.chdir(folder)
        for model, seed in (("GRU", 0), ("GRU", 1), ("MLP", 0)):
            write_run(folder / "runs", model, seed, corpus="mine")
        wandb.teardown()  # what it took from the environment for an earlier run
        yield folder / "runs"
        wandb.teardown()


@pytest.fixture
def runs(tmp_path):
    """Runs of two models in the folder of the test."""
    with runs_in(tmp_path) as runs:
        yield runs


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Runs of two models, and the folder of their report, which wandb has logged."""
    folder = tmp_path_factory.mktemp("reported")
    with runs_in(folder) as runs:
        out = folder / "report"
        report_command(compose("report", [f"runs={runs}", f"out={out}", "wandb=true"]))
    return runs, out


def logged(folder):
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    log = whole_log(path)
    (run,) = {r.run.run_id: r.run for r in log if r.HasField("run")}.values()
    return run, log, path.parent / "files"


def pages(log):
    return [r.artifact for r in log if r.HasField("artifact") and r.artifact.type == "report"]


def test_an_offline_run_holds_tables_figures_and_the_conclusion(reported):
    runs, out = reported
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


def test_numbers_are_those_of_the_csv_as_shares(reported):
    _, out = reported
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


def test_without_a_folder_to_write_to_there_is_only_the_run_and_no_torch(
    runs, run_command, tmp_path
):
    check = (
        "import atexit, sys; "
        "atexit.register(lambda: print({'torch', 'lightning', 'wandb'} & set(sys.modules)))"
    )
    done = run_command("report", "wandb=true", before=check)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("{'wandb'}")
    _, log, files = logged(tmp_path)
    assert list(files.rglob("pairwise_0_*.png"))
    assert not pages(log)
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "wandb", "data"}
