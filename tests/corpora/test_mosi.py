import numpy as np
import pytest

from ercbench.corpora.mosi.contextual import FILE, fitted_on, read_contextual
from ercbench.errors import ErcbenchError

VIDEOS = 70


@pytest.fixture
def arrays():
    """A miniature in the real layout: 62 training and 8 test videos of 3 utterances."""
    rows = np.arange(3 * VIDEOS)
    rng = np.random.default_rng(0)
    score = rng.uniform(-3, 3, len(rows)).astype(np.float32)
    return {
        "utterance_id": np.array([f"v{r // 3:02d}_{r % 3}" for r in rows]),
        "video_id": np.array([f"v{r // 3:02d}" for r in rows]),
        "sentence": np.array([f"SENTENCE {r}" for r in rows]),
        "score": score,
        "label": (score >= 0).astype(np.int8),
        "text": rng.normal(size=(len(rows), 4)).astype(np.float32),
        "audio": rng.normal(size=(len(rows), 3)).astype(np.float32),
        "visual": rng.normal(size=(len(rows), 2)).astype(np.float32),
        "split_poria": np.where(rows // 3 < 62, "train", "test"),
        "split_standard": np.select([rows // 3 < 50, rows // 3 < 58], ["train", "valid"], "test"),
    }


def save(folder, arrays):
    folder.mkdir(exist_ok=True)
    np.savez(folder / FILE, **arrays)
    return folder


def test_a_video_becomes_a_conversation(tmp_path, arrays):
    corpus, features = read_contextual(save(tmp_path / "mosi", arrays))
    assert [u.id for u in corpus.conversations[1].utterances] == ["v01_0", "v01_1", "v01_2"]
    assert [u.label for u in corpus.utterances()] == [
        "positive" if s >= 0 else "negative" for s in arrays["score"]
    ]
    np.testing.assert_array_equal(features["text"], arrays["text"])
    poria = corpus.split("poria")
    assert [len(ids) for ids in poria.parts().values()] == [49, 13, 8]
    assert [len(ids) for ids in corpus.split("standard").parts().values()] == [50, 8, 12]


def test_features_own_up_to_the_videos_they_were_fitted_on(tmp_path, arrays):
    corpus, _ = read_contextual(save(tmp_path / "mosi", arrays))
    expected = [f"v{i:02d}" for i in range(62)]
    assert fitted_on(corpus) == dict.fromkeys(("text", "audio", "visual"), expected)


def test_interleaved_videos_keep_each_row_with_its_utterance(tmp_path, arrays):
    order = np.random.default_rng(1).permutation(3 * VIDEOS)
    shuffled = {name: array[order] for name, array in arrays.items()}
    corpus, features = read_contextual(save(tmp_path / "mosi", shuffled))
    row_of = {id: row for row, id in enumerate(arrays["utterance_id"])}
    for utterance, values in zip(corpus.utterances(), features["audio"], strict=True):
        np.testing.assert_array_equal(values, arrays["audio"][row_of[utterance.id]])


def test_what_is_wrong_with_the_file_is_said(tmp_path, arrays):
    with pytest.raises(ErcbenchError, match="no folder at"):
        read_contextual(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ErcbenchError, match=f"has no {FILE}.*found: nothing"):
        read_contextual(tmp_path / "empty")
    folder = save(tmp_path / "lacking", {k: v for k, v in arrays.items() if k != "audio"})
    with pytest.raises(ErcbenchError, match=r"lacks the array\(s\) audio"):
        read_contextual(folder)
    folder = save(tmp_path / "uneven", arrays | {"text": arrays["text"][:-1]})
    with pytest.raises(ErcbenchError, match="unequal length"):
        read_contextual(folder)
    folder = save(tmp_path / "odd", arrays | {"label": arrays["label"] + 1})
    with pytest.raises(ErcbenchError, match=r"'label' holds \[2\]"):
        read_contextual(folder)
    folder = save(tmp_path / "torn", arrays)
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:500])
    with pytest.raises(ErcbenchError, match="cannot be read as npz"):
        read_contextual(folder)


@pytest.mark.shared
def test_the_real_file_has_the_published_counts(shared):
    corpus, features = read_contextual(shared / "data" / "mosi")
    lengths = {c.id: len(c) for c in corpus.conversations}
    assert len(lengths) == 93
    assert sum(lengths.values()) == 2199

    def utterances(split):
        return [sum(lengths[i] for i in ids) for ids in corpus.split(split).parts().values()]

    assert [len(ids) for ids in corpus.split("poria").parts().values()] == [49, 13, 31]
    assert sum(utterances("poria")[:2]) == 1447
    assert utterances("poria")[2] == 752
    assert utterances("standard") == [1284, 229, 686]
    assert {m: v.shape[1] for m, v in features.items()} == {"text": 100, "audio": 73, "visual": 100}
