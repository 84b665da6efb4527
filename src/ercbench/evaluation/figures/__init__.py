"""Figures of a comparison: each as `.svg` for papers and pages, and as `.png`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures.classes import class_f1, confusion_matrices
from ercbench.evaluation.figures.confidence import calibration
from ercbench.evaluation.figures.dialogue import f1_by_length, f1_by_place, shift_f1
from ercbench.evaluation.figures.ladder import ladder
from ercbench.evaluation.figures.overall import ceilings, pairwise_matrix
from ercbench.evaluation.figures.style import save, styled
from ercbench.evaluation.figures.training import learning_curves
from ercbench.evaluation.figures.tuning import score_by_budget
from ercbench.evaluation.statistics.results import Analysis
from ercbench.files import remove_leftovers


@dataclass(frozen=True)
class Drawing:
    """A figure on disk.

    Attributes:
        name: Of its files, without their ending.
        title: What it shows.
        caption: How to read it.
        svg: Without a background; text stays text.
        png: On white.
    """

    name: str
    title: str
    caption: str
    svg: Path
    png: Path


Plot = Callable[[Comparison, Analysis], Figure | None]
PLOTS: dict[str, tuple[str, str, Plot]] = {
    "pairwise": (
        "Who is better than whom",
        "How many points of {main} the model of a row is ahead of the model of a column, "
        "and p, adjusted over all pairs, of other dialogues and trainings. Bold: told apart.",
        pairwise_matrix,
    ),
    "ladder": (
        "What each step adds",
        "{Main} of each step, with its own 95 % interval; at the right what it adds to the step "
        "before, with the simultaneous interval of all pairs. Bold: told apart.",
        ladder,
    ),
    "ceilings": (
        "Between the ceilings of the simulated corpus",
        "A ceiling is the highest expected accuracy of any model that sees this much. Models: "
        "mean ± sd over seeds.",
        ceilings,
    ),
    "class_f1": (
        "F1 per emotion",
        "Mean ± sd over seeds; the line marks the highest mean; n counts test utterances.",
        class_f1,
    ),
    "confusion": (
        "What is taken for what",
        "Per cent of a row's true emotion, and below it the number of utterances, summed over "
        "seeds.",
        confusion_matrices,
    ),
    "shift": (
        "Where a speaker's emotion shifts or stays",
        "Compared with the speaker's own last emotion in the dialogue. Mean ± sd over seeds.",
        shift_f1,
    ),
    "place": (
        "Early and late in a dialogue",
        "Blue: this model, mean ± sd over seeds; grey: all models.",
        f1_by_place,
    ),
    "length": (
        "In short and long dialogues",
        "Blue: this model, mean ± sd over seeds; grey: all models.",
        f1_by_length,
    ),
    "calibration": (
        "How sure, and how right",
        "On the diagonal a model is right as often as it says, above it more often. A dot's area "
        "is its share of the predictions. ECE: expected calibration error in points, "
        "mean over seeds.",
        calibration,
    ),
    "learning": (
        "Learning curves",
        "{Main} on validation, a line per seed; the dot is the epoch that was chosen.",
        learning_curves,
    ),
    "budget": (
        "What a tuning budget is worth",
        "The score on validation that the best of so many trials is expected to have, and one "
        "standard deviation around it, if trials were drawn at random from those there were "
        "(Dodge et al. 2019). Blue: this model; grey: all models. Where lines cross, the ranking "
        "depends on the budget.",
        score_by_budget,
    ),
}

ROUNDED = "Where an emotion or weighted F1 is meant, it is that of the rounded score."
UNEQUAL = "§: fewer trials of tuning than another model; ‡: nobody knows; so nothing is bold."


def draw(comparison: Comparison, analysis: Analysis, folder: Path) -> list[Drawing]:
    """Draws all figures that a comparison has something to show for.

    Args:
        comparison: The models.
        analysis: What is said of them.
        folder: Where the files go; it is made if needed.
    """
    remove_leftovers(folder)
    drawings, mark = [], f" {UNEQUAL}" if comparison.fewer_trials else ""
    if comparison.test.target == "score":
        mark += f" {ROUNDED}"
    main = comparison.test.main.title
    for name, (title, caption, plot) in PLOTS.items():
        with styled():
            figure = plot(comparison, analysis)
        if figure is not None:
            told = caption.format(main=main, Main=f"{main[0].upper()}{main[1:]}") + mark
            drawings.append(Drawing(name, title, told, *save(figure, folder / name)))
    return drawings
