"""Workers, shards and kills change nothing; what cannot be encoded is missing, with its reason."""

import csv
import os
import shutil
import signal
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from letters import Letters
from small import seen, talk, write_clip
from waiting import wait_for

from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Conversation, Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.store.extraction import begin, extract, is_extracted
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.leases import alone
from ercbench.features.store.parts import ExtractionParts, make_plan
from ercbench.features.store.shards import merge_shards

FILE = "text.letters.safetensors"
QUICK = extraction_settings(chunk=8)
FORK = get_context("fork")
IMPORTS = """
import sys
from pathlib import Path
from letters import Slow
from ercbench.config.compose import extraction_settings
from ercbench.features.store.extraction import extract
from ercbench.features.store.feature_store import FeatureStore
"""


@pytest.fixture
def new_store(tmp_path):
    def make(name="store", corpus=None):
        with FeatureStore.creating(tmp_path / name, corpus or talk(120)):
            pass
        return FeatureStore(tmp_path / name)

    return make


@pytest.fixture
def plain(new_store):
    """The bytes that one process makes, undisturbed."""
    store = new_store("plain")
    extract(store, Letters(), QUICK)
    return (store.folder / FILE).read_bytes()


@pytest.fixture
def _forked_workers(monkeypatch):
    """Workers are forks of this process, and import nothing anew."""
    monkeypatch.setattr("ercbench.features.store.workers.get_context", lambda _: FORK)


def killed_at(store, encoder, settings):
    """Extracts in a process of its own; returns whether that was killed with signal 9."""
    process = FORK.Process(target=lambda: extract(FeatureStore(store.folder), encoder, settings))
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def test_rows_follow_the_manifest_and_missing_ones_have_a_reason(new_store):
    store = new_store()
    features = extract(store, Letters(), QUICK)
    turns = list(store.corpus.utterances())
    assert features.present.tolist() == [bool(turn.text) for turn in turns]
    assert 0 < (~features.present).sum() < 24
    for row, turn in enumerate(turns):
        assert features.rows(row, row + 1)[0, 4] == turn.text.count("e")
    with (store.folder / "text.letters.missing.csv").open() as stream:
        report = list(csv.DictReader(stream))
    assert [r["utterance"] for r in report] == [turn.id for turn in turns if not turn.text]
    assert {r["reason"] for r in report} == {"no text"}
    assert features.metadata["encoder"] == "letters"
    assert features.metadata["settings"] == {"reason": "no text"}
    assert features.metadata["fitted_on"] == []


def test_workers_do_not_change_the_bytes(new_store, plain):
    store = new_store()
    extract(store, Letters(), extraction_settings(workers=2, chunk=8))
    assert (store.folder / FILE).read_bytes() == plain


@pytest.mark.usefixtures("_forked_workers")
def test_workers_do_not_change_the_bytes_of_a_real_encoder(new_store, tiny_roberta):
    from ercbench.features.encoders.text import (  # not needed in most workers
        TextEncoder,
        TextSettings,
    )

    settings = TextSettings(str(tiny_roberta), pooling="mean", before=2, batch_tokens=64)
    files = []
    for workers in (1, 2):
        store = new_store(f"workers{workers}")
        extract(store, TextEncoder(settings), extraction_settings(workers=workers, chunk=16))
        files.append((store.folder / "text.tiny-roberta.safetensors").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("shards", [2, 16])
def test_shards_do_not_change_the_bytes(new_store, plain, shards):
    stores = [new_store(f"shard{shard}") for shard in range(shards)]
    for shard, store in enumerate(stores, start=1):
        assert (
            extract(store, Letters(), extraction_settings(shard=f"{shard}/{shards}", chunk=8))
            is None
        )
    merge_shards(stores[-1], [store.folder for store in stores[:-1]], 0.2)
    assert (stores[-1].folder / FILE).read_bytes() == plain
    assert not list(stores[-1].folder.glob(".parts*"))


def test_a_merge_can_be_repeated_also_after_it_was_killed_while_it_removed_its_parts(
    new_store, plain, monkeypatch
):
    stores = [new_store(name) for name in ("first", "second")]
    for shard, store in enumerate(stores, start=1):
        extract(store, Letters(), extraction_settings(shard=f"{shard}/2", chunk=8))
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", lambda *_, **__: None)
        merge_shards(stores[0], [stores[1].folder], 0.2)
    next(stores[0].folder.glob(".parts-*/part-000000.*")).unlink()
    for _ in range(2):
        merge_shards(stores[0], [stores[1].folder], 0.2)
        assert (stores[0].folder / FILE).read_bytes() == plain
        assert not list(stores[0].folder.glob(".parts*"))


def test_a_killed_extraction_goes_on_where_it_stopped(new_store, plain, tmp_path):
    """Killed with signal 9, in a process of its own, in the middle."""
    store, log = new_store(), tmp_path / "log"
    middle = next(u.text for u in list(store.corpus.utterances())[60:] if u.text)
    assert killed_at(store, Letters(str(log), stop=middle), QUICK)
    before = log.read_text().split()
    assert 0 < len(before) < 15
    assert not (store.folder / FILE).exists()
    extract(store, Letters(str(log), stop=middle), QUICK)
    assert len(set(log.read_text().split())) == len(log.read_text().split()) == 15
    assert (store.folder / FILE).read_bytes() == plain


def test_a_shard_whose_process_died_is_taken_over_by_one_that_is_done(new_store, plain, tmp_path):
    store, log = new_store(), tmp_path / "log"
    early = next(u.text for u in list(store.corpus.utterances())[20:] if u.text)
    encoder = Letters(str(log), stop=early)
    assert killed_at(store, encoder, extraction_settings(shard="1/3", chunk=8))
    extract(store, encoder, extraction_settings(shard="2/3", chunk=8))
    with pytest.raises(ErcbenchError, match="are not there yet"):  # the third has not begun
        merge_shards(store, [], 0.2)
    extract(store, encoder, extraction_settings(shard="3/3", chunk=8))
    merge_shards(store, [], 0.2)
    assert len(set(log.read_text().split())) == len(log.read_text().split()) == 15
    assert (store.folder / FILE).read_bytes() == plain


def test_neither_extraction_nor_merging_has_the_whole_corpus_in_memory(
    new_store, plain, monkeypatch
):
    store = new_store()
    monkeypatch.setattr(FeatureStore, "corpus", property(lambda _: pytest.fail("it was read")))
    for shard in ("1/2", "2/2"):
        extract(store, Letters(), extraction_settings(shard=shard, chunk=8))
    merge_shards(store, [], 0.2)
    assert (store.folder / FILE).read_bytes() == plain


def test_a_shard_that_a_process_is_at_is_refused_to_a_second_and_not_taken_over(new_store):
    store = new_store()
    plan = make_plan(Letters(), store, 8)
    parts = ExtractionParts(plan.folder(store.folder), plan)
    begin(store, parts)
    with alone(parts, 0, 2):
        with pytest.raises(ErcbenchError, match="another process is extracting these features"):
            extract(store, Letters(), extraction_settings(shard="1/2", chunk=8))
        extract(store, Letters(), extraction_settings(shard="2/2", chunk=8))
        assert min(parts.finished()) > 0
    assert not is_extracted(store, Letters(), 8)
    extract(store, Letters(), extraction_settings(shard="1/2", chunk=8))
    assert is_extracted(store, Letters(), 8)


@pytest.mark.usefixtures("_forked_workers")
def test_a_killed_worker_is_reported_and_its_peers_work_is_kept(new_store, plain, tmp_path):
    store, log = new_store(), str(tmp_path / "log")
    last = [u.text for u in store.corpus.utterances() if u.text][-1]
    two = extraction_settings(workers=2, chunk=8)
    with pytest.raises(ErcbenchError, match="workers=2: a worker was killed.*finished rows"):
        extract(store, Letters(log, stop=last), two)
    assert list(store.folder.glob(".parts-*/part-*"))
    extract(store, Letters(log, stop=last), two)
    assert (store.folder / FILE).read_bytes() == plain


def test_workers_end_when_their_parent_is_killed(new_store, tmp_path):
    code = (
        f"{IMPORTS}if __name__ == '__main__':\n"
        "    store = FeatureStore(Path(sys.argv[1]))\n"
        "    extract(store, Slow(sys.argv[2]), extraction_settings(workers=2, chunk=8))"
    )
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(new_store().folder), str(log)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as parent:
        workers = wait_for(lambda: log.exists() and log.read_text().split(), "the workers")
        parent.kill()
    wait_for(lambda: not any(Path(f"/proc/{own}").exists() for own in workers), "their end")


def test_what_is_there_is_not_made_again(new_store, tmp_path):
    store, log = new_store(), tmp_path / "log"
    first = extract(store, Letters(str(log)), QUICK)
    second = extract(store, Letters(str(log)), QUICK)
    assert len(log.read_text().split()) == 15
    assert first.metadata == second.metadata
    assert is_extracted(store, Letters(), QUICK.chunk)
    for ask in (extract, lambda *own: is_extracted(*own[:2], QUICK.chunk)):
        with pytest.raises(ErcbenchError, match="'text:letters' was made with other settings"):
            ask(store, Letters(reason="silent"), QUICK)
    with pytest.raises(ErcbenchError, match="was made with other settings"):
        extract(store, Letters(fitted_on=("c1",)), QUICK)


def test_rows_that_are_not_finite_are_missing(new_store):
    store = new_store()
    turns = list(store.corpus.utterances())
    broken = next(row for row, turn in enumerate(turns) if turn.text)
    with np.errstate(divide="ignore", invalid="ignore"):
        features = extract(store, Letters(nan=turns[broken].text), QUICK)
    assert not features.present[broken]
    assert "NaN or infinity" in (store.folder / "text.letters.missing.csv").read_text()


def test_a_broken_modality_keeps_its_report(new_store):
    store = new_store(corpus=_texts(["hello"] * 5 + [""] * 5))
    with pytest.raises(ErcbenchError, match="50% of the rows are missing"):
        extract(store, Letters(), QUICK)
    assert (store.folder / "text.letters.missing.csv").read_text().count("no text") == 5
    assert store.keys() == []


def test_an_encoder_that_breaks_its_word_is_named(new_store):
    with pytest.raises(ErcbenchError, match=r"'text:letters'.*shape \[27\].*announced width 26"):
        extract(new_store(), Letters(wide=1), QUICK)


def test_merging_asks_for_what_is_missing(new_store):
    one, two = new_store("one"), new_store("two")
    with pytest.raises(ErcbenchError, match="nothing to merge"):
        merge_shards(one, [two.folder], 0.2)
    extract(one, Letters(), extraction_settings(shard="1/2", chunk=8))
    with pytest.raises(ErcbenchError, match=r"7 of 15 parts are not there yet .* number 8"):
        merge_shards(one, [two.folder], 0.2)
    other = new_store("other", talk(30, seed=1))
    with pytest.raises(ErcbenchError, match="its manifest is another"):
        merge_shards(one, [other.folder], 0.2)


def test_a_damaged_part_is_named(new_store):
    store = new_store()
    extract(store, Letters(), extraction_settings(shard="1/2", chunk=8))
    part = next(store.folder.glob(".parts-*/part-000002*"))
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(ErcbenchError, match="part-000002.*not a whole part.*Delete it"):
        extract(store, Letters(), QUICK)


def test_a_corpus_without_recordings_is_refused_before_anything_is_done(new_store, tiny_resnet):
    from ercbench.features.encoders.acoustics import MelEncoder
    from ercbench.features.encoders.visual import FrameEncoder, VisualSettings

    store = new_store()
    with pytest.raises(ErcbenchError, match=r"audio:mel: no utterance .* has audio or video"):
        extract(store, MelEncoder(), QUICK)
    with pytest.raises(ErcbenchError, match=r"visual:tiny-resnet: no utterance .* has video"):
        extract(store, FrameEncoder(VisualSettings(str(tiny_resnet))), QUICK)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/2/3"])
def test_shards_that_make_no_sense_are_named(shard):
    with pytest.raises(ErcbenchError, match=f"shard={shard}: expected two numbers such as 3/8"):
        extraction_settings(shard=shard)


def test_a_broken_clip_is_one_missing_row(new_store, tiny_resnet, tmp_path):
    from ercbench.features.encoders.visual import FrameEncoder, VisualSettings

    clips = [write_clip(tmp_path / f"{n}.mp4", seconds=0.3) for n in range(6)]
    clips[2].write_bytes(clips[2].read_bytes()[:100])
    conversation = seen(*clips)[0].conversation
    store = new_store(corpus=Corpus("clips", ("happy",), (conversation,), {}))
    features = extract(store, FrameEncoder(VisualSettings(str(tiny_resnet), frames=2)), QUICK)
    assert features.present.tolist() == [True, True, False, True, True, True]


def _texts(texts):
    from small import said

    turns = said(*texts)[0].conversation.utterances
    return Corpus("texts", ("happy",), (Conversation("c", turns),), {})
