"""Tables of what a damaged modality costs: the curves, and every score at every level."""

from collections.abc import Sequence

from ercbench.data.damage import labels_of
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.robustness.curves import Curve, Robustness
from ercbench.evaluation.statistics.results import Estimate
from ercbench.evaluation.tables.common_notes import common_notes
from ercbench.evaluation.tables.table import Cell, Column, Table
from ercbench.evaluation.tables.tables import make_table
from ercbench.metrics import metrics_of

# The first words of the names of these tables.
CURVES, LEVELS = ROBUST = ("robust", "levels")


def robustness_tables(found: Sequence[Robustness]) -> list[Table]:
    """Returns two tables of each damage: its curves, and every score at every level."""
    return [table for own in found for table in (curves_table(own), levels_table(own))]


def title_of(found: Robustness) -> str:
    """Returns in words how the test part was damaged."""
    damage = found.damage
    units = {"utterance": "utterances", "block": "a block of each dialogue", "speaker": "speakers"}
    said = {
        "drop": f"{damage.modality} missing at test time, by {units.get(damage.by or '', '')}",
        "noise": f"noise on {damage.modality} features at test time",
        "recordings": "white noise on recordings at test time",
        "words": "word errors in the transcript at test time",
    }
    return said[damage.kind]


def curves_table(found: Robustness) -> Table:
    """Returns the main score by level, the area below, and the loss at the most damage."""
    main = found.comparison.test.main
    levels = list(labels_of(found.levels, found.damage))
    rows = [
        (
            Cell(found.comparison.marked(curve.group.name)),
            *(_cell(point.estimates[main.name]) for point in curve.points),
            _cell(curve.areas[main.name]) if curve.areas else Cell(None),
            _cell(curve.points[-1].losses[main.name]),
        )
        for curve in found.curves
    ]
    columns = [
        Column("model", "text"),
        *(Column(level, main.kind) for level in (*levels, "area", f"lost at {levels[-1]}")),
    ]
    title = f"{title_of(found)}, {main.title}"
    return make_table(
        f"{CURVES}-{found.damage.name}", title, found.comparison, columns, rows, _notes(found)
    )


def levels_table(found: Robustness) -> Table:
    """Returns every score at every level, with what is lost against the clean test part."""
    metrics = metrics_of(found.comparison.test.target)
    levels = list(labels_of(found.levels, found.damage))
    rows = [
        (
            Cell(found.comparison.marked(curve.group.name)),
            Cell(level),
            Cell(point.missing),
            *(
                _cell(point.estimates[own.name]) if own.compared else Cell(point.scores[own.name])
                for own in metrics
            ),
            *(_cell(point.losses[own.name]) for own in metrics if own.compared),
        )
        for curve in found.curves
        for level, point in zip(levels, curve.points, strict=True)
    ]
    columns = [
        *(Column("model", "text"), Column("level", "text"), Column("missing")),
        *(Column(own.title, own.kind) for own in metrics),
        *(Column(f"lost {own.title}", own.kind) for own in metrics if own.compared),
    ]
    return make_table(
        f"{LEVELS}-{found.damage.name}",
        f"{title_of(found)}, every score",
        found.comparison,
        columns,
        rows,
        _notes(found),
    )


def _cell(estimate: Estimate) -> Cell:
    return Cell(estimate.mean, estimate.deviation, (estimate.low, estimate.high))


def _notes(found: Robustness) -> list[str]:
    scale = {
        "drop": "levels are rates; what is missing is drawn by the corpus's ids, so that every "
        "model loses the same, and is marked as missing, never replaced by zeros",
        "noise": "levels are signal-to-noise ratios of standardised features; at 0 dB noise is as "
        "strong as the signal",
        "recordings": "levels are signal-to-noise ratios of each utterance's recording; features "
        "are made anew from the noisy sound",
        "words": "levels are word error rates; features are made anew from the damaged transcript",
    }
    said = [
        f"no model was trained for this; mean over {found.draws} draw{'s' * (found.draws > 1)} and "
        "all seeds",
        scale[found.damage.kind],
        "95 % intervals by resampling dialogues and seeds; area: the mean over the levels, clean "
        f"{'left out' if found.damage.in_decibels else 'included'}, by the trapezoidal rule",
        *_blind(found.curves),
        *_left_out(found),
    ]
    return said + _common(found.comparison)


def _blind(curves: Sequence[Curve]) -> list[str]:
    names = ", ".join(curve.group.name for curve in curves if curve.blind)
    return (
        [f"{names}: reads nothing else, and where it is missing answers from nothing"]
        if names
        else []
    )


def _left_out(found: Robustness) -> list[str]:
    names = ", ".join(found.left_out)
    return [f"{names}: not every seed was asked, or it does not read the modality"] if names else []


def _common(comparison: Comparison) -> list[str]:
    return common_notes(comparison)
