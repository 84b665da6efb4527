"""Small models in the layout of real ones, as `save_pretrained` leaves them, and small faces."""

import numpy as np
import torch
from PIL import Image
from small import WORDS
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AddedToken,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    GenerationConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

SMALL_LAYERS = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
}


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


def save_vit(folder):
    """ViT of a layer that sees 32 x 32 pixels."""
    torch.manual_seed(0)
    config = ViTConfig(image_size=32, patch_size=16, **SMALL_LAYERS)
    ViTModel(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_clip(folder):
    """CLIP, both halves of it, of a layer each, that sees 32 x 32 pixels."""
    torch.manual_seed(0)
    vision = {"image_size": 32, "patch_size": 16, "projection_dim": 6, **SMALL_LAYERS}
    config = CLIPConfig(
        text_config={"vocab_size": 8, **SMALL_LAYERS}, vision_config=vision, projection_dim=6
    )
    CLIPModel(config).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessorPil(**sizes).save_pretrained(folder)
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


def save_whisper(folder, said=("hello", "there")):
    """Whisper of a layer that hears the same words in the first second of all it is given.

    Its decoder goes by the place alone: each place's embedding is that of the token to come.
    """
    tokens, ids = _whisper_tokens([f"\u0120{word}" for word in said])
    words = [ids[f"\u0120{word}"] for word in said]
    # What follows <|startoftranscript|><|en|><|transcribe|>.
    written = [ids["<|0.00|>"], *words, ids["<|1.00|>"], ids["<|endoftext|>"]]
    torch.manual_seed(0)
    small = {"layers": 1, "attention_heads": 1, "ffn_dim": 8}
    sizes = {f"{part}_{k}": v for part in ("encoder", "decoder") for k, v in small.items()}
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    ends = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
    config = WhisperConfig(
        vocab_size=len(tokens),
        d_model=64,
        max_target_positions=64,
        decoder_start_token_id=start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        **sizes,
        **ends,
    )
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        decoder = model.model.decoder
        decoder.embed_tokens.weight.normal_()
        for layer in decoder.layers:
            for part in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
                part.weight.zero_()
                part.bias.zero_()
        decoder.embed_positions.weight[:] = 20 * decoder.embed_tokens.weight[end]
        for place, token in enumerate((ids["<|en|>"], ids["<|transcribe|>"], *written)):
            decoder.embed_positions.weight[place] = 20 * decoder.embed_tokens.weight[token]
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        is_multilingual=True,
        lang_to_id={name: ids[name] for name in ("<|en|>", "<|de|>")},
        max_length=64,
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        task_to_id={name: ids[f"<|{name}|>"] for name in ("transcribe", "translate")},
        **ends,
    )
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return folder


def _whisper_tokens(words):
    """A tokenizer of bytes, a few words and Whisper's own signs; and the id of each."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: id for id, name in enumerate([*letters, *words, "<|endoftext|>"])}
    tokens = WhisperTokenizer(vocab=vocabulary, merges=[])
    signs = ("startoftranscript", "en", "de", "translate", "transcribe", "startoflm")
    names = [f"<|{name}|>" for name in (*signs, "startofprev", "nospeech", "notimestamps")]
    tokens.add_special_tokens({"additional_special_tokens": names})
    times = [f"<|{number / 50:.2f}|>" for number in range(1501)]
    tokens.add_tokens([AddedToken(name, special=False) for name in times])
    return tokens, tokens.get_vocab()
