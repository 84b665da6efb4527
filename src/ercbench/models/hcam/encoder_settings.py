"""The settings of HCAM's Stage I: an encoder of single utterances for each modality."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.hcam.settings import ContrastiveSettings
from ercbench.settings import Bound, Count, DropoutRate, at_least, from_below, one_of


@dataclass(kw_only=True)
class EncoderSettings(ContrastiveSettings):
    """What both encoders share.

    Attributes:
        learning_rate: Of the encoder and its head alike.
        backbone: A public name of `features.pretrained`, or the folder of a model.
        batch_size: Utterances per batch.
        warmup: Share of all steps, those of `trainer.max_epochs`, over which the rate rises to
            `learning_rate`.
        schedule: What it does then: stays (`constant`), or falls to 0 at the last step (`linear`).
    """

    backbone: Annotated[str, Bound("a public name, or the folder of a model", bool)]
    batch_size: Count
    warmup: Annotated[float, from_below(0, 1)]
    schedule: Annotated[str, one_of("constant", "linear")]


@dataclass(kw_only=True)
class HCAMAudioSettings(EncoderSettings):
    """Stage I of sound.

    Attributes:
        backbone: `wav2vec2`, `wav2vec2-960h`, or the folder of a model of that kind; the authors'
            is wav2vec2-large-robust-ft-swbd-300h.
        width: Length H of a vector, 768 in the authors' CANAVER; None for the model's own width.
        most_seconds: What comes later in a recording is not read.
        frozen: Trains the head alone; the authors then take a learning rate of 1e-4.
        masked_frames: Share of frames hidden in training, in spans that may overlap
            (SpecAugment, Park et al. 2019); 0.05 by transformers' defaults, which the authors
            leave on.
    """

    width: Count | None
    most_seconds: Annotated[float, at_least(0.1)]
    frozen: bool
    masked_frames: Annotated[float, from_below(0, 1)]


@dataclass(kw_only=True)
class HCAMTextSettings(EncoderSettings):
    """Stage I of text; which model and pooling the paper used is not known.

    Attributes:
        backbone: `minilm`, `roberta`, `roberta-large`, or the folder of a BERT or RoBERTa.
        pooling: `first`, `mean` or `last_four`; see `TextSettings`.
        before: Utterances read before this one; none in the paper's Stage I.
        after: Utterances read after it.
        whole_dialogue: Reads a dialogue once, in stretches of `max_tokens`, each utterance the
            mean of its own tokens; see `TextSettings`. A batch is then of whole stretches, with
            some `batch_size` utterances on average.
        speakers: Puts `NAME: ` in upper case before each utterance.
        max_tokens: Longest input, special tokens included; the farthest neighbours go first.
        dropout: Before the classifier.
        score_share: Share of the loss that is smooth L1 on the utterance's score, as CMU-MOSI has
            one; the rest is the classifier's. The papers have none.
        frozen_layers: Embeddings and so many layers keep their weights; 0 trains all.
        layer_decay: What a layer's learning rate is, as a share of that of the layer above it
            (Howard and Ruder, arXiv 1801.06146).
        lora_rank: Trains matrices of this rank beside each linear layer, which stays as it is
            (Hu et al., arXiv 2106.09685); None trains the weights themselves.
    """

    pooling: Annotated[str, one_of("first", "mean", "last_four")]
    before: Annotated[int, at_least(0)]
    after: Annotated[int, at_least(0)]
    whole_dialogue: bool
    speakers: bool
    max_tokens: Annotated[int, at_least(8)]
    dropout: DropoutRate
    score_share: Annotated[float, from_below(0, 1)]
    frozen_layers: Annotated[int, at_least(0)]
    layer_decay: Annotated[float, Bound("more than 0, at most 1", lambda own: 0 < own <= 1)]
    lora_rank: Count | None
