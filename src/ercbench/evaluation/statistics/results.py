"""What is said of a comparison: estimates, pairs, and what may be claimed of them."""

from dataclasses import dataclass

from ercbench.evaluation.statistics.family import ALPHA


@dataclass(frozen=True)
class Estimate:
    """A score of a group.

    Attributes:
        mean: Over seeds.
        deviation: Standard deviation over seeds, None with one seed.
        low: Lower end of its own 95 % interval, over dialogues and seeds; over dialogues alone
            with one seed.
        high: Its upper end.
    """

    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Two groups compared by one score, shares of 1 as they are.

    Attributes:
        first: Name of the group with the better mean.
        second: Name of the other.
        difference: Of their means over seeds, at least 0.
        p_networks: Two-sided, by permutation of whole dialogues. It knows these trained networks
            alone, and no other pair.
        claim: What holds of other trainings on other dialogues, in the whole family; None where
            nothing is known of other trainings, since a group has one seed, or of other dialogues.
    """

    first: str
    second: str
    difference: float
    p_networks: float
    claim: "Claim | None"

    @property
    def told_apart(self) -> bool:
        """Whether the adjusted p is below 5 %: the simultaneous interval is without 0."""
        return self.claim is not None and self.claim.p < ALPHA


@dataclass(frozen=True)
class Claim:
    """What is said of a pair as one of a family.

    Attributes:
        p: Two-sided and adjusted: the chance of a difference as clear as this one anywhere in the
            family, if its models were equal.
        low: Lower end of the simultaneous 95 % interval of the difference.
        high: Its upper end.
        probability: How often a run of the first beats a run of the second, of all pairs of
            their seeds; ties count half.
        detectable: The smallest true difference that would be told apart, in this family, in 80 %
            of repetitions with as many dialogues and seeds.
    """

    p: float
    low: float
    high: float
    probability: float
    detectable: float


@dataclass(frozen=True)
class Analysis:
    """All that is said of a comparison.

    Attributes:
        estimates: Group name to score to its estimate.
        pairs: Score to every pair of final outputs: one family.
        outputs: Score to the pairs of every model's other outputs with its final one; the others
            of one model are a family.
        best: Score to the group that is told apart from every other one and better; None where
            there is no such group, or where budgets differ.
        detectable: Score to the median over pairs of the smallest detectable difference, None
            where nothing is claimed.
        equal_budgets: Whether all models had the same tuning budget, without which nothing is bold.
        draws: Number of draws of the permutation if it is not exact.
        exact: Whether the permutation went through all ways there are.
        dialogues: Number of test dialogues with labels.
    """

    estimates: dict[str, dict[str, Estimate]]
    pairs: dict[str, tuple[Pair, ...]]
    outputs: dict[str, tuple[Pair, ...]]
    best: dict[str, str | None]
    detectable: dict[str, float | None]
    equal_budgets: bool
    draws: int
    exact: bool
    dialogues: int

    def is_bold(self, pair: Pair) -> bool:
        """Whether tables and figures claim that the first of a pair is better."""
        return self.equal_budgets and pair.told_apart
