"""Arrays as the field keeps them, brought into a store: by part, by modality, covering a part."""

import pickle

import numpy as np
import pytest
from helpers import compose_in

from ercbench.commands.import_features import import_command
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore

PARTS = {"train": 4, "dev": 2, "test": 2}
WIDTHS = {"text": 3, "audio": 5, "visual": 2}
NAMES = ("{part}-{d}-{u}", "dia{d}_utt{u}", "dia{d}_utt{u}.mp4", "{d}_{u}", "x/dia{d}_utt{u}.wav")


def meld_like(prefix="{part}-{d}"):
    """Parts of dialogues that each begin anew with 0, as MELD's do, of 2 utterances each."""
    ids = {p: tuple(prefix.format(part=p, d=d) for d in range(n)) for p, n in PARTS.items()}
    conversations = tuple(
        Conversation(id, tuple(Utterance(f"{id}-{u}", "Ann", label="ab"[u]) for u in range(2)))
        for own in ids.values()
        for id in own
    )
    split = Split(ids["train"], ids["dev"], ids["test"])
    return Corpus("mine", ("a", "b"), conversations, {"given": split})


def called(name, part, rng=None, width=5):
    """Vectors of one part's utterances, each called by a pattern."""
    rng = rng or np.random.default_rng(len(part))
    return {
        name.format(part=part, d=d, u=u): rng.normal(size=width).astype(np.float32)
        for d in range(PARTS[part])
        for u in range(2)
    }


def all_parts(name, width=5):
    return {p: called(name, p, width=width) for p in PARTS}


def expected(vectors):
    return np.array([vector for own in vectors.values() for vector in own.values()])


@pytest.fixture
def stores(tmp_path):
    with FeatureStore.creating(tmp_path / "stores" / "mine", meld_like()) as store:
        values = np.arange(16, dtype=np.float32)[:, None]
        store.add("text", "numbers", values, encoder="test", fitted_on=[], chunk=8)
    return tmp_path / "stores"


@pytest.fixture
def bring(tmp_path, stores):
    def run(*overrides):
        import_command(compose_in(tmp_path, "store=mine", *overrides, command="import"))
        return FeatureStore(stores / "mine")

    return run


def write(path, content):
    if path.suffix == ".npz":
        np.savez(path, **content)
    else:
        path.write_bytes(pickle.dumps(content))
    return path


def by_part(folder, vectors, kind="npz", setting="audio"):
    files = {p: write(folder / f"{p}_mel.{kind}", own) for p, own in vectors.items()}
    return [f"{setting}.{part}={path}" for part, path in files.items()]


@pytest.mark.parametrize("kind", ["npz", "pkl"])
@pytest.mark.parametrize("name", NAMES[:4])
def test_a_file_for_each_part_whose_ids_begin_anew(bring, tmp_path, name, kind):
    vectors = all_parts(name)
    features = bring(*by_part(tmp_path, vectors, kind)).open("audio", "mel")
    np.testing.assert_array_equal(features.rows(0, 16), expected(vectors))
    assert features.present.all()
    assert features.metadata["source"] == f"train_mel.{kind}, dev_mel.{kind}, test_mel.{kind}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("nested", [lambda v: list(v.values()), lambda v: v])
def test_a_pickle_with_the_three_parts_in_one_file(bring, tmp_path, name, nested):
    vectors = all_parts(name)
    path = write(tmp_path / "mel.pkl", nested(vectors))
    np.testing.assert_array_equal(
        bring(f"audio={path}").open("audio", "mel").rows(0, 16), expected(vectors)
    )


@pytest.mark.parametrize("prefix", ["{part}-{d}", "{part}/{d}"])
def test_ids_that_say_their_part_need_one_file(tmp_path, prefix):
    with FeatureStore.creating(tmp_path / "stores" / "mine", meld_like(prefix)):
        pass
    for name in ("{part}_splits/dia{d}_utt{u}.mp4", "final_videos_{part}dia{d}_utt{u}.mp4"):
        vectors = all_parts(name)
        path = write(tmp_path / "f.pkl", {k: v for own in vectors.values() for k, v in own.items()})
        overrides = ("store=mine", f"audio={path}")
        import_command(compose_in(tmp_path, *overrides, command="import"))
        features = FeatureStore(tmp_path / "stores" / "mine").open("audio", "f")
        np.testing.assert_array_equal(features.rows(0, 16), expected(vectors))


MULTIPLE = {
    "by modality": lambda ids, sets: {m: dict(zip(ids, v, strict=True)) for m, v in sets.items()},
    "by utterance": lambda ids, sets: {
        id: {m: v[i] for m, v in sets.items()} for i, id in enumerate(ids)
    },
    "arrays": lambda ids, sets: {"utterance_id": np.array(ids), **sets},
}


@pytest.mark.parametrize("form", MULTIPLE)
@pytest.mark.parametrize("visual", ["visual", "vision"])
def test_several_modalities_come_in_one_file(bring, stores, tmp_path, form, visual):
    ids = [turn.id for turn in FeatureStore(stores / "mine").corpus.utterances()]
    rng = np.random.default_rng(0)
    sets = {visual if m == "visual" else m: rng.normal(size=(16, w)) for m, w in WIDTHS.items()}
    path = tmp_path / ("all.npz" if form == "arrays" else "all.pkl")
    store = bring(f"features={write(path, MULTIPLE[form](ids, sets))}")
    for modality, values in zip(WIDTHS, sets.values(), strict=True):
        found = store.open(modality, "all").rows(0, 16)
        np.testing.assert_array_equal(found, values.astype(np.float32))
    alone = bring(f"audio={path}", "name=alone")
    assert [key for key in alone.keys() if "alone" in key] == ["audio:alone"]


def test_several_modalities_and_parts_come_in_one_pickle(bring, tmp_path):
    sets = {m: all_parts("dia{d}_utt{u}", w) for m, w in WIDTHS.items()}
    store = bring(f"features={write(tmp_path / 'all.pkl', sets)}")
    for modality, vectors in sets.items():
        np.testing.assert_array_equal(store.open(modality, "all").rows(0, 16), expected(vectors))


def without(vectors, *lost):
    return {p: {k: v for k, v in own.items() if (p, k) not in lost} for p, own in vectors.items()}


LOST = [("train", "0_1"), ("train", "1_0"), ("train", "1_1"), ("dev", "0_0")]


@pytest.mark.parametrize(
    ("uncovered", "utterances", "conversations"),
    [("drop", 12, 7), ("drop_conversations", 10, 5)],
)
def test_what_is_not_covered_leaves_into_a_new_store(
    bring, stores, tmp_path, capsys, uncovered, utterances, conversations
):
    vectors = without(all_parts("{d}_{u}"), *LOST)
    with pytest.warns(UserWarning, match="4 utterances have no row"):
        bring(*by_part(tmp_path, vectors), f"uncovered={uncovered}")
    part, whole = FeatureStore(stores / "mine-mel"), FeatureStore(stores / "mine")
    told = f"{conversations} of 8 conversations, {utterances} of 16 utterances, those that"
    assert (part.count, len(part.corpus.conversations)) == (utterances, conversations)
    assert told in part.corpus.provenance["covered"]
    assert f"only a part of the corpus: {told}" in capsys.readouterr().err
    assert (whole.count, whole.keys()) == (16, ["text:numbers"])
    kept = {turn.id for turn in part.corpus.utterances()}
    rows = [row for row, turn in enumerate(whole.corpus.utterances()) if turn.id in kept]
    np.testing.assert_array_equal(part.open("text", "numbers").rows(0, utterances)[:, 0], rows)
    assert part.open("audio", "mel").present.all()
    made = part.open("text", "numbers").metadata
    assert (made["encoder"], made["fitted_on"], made["chunk"]) == ("test", [], 8)


def test_the_same_command_twice_is_the_same_and_full_cover_needs_no_new_store(
    bring, stores, tmp_path
):
    for _ in range(2):
        with pytest.warns(UserWarning, match="have no row"):
            bring(
                *by_part(tmp_path, without(all_parts("{d}_{u}"), LOST[0])),
                *("uncovered=drop", "into=covered"),
            )
    assert FeatureStore(stores / "covered").count == 15
    bring(*by_part(tmp_path, all_parts("{d}_{u}")), "uncovered=drop")
    assert "audio:mel" in FeatureStore(stores / "mine").keys()
    assert sorted(path.name for path in stores.iterdir()) == ["covered", "mine"]


def test_how_much_may_be_missing_is_a_setting(bring, tmp_path):
    files = by_part(tmp_path, without(all_parts("{d}_{u}"), *LOST))
    with (
        pytest.warns(UserWarning, match="4 utterances have no row"),
        pytest.raises(ErcbenchError, match=r"25% .*at most 20% may be.*most_missing=0\.25"),
    ):
        bring(*files)
    with pytest.warns(UserWarning, match="4 utterances have no row"):
        features = bring(*files, "most_missing=0.25").open("audio", "mel")
    assert (~features.present).sum() == 4


def test_a_cover_that_leaves_a_part_empty_is_refused(bring, stores, tmp_path):
    vectors = called("{part}-{d}-{u}", "train")
    with (
        pytest.warns(UserWarning, match="have no row"),
        pytest.raises(ErcbenchError, match="uncovered=drop: audio:f cover 8 of 16 utterances"),
    ):
        bring(f"audio={write(tmp_path / 'f.pkl', vectors)}", "uncovered=drop")
    assert [path.name for path in stores.iterdir()] == ["mine"]


def test_a_file_of_one_part_alone_asks_for_the_others(bring, tmp_path):
    with pytest.raises(ErcbenchError, match=r"audio: found audio\.train, .*Set audio\.dev and aud"):
        bring(by_part(tmp_path, all_parts("{d}_{u}"))[0])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: called("dia{d}_utt{u}", "train"), "'dia0_utt0' means several .*audio.train=FILE"),
        (lambda: called("other{d}_{u}", "train"), "none of its 8 ids"),
        (lambda: {"train-0-0": [1.0], "train_0_0": [2.0]}, "both mean utterance 'train-0-0'"),
        (lambda: {"train-0-0": [1.0], "train-0-1": [1.0, 2.0]}, "expected one vector of the same"),
        (lambda: {"train-0-0": "vector"}, "found a str .*for 'train-0-0'; expected a dict of"),
        (lambda: {"train-0-0": [[1.0], [2.0, 3.0]]}, "for 'train-0-0'; expected a dict of"),
        (lambda: [1, 2], "found a list of 2; expected a dict of a vector per utterance id"),
        (lambda: {}, "found a dict of 0; expected"),
        (lambda: {"text": called("{part}-{d}-{u}", "train")}, "holds text, expected audio"),
        (lambda: {0: [1.0], "0": [1.0]}, "1 ids occur twice"),
        (
            lambda: {"train": {"train-0-0": [1.0]}, "dev": {"train-0-0": [1.0]}},
            "'train-0-0' is of train, in the file of validation",
        ),
    ],
)
def test_a_pickle_that_cannot_be_used_is_told_in_one_line(bring, tmp_path, content, told):
    with pytest.raises(ErcbenchError, match=told) as error:
        bring(f"audio={write(tmp_path / 'f.pkl', content())}")
    assert "\n" not in str(error.value)


def test_files_of_parts_that_do_not_fit_are_told(bring, tmp_path):
    vectors = all_parts("{d}_{u}")
    with pytest.raises(ErcbenchError, match="rows of 5 and 7 numbers"):
        bring(*by_part(tmp_path, {**vectors, "dev": called("{d}_{u}", "dev", width=7)}))
    with pytest.raises(ErcbenchError, match=r"dev_mel.npz: none of its 8 ids .* of validation"):
        bring(*by_part(tmp_path, {**vectors, "dev": called("z{d}_{u}", "train")}))
    with pytest.raises(ErcbenchError, match=r"holds several parts itself, but is given as that"):
        bring(*by_part(tmp_path, {**vectors, "dev": list(vectors.values())}, "pkl"))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("features=mel.pkl",), "does not say which modality.*audio="),
        (("audio=mel.pkl", "into=x"), "into=x: .*expected uncovered=drop"),
        (("audio=mel.pkl", "uncovered=drop", "into=a/b"), "into='a/b': expected a name"),
    ],
)
def test_settings_that_do_not_go_together_are_told(bring, tmp_path, monkeypatch, overrides, told):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "mel.pkl", without(all_parts("{d}_{u}"), LOST[0]))
    with pytest.raises(ErcbenchError, match=told):
        bring(*overrides)
