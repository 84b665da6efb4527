"""Small recordings and small corpora."""

import struct
from fractions import Fraction

import av
import numpy as np
import soundfile

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.features.encoders.encoder import Item

WORDS = ["hello", "there", "you", "are", "late", "again", "no", "ROSS", "RACHEL", ":", "why", "oh"]


def items(*utterances):
    """Utterances as the turns of one conversation, ready to encode."""
    conversation = Conversation("c", tuple(utterances))
    return [Item(conversation, turn) for turn in range(len(utterances))]


def said(*texts, speakers=("Ross", "Rachel")):
    """Texts of two speakers in turn, ready to encode."""
    return items(
        *(Utterance(f"u{i}", speakers[i % 2], text) for i, text in enumerate(texts)),
    )


def heard(*paths):
    """Sounds, ready to encode."""
    return items(*(Utterance(f"u{i}", "x", audio=str(path)) for i, path in enumerate(paths)))


def seen(*paths):
    """Clips, ready to encode."""
    return items(*(Utterance(f"u{i}", "x", video=str(path)) for i, path in enumerate(paths)))


def talk(count=40, seed=0):
    """A corpus of random words, in conversations of 1 to 9 utterances, a few without text."""
    rng = np.random.default_rng(seed)
    conversations, left = [], count
    while left:
        length = min(left, int(rng.integers(1, 10)))
        left -= length
        name = f"c{len(conversations)}"
        texts = [" ".join(rng.choice(WORDS, rng.integers(0, 12))) for _ in range(length)]
        turns = (Utterance(f"{name}_{i}", "Ross", text) for i, text in enumerate(texts))
        conversations.append(Conversation(name, tuple(turns)))
    return Corpus("talk", ("happy",), tuple(conversations), {})


def tone(seconds, rate, hertz=440.0, channels=1):
    """A tone of half the full scale [samples, channels] that fades in and out."""
    time = np.arange(int(seconds * rate)) / rate
    fade = np.minimum(1, 20 * np.minimum(time, seconds - time))
    wave = 0.5 * fade * np.sin(2 * np.pi * hertz * time)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def write_wav(path, samples, rate):
    """Writes a wav file and returns its path."""
    soundfile.write(path, samples, rate)
    return path


def write_clip(path, seconds=1.0, sound=1, picture=1, fps=10, rate=8000):
    """Writes a clip whose frames brighten evenly from black to white, with a tone.

    `sound` and `picture` are shares of its length; None leaves a track out, 0 leaves it empty.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps) if picture is not None else None
        audio = container.add_stream("aac", rate=rate, layout="mono") if sound is not None else None
        if video:
            video.width, video.height, video.pix_fmt = 32, 24, "yuv420p"
        container.start_encoding()
        if video:
            count = int(seconds * picture * fps)
            for number in range(count):
                level = round(255 * number / max(1, count - 1))
                image = np.full((24, 32, 3), level, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, fps)
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if audio:
            wave = tone(seconds * sound, rate)[:, 0]
            for first in range(0, len(wave), 1024):
                piece = wave[None, first : first + 1024]
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
                frame.rate, frame.pts = rate, first
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def write_frames(path, times, images):
    """Writes a clip that shows each image [height, width, 3] from its time, in seconds, on."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=1000, options={"qp": "0"})
        video.height, video.width = images[0].shape[:2]
        video.pix_fmt, video.time_base = "yuv444p", Fraction(1, 1000)
        video.codec_context.time_base = Fraction(1, 1000)
        for time, image in zip(times, images, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def turn_clip(path, quarters):
    """Marks an mp4 as to be shown turned clockwise by so many quarters, as a phone does."""
    sine, cosine = ((0, 1), (1, 0), (0, -1), (-1, 0))[quarters % 4]
    matrix = [cosine, sine, 0, -sine, cosine, 0, 0, 0]
    packed = struct.pack(">9i", *(0x10000 * value for value in matrix), 0x40000000)
    content = bytearray(path.read_bytes())
    first = content.index(b"tkhd") + 44
    content[first : first + 36] = packed
    path.write_bytes(content)
    return path


class Faces:
    """A detector that finds given boxes: those of the n-th frame in the n-th it sees."""

    def __init__(self, *boxes):
        self.boxes = iter(boxes)

    def detect(self, frames):
        found = [np.array(next(self.boxes), np.float32).reshape(-1, 4) for _ in frames]
        return [(boxes, np.ones(len(boxes), np.float32)) for boxes in found]
