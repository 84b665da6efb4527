"""M2FNet's audio extractor in training: triplets of mel pictures."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ercbench.corpora.conversation import Corpus
from ercbench.data.utterances import Reader
from ercbench.features.encoders.encoder import Item
from ercbench.features.media.mel import PictureSettings, augment_picture
from ercbench.features.media.pictures import given_pictures, made_pictures, picture_of
from ercbench.files import expanded
from ercbench.models.base.embedder import Embedding
from ercbench.models.m2fnet.extractor import Extractor, three_channels
from ercbench.models.m2fnet.extractor_settings import M2FNetAudioSettings
from ercbench.models.m2fnet.triplet_embedder import TripletEmbedder


class PictureReader:
    """Reads an utterance as its mel picture.

    Args:
        picture_of: Returns an utterance's [height, width] uint8, or why there is none.
    """

    def __init__(self, picture_of: Callable[[Item], np.ndarray | str]) -> None:
        self.picture_of = picture_of

    def read(self, item: Item, generator: np.random.Generator | None = None) -> np.ndarray | str:
        """Returns [height, width] float32 from 0 to 1, or why there is no picture."""
        picture = self.picture_of(item)
        if isinstance(picture, str):
            return picture
        scaled = picture.astype(np.float32) / 255
        return scaled if generator is None else augment_picture(scaled, generator)

    def collate(self, examples: Sequence[np.ndarray]) -> dict[str, Tensor]:
        """Returns [B, height, width] pictures."""
        return {"pictures": torch.from_numpy(np.stack(examples))}


class PictureNetwork(nn.Module):
    """The extractor on grey pictures.

    Args:
        settings: Its width and first weights.
    """

    def __init__(self, settings: M2FNetAudioSettings) -> None:
        super().__init__()
        self.extractor = Extractor(settings.width, settings.weights)

    def forward(self, pictures: Tensor) -> Embedding:
        """Returns [B, width] vectors of unit length of [B, height, width] pictures."""
        return Embedding(self.extractor(three_channels(pictures)))


class M2FNetAudio(TripletEmbedder):
    """M2FNet's extractor trained with triplets of one emotion and another (paper, section 3.3).

    Args:
        spec: What the data is like.
        settings: `M2FNetAudioSettings` by name.
    """

    modality = "audio"
    changeable = ("pictures",)
    settings_class = M2FNetAudioSettings
    settings: M2FNetAudioSettings

    def build_network(self) -> nn.Module:
        """Returns the extractor."""
        return PictureNetwork(self.settings)

    @classmethod
    def make_reader(
        cls, settings: M2FNetAudioSettings, corpus: Corpus | None, cache: Path
    ) -> Reader:
        """Returns the reader of pictures: given ones, those of a corpus, or each made when read."""
        if settings.pictures is not None:
            return PictureReader(given_pictures(expanded(settings.pictures), cache).of)
        how = PictureSettings(settings.bands, settings.picture_width, settings.fit)
        if corpus is not None:
            return PictureReader(made_pictures(corpus, how, cache).of)
        return PictureReader(partial(picture_of, settings=how))
