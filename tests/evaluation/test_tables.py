import csv
import io
import re
import shutil
import subprocess
from dataclasses import asdict, replace

import numpy as np
import pytest
from helpers import simulation
from rich.console import Console

from ercbench.corpora.simulated.simulation import simulate
from ercbench.data.leakage import Leak
from ercbench.evaluation.ceilings import ceiling_scores
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.render import to_csv, to_latex, to_markdown, to_rich
from ercbench.evaluation.tables.summary import summary
from ercbench.evaluation.tables.table import Cell, Column, Table
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tables.terminal import fitting, print_table
from ercbench.metrics import metrics_of, previous_labels
from ercbench.records.reading import read_runs
from ercbench.records.run_record import ChosenOnTest, OutputScores, RunRecord, Scores
from records import (
    LABELS,
    STAGE,
    make_recipe,
    make_record,
    make_scores,
    make_setup,
    write_run,
)

LONG = (6, 4, 9, 3, 7, 5, 8, 6, 4, 9, 3, 7)


def tables_of(folder, draws=300):
    (comparison,) = read_comparisons(folder)
    return {table.name: table for table in tables(comparison, analyse(comparison, draws))}


def row_of(table, name):
    (row,) = (row for row in table.rows if row[0].value == name)
    return dict(zip([column.title for column in table.columns], row, strict=True))


def printed(table):
    console = Console(width=200, file=io.StringIO())
    console.print(to_rich(table))
    return console.file.getvalue()


@pytest.mark.parametrize("room", [40, 60, 80, 100, 120, 180, 400])
def test_a_terminal_shows_whole_columns_and_names_those_it_has_no_room_for(tmp_path, room):
    for seed in (0, 1):
        write_run(tmp_path, seed=seed)
    table = tables_of(tmp_path)["scores"]
    console = Console(width=room, file=io.StringIO())
    print_table(console, table)
    shown, fitted = console.file.getvalue(), fitting(table, room)
    assert "…" not in shown
    assert "MLP" in shown
    assert len(fitted.columns) >= 2
    for column in table.columns[len(fitted.columns) :]:
        assert column.title in fitted.notes[-1]
    assert fitting(table, 400) == table


def test_scores_are_means_with_deviation_and_interval(tmp_path):
    runs = [write_run(tmp_path, seed=seed).read(RunRecord) for seed in (0, 1, 2)]
    row = row_of(tables_of(tmp_path)["scores"], "MLP")
    assert row["seeds"].value == 3
    accuracy = row["accuracy"]
    assert accuracy.value == pytest.approx(sum(run.results.test["accuracy"] for run in runs) / 3)
    assert accuracy.deviation > 0
    assert accuracy.interval[0] < accuracy.value < accuracy.interval[1]
    assert row["shift F1"].deviation > 0


def test_one_seed_has_no_deviation_and_it_is_said(tmp_path):
    write_run(tmp_path)
    table = tables_of(tmp_path)["scores"]
    assert row_of(table, "MLP")["accuracy"].deviation is None
    assert "one seed only, so no sd" in to_markdown(table)
    assert "±" not in to_markdown(table)


def test_only_a_model_told_apart_from_every_other_is_bold(tmp_path):
    for seed in (0, 1, 2):
        write_run(tmp_path, "GRU", seed, skill=4.0, sizes=LONG)
        write_run(tmp_path, "MLP", seed, skill=0.5, sizes=LONG)
    table = tables_of(tmp_path)["scores"]
    assert row_of(table, "GRU")["weighted F1"].bold
    assert not row_of(table, "MLP")["weighted F1"].bold
    assert "**" in to_markdown(table).split("\n", 2)[2]
    assert r"\textbf{" in to_latex(table)


def test_nothing_is_bold_where_models_are_alike(tmp_path):
    write_run(tmp_path, "GRU", sizes=LONG)
    write_run(tmp_path, "MLP", sizes=LONG)
    table = tables_of(tmp_path)["scores"]
    assert not any(cell.bold for row in table.rows for cell in row)
    assert "Nothing in bold: no model is better than every other one" in to_markdown(table)
    assert "what another training would do is unknown" in to_markdown(table)


def test_a_class_without_utterances_and_a_missing_score_are_not_numbers(tmp_path):
    write_run(tmp_path, labels=(*LABELS, "fear"), sizes=(1,) * 22)
    found = tables_of(tmp_path)
    assert row_of(found["scores"], "MLP")["shift F1"].value is None
    assert row_of(found["classes"], "MLP")["fear (0)"].value is None
    assert "n/a" in printed(found["classes"])
    assert "n/a" in to_latex(found["scores"])


def test_a_leak_marks_the_model_and_is_explained(tmp_path):
    write_run(tmp_path, leaks=(Leak("text:x", "test", 2, 9),))
    text = to_markdown(tables_of(tmp_path)["scores"])
    assert "| MLP LEAK |" in text
    assert "LEAK: text:x saw the labels of 2 of 9 test conversations" in text


def test_every_table_says_that_validation_shares_speakers_with_training(tmp_path):
    write_run(tmp_path, "MLP", validation_speakers="seen")
    write_run(tmp_path, "GRU", validation_speakers="seen")
    for table in tables_of(tmp_path).values():
        assert to_markdown(table).count("Validation shares speakers with training") == 1


def test_nothing_is_said_of_unseen_speakers_or_of_an_earlier_record(tmp_path):
    write_run(tmp_path, "MLP", validation_speakers="unseen")
    write_run(tmp_path, "GRU")
    assert "speakers with training" not in to_markdown(tables_of(tmp_path)["scores"])


@pytest.mark.parametrize(
    ("model", "mark"), [("HCAM", True), ("M2FNet", True), ("CFN-ESA", False), ("GRU", False)]
)
def test_reconstructed_models_are_marked(tmp_path, model, mark):
    write_run(tmp_path, model)
    text = to_markdown(tables_of(tmp_path)["scores"])
    assert ("is a reconstruction" in text) == mark
    assert ("†" in text) == mark


def test_features_have_a_column_where_models_differ_in_them(tmp_path):
    write_run(tmp_path, "GRU")
    assert "text:x, audio:x" in tables_of(tmp_path)["scores"].title
    write_run(tmp_path, "MLP", features=["text:x"])
    table = tables_of(tmp_path)["scores"]
    assert row_of(table, "MLP")["features"].value == "text"
    assert row_of(table, "GRU")["features"].value == "text+audio"
    assert "Models see different features" in to_markdown(table)
    assert "text:x" not in table.title


def test_the_other_outputs_of_a_model_have_rows_of_their_own(tmp_path):
    write_run(tmp_path, "HCAM", outputs=("text", "ensemble"))
    table = tables_of(tmp_path)["scores"]
    assert {row[0].value for row in table.rows} == {"HCAM †", "HCAM: text †", "HCAM: ensemble †"}
    assert "weighed on validation" in to_markdown(table)


def test_every_pair_has_its_row(tmp_path):
    for model in ("GRU", "MLP", "HCAM"):
        write_run(tmp_path, model, skill=len(model) / 2, sizes=LONG)
    table = tables_of(tmp_path)["pairs-weighted_f1"]
    assert len(table.rows) == 3
    differences = [row[2].value for row in table.rows]
    assert differences == sorted(differences, reverse=True)
    assert "between the networks at hand 300 times" in to_markdown(table)


def test_what_choosing_on_test_gains_stands_beside(tmp_path):
    released = dict.fromkeys(("accuracy", "weighted_f1", "macro_f1"), 0.9)
    runs = [write_run(tmp_path, seed=seed, released=released).read(RunRecord) for seed in (0, 1)]
    row = row_of_score(tables_of(tmp_path)["released"], "accuracy")
    assert row["chosen on test"].value == pytest.approx(0.9)
    gains = [0.9 - run.results.test["accuracy"] for run in runs]
    assert row["gained"].value == pytest.approx(sum(gains) / 2)
    assert row["gained"].deviation > 0
    assert "published" not in row


def row_of_score(table, score):
    titles = [column.title for column in table.columns]
    rows = [dict(zip(titles, row, strict=True)) for row in table.rows]
    (row,) = (row for row in rows if row["score"].value == score)
    return row


def on_iemocap(folder, model, features, **changes):
    labels = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
    given = {"corpus": "iemocap", "labels": labels, "features": features, "split": "dialogxl"}
    write_run(folder, model, **given | changes)


def test_published_values_stand_beside_ours_with_their_source(tmp_path):
    on_iemocap(tmp_path, "M2FNet", ["text:x", "audio:x"])
    table = tables_of(tmp_path)["released"]
    row = row_of_score(table, "weighted F1")
    assert row["published"].value == pytest.approx(0.6986)
    distance = row["chosen on validation"].value - 0.6986
    assert row["above published"].value == pytest.approx(distance)
    assert "the papers use other features" in to_markdown(table).lower()


def test_values_published_on_another_split_do_not_stand_beside_ours(tmp_path):
    released = dict.fromkeys(("accuracy", "weighted_f1", "macro_f1"), 0.9)
    on_iemocap(tmp_path, "M2FNet", ["text:x", "audio:x"], split="cosmic", released=released)
    table = tables_of(tmp_path)["released"]
    assert "published" not in row_of_score(table, "weighted F1")
    said = "M2FNet is published on the split dialogxl and not comparable here"
    assert said in to_markdown(table)


def test_a_model_of_one_modality_has_the_papers_row_of_it(tmp_path):
    on_iemocap(tmp_path, "M2FNet", ["text:x"])
    table = tables_of(tmp_path)["released"]
    assert row_of_score(table, "weighted F1")["published"].value == pytest.approx(0.662)
    said = to_markdown(table)
    assert "Accuracy of text alone: kind unknown, epoch chosen on unknown; the paper's" in said


def test_nothing_published_and_nothing_released_is_no_table(tmp_path):
    on_iemocap(tmp_path, "GRU", ["text:x"])
    assert "released" not in tables_of(tmp_path)


def simulated_runs(folder, *skills, features=("text:simulated", "audio:simulated")):
    """Writes runs on a simulated corpus' own test part."""
    settings = simulation(train=5, validation=5, test=50)
    corpus, _ = simulate(settings)
    tested = set(corpus.splits["simulated"].test)
    provenance = {"simulated": True, "settings": asdict(settings)}
    sizes = [len(c) for c in corpus.conversations if c.id in tested]
    for model, skill in skills:
        run = write_run(
            folder,
            model,
            skill=skill,
            sizes=sizes,
            corpus="simulated",
            split="simulated",
            simulated=True,
            labels=tuple(corpus.labels),
            features=list(features),
            provenance=provenance,
        )
        as_in(corpus, tested, run)


def as_in(corpus, tested, run):
    """Gives the made-up predictions the corpus' own dialogues and labels."""
    import pyarrow.parquet as pq

    rows = pq.read_table(run.predictions).to_pylist()
    own = [(c, u) for c in corpus.conversations if c.id in tested for u in c.utterances]
    for row, (conversation, utterance) in zip(rows, own, strict=True):
        row.update(conversation=conversation.id, label=utterance.label)
    run.write_predictions(rows)
    record = run.read(RunRecord)
    truth = np.array([corpus.labels.index(row["label"]) for row in rows])
    probabilities = np.array([[row[f"p_{label}"] for label in corpus.labels] for row in rows])
    columns = (np.array([row[key] for row in rows]) for key in ("conversation", "speaker"))
    previous = previous_labels(*columns, truth)
    scores = make_scores(truth, probabilities.astype(np.float32), previous)
    outputs = {"final": OutputScores(scores, scores)}
    run.write(replace(record, results=replace(record.results, outputs=outputs)))


def test_a_simulated_corpus_says_so_everywhere_and_models_stand_between_its_ceilings(tmp_path):
    simulated_runs(tmp_path, ("MLP", 0.0), ("GRU", 0.0))
    for table in tables_of(tmp_path).values():
        for text in (to_markdown(table), to_latex(table), to_csv(table), printed(table)):
            assert "SIMULATED" in text
    rows = [row[0].value for row in tables_of(tmp_path)["scores"].rows]
    assert rows[-1] == "ceiling: text+audio with context"
    assert rows.index("MLP") < rows.index("ceiling: text with context")


def test_ceilings_are_those_of_the_features_in_use(tmp_path):
    simulated_runs(tmp_path / "one", ("MLP", 1.0), features=["text:simulated"])
    simulated_runs(tmp_path / "two", ("MLP", 1.0))
    one, two = (ceiling_scores(read_comparisons(tmp_path / n)[0]) for n in ("one", "two"))
    assert set(one) == {"text without context", "text with context"}
    accuracy, weighted_f1 = two["text+audio with context"]
    assert accuracy > two["text+audio without context"][0] > two["text without context"][0]
    assert weighted_f1 == pytest.approx(accuracy, abs=0.06)


def test_a_real_corpus_has_no_ceilings(tmp_path):
    write_run(tmp_path)
    assert ceiling_scores(read_comparisons(tmp_path)[0]) == {}


TABLE = Table(
    "scores",
    "meld",
    "meld: scores",
    (Column("model", "text"), Column("seeds", "count"), Column("F1"), Column("p", "p")),
    (
        (Cell("A_b & c|d [x]", bold=True), Cell(3), Cell(0.5, 0.01, (0.4, 0.6)), Cell(0.0004)),
        (Cell("plain"), Cell(1), Cell(None), Cell(0.25)),
    ),
    ("100 % of it", "second"),
)


def test_markdown_is_a_table_whatever_the_names():
    lines = to_markdown(TABLE).splitlines()
    assert lines[2:6] == [
        "| model | seeds | F1 | p |",
        "| --- | ---: | ---: | ---: |",
        r"| **A_b & c\|d [x]** | 3 | 50.0 ± 1.0 [40.0, 60.0] | <0.001 |",
        "| plain | 1 | n/a | 0.250 |",
    ]


def test_latex_is_for_booktabs_and_escapes_what_it_must():
    text = to_latex(TABLE)
    assert r"\toprule" in text
    assert r"\begin{tabular}{lrrr}" in text
    assert r"\textbf{A\_b \& c|d {[}x{]}} & 3 & 50.0 $\pm$ 1.0 {\scriptsize [40.0, 60.0]}" in text
    assert r"100 \% of it." in text
    assert text.count("{") == text.count("}")


def test_csv_has_a_column_per_number():
    rows = list(csv.DictReader(io.StringIO(to_csv(TABLE))))
    assert rows[0] == {
        "corpus": "meld",
        "model": "A_b & c|d [x]",
        "seeds": "3",
        "F1": "50.0",
        "F1, sd": "1.0",
        "F1, low": "40.0",
        "F1, high": "60.0",
        "p": "0.0004",
    }
    assert rows[1]["F1"] == ""


HOSTILE = ("[joy]", "a|b\nc", "<script>", "=1+2", "-x", "@y", "100% & $_{~}^\\#", "\x1b[31m", "喜")


def hostile_table():
    """A table whose title, heads, texts and notes come from somebody else."""
    columns = (Column("label", "text"), *(Column(name) for name in HOSTILE))
    rows = tuple((Cell(name), *(Cell(-0.5) for _ in HOSTILE)) for name in HOSTILE)
    return Table("scores", "=corpus", " ".join(HOSTILE), columns, rows, HOSTILE)


def test_markdown_stays_a_table_whatever_labels_say():
    lines = to_markdown(hostile_table()).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 2 + len(HOSTILE)
    assert {len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) for row in rows} == {
        2 + len(HOSTILE)
    }
    assert "<script>" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


def test_no_text_of_a_csv_is_a_formula_and_numbers_stay_numbers():
    rows = list(csv.reader(io.StringIO(to_csv(hostile_table()))))
    assert all(len(row) == 2 + len(HOSTILE) for row in rows)
    texts = [*rows[0], *(cell for row in rows[1:] for cell in row[:2])]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    assert {cell for row in rows[1:] for cell in row[2:]} == {"-50.0"}


def test_the_terminal_shows_hostile_names_as_they_are():
    text = printed(hostile_table())
    for name in ("[joy]", "<script>", "=1+2", "喜"):
        assert name in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_latex_compiles_whatever_labels_say(tmp_path):
    names = [name for name in HOSTILE if name.isascii()]
    columns = (Column("label", "text"), Column(names[0]))
    rows = tuple((Cell(name), Cell(0.5)) for name in names)
    table = Table("scores", "corpus", " ".join(names), columns, rows, tuple(names))
    preamble = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}"
    (tmp_path / "t.tex").write_text(f"{preamble}\n{to_latex(table)}\n\\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_headers_and_cells_follow_the_registry(tmp_path):
    write_run(tmp_path)
    row = row_of(tables_of(tmp_path)["scores"], "MLP")
    (read,), _ = read_runs(tmp_path)
    for metric in metrics_of("labels"):
        assert row[metric.title].value == pytest.approx(read.scores["final"][metric.name], abs=1e-6)
    assert row["parameters"].value == 1234
    assert row["seconds"].value == 56.7


def test_unknown_provenance_marks_the_model_and_is_explained(tmp_path):
    write_run(tmp_path, features=[make_recipe("text:x", fitted_on=None)])
    text = to_markdown(tables_of(tmp_path)["scores"])
    assert "| MLP PROVENANCE UNKNOWN |" in text
    assert "whose labels the encoder of text:x saw is not recorded" in text


def test_a_table_of_what_features_cover_says_so(tmp_path):
    write_run(tmp_path, provenance={"covered": "2 of 3 conversations"})
    text = to_markdown(tables_of(tmp_path)["scores"])
    assert "ONLY A PART OF THE CORPUS: 2 of 3 conversations" in text


def test_a_chosen_epoch_that_was_the_last_allowed_is_said(tmp_path):
    last = replace(STAGE, best_epoch=49, epochs=50)
    write_run(tmp_path, seed=0, stages=[last])
    write_run(tmp_path, seed=1)
    text = to_markdown(tables_of(tmp_path)["scores"])
    assert "The chosen epoch was the last allowed: MLP (1 of 2 runs)" in text


def test_one_label_is_a_table_too(tmp_path):
    write_run(tmp_path, labels=("only",))
    found = tables_of(tmp_path)
    assert row_of(found["scores"], "MLP")["accuracy"].value == 1


def test_the_terminal_shows_names_as_they_are():
    text = printed(TABLE)
    assert "A_b & c|d [x]" in text
    assert "[40.0, 60.0]" in text


def test_a_summary_has_every_class():
    values = dict.fromkeys(("accuracy", "weighted_f1", "macro_f1", "shift_f1", "stay_f1"), 0.25)
    scores = Scores(values, (0.1, 0.2, 0.3), ())
    claimed = ChosenOnTest(7, replace(scores, values=values | {"weighted_f1": 0.31}))
    outputs = {"final": OutputScores(scores, scores)}
    record = make_record(make_setup(), outputs, as_released=claimed)
    earlier = (replace(claimed, stage="text"),)
    record = replace(record, results=replace(record.results, earlier_as_released=earlier))
    console = Console(width=100, file=io.StringIO())
    console.print(summary(record))
    text = console.file.getvalue()
    assert "F1 joy" in text
    assert "20.0" in text
    assert "epoch 3 of 9" in text
    assert "weighted F1: if chosen on test" in text
    assert "weighted F1: text, if chosen on test" in text
    assert "31.0" in text


def test_few_dialogues_are_said_to_be_few(tmp_path):
    for model in ("GRU", "MLP"):
        write_run(tmp_path, model)
    found = tables_of(tmp_path)
    assert "Only 4 test dialogues: intervals over so few are too narrow" in to_markdown(
        found["scores"]
    )
