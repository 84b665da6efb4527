"""Shards share the speech, not the rows; what is read from disk bit by bit is the corpus."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letters import Letters
from small import talk

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.features.encoders.encoder import items_of
from ercbench.features.store import manifest, stored_corpus
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.parts import make_plan
from ercbench.features.store.shares import share_of


def stored(folder, corpus):
    with FeatureStore.creating(folder, corpus):
        pass
    return FeatureStore(folder)


def unequal(lengths, timed):
    """A conversation for each list of seconds; texts say nothing of the clips' lengths."""
    own = iter(range(10_000))
    conversations = [
        Conversation(
            f"c{number}",
            tuple(
                Utterance(
                    f"u{next(own)}", "x", "word" if timed else "x" * seconds, start=0, end=seconds
                )
                for seconds in turns
            ),
        )
        for number, turns in enumerate(lengths)
    ]
    return Corpus("clips", (), tuple(conversations), {})


@pytest.mark.parametrize("modality", ["text", "audio"])
@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.lists(st.integers(0, 200), min_size=1, max_size=9), min_size=1),
    chunk=st.integers(1, 7),
    of=st.integers(1, 9),
)
def test_shares_are_all_chunks_once_and_none_is_a_chunk_longer_than_its_due(
    tmp_path_factory, modality, lengths, chunk, of
):
    corpus = unequal(lengths, modality == "audio")
    store = stored(tmp_path_factory.mktemp("stores") / "store", corpus)
    plan = make_plan(Letters(modality=modality), store, chunk)
    shares = [share_of(store.stored, plan, which, of) for which in range(of)]
    assert [one for share in shares for one in share] == list(range(plan.chunks))
    if of == 1:
        return
    per_row = [
        15 + seconds * (15 if modality == "audio" else 1) for turns in lengths for seconds in turns
    ]
    sizes = [sum(per_row[row] for row in plan.rows_of(one)) for one in range(plan.chunks)]
    due = sum(sizes) / of
    for share in shares:
        assert abs(sum(sizes[one] for one in share) - due) <= max(sizes)


@pytest.mark.parametrize("at_once", [1, 7, 16384])
def test_the_corpus_on_disk_is_gone_through_as_it_is_in_memory(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(manifest, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(stored_corpus, "ROWS_AT_ONCE", at_once)
    corpus = replace(talk(120), provenance={"video": "whole recordings"})
    store = stored(tmp_path / "store", corpus)
    assert store.corpus == corpus
    assert tuple(store.stored.conversations) == corpus.conversations
    assert list(store.stored.utterances()) == list(corpus.utterances())
    items = list(items_of(corpus))
    assert list(items_of(store.stored)) == items
    for chunks in ({0, 1, 2}, {3, 14}, {17}, set()):
        found = dict(store.stored.items(chunks, 7))
        assert found == {n: items[7 * n : 7 * n + 7] for n in sorted(chunks)}
    ids = [turn.id for turn in corpus.utterances()]
    assert store.stored.ids({3, 119}) == {3: ids[3], 119: ids[119]}


def test_a_manifest_is_the_same_bytes_however_few_rows_are_written_at_once(tmp_path, monkeypatch):
    whole = stored(tmp_path / "whole", talk(120)).manifest_sha256
    monkeypatch.setattr(manifest, "ROWS_AT_ONCE", 7)
    assert stored(tmp_path / "parts", talk(120)).manifest_sha256 == whole
