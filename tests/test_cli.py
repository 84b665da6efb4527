import json
import resource

import pytest
from helpers import SMALL_DATA, SMALL_RUN, compose_in

from ercbench.config.explain import explain
from ercbench.training.train import train

BROKEN = [
    (
        ("trian",),
        "finetune, train, reproduce, report. Did you mean 'train'?",
    ),
    (("train", "modle=cfn_esa"), "modle"),
    (("train", "model=cfn_eas"), "cfn_esa"),
    (("train", "dataset=meldd"), "simulated"),
    (("train", "model.hiden=3"), "Did you mean 'hidden'?"),
    (("train", "seeed=1"), "Did you mean 'seed'?"),
    (("train", "dataset.simulation.trian=1"), "Did you mean 'train'?"),
    (("train", "seed=x"), "seed"),
    (("train", "model.hidden=wide"), "model.hidden"),
    (("train", "model.hidden=[1"), "model.hidden=[1"),
    (("train", "--mulitrun"), "--mulitrun"),
    (("prepare", "text=minilm", "tezt=1"), "Did you mean 'text'?"),
    (("import", "comunity=x.pkl"), "Did you mean 'community'?"),
    (("report", "nowhere"), "No folder 'nowhere'"),
    (("report", "a", "b"), "expected at most one folder"),
]


def assert_one_clear_line(done, part):
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error executing job" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert part in line, line


@pytest.mark.parametrize(("arguments", "part"), BROKEN, ids=[" ".join(b[0]) for b in BROKEN])
def test_a_mistake_ends_in_one_line_and_leaves_nothing(run_command, tmp_path, arguments, part):
    assert_one_clear_line(run_command(*arguments), part)
    assert list(tmp_path.iterdir()) == []


WRONG_VALUES = [
    (("dataset=mosi",), "ercbench prepare corpus=mosi root=PATH, or set dataset.root"),
    (("dataset=mosi", "dataset.root=nowhere"), "no folder at 'nowhere'"),
    (("features=smell",), "no set for 'smell'"),
    (("features=audio", "model=cfn_esa"), "set model.primary=audio"),
    (("model.learning_rate=-1",), "model.learning_rate=-1.0: expected more than 0"),
    (("dataset.split=cosmic",), "no split 'cosmic'; it has: simulated"),
    (("trainer.precision=bf17",), "bf17"),
    (("trainer.accelerator=gpuu",), "gpuu"),
]


@pytest.mark.parametrize(
    ("overrides", "part"), WRONG_VALUES, ids=[" ".join(w[0]) for w in WRONG_VALUES]
)
def test_a_wrong_value_is_explained_in_one_line(tmp_path, overrides, part):
    small = [] if overrides[0] == "dataset=mosi" else SMALL_DATA
    with pytest.raises(Exception) as caught:
        train(compose_in(tmp_path, *small, *overrides))
    line = explain(caught.value)
    assert part in line
    assert "\n" not in line
    assert not list(tmp_path.glob("runs/*/result.json"))


def test_a_run_that_fails_does_not_keep_the_others_from_running(run_command, tmp_path):
    done = run_command("train", "-m", *SMALL_RUN, "model.learning_rate=-1,0.01")
    assert done.returncode == 2
    assert done.stderr.count("model.learning_rate=-1.0: expected more than 0") == 1
    assert len(list(tmp_path.glob("runs/*/result.json"))) == 1


def test_help_names_the_commands_and_train_help_the_choices(run_command):
    assert "ercbench train" in run_command("--help").stdout
    listed = run_command("train", "--help").stdout
    assert "model: cfn_esa, gru, hcam, m2fnet, mlp" in listed
    assert "dataset: csv, iemocap, meld, mosi, simulated" in listed


@pytest.mark.parametrize("command", ["prepare", "import"])
def test_help_of_the_commands_for_stores_lists_every_setting(run_command, command):
    listed = run_command(command, "--help").stdout
    for name in compose_in("", command=command):
        assert f"\n{name}:" in listed


def test_showing_settings_runs_nothing(run_command, tmp_path):
    shown = run_command("train", "--cfg", "job", "model=gru")
    assert "ercbench.models.baselines.lightning.GRU" in shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_neither_help_nor_settings_import_torch(run_command):
    check = "import atexit, sys; atexit.register(lambda: print('torch' in sys.modules))"
    for arguments in (
        ("--help",),
        ("train", "--cfg", "job"),
        ("train", "model.hiden=3"),
        ("prepare", "--help"),
        ("import", "--cfg", "job"),
    ):
        assert run_command(*arguments, before=check).stdout.strip().endswith("False")


def test_a_run_leaves_no_files_but_its_own(run_command, tmp_path):
    done = run_command("train", *SMALL_RUN)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "stores"]


def test_a_multirun_leaves_a_record_per_seed_and_a_table(run_command, tmp_path):
    done = run_command("train", "-m", *SMALL_DATA, "model.hidden=8", "seed=0,1", "model=mlp,gru")
    assert done.returncode == 0, done.stderr
    results = [json.loads(p.read_text()) for p in tmp_path.glob("runs/*/result.json")]
    assert sorted((r["model"], r["seed"]) for r in results) == [
        ("gru", 0),
        ("gru", 1),
        ("mlp", 0),
        ("mlp", 1),
    ]
    lines = [line for line in done.stdout.splitlines() if "weighted F1" in line]
    *runs, heads = lines
    assert len(runs) == 4
    assert runs[0].startswith("seed=0, model=mlp: accuracy ")
    assert all(f"model={model}" in done.stdout.split(heads)[1] for model in ("mlp", "gru"))
    table = run_command("report").stdout
    assert "SIMULATED" in table
    assert "ceiling: text+audio+visual with context" in table
    assert "±" in table


def test_a_full_disk_is_said_and_nothing_half_written_stays(run_command, tmp_path):
    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    done = run_command("train", *SMALL_RUN, before=ignore, preexec_fn=small_files_only)
    assert_one_clear_line(done, "File too large")
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list(tmp_path.glob("runs/*/result.json"))


def test_an_output_folder_that_cannot_be_made_is_named(run_command, tmp_path):
    (tmp_path / "runs").write_text("a file")
    assert_one_clear_line(run_command("train", *SMALL_RUN), "runs")
