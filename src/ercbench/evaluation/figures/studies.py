"""The figures of every tuning study, on disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures import Drawing
from ercbench.evaluation.figures.style import save, styled
from ercbench.evaluation.figures.tuning import (
    MOST_CURVES,
    importances,
    score_by_knob,
    search,
    trial_curves,
)
from ercbench.evaluation.tuning.budget import spent
from ercbench.evaluation.tuning.studies import names_of
from ercbench.files import remove_leftovers, safe_name
from ercbench.records.study import StudyRecord

PLOTS: dict[str, tuple[str, str, Callable[[StudyRecord], Figure | None]]] = {
    "search": (
        "The search",
        "Score on validation of every trial; of a pruned one the best before it was pruned.",
        search,
    ),
    "curves": (
        "Learning curves of the trials",
        "Blue: complete; grey: pruned; orange: chosen. Of more than "
        f"{MOST_CURVES} trials some are drawn.",
        trial_curves,
    ),
    "importances": (
        "Which knobs matter",
        "How much of the scores' variance a knob explains, as the study estimated it.",
        importances,
    ),
    "knobs": (
        "The score by each knob",
        "A dot per complete trial, a cross per pruned one; the most important knob first.",
        score_by_knob,
    ),
}


@dataclass(frozen=True)
class DrawnStudy:
    """A study and its figures.

    Attributes:
        name: What tells it from the others of its comparison.
        study: Its record.
        drawings: What there was to show.
    """

    name: str
    study: StudyRecord
    drawings: Sequence[Drawing]

    @property
    def told(self) -> str:
        """How large the search was."""
        return spent(self.study).told


def draw_studies(comparison: Comparison, folder: Path) -> list[DrawnStudy]:
    """Draws every study of a comparison.

    Args:
        comparison: The models and their studies.
        folder: Where the files go, a folder for each study; it is made if needed.
    """
    named = zip(names_of(comparison.studies), comparison.studies, strict=True)
    return [DrawnStudy(name, study, _draw(study, folder)) for name, study in named]


def _draw(study: StudyRecord, folder: Path) -> list[Drawing]:
    own = folder / f"study-{safe_name(study.study)}"
    remove_leftovers(own)
    drawings = []
    for name, (title, caption, plot) in PLOTS.items():
        with styled():
            figure = plot(study)
        if figure is not None:
            drawings.append(Drawing(name, title, caption, *save(figure, own / name)))
    return drawings
