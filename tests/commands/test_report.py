import pytest
from studies import make_study

from ercbench.commands.report import report_command, stems
from ercbench.config.compose import compose
from ercbench.config.explain import explain
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.records.study import write_study
from records import make_setup, write_run


def told(runs, *overrides):
    """The settings of a report of some runs."""
    return compose("report", [f"runs={runs}", *overrides])


def test_a_report_prints_tables_and_warnings_and_writes_nothing(tmp_path, capsys):
    write_run(tmp_path / "runs", "GRU", 0)
    write_run(tmp_path / "runs", "GRU", 1)
    write_run(tmp_path / "runs", "MLP", 0)
    report_command(told(tmp_path / "runs"))
    text = capsys.readouterr().out
    assert "F1 per class" in text
    assert "every pair, by weighted F1" in text
    assert "every pair, by accuracy" not in text
    assert "warning: MLP: no run of seed 1" in text
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_tables_figures_and_a_page_are_written(tmp_path, capsys):
    write_run(tmp_path / "runs", "GRU")
    write_run(tmp_path / "runs", "MLP")
    for folder in ("", "tables", "figures/made-up3-standard"):
        left = tmp_path / "report" / folder / ".by a killed process.4194305.tmp"
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()
    report_command(told(tmp_path / "runs", f"out={tmp_path / 'report'}"))
    assert not list(tmp_path.rglob("*.tmp"))
    written = {path.name for path in (tmp_path / "report" / "tables").iterdir()}
    names = ("scores", "classes", "pairs-accuracy", "pairs-weighted_f1", "pairs-macro_f1")
    endings = ("md", "tex", "csv")
    assert written == {f"made-up3-standard-{name}.{end}" for name in names for end in endings}
    figures = {path.name for path in (tmp_path / "report" / "figures").rglob("pairwise.*")}
    assert figures == {"pairwise.svg", "pairwise.png"}
    page = tmp_path / "report" / "index.html"
    assert "made-up3-standard" in page.read_text(encoding="utf-8")
    assert "index.html in a browser" in " ".join(capsys.readouterr().out.split())


def test_the_studies_of_the_models_are_told_and_written(tmp_path, capsys):
    for model in ("GRU", "MLP"):
        write_run(tmp_path / "runs", model)
    write_study(tmp_path / "studies" / "made-up-gru", make_study(make_setup("GRU"), 12))
    told_where = (f"studies={tmp_path / 'studies'}", f"out={tmp_path / 'report'}")
    report_command(told(tmp_path / "runs", *told_where))
    text = " ".join(capsys.readouterr().out.split())
    assert "12 trials over 4 knobs, on validation (GRU)" in text
    assert "ercbench tune model=mlp trials=12" in text
    assert "every trial of" not in text
    written = {path.name for path in (tmp_path / "report" / "tables").iterdir()}
    assert {f"made-up3-standard-{name}.csv" for name in ("tuning", "budget")} < written
    assert "made-up3-standard-trials-made-up-gru.csv" in written
    figures = tmp_path / "report" / "figures" / "made-up3-standard"
    assert (figures / "budget.svg").is_file()
    assert (figures / "study-made-up-gru" / "search.png").is_file()
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "GRU: 12 trials over 4 knobs, on validation" in page
    assert '"name": "MLP \\u00a7"' in page


def test_a_ladder_is_printed_and_drawn(tmp_path, capsys):
    for seed in (0, 1):
        for model in ("GRU", "MLP"):
            write_run(tmp_path / "runs", model, seed)
    out = tmp_path / "report"
    report_command(told(tmp_path / "runs", "ladder=[MLP,GRU]", f"out={out}"))
    assert "what each step adds, by weighted F1" in capsys.readouterr().out
    assert (out / "figures" / "made-up3-standard" / "ladder.png").is_file()
    assert (out / "tables" / "made-up3-standard-ladder.md").is_file()
    assert "What each step adds" in (out / "index.html").read_text(encoding="utf-8")
    with pytest.raises(ErcbenchError, match="ladder: hcam: no group is called so"):
        report_command(told(tmp_path / "runs", "ladder=[mlp,hcam]"))


def test_comparisons_of_one_corpus_have_files_of_their_own(tmp_path):
    write_run(tmp_path, "GRU")
    write_run(tmp_path, "MLP", manifest_sha256="other")
    write_run(tmp_path, "HCAM", split="made-up")
    names = stems(read_comparisons(tmp_path))
    assert len(set(names)) == 3
    assert {"made-up3-made-up", "made-up3-standard"} < set(names)


def test_a_report_needs_neither_torch_nor_wandb_nor_a_window_nor_anybody_who_reads_on(
    run_command, unread, tmp_path
):
    for model in ("GRU", "MLP"):
        write_run(tmp_path / "runs", model)
    check = (
        "import atexit, sys; from pathlib import Path; heavy = {'torch', 'lightning'}; "
        "heavy |= {'wandb', 'matplotlib.pyplot'}; "
        "atexit.register(lambda: Path('heavy').write_text(repr(heavy & set(sys.modules))))"
    )
    every = (
        "import importlib, pkgutil, ercbench.evaluation as room\n"
        "for found in pkgutil.walk_packages(room.__path__, 'ercbench.evaluation.'):\n"
        "    importlib.import_module(found.name)"
    )
    done = run_command("report", "out=report", before=f"{check}\n{every}", stdout=unread)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "heavy").read_text() == "set()"
    assert (tmp_path / "report" / "index.html").is_file()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    write_run(tmp_path / "runs")
    (tmp_path / "file").write_text("")
    settings = told(tmp_path / "runs", f"out={tmp_path / 'file'}")
    with pytest.raises(ErcbenchError) as caught:
        report_command(settings)
    assert "file" in explain(caught.value)
