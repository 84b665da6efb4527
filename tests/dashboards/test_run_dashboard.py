import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers import compose_in
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from wandb_log import items, whole_log

from ercbench.dashboards.loggers import wandb_id
from ercbench.files import config_folder
from ercbench.training.train import train


@pytest.fixture
def logged(composed, monkeypatch):
    """Runs with wandb offline; returns the result, the run's folder and wandb's log."""
    monkeypatch.setenv("WANDB_SILENT", "true")

    def run(*overrides):
        config = composed("logger=wandb", "model.hidden=9", "group=trial", *overrides)
        result = train(config)
        folder = Path(config.runs) / result.run
        (path,) = folder.rglob("*.wandb")
        return result, folder, whole_log(path)

    return run


@pytest.fixture
def offline_run(logged):
    return logged()


def tables_of(folder):
    return {p.name.split("_")[0]: json.loads(p.read_text()) for p in folder.rglob("*.table.json")}


@pytest.mark.filterwarnings("ignore")
def test_an_offline_run_holds_settings_curves_and_the_result(offline_run):
    result, folder, log = offline_run
    (run,) = {r.run.run_id: r.run for r in log if r.HasField("run")}.values()
    assert (run.project, run.run_group, run.run_id) == ("ercbench", "trial", result.run)
    config = items(u for r in log for own in (r.run.config, r.config) for u in own.update)
    assert config["model"]["hidden"] == 9
    history = [items(r.history.item) for r in log if r.HasField("history")]
    curve = [row["val/weighted_f1"] for row in history if "val/weighted_f1" in row]
    assert len(curve) == result.results.chosen.epochs
    assert max(curve) == pytest.approx(result.results.chosen.validation["weighted_f1"])
    summary = items(u for r in log if r.HasField("summary") for u in r.summary.update)
    assert summary["test/weighted_f1"] == pytest.approx(result.results.test["weighted_f1"])
    assert summary["validation/weighted_f1"] == pytest.approx(max(curve))
    assert set(run.tags) >= {"simulated", "mlp", "text:simulated"}
    tables = tables_of(folder)
    assert [row[0] for row in tables["per"]["data"]] == list(result.setup.labels)
    counts = {tuple(row[:2]): row[2] for row in tables["confusion"]["data"]}
    rows = pq.read_table(folder / "predictions.parquet").to_pylist()
    for (true, predicted), count in counts.items():
        found = [r for r in rows if (r["label"], r["predicted"]) == (true, predicted)]
        assert len(found) == count
    table = tables["predictions"]
    told = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert told == [{name: row[name] for name in row if name != "text"} for row in rows]


@pytest.mark.filterwarnings("ignore")
def test_what_was_said_is_shown_only_if_it_is_asked_for(logged):
    _, folder, _ = logged("logger.transcripts=true")
    assert "text" in tables_of(folder)["predictions"]["columns"]


@given(st.text(min_size=1, max_size=300))
def test_every_name_becomes_one_that_wandb_takes(name):
    safe = wandb_id(f"{name}-MLP-seed0-53baf2df22a5")
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", safe)
    assert safe.endswith("-MLP-seed0-53baf2df22a5")


def test_a_usual_name_stays_as_it_is():
    assert wandb_id("meld-CFNESA-seed0-53baf2df22a5") == "meld-CFNESA-seed0-53baf2df22a5"


def test_the_checkpoint_is_an_artifact_that_is_not_copied(offline_run):
    result, folder, log = offline_run
    artifacts = [r.artifact for r in log if r.HasField("artifact")]
    (artifact,) = [artifact for artifact in artifacts if artifact.type == "model"]
    assert artifact.name == result.run
    (entry,) = artifact.manifest.contents
    assert entry.path == "best.ckpt"
    assert Path(entry.local_path) == folder / "checkpoints" / "best.ckpt"


@pytest.mark.parametrize("path", sorted((config_folder() / "sweep").glob("*.yaml")), ids=str)
def test_a_sweep_sets_what_there_is_and_chooses_on_validation(tmp_path, path):
    sweep = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    assert sweep["metric"] == {"name": "validation/weighted_f1", "goal": "maximize"}
    program, command, *fixed, own = sweep["command"]
    assert (program, command, own) == ("ercbench", "train", "${args_no_hyphens}")
    for draw in (min, max):
        drawn = [f"{name}={_value(how, draw)}" for name, how in sweep["parameters"].items()]
        config = compose_in(tmp_path, *fixed, *drawn)
        for setting in drawn:
            name, value = setting.split("=")
            assert str(OmegaConf.select(config, name)) == value


def _value(how, draw):
    return draw(how["values"]) if "values" in how else how[draw.__name__]
