"""Predictions of another code, as people's files have them."""

import csv
import json
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.records.adding.files import read_predictions
from ercbench.records.adding.fitting import fit
from ercbench.records.adding.identifiers import TestUtterances, canonical
from ercbench.records.adding.names import checked_name, files_of, seeds_of

LABELS = ("neutral", "joy", "anger")
IDS = ("test-0-0", "test-0-2", "test-3-0", "test-3-1")
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3], [0.0, 1.0, 0.0]])
PREDICTED = ("neutral", "anger", "joy", "joy")
NUMBERS = st.integers(0, 2000)


def talk(id, *utterances):
    return Conversation(id, tuple(Utterance(own, "Ann") for own in utterances))


def corpus_of(tested, name="meld", labels=LABELS):
    others = [talk("train-0", "train-0-0"), talk("dev-0", "dev-0-0")]
    split = Split(("train-0",), ("dev-0",), tuple(own.id for own in tested))
    return Corpus(name, labels, (*others, *tested), {"official": split})


MELD = corpus_of([talk("test-0", *IDS[:2]), talk("test-3", *IDS[2:])])


def fitted(path, corpus=MELD, order=None, warn=None):
    """What a file says, in the order of the test part."""
    refuse = warn if warn is not None else pytest.fail
    return fit(path, read_predictions(path, corpus.labels), corpus, "official", order, refuse)


def write_csv(path, head, rows):
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
            [head, *rows]
        )
    return path


@given(dialogue=NUMBERS, turn=NUMBERS)
def test_every_spelling_of_meld_means_the_same_utterance(dialogue, turn):
    test = TestUtterances(
        [talk(f"test-{dialogue}", f"test-{dialogue}-{turn}"), talk("test-9999", "test-9999-0")]
    )
    spellings = (
        *(f"test-{dialogue}-{turn}", f"dia{dialogue}_utt{turn}", f"{dialogue}_{turn}"),
        *(f"{dialogue}-{turn}", f"DIA{dialogue}_UTT{turn}.mp4", f"{dialogue}, {turn}"),
        *(f"test/dia{dialogue}_utt{turn}.wav", f"test_dia{dialogue}_utt{turn}"),
    )
    assert {test.row(spelling) for spelling in spellings} == {0}
    assert test.row(f"dia{dialogue}_utt{turn + 1}") is None
    assert test.row(f"train_{dialogue}_{turn}") is None
    assert {test.row((name, 0)) for name in (f"dia{dialogue}", str(dialogue))} == {0}


@given(video=st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True), clip=NUMBERS)
def test_every_spelling_of_mosi_means_the_same_clip(video, clip):
    spellings = (f"{video}$_${clip}", f"{video}_{clip}", f"{video}[{clip}]", f"{video}_{clip}.mp4")
    assert len({canonical(own) for own in spellings}) == 1
    assert canonical(canonical(spellings[0])) == canonical(spellings[0])


def test_iemocap_is_found_with_folders_endings_and_by_dialogue_and_turn():
    ids = ("Ses05F_impro01_F000", "Ses05F_impro01_M000")
    test = TestUtterances([talk("Ses05F_impro01", *ids)])
    assert [test.row(f"Session5/sentences/wav/{id}.wav") for id in ids] == [0, 1]
    assert [test.row(("Ses05F_impro01", turn)) for turn in range(3)] == [0, 1, None]


def test_ids_that_two_utterances_could_have_are_found_by_their_own_spelling_alone():
    test = TestUtterances([talk("a", "x-1", "x_1")])
    assert (test.row("x-1"), test.row("x_1"), test.row("x 1")) == (0, 1, None)


FORMS = ("csv", "tsv", "parquet", "npz", "json", "pkl")


@settings(deadline=None)  # whatever is imported first takes its time
@given(
    order=st.permutations(range(4)), columns=st.permutations(range(3)), form=st.sampled_from(FORMS)
)
def test_any_file_in_any_order_gives_the_same_probabilities(tmp_path_factory, order, columns, form):
    path = tmp_path_factory.mktemp("added") / f"mine.{form}"
    ids = [IDS[row].replace("test-", "dia").replace("-", "_utt") for row in order]
    values = PROBABILITIES[np.ix_(order, columns)]
    names = [LABELS[column] for column in columns]
    if form in ("csv", "tsv"):
        rows = [[id, *own] for id, own in zip(ids, values.tolist(), strict=True)]
        write_csv(path, ["utterance_id", *(f"p_{name}" for name in names)], rows)
    elif form == "parquet":
        pq.write_table(pa.table({"id": ids} | dict(zip(names, values.T, strict=True))), path)
    elif form == "npz":
        np.savez(path, ids=ids, probabilities=values, labels=names)
    elif form == "json":
        path.write_text(json.dumps(dict(zip(ids, values.tolist(), strict=True))))
    else:
        path.write_bytes(pickle.dumps(dict(zip(ids, values, strict=True))))
    found = fitted(path, order=names)
    np.testing.assert_allclose(found, PROBABILITIES, atol=1e-6)


def test_labels_alone_are_taken_by_name_or_by_index_in_the_order_that_is_told(tmp_path):
    expected = [LABELS.index(label) for label in PREDICTED]
    rows = list(zip((0, 0, 3, 3), (0, 2, 0, 1), map(str.title, PREDICTED), strict=True))
    named = write_csv(tmp_path / "named.csv", ["Dialogue_ID", "Utterance_ID", "y_pred"], rows)
    assert fitted(named).tolist() == expected
    order = ["joy", "anger", "neutral"]
    numbers = [order.index(label) for label in PREDICTED]
    np.savez(tmp_path / "numbers.npz", utterance_id=IDS, predicted=numbers)
    assert fitted(tmp_path / "numbers.npz", order=order).tolist() == expected
    with pytest.raises(ErcbenchError, match=r"Set labels=\[neutral,joy,anger\] in the order"):
        fitted(tmp_path / "numbers.npz")


def test_a_list_per_dialogue_is_read_as_conv_emotion_keeps_it(tmp_path):
    by_dialogue = {0: [0, 2], 3: np.array([1, 1])}
    (tmp_path / "labels.pkl").write_bytes(pickle.dumps(by_dialogue))
    assert fitted(tmp_path / "labels.pkl", order=LABELS).tolist() == [0, 2, 1, 1]
    shares = {"test-0": PROBABILITIES[:2].tolist(), "test-3": PROBABILITIES[2:].tolist()}
    (tmp_path / "shares.json").write_text(json.dumps(shares))
    np.testing.assert_allclose(fitted(tmp_path / "shares.json", order=LABELS), PROBABILITIES)
    (tmp_path / "short.json").write_text(json.dumps({"0": [0], "3": [1, 1]}))
    with pytest.raises(ErcbenchError, match="dialogue '0' has 1 predictions and 2 utterances"):
        fitted(tmp_path / "short.json", order=LABELS)


def test_mmsa_s_scores_become_the_polarities_of_the_corpus(tmp_path):
    mosi = corpus_of([talk("v_-1", "v_-1_1", "v_-1_2")], "mosi", ("negative", "positive"))
    content = {"Ids": ["v_-1$_$2", "v_-1$_$1"], "SResults": np.array([[-0.3], [1.2]]), "MAE": 0.9}
    (tmp_path / "tfn.pkl").write_bytes(pickle.dumps(content))
    assert fitted(tmp_path / "tfn.pkl", mosi).tolist() == [1, 0]
    with pytest.raises(ErcbenchError, match="holds MMSA's scores"):
        fitted(tmp_path / "tfn.pkl", MELD)


def test_what_is_not_of_the_test_part_is_left_out_and_counted(tmp_path):
    rows = [[id, "joy"] for id in (*IDS, "train-0-0", "elsewhere")]
    said = []
    fitted(write_csv(tmp_path / "all.csv", ["id", "pred"], rows), warn=said.append)
    (line,) = said
    assert "1 utterances of other parts and 1 unknown ids left out: train-0-0, elsewhere" in line


BAD_ROWS = {
    "missing": (IDS[:3], "no prediction for 1 of 4 utterances of the test part.*test-3-1"),
    "repeated": ((*IDS, IDS[0]), "1 utterances have more than one prediction: test-0-0"),
    "unknown": (("x", "y", "z", "w"), "no prediction for 4 of 4 .*4 ids are not of it: x, y, z"),
}


@pytest.mark.parametrize(("ids", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_utterances_that_are_missing_repeated_or_unknown_are_named(tmp_path, ids, message):
    path = write_csv(tmp_path / "mine.csv", ["id", "pred"], [[id, "joy"] for id in ids])
    with pytest.raises(ErcbenchError, match=message):
        fitted(path)


BAD_SHARES = {
    "sum": ([0.5, 0.5, 0.5], r"1 row\(s\) are no prob.*test-0-2: 0.5, 0.5, 0.5.*up to 1.5"),
    "negative": ([-0.5, 0.5, 1.0], "such as that of test-0-2: -0.5"),
    "nan": (["nan", 0.5, 0.5], "such as that of test-0-2: nan"),
    "text": (["much", 0, 1], "found 'much' where a probability was expected"),
    "none": ([None, 0, 1], "found '' where a probability was expected"),
}


@pytest.mark.parametrize(("shares", "message"), BAD_SHARES.values(), ids=BAD_SHARES)
def test_rows_that_are_no_probabilities_are_named_with_their_sum(tmp_path, shares, message):
    values = PROBABILITIES.tolist()
    values[1] = shares
    rows = [[id, *own] for id, own in zip(IDS, values, strict=True)]
    path = write_csv(tmp_path / "mine.csv", ["id", *LABELS], rows)
    with pytest.raises(ErcbenchError, match=message):
        fitted(path)


BAD_FILES = {
    "absent.csv": (None, "expected an existing file"),
    "other.xlsx": ("", r"called \*.csv"),
    "empty.csv": ("", "there is no row"),
    "ragged.csv": ("id,pred\na,joy,extra\n", "data row 1 has 3 cells"),
    "no_ids.csv": ("who,pred\na,joy\n", "Rename the column of utterance ids"),
    "twice.csv": ("id,pred,pred\na,joy,joy\n", "two columns are called 'pred'"),
    "huge.csv": ("id,pred\n" + "".join(f"{id},{'9' * 5000}\n" for id in IDS), "unknown label"),
    "odd.csv": ("id,pred\n" + "".join(f"{id},²\n" for id in IDS), "unknown label.*'²'"),
    "huge.json": ('{"a": [[1, 1' + "0" * 400 + "]]}", "neither a label nor a list"),
    "truth.csv": ("id,label\ntest-0-0,joy\n", "a column 'label' is taken for the truth"),
    "label.csv": ("id,pred\n" + "".join(f"{id},rage\n" for id in IDS), "unknown label.*'rage'"),
    "other.csv": ("id,p_joy,p_rage\n" + "".join(f"{id},0,1\n" for id in IDS), "expected 3 for"),
    "broken.json": ("{", "cannot be read as JSON"),
    "list.json": ("[1]", "holds a list; expected a dict"),
    "nothing.json": ("{}", "holds no predictions"),
    "nested.json": ('{"a": {"b": 1}}', "neither a label nor a list"),
    "broken.npz": ("PK", "cannot be read as npz"),
    "broken.parquet": ("PAR1", "cannot be read as parquet"),
    "broken.pkl": ("no pickle", "not a whole pickle|uses the opcode"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_something_else_is_one_line(tmp_path, name):
    content, message = BAD_FILES[name]
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ErcbenchError, match=message) as caught:
        fitted(tmp_path / name)
    assert name in str(caught.value)


def test_an_index_beyond_the_labels_and_another_order_of_labels_are_refused(tmp_path):
    np.savez(tmp_path / "mine.npz", ids=IDS, predicted=[0, 1, 2, 3])
    with pytest.raises(ErcbenchError, match="found the index 3; expected 0 to 2"):
        fitted(tmp_path / "mine.npz", order=LABELS)
    with pytest.raises(ErcbenchError, match="labels a, b; expected neutral, joy, anger"):
        fitted(tmp_path / "mine.npz", order=["a", "b"])
    np.savez(tmp_path / "short.npz", ids=IDS, probabilities=PROBABILITIES[:3])
    with pytest.raises(ErcbenchError, match=r"4 ids, but 'probabilities' has the shape \[3, 3\]"):
        fitted(tmp_path / "short.npz")


def test_files_and_their_seeds_are_told_by_a_pattern_and_by_names(tmp_path):
    for seed in (2, 10):
        (tmp_path / f"mine_seed{seed}.csv").touch()
    files = files_of("predictions", f"{tmp_path}/mine_seed*.csv")
    assert seeds_of(None, files) == [10, 2]
    assert seeds_of([0, 1], files) == [0, 1]
    assert seeds_of(None, [tmp_path / "mine.csv"]) == [0]
    for wrong in (None, 3, [1, 1], [1], ["a", "b"]):
        with pytest.raises(ErcbenchError, match="expected a seed for each"):
            seeds_of(wrong, [tmp_path / "a.csv", tmp_path / "b.csv"])
    with pytest.raises(ErcbenchError, match="nothing is called so"):
        files_of("predictions", f"{tmp_path}/nothing*.csv")


def test_a_name_of_one_of_our_models_and_one_that_no_table_can_show_are_refused():
    assert checked_name(" COSMIC (released) ") == "COSMIC (released)"
    for ours in ("gru", "GRU", "HCAM"):
        with pytest.raises(ErcbenchError, match="is a model of this benchmark"):
            checked_name(ours)
    for wrong in (None, "", "a\nb", "x" * 61):
        with pytest.raises(ErcbenchError, match="expected what the model is called"):
            checked_name(wrong)
