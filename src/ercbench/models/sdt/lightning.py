"""SDT in training: cross-entropies and self-distillation."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.sdt.network import SDTNetwork
from ercbench.models.sdt.settings import SDTSettings


class SDT(ConversationClassifier):
    """Transformer-based model with self-distillation.

    Paper: Ma et al., IEEE TMM 26, 2024, https://arxiv.org/abs/2310.20494. Its README lists what
    differs from the released code.

    Args:
        spec: What the data is like.
        settings: `SDTSettings` by name.
    """

    settings_class = SDTSettings
    settings: SDTSettings
    network: SDTNetwork

    def build_network(self) -> nn.Module:
        """Returns the network."""
        return SDTNetwork(self.settings, self.spec.widths, len(self.spec.labels))

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, the weighted sum of emotion, unimodal and distillation losses."""
        prediction = self.shared(self.network.forward_with_students, micro_batch)
        labels, over, settings = micro_batch.labels, batch.labels, self.settings
        teacher = prediction.logits if settings.teacher_learns else prediction.logits.detach()

        def each(loss: Callable[[Tensor], Tensor]) -> Tensor:
            return torch.stack([loss(student) for student in prediction.unimodal.values()]).sum()

        emotion = self.emotion_loss(prediction.logits, labels, over)
        unimodal = each(lambda own: self.emotion_loss(own, labels, over))
        distilled = each(lambda own: distillation(own, teacher, labels, settings.temperature, over))
        weighted = settings.unimodal_weight * unimodal + settings.distillation_weight * distilled
        return {
            "loss": emotion + weighted,
            "emotion_loss": emotion,
            "unimodal_loss": unimodal,
            "distillation_loss": distilled,
        }


def distillation(
    student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, over: Tensor
) -> Tensor:
    """Returns the divergence of softened answers, KL(teacher || student), over labelled utterances.

    It is not multiplied by the squared temperature (as Hinton et al., arXiv 1503.02531, do), nor
    is it in the released code.

    Args:
        student: [B, L, C] logits.
        teacher: [B, L, C] logits.
        labels: [B, L], which say what is labelled.
        temperature: Divides both logits.
        over: Labels of the whole batch, whose count the sum is divided by.
    """
    known = labels != IGNORE
    own, given = ((x[known].float() / temperature).log_softmax(-1) for x in (student, teacher))
    divergence = F.kl_div(own, given, reduction="sum", log_target=True)
    return divergence / (over != IGNORE).sum().clamp(min=1)
