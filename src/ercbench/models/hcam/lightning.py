"""HCAM in training: a stage for each modality's context, then one for their fusion."""

from functools import partial

from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.losses import focal_loss, supervised_contrastive
from ercbench.models.base.stages import Stage
from ercbench.models.hcam.network import EmbeddedPrediction, HCAMNetwork
from ercbench.models.hcam.settings import HCAMSettings


class HCAM(ConversationClassifier):
    """Hierarchical cross-attention model.

    Paper: Dutta and Ganapathy, https://arxiv.org/abs/2304.06910. A reconstruction; its README
    says from what.

    Args:
        spec: What the data is like.
        settings: `HCAMSettings` by name.
    """

    settings_class = HCAMSettings
    settings: HCAMSettings
    network: HCAMNetwork

    def build_network(self) -> nn.Module:
        """Returns the HCAM network."""
        return HCAMNetwork(self.settings, self.spec.widths, len(self.spec.labels))

    def stages(self) -> list[Stage]:
        """Returns a stage for each modality's context and, if there are several, the fusion."""
        chosen = self.settings
        contexts = [
            Stage(chosen.learning_rate, m, (f"context.{m}",), chosen.context_epochs)
            for m in self.spec.widths
        ]
        fusion = Stage(chosen.fusion_learning_rate, "fusion", ("fusion",), chosen.fusion_epochs)
        return [*contexts, fusion] if len(contexts) > 1 else contexts

    def predict(self, batch: ConversationBatch) -> EmbeddedPrediction:
        """Predicts a standardised batch with what the stage trains."""
        return self.shared(partial(self.network, stage=self.stage.name), batch)

    def outputs(self, batch: ConversationBatch) -> dict[str, Tensor]:
        """Returns the [B, L, C] logits of the fusion as `final`, and of every modality's context.

        Their weighted sum is the test-time ensemble.
        """
        predictions = self.shared(self.network.outputs, self.standardise(batch))
        return {name: prediction.logits for name, prediction in predictions.items()}

    def label_loss(self, logits: Tensor, labels: Tensor, over: Tensor | None = None) -> Tensor:
        """Returns cross-entropy, or focal loss, of [B, L, C] logits against [B, L] labels."""
        gamma = self.settings.focal_gamma
        return focal_loss(logits, labels, gamma, self.class_weights, over)

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, beta * `emotion_loss` + (1 - beta) * `contrastive_loss`."""
        beta, prediction = self.settings.beta, self.predict(micro_batch)
        emotion = self.emotion_loss(prediction.logits, micro_batch.labels, batch.labels)
        if beta == 1:
            return {"loss": emotion}
        contrastive = supervised_contrastive(
            prediction.embeddings, micro_batch.classes[micro_batch.mask], self.settings.temperature
        )
        loss = beta * emotion + (1 - beta) * contrastive
        return {"loss": loss, "emotion_loss": emotion, "contrastive_loss": contrastive}
