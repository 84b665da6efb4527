"""The contract of a dialogue model."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch.utilities.seed import isolate_rng

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.testing import predicting, training
from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import Clause, check_all

MODEL_CONTRACT: tuple[Clause, ...] = (
    predicting.logits_have_the_shape_of_the_batch,
    predicting.evaluation_draws_nothing_at_random,
    predicting.predictions_do_not_depend_on_the_batch,
    predicting.nothing_comes_from_padding_or_missing_rows,
    predicting.a_missing_row_is_not_an_average_row,
    predicting.any_length_can_be_read,
    predicting.any_modalities_are_enough,
    training.gradients_reach_every_parameter,
    training.what_a_stage_does_not_train_rests,
    training.micro_batches_give_the_same_gradient,
    training.a_batch_without_labels_trains_without_harm,
    training.the_same_seed_gives_the_same_weights,
    training.a_checkpoint_holds_all_of_it,
    training.it_trains_in_bfloat16,
)
"""The clauses, those that others build on first."""


def check_model(
    model: str | type[ConversationClassifier], settings: Mapping[str, Any] | None = None
) -> list[str]:
    """Checks a dialogue model's whole contract on small made-up data, on the CPU.

    Args:
        model: A registered name, or a class, registered or not.
        settings: That differ: of a registered model from those of `conf/model/<name>.yaml` at its
            size for tests; of another class from `candidate.COMMON`, which has what every model
            needs.

    Returns:
        What each clause says; of one that asks nothing of this model, also why.

    Raises:
        ContractError: A clause does not hold.
        ErcbenchError: No model of that name is registered, or it cannot be built as told.
    """
    candidate = Candidate.of(model, settings)
    with isolate_rng(include_cuda=False):
        candidate.build()
    return check_all(candidate, MODEL_CONTRACT)
