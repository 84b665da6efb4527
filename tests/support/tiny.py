"""Small models in the layout of real ones, as `save_pretrained` leaves them, and small faces."""

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
)

WORDS = ["hello", "there", "you", "are", "late", "again", "no", "ROSS", "RACHEL", ":", "why", "oh"]


def save_roberta(folder):
    """RoBERTa of 4 layers and 12 words that reads 32 tokens."""
    specials = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}
    vocabulary = {word: id for id, word in enumerate([*specials.values(), *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{f"{name}_token": token for name, token in specials.items()},
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=34,
        initializer_range=0.5,
    )
    RobertaModel(config).save_pretrained(folder)
    return folder


def save_wav2vec2(folder, **settings):
    """wav2vec2 of 2 layers with the real model's convolutions, but narrow."""
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        **settings,
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16000).save_pretrained(folder)
    return folder


def save_faces(folder, people, pictures, size=32):
    """A folder of "faces": each person has a pattern, each picture a tint and noise of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for person in range(people):
        pattern = rng.integers(0, 2, (4, 4, 1))
        own = folder / f"person{person}"
        own.mkdir()
        for number in range(pictures):
            tinted = 0.7 * rng.uniform(0, 1, 3) + 0.3 * pattern + rng.normal(0, 0.02, (4, 4, 3))
            pixels = (255 * tinted.clip(0, 1)).astype(np.uint8)
            Image.fromarray(pixels).resize((size, size)).save(own / f"{number}.jpg")
    return folder
