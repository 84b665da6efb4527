"""What was tried before the settings of compared models were chosen."""

from collections.abc import Sequence
from dataclasses import replace

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.tuning.budget import smallest_budget, uneven_budgets
from ercbench.records.study import StudyRecord


def with_studies(comparison: Comparison, studies: Sequence[StudyRecord]) -> Comparison:
    """Returns a comparison that knows what was tried before its models' settings were chosen.

    Args:
        comparison: Of any models. Where folds are pooled, the smallest budget of any fold counts,
            and the studies stay in the tables of their folds.
        studies: Of any; those on other data are left out.
    """
    test, trained = comparison.test, [run.setup for own in comparison.groups for run in own.runs]
    places = {(test.corpus, test.split), *((setup.corpus, setup.split) for setup in trained)}
    own = [study for study in studies if (study.corpus, study.split) in places]
    groups = [
        replace(group, budget=smallest_budget(group.setups, own)) if group.runs else group
        for group in comparison.groups
    ]
    said = (uneven_budgets(group.name, group.setups, own) for group in comparison.groups)
    return replace(
        comparison,
        groups=tuple(groups),
        warnings=(*comparison.warnings, *filter(None, said)),
        studies=() if test.folds else tuple(own),
    )
