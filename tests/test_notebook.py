import json
from pathlib import Path

import nbformat
import pytest
from helpers import SMALL_RUN, compose_in
from nbclient import NotebookClient

from ercbench.evaluation.compare.disagreement import dialogues_table
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.render import to_markdown
from ercbench.evaluation.tables.tables import pairs_table, released_table, scores_table
from ercbench.training.train import train

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_no_outputs_are_stored(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    ran = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert not ran, "clear all outputs before committing"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three tiny runs: two seeds of one model, and one that also chose its epoch on test."""
    folder = tmp_path_factory.mktemp("notebook")
    both = ("model=gru", "protocol=as_released")
    for own in (("seed=0",), ("seed=1",), both):
        train(compose_in(folder, *SMALL_RUN, "trainer.max_epochs=2", *own))
    return folder / "runs"


@pytest.fixture(scope="module")
def shown(runs, tmp_path_factory):
    """Everything the notebook shows of these runs, as texts, and the number of its pictures."""
    home = tmp_path_factory.mktemp("home")
    notebook = nbformat.read(NOTEBOOKS / "analysis.ipynb", as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERCBENCH_RUNS", str(runs))
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(home / name.lower()))
        place = {"metadata": {"path": str(NOTEBOOKS)}}
        NotebookClient(notebook, timeout=120, resources=place).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [own.get("text") or own["data"].get("text/markdown", "") for own in outputs]
    return texts, sum("image/png" in own.get("data", {}) for own in outputs)


def test_who_is_better_is_what_the_report_says(runs, shown):
    (comparison,) = read_comparisons(runs)
    analysis = analyse(comparison)
    texts, _ = shown
    assert f"**{conclusion(comparison, analysis)}**" in texts
    for table in (
        scores_table(comparison, analysis),
        pairs_table(comparison, analysis, "weighted_f1"),
        dialogues_table(comparison, most=10),
        released_table(comparison, analysis),
    ):
        assert table.rows
        assert to_markdown(table) in texts


def test_figures_are_shown_and_simulated_data_is_called_so(shown):
    texts, pictures = shown
    captions = [text for text in texts if text.startswith("**SIMULATED corpus: ")]
    assert pictures == len(captions) == 6
    assert texts[0].startswith("0: SIMULATED corpus, split simulated: GRU, MLP")
    assert any(text.startswith("**On SIMULATED data, ") for text in texts)
    assert any("MLP" not in text and "no run of seed 1" in text for text in texts)
