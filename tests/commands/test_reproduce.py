"""`ercbench reproduce`: what is run, what cannot be, and what is said of it."""

import csv

import numpy as np
import pytest
from filelock import FileLock
from helpers import compose_in

from ercbench.api.reproduction.features import choose, leaking_keys
from ercbench.api.reproduction.plan import make_plans, sized
from ercbench.commands.reproduce import reproduce
from ercbench.config.compose import compose
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import config_folder
from ercbench.launching.engines import joblib_engine
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

PAPERS = sorted(path.stem for path in (config_folder() / "paper").glob("*.yaml"))
SHORT = "settings=['trainer.max_epochs=1','model.hidden=8','trainer.accelerator=cpu']"


def mosi_store(folder, modalities=("text", "audio")):
    """A small store that looks like CMU-MOSI's."""
    rng = np.random.default_rng(0)
    conversations = tuple(
        Conversation(f"v{i}", tuple(Utterance(f"v{i}_{t}", "S", "", "np"[t % 2]) for t in range(5)))
        for i in range(9)
    )
    ids = tuple(conversation.id for conversation in conversations)
    split = Split(ids[:4], ids[4:6], ids[6:])
    corpus = Corpus("mosi", ("n", "p"), conversations, {"poria": split})
    with FeatureStore.creating(folder / "mosi", corpus) as store:
        for modality in modalities:
            values = rng.normal(size=(45, 6)).astype(np.float32)
            store.add(modality, "own", values, encoder="random", fitted_on=[])


@pytest.fixture
def reproduced(tmp_path):
    """Runs `ercbench reproduce` in a folder; returns its exit code."""

    def run(*overrides):
        own = (f"out={tmp_path}/out", "seeds=[0,1]", *overrides)
        config = compose_in(tmp_path, *own, command="reproduce")
        config.runs = str(tmp_path / "runs")
        return reproduce(config)

    return run


@pytest.mark.parametrize("paper", PAPERS)
def test_every_row_has_published_numbers_and_an_experiment(tmp_path, paper):
    config = compose_in(tmp_path, f"paper={paper}", command="reproduce")
    plans = make_plans(config)
    assert len(plans) == len(config.paper.rows)
    for plan in plans:
        assert plan.attempt.published, plan.attempt.row
        assert (config_folder() / "experiment" / f"{plan.experiment}.yaml").is_file()
        assert "no store" in plan.attempt.reason
        assert not plan.possible


def test_what_can_be_run_is_run_and_the_rest_says_why(reproduced, tmp_path, capsys):
    mosi_store(tmp_path / "stores")
    code = reproduced("paper=hcam", SHORT)
    assert code == 3
    with (tmp_path / "out" / "verdict-hcam.csv").open() as stream:
        rows = {row["on"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 4
    ran = rows["CMU-MOSI, 2 labels"]
    assert ran["published"] == "85.8"
    assert ran["published lies"] in ("inside", "above", "below")
    assert ran["seeds"] == "2"
    assert float(ran["chosen on test"]) > 0
    assert (ran["its split"], ran["our split"]) == ("poria", "poria")
    assert (ran["its kind"], ran["interval of"]) == ("unknown", "one more run")
    assert (ran["its epoch chosen on"], ran["our epoch chosen on"]) == ("unknown", "validation")
    assert "text:own, audio:own" in ran["features, deviations"]
    assert rows["MELD, 7 labels"]["published lies"] == "not run"
    assert "no store" in rows["MELD, 7 labels"]["features, deviations"]
    records = sorted((tmp_path / "runs").glob("*/result.json"))
    times = [path.stat().st_mtime_ns for path in records]
    assert len(records) == 2
    assert reproduced("paper=hcam", SHORT) == 3
    assert [path.stat().st_mtime_ns for path in records] == times, "it ran again"
    assert "2 of 2" in capsys.readouterr().out


def test_a_model_that_sees_less_than_the_papers_is_run_and_not_compared(reproduced, tmp_path):
    mosi_store(tmp_path / "stores", modalities=("text",))
    assert reproduced("paper=hcam", SHORT) == 3
    with (tmp_path / "out" / "verdict-hcam.csv").open() as stream:
        rows = {row["on"]: row for row in csv.DictReader(stream)}
    ran = rows["CMU-MOSI, 2 labels"]
    assert ran["published lies"] == "not comparable: other modalities (text, not several)"
    assert ran["seeds"] == "2"
    assert "no audio in the store" in ran["features, deviations"]


def test_a_row_is_run_on_the_papers_split_unless_told_otherwise(tmp_path):
    mosi_store(tmp_path / "stores")

    def split(*settings):
        config = compose_in(tmp_path, "paper=hcam", *settings, command="reproduce")
        plan = next(plan for plan in make_plans(config) if plan.possible)
        return compose("train", list(plan.settings)).dataset.split

    assert split() == "poria"
    assert split("settings=['dataset.split=standard']") == "standard"


def test_features_that_know_validation_labels_are_not_taken_unless_they_are_named(tmp_path):
    mosi_store(tmp_path / "stores")
    store = FeatureStore(tmp_path / "stores" / "mosi")
    split = store.corpus.split("poria")
    for modality in ("text", "visual"):
        values = np.ones((45, 2), np.float32)
        fitted_on = [*split.train, *split.validation]
        store.add(modality, "arrays", values, encoder="fitted", fitted_on=fitted_on)
    config = compose_in(tmp_path, "paper=hcam", command="reproduce")
    assert leaking_keys(store, ["poria"], config) == ["text:arrays", "visual:arrays"]
    (plan,) = [own for own in make_plans(config) if own.possible]
    assert plan.features == ("text:own", "audio:own")
    assert "not taken, saw labels of validation or test: text:arrays" in plan.attempt.deviations
    config.text = "arrays"
    assert leaking_keys(store, ["poria"], config) == ["visual:arrays"]


def test_a_locked_seed_is_named_and_a_better_verdict_on_disk_stays(reproduced, tmp_path, capsys):
    mosi_store(tmp_path / "stores")
    reproduced("paper=hcam", SHORT)
    whole = (tmp_path / "out" / "verdict-hcam.csv").read_bytes()
    first = sorted((tmp_path / "runs").glob("*-seed0-*"))[0]
    (first / "result.json").unlink()
    with FileLock(first / ".lock"):
        assert reproduced("paper=hcam", SHORT) == 3
    said = capsys.readouterr().out
    assert "seed 0: " in said
    assert "another process" in said
    assert "seed 1: weighted F1" in said
    assert (tmp_path / "out" / "verdict-hcam.csv").read_bytes() == whole
    with (tmp_path / "out" / "verdict-hcam-now.csv").open() as stream:
        rows = {row["on"]: row for row in csv.DictReader(stream)}
    assert rows["CMU-MOSI, 2 labels"]["seeds"] == "1"
    assert "seed 0: " in rows["CMU-MOSI, 2 labels"]["features, deviations"]


def test_with_nothing_prepared_it_says_what_can_be_run(reproduced, tmp_path, capsys):
    assert reproduced("paper=m2fnet") == 3
    said = capsys.readouterr().out
    assert "simulated=true" in said
    assert "ercbench report" not in said
    assert "not run" in (tmp_path / "out" / "verdict-m2fnet.md").read_text()


def test_a_plan_runs_nothing(reproduced, tmp_path):
    mosi_store(tmp_path / "stores")
    assert reproduced("paper=hcam", "plan=true") == 0
    assert not (tmp_path / "runs").exists()


def test_simulated_data_is_called_simulated(reproduced, tmp_path, capsys):
    small = "'dataset.simulation.train=12','dataset.simulation.test=6'"
    settings = SHORT.replace("]", f",{small},'dataset.simulation.validation=6']")
    assert reproduced("paper=cfn_esa", "simulated=true", settings) == 0
    assert "SIMULATED" in capsys.readouterr().out
    written = (tmp_path / "out" / "verdict-cfn_esa.md").read_text()
    assert "SIMULATED" in written
    assert written.startswith("**CFN-ESA: ")


def test_the_command_line_composes_the_settings_of_each_run(ercbench):
    code, printed, errors = ercbench("reproduce", "paper=hcam", "simulated=true", "plan=true")
    assert code == 0, errors
    assert "simulated/hcam" in printed


def test_features_are_named_only_where_there_are_several(tmp_path):
    keys = ["text:own", "text:tuned", "audio:own"]
    config = {"text": None, "audio": None, "visual": None}
    assert choose("audio", keys, config) == "audio:own"
    assert choose("visual", keys, config) is None
    assert choose("text", keys, config | {"text": "tuned"}) == "text:tuned"
    with pytest.raises(ErcbenchError, match="text=null: this store has own, tuned. Name one"):
        choose("text", keys, config)
    with pytest.raises(ErcbenchError, match="visual=faces: this store has none"):
        choose("visual", keys, config | {"visual": "faces"})


def test_the_papers_size_is_taken_where_there_is_one():
    assert sized("hcam/iemocap6", "paper") == "hcam/iemocap6_paper"
    assert sized("m2fnet/iemocap6", "paper") == "m2fnet/iemocap6"
    assert sized("hcam/iemocap6", "laptop") == "hcam/iemocap6"


def test_wrong_settings_are_named(reproduced):
    with pytest.raises(ErcbenchError, match="size=huge: expected one of laptop, paper"):
        reproduced("paper=hcam", "size=huge")
    with pytest.raises(ErcbenchError, match=r"seeds=\[\]"):
        reproduced("paper=hcam", "seeds=[]")


def test_by_a_launcher_it_comes_to_the_same_verdict_and_a_seed_that_fails_is_named(
    reproduced, tmp_path, monkeypatch, capsys
):
    mosi_store(tmp_path / "stores")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["ercbench"])
    carried_out = []

    def engine(job, *_):
        """Runs the job's command in this process, but for the one of seed 1."""
        carried_out.append(job.asked.arguments)
        if "seed=1" in job.asked.arguments:
            job.begin()
            job.log.write_text("ercbench: no memory left\n")
            job.end(2)
        else:
            train(compose("train", job.asked.arguments[1:]))

    monkeypatch.setattr(joblib_engine, "carry_out", engine)
    assert reproduced("paper=hcam", SHORT, "launcher=joblib", "launcher.jobs=1") == 3
    said = capsys.readouterr().out
    assert "seed 0: weighted F1" in said
    assert "seed 1: failed: no memory left" in said
    assert len(carried_out) == 2
    monkeypatch.undo()
    verdict = (tmp_path / "out" / "verdict-hcam.csv").read_text()
    assert "seed 1: failed" in verdict
    assert reproduced("paper=hcam", SHORT, "seeds=[0]", f"out={tmp_path}/here") == 3
    scores = [row.split(",")[:8] for row in verdict.splitlines()]
    here = (tmp_path / "here" / "verdict-hcam.csv").read_text()
    assert [row.split(",")[:8] for row in here.splitlines()] == scores


def test_what_waits_in_line_is_named_and_no_verdict_is_made_of_it(
    reproduced, tmp_path, monkeypatch, capsys
):
    mosi_store(tmp_path / "stores")
    monkeypatch.setattr("sys.argv", ["ercbench"])

    def leave(jobs, *_):
        for job in jobs:
            job.queue(launcher="slurm", id="7_0")
        return False

    monkeypatch.setattr("ercbench.launching.sweep.run_jobs", leave)
    assert reproduced("paper=hcam", SHORT, "launcher=slurm", "launcher.wait=false") == 3
    said = capsys.readouterr().out
    assert "seed 0: waiting" in said
    assert "No run has finished: ercbench jobs" in said
