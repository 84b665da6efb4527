"""What proposes a trial's settings, and what stops a trial early."""

from typing import Any
from zlib import crc32

from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

# Trials that are drawn at random before the sampler has enough to go by, and before a trial is
# compared to the others; epochs in which none is stopped.
RANDOM_TRIALS, UNPRUNED_TRIALS, UNPRUNED_EPOCHS = 10, 5, 5


class TrialSeededTPE(BaseSampler):
    """The tree-structured Parzen estimator, seeded by the study's seed and the trial's number.

    A study that was interrupted, or that several processes work on, then does not draw the same
    numbers twice.

    Args:
        seed: The study's.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Returns the settings that are sampled together."""
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Samples settings together."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        """Samples a setting on its own; its name keeps it apart from the trial's others."""
        sampler = self._of(trial, crc32(param_name.encode()))
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def _of(self, trial: FrozenTrial, extra: int = 0) -> TPESampler:
        seed = (1_000_003 * self.seed + 1009 * trial.number + extra) % 2**32
        return TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=RANDOM_TRIALS
        )


def make_pruner(name: str, epochs: int) -> BasePruner:
    """Returns a pruner by name.

    Args:
        name: `median`, which stops what is worse than the median of the others at its epoch;
            `hyperband`; or `none`.
        epochs: The most that a trial may take.
    """
    if name == "median":
        return MedianPruner(UNPRUNED_TRIALS, UNPRUNED_EPOCHS)
    if name == "hyperband":
        return HyperbandPruner(min_resource=min(UNPRUNED_EPOCHS, epochs), max_resource=epochs)
    return NopPruner()
