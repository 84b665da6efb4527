import resource

import pytest
from helpers import SMALL_DATA, SMALL_RUN, compose_in

from ercbench.cli import COMMANDS
from ercbench.config.explain import explain
from ercbench.config.help import comments, compose_with_sources
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import train

BROKEN = [
    (
        ("trian",),
        "reproduce, add, evaluate, report, robust, list, show. Did you mean 'train'?",
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
    (("tune", "mlp"), "Cannot read 'mlp': expected setting=value"),
    (("report", "a", "b"), "expected at most one folder"),
    (("stores", "a", "b"), "expected at most one folder"),
]


OUT_OF_BOUNDS = [
    ("train", "seed=-1", "seed=-1: expected a number from 0"),
    ("train", "trainer.max_epochs=0", "trainer.max_epochs=0: expected a whole number, at least 1"),
    ("train", "trainer.max_epochs=abc", "trainer.max_epochs=abc: expected a whole number"),
    ("train", "trainer.max_epochs=1.5", "trainer.max_epochs=1.5: expected a whole number"),
    ("train", "selection.patience=0", "selection.patience=0: expected at least 1"),
    ("train", "selection.metric=foo", "selection.metric=foo: expected one of accuracy, weighted"),
    ("train", "model.learning_rate=inf", "model.learning_rate=inf: expected a finite number"),
    ("train", "model.learning_rate=nan", "model.learning_rate=nan: expected a finite number"),
    ("train", "model.hidden=0", "model.hidden=0: expected at least 1. Change model.hidden."),
    ("train", "model.hidden=10", "model.hidden=10: expected a multiple of heads=4"),
    ("train", "model.hidden=null", "model.hidden=null: expected a whole number"),
    ("train", "model.amsgrad=maybe", "model.amsgrad=maybe: expected true or false"),
    ("train", "selection=3", "selection=3: expected settings inside it, as in selection.metric"),
    ("train", "features=5", "features=5: expected modality:name or modality, one or a list"),
    ("train", "dataset.batch_size=0", "dataset.batch_size=0: expected at least 1"),
    ("train", "dataset.simulation.train=0", "dataset.simulation.train=0: expected at least 1"),
    ("train", "dataset.simulation.stay=0.9", "dataset.simulation.catch=0.2: expected at most 1"),
    ("train", "~model", "model is not set. Set model=bc_lstm|cfn_esa|"),
    ("train", "~model.hidden", "does not support deletion"),
    ("train", "+model.foo=1", "No setting 'foo'; valid here: learning_rate, "),
    ("train", "model=null", "Config group override must be a string"),
    ("train", "experiment=hcam/med", "No experiment 'hcam/med'; there are: cfn_esa/iemocap4, "),
    ("finetune", "folds=0", "folds=0: expected at least 1"),
    ("finetune", "encoder.width=0", "No setting 'encoder.width'"),
    ("finetune", "encoder.max_tokens=1", "encoder.max_tokens=1: expected at least 8"),
    ("finetune", "encoder=hcamtext", "Did you mean 'hcam_text'?"),
    ("prepare", "workers=0", "workers=0: expected at least 1"),
    ("prepare", "workers=abc", "workers=abc: expected a whole number"),
    ("import", "fitted_on=3", "fitted_on=3: expected a list, or null"),
    ("reproduce", "seeds=[0]", "paper is not set. Set paper=cfn_esa|dialogue_rnn|graphsmile|"),
    ("train", "seed=many", "seed=many: expected a whole number"),
    ("report", "ouut=x", "No setting 'ouut'; valid here: runs, studies, out, ladder, wandb."),
    ("report", "model=gru", "No setting 'model' here. Add --help"),
    ("report", "wandb=yess", "wandb=yess: expected true or false"),
    ("stores", "merge=x", "merge=x: expected a list"),
]


def assert_one_clear_line(done, part):
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error executing job" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert part in line, line


@pytest.mark.parametrize(("arguments", "part"), BROKEN, ids=[" ".join(b[0]) for b in BROKEN])
def test_a_mistake_ends_in_one_line_and_leaves_nothing(ercbench, tmp_path, arguments, part):
    code, _, errors = ercbench(*arguments)
    assert code == 2
    assert part in errors.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "override", "said"), OUT_OF_BOUNDS, ids=[" ".join(o[:2]) for o in OUT_OF_BOUNDS]
)
def test_a_value_out_of_its_bounds_is_one_line_with_its_full_name(
    ercbench, tmp_path, command, override, said
):
    code, _, errors = ercbench(command, override)
    assert code == 2
    assert errors.count("\n") == 1
    assert said in errors
    assert list(tmp_path.iterdir()) == []


WRONG_VALUES = [
    (("dataset=mosi",), "ercbench prepare corpus=mosi root=PATH text=minilm"),
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


def test_a_run_that_fails_does_not_keep_the_others_from_running(forked, tmp_path):
    done = forked("train", "-m", *SMALL_RUN, "model.learning_rate=-1,0.01")
    assert done.returncode == 2
    assert done.stderr.count("model.learning_rate=-1.0: expected more than 0") == 1
    assert done.stderr.endswith("ercbench: 1 finished, 1 failed.\n")
    assert len(list(tmp_path.glob("runs/*/result.json"))) == 1


def test_help_names_the_commands_and_train_help_the_choices(ercbench):
    _, listed, _ = ercbench("--help")
    assert all(f"  ercbench {command} " in listed for command in COMMANDS)
    _, listed, _ = ercbench("train", "--help")
    assert "model: bc_lstm, cfn_esa, " in listed
    assert "dataset: csv, iemocap, meld, mosi, simulated" in listed


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_every_setting_with_its_comment_and_no_group_of_another_command(
    ercbench, command
):
    _, listed, _ = ercbench(command, "--help")
    composed = compose_with_sources(command)
    for name in composed.settings:
        assert f"\n{name}:" in listed
    for path, comment in comments(command, composed).items():
        assert f"{path[-1]}:" in listed or path[-1] == "_target_"
        assert comment in listed
    assert ("\nencoder: hcam_audio, " in listed) == (command == "finetune")
    assert "schema" not in listed


def test_help_shows_what_the_arguments_choose(ercbench):
    _, listed, _ = ercbench("train", "model=hcam", "model.beta=0.3", "--help")
    assert "  beta: 0.3  # share of cross-entropy" in listed
    assert "rume_layers" not in listed


def test_a_folder_stands_for_the_setting_of_report_and_stores(ercbench):
    for folder in ("a b", "it's", "(x)", "ä"):
        assert f"No folder '{folder}'" in ercbench("report", folder)[2]
        assert f"No feature stores in '{folder}'" in ercbench("stores", folder)[2]


def test_showing_settings_runs_nothing(ercbench, tmp_path):
    _, shown, _ = ercbench("train", "--cfg", "job", "model=gru")
    assert "ercbench.models.baselines.gru.GRU" in shown
    assert list(tmp_path.iterdir()) == []


COMPLETIONS = [
    ("ercbench ", ["prepare", "train", "stores"], []),
    ("ercbench tr", ["train"], ["prepare"]),
    ("ercbench train mod", ["model=", "model."], ["trainer="]),
    ("ercbench train model=", ["model=gru", "model=hcam"], []),
    ("ercbench  train model=c", ["model=cfn_esa"], ["model=hcam"]),
    ("ercbench train model=gru model.h", ["model.hidden="], ["model.heads="]),
    ("ercbench train ", ["seed=", "experiment="], ["encoder=", "schema/", "paper=", "hydra."]),
    ("ercbench train experiment=hcam/m", ["experiment=hcam/meld"], []),
    ("ercbench reproduce paper=", ["paper=hcam"], []),
    ("ercbench report o", ["out="], []),
    ("ercbench nothing x", [], ["train"]),
]


@pytest.mark.parametrize(("line", "there", "absent"), COMPLETIONS, ids=[c[0] for c in COMPLETIONS])
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_is_told_what_could_stand_at_the_end_of_its_line(
    ercbench, monkeypatch, line, there, absent, shell
):
    monkeypatch.setenv("COMP_LINE", line)
    code, words, _ = ercbench("-sc", f"query={shell}")
    assert code == 0
    assert set(there) <= set(words.split())
    assert not set(absent) & set(words.split())


@pytest.mark.parametrize("before", [(), ("train",)])
def test_completion_is_installed_for_the_program_whatever_the_command(ercbench, before):
    assert ercbench(*before, "-sc", "install=bash")[1].endswith("hydra_bash_completion ercbench\n")
    assert "complete -c ercbench -x" in ercbench(*before, "-sc", "install=fish")[1]


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


def test_a_run_leaves_no_files_but_its_own(forked, tmp_path):
    done = forked("train", *SMALL_RUN)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "stores"]


def test_a_multirun_leaves_a_record_per_seed_and_a_table(forked, tmp_path):
    done = forked("train", "-m", *SMALL_DATA, "model.hidden=8", "seed=0,1", "model=mlp,gru")
    assert done.returncode == 0, done.stderr
    setups = [RunFolder(path).read(RunRecord).setup for path in tmp_path.glob("runs/[!.]*")]
    assert sorted((setup.model, setup.seed) for setup in setups) == [
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
    table = forked("report").stdout
    assert "SIMULATED" in table
    assert "ceiling:" in table
    assert "±" in table


def test_a_full_disk_is_said_and_nothing_half_written_stays(forked, tmp_path):
    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    done = forked("train", *SMALL_RUN, before=ignore, limits=small_files_only)
    assert_one_clear_line(done, "File too large")
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list(tmp_path.glob("runs/*/result.json"))


def test_an_output_folder_that_cannot_be_made_is_named(forked, tmp_path):
    (tmp_path / "runs").write_text("a file")
    assert_one_clear_line(forked("train", *SMALL_RUN), "runs")
