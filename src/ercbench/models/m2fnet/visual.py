"""M2FNet's visual extractor: trained on faces, then used on clips (paper, section 3.2)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ercbench.corpora.conversation import Corpus
from ercbench.corpora.faces import read_faces
from ercbench.data.utterances import Reader
from ercbench.features.encoders.encoder import Item
from ercbench.features.media.clips import UnreadableError, clip_frames
from ercbench.features.media.faces import ClipPictures, FaceDetector, clip_pictures, read_picture
from ercbench.features.media.mtcnn import MTCNN
from ercbench.models.base.embedder import Embedding
from ercbench.models.m2fnet.extractor import Extractor
from ercbench.models.m2fnet.extractor_settings import M2FNetVisualSettings
from ercbench.models.m2fnet.triplet_embedder import TripletEmbedder


class StillReader:
    """Reads a still picture.

    Args:
        size: Its height and width.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, item: Item, generator: np.random.Generator | None = None) -> np.ndarray | str:
        """Returns [size, size, 3] uint8, in training every other time mirrored, or why not."""
        if item.utterance.video is None:
            return "no picture"
        picture = read_picture(Path(item.utterance.video), self.size)
        if isinstance(picture, str) or generator is None or generator.random() < 0.5:
            return picture
        return picture[:, ::-1]

    def collate(self, examples: Sequence[np.ndarray]) -> dict[str, Tensor]:
        """Returns [B, size, size, 3] pictures."""
        return {"pictures": torch.from_numpy(np.stack(examples))}


class ClipReader:
    """Reads a clip as the frames and faces in it.

    Args:
        settings: How many frames, and what a face is.
        detector: What finds faces; by default MTCNN, as in the paper.
    """

    def __init__(
        self, settings: M2FNetVisualSettings, detector: FaceDetector | None = None
    ) -> None:
        self.settings = settings
        self.detector = detector or MTCNN(settings.least_face, settings.least_score)

    def read(self, item: Item, generator: np.random.Generator | None = None) -> ClipPictures | str:
        """Returns the pictures of a clip, or why there are none; nothing is augmented."""
        own = self.settings
        if item.utterance.video is None:
            return "no clip"
        try:
            path = Path(item.utterance.video)
            frames = clip_frames(path, own.frames, own.most_seconds, own.spread)
        except UnreadableError as error:
            return str(error)
        return clip_pictures(frames, self.detector, own.picture_size, own.face_margin)

    def collate(self, examples: Sequence[ClipPictures]) -> dict[str, Tensor]:
        """Returns [F + N, size, size, 3] pictures of one clip, and [F, N] weights of its faces."""
        (clip,) = examples
        pictures = np.concatenate([clip.frames, clip.faces])
        return {"pictures": torch.from_numpy(pictures), "weights": torch.from_numpy(clip.weights)}


class VisualNetwork(nn.Module):
    """The extractor on coloured pictures.

    Args:
        settings: Its width and first weights.
    """

    def __init__(self, settings: M2FNetVisualSettings) -> None:
        super().__init__()
        self.extractor = Extractor(settings.width, settings.weights)

    def forward(self, pictures: Tensor, weights: Tensor | None = None) -> Embedding:
        """Returns [B, width] vectors of pictures, or [1, 2 * width] of one clip.

        Args:
            pictures: [B, size, size, 3] uint8; of a clip its F frames, then its N faces.
            weights: [F, N], of a clip.
        """
        vectors = self.extractor(pictures.permute(0, 3, 1, 2) / 255)
        return Embedding(vectors if weights is None else scene_and_face(vectors, weights)[None])


class M2FNetVisual(TripletEmbedder):
    """M2FNet's extractor trained with triplets of one person and another.

    A clip's vector is that of the scene, then that of the faces. The scene's is the maximum over
    whole frames. A frame's faces are averaged by their weights; the maximum is taken over the
    frames in which there is one. Where no frame has one, the second half is 0, which that of a
    face never is.

    Args:
        spec: What the data is like.
        settings: `M2FNetVisualSettings` by name.
    """

    modality = "visual"
    reads_folder = True
    read_together = 1
    vectors = 2
    changeable = (
        *("frames", "spread", "most_seconds"),
        *("least_face", "least_score", "face_margin"),
    )
    settings_class = M2FNetVisualSettings
    settings: M2FNetVisualSettings

    def build_network(self) -> nn.Module:
        """Returns the extractor."""
        return VisualNetwork(self.settings)

    @classmethod
    def read_folder(cls, settings: M2FNetVisualSettings, source: Path, seed: int) -> Corpus:
        """Returns a folder of faces as a corpus."""
        return read_faces(source, settings.validation, settings.test, seed)

    @classmethod
    def make_reader(
        cls, settings: M2FNetVisualSettings, corpus: Corpus | None, cache: Path
    ) -> Reader:
        """Returns the reader of still pictures."""
        return StillReader(settings.picture_size)

    @classmethod
    def make_encoding_reader(cls, settings: M2FNetVisualSettings, cache: Path) -> Reader:
        """Returns the reader of clips."""
        return ClipReader(settings)


def scene_and_face(vectors: Tensor, weights: Tensor) -> Tensor:
    """Returns the vector [2 * D] of a clip.

    Args:
        vectors: [F + N, D] of its frames and its faces.
        weights: [F, N].
    """
    scene = vectors[: len(weights)].amax(0)
    faces = weights @ vectors[len(weights) :]
    faces = faces[weights.sum(1) > 0]
    return torch.cat([scene, faces.amax(0) if len(faces) else torch.zeros_like(scene)])
