"""The clauses of a dialogue model's contract on what it predicts."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import combinations

import torch
from torch import Tensor

from ercbench.data.batch import ConversationBatch, collate
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.testing.candidate import Candidate, ask_what_learns, in_every_stage, logits_by_id
from ercbench.testing.clauses import clause, expect
from ercbench.testing.dialogues import LABELS, WIDTHS, make_batch, make_items

MASKS = (
    "attention, pooling, normalisation and convolution, which must not read padding; "
    "ercbench.models.blocks.packing.Packing has the rows of a batch without it."
)


@clause("what the network's forward returns, and build_network, which knows the classes.")
def logits_have_the_shape_of_the_batch(candidate: Candidate) -> None:
    """The logits are finite and [B, L, C]: conversations, utterances, classes."""
    _check_logits(candidate.build(), make_batch([3, 1, 5], missing=0.2))


@clause("dropout and noise, which stop in evaluation: modules do by themselves, functions do not.")
def evaluation_draws_nothing_at_random(candidate: Candidate) -> None:
    """A prediction is the same each time it is made."""
    model, batch = candidate.build(), make_batch([6, 2])
    first, again = (logits_by_id(model, [batch]) for _ in range(2))
    difference = _largest_difference(first, again)
    expect(difference == 0, f"predictions of the same batch that differ by {difference:.2g}.")


@clause(MASKS)
def predictions_do_not_depend_on_the_batch(
    candidate: Candidate, lengths: Sequence[int] = (7, 1, 40, 3, 12), seeds: Sequence[int] = (0, 1)
) -> None:
    """A prediction never depends on what it is batched with."""
    model = candidate.build()
    items = make_items(lengths, missing=0.2)
    alone = logits_by_id(model, [collate([item]) for item in items])
    final = {id for output, id in alone if output == "final"}
    expect(final == {item.id for item in items}, "outputs without `final`, the model's answer.")
    for seed in seeds:
        random = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(items), generator=random).tolist()
        first = int(torch.randint(1, len(items), (), generator=random))
        batches = [collate([items[i] for i in half]) for half in (order[:first], order[first:])]
        difference = _largest_difference(logits_by_id(model, batches), alone)
        expect(
            difference <= 1,
            "logits of a conversation that differ from those of the same conversation alone, "
            f"{difference:.3g} times as much as rounding may make them.",
        )


@clause("what reads batch.features or batch.speakers without batch.present and batch.mask.")
def nothing_comes_from_padding_or_missing_rows(candidate: Candidate) -> None:
    """Nothing ever comes from padding or from missing rows, even if NaN stands there."""
    model, batch = candidate.build(), make_batch([5, 1, 3], missing=0.3)
    features = {
        m: torch.where(batch.present[m][..., None], values, torch.nan)
        for m, values in batch.features.items()
    }
    poisoned = replace(batch, features=features, speakers=batch.speakers + 9 * ~batch.mask)
    for stage in in_every_stage(model):
        steps = (_step(deepcopy(model), each) for each in (batch, poisoned))
        for clean, other in zip(*steps, strict=True):
            expect(
                torch.equal(clean, other),
                f"{stage.name or 'training'}: a loss or gradient that changes with what stands "
                "there.",
            )
    difference = _largest_difference(*(logits_by_id(model, [b]) for b in (batch, poisoned)))
    expect(difference == 0, "predictions that change with what stands there.")


@clause("how the network reads batch.present; ercbench.models.blocks.attention.ModalityInput does.")
def a_missing_row_is_not_an_average_row(candidate: Candidate) -> None:
    """A missing row is told from a row of average features."""
    model, batch = candidate.build().eval(), make_batch([4])
    ask_what_learns(model)
    for modality in WIDTHS:
        average = model.standardise.get_buffer(f"{modality}_mean").expand(1, 4, -1)
        seen = replace(batch, features=batch.features | {modality: average})
        absent = torch.zeros(1, 4, dtype=torch.bool)
        unseen = replace(batch, present=batch.present | {modality: absent})
        expect(
            not torch.allclose(model(seen).logits, model(unseen).logits),
            f"the same prediction without {modality} as with {modality} features at their mean.",
        )


@clause("tables of positions and other sizes that a conversation may exceed.")
def any_length_can_be_read(
    candidate: Candidate, lengths: Sequence[Sequence[int]] = ((1,), (500,), (1, 30, 2))
) -> None:
    """A conversation of any length can be read."""
    model = candidate.build()
    for each in lengths:
        _check_logits(model, make_batch(each))


@clause("what names a modality that is in the settings or in `requires`, and nowhere else.")
def any_modalities_are_enough(candidate: Candidate) -> None:
    """Any modalities are enough, with those that the registry says it requires."""
    everything = [chosen for n in (1, 2, 3) for chosen in combinations(WIDTHS, n)]
    for chosen in (c for c in everything if set(candidate.requires) <= set(c)):
        widths = {m: WIDTHS[m] for m in chosen}
        try:
            model = candidate.build(widths)
            _check_logits(model, make_batch([3, 2], widths=widths))
        except (KeyError, AttributeError) as error:
            expect(False, f"{error!r} with {' and '.join(chosen)} alone.")
        trained = tuple({part for stage in model.stages() for part in stage.trains})
        idle = [n for n, _ in model.network.named_parameters() if not n.startswith(trained)]
        expect(not idle, f"{_few(idle)} in no stage with {' and '.join(chosen)} alone.")


def _check_logits(model: ConversationClassifier, batch: ConversationBatch) -> None:
    with torch.no_grad():
        logits = model.eval()(batch).logits
    wanted = (*batch.mask.shape, LABELS)
    expect(tuple(logits.shape) == wanted, f"logits {list(logits.shape)} for {list(wanted)}.")
    expect(torch.isfinite(logits[batch.mask]).all(), "logits that are NaN or infinite.")


def _step(model: ConversationClassifier, batch: ConversationBatch) -> list[Tensor]:
    """Returns the training loss of a batch and the gradients of all parameters that have one."""
    torch.manual_seed(1)
    whole = model.train().preprocess(batch)
    loss = model.training_losses(whole, whole)["loss"]
    loss.backward()
    return [loss.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


def _largest_difference(
    ours: dict[tuple[str, str], Tensor], theirs: dict[tuple[str, str], Tensor]
) -> float:
    """Returns the largest difference between logits, in units of 1e-5 of 1 or of the logit."""
    each = [((ours[k] - theirs[k]).abs() / (1e-5 + 1e-5 * theirs[k].abs())).max() for k in ours]
    return torch.stack(each).max().item()


def _few(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
