import csv
import pickle

import pytest

from ercbench.corpora.meld import LABELS, read_meld
from ercbench.corpora.meld_clips import BROKEN_CLIPS, PARTS
from ercbench.corpora.table.text import repaired
from ercbench.errors import ErcbenchError

HEADER = [
    *("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
]


def row(dialogue, turn, text="Hi.", emotion="joy", start="0:16:16,059", end="00:16:21,73"):
    return [1, text, "Chandler", emotion, "positive", dialogue, turn, 8, 21, start, end]


def write(path, rows, header=HEADER, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "train_sent_emo.csv", [row(0, 1), row(0, 3), row(61, 0)])
    write(tmp_path / "dev_sent_emo.csv", [row(0, 0)])
    write(tmp_path / "test_sent_emo.csv", [row(0, 0), row(38, 4)])
    return tmp_path


def test_numbers_that_restart_and_have_gaps_become_unique_ids(root):
    corpus = read_meld(root)
    assert [u.id for u in corpus.utterances()] == [
        *("train-0-1", "train-0-3", "train-61-0", "dev-0-0", "test-0-0", "test-38-4")
    ]
    assert corpus.split("official").validation == ("dev-0",)


def test_both_spellings_of_a_time_are_seconds(root):
    utterance = next(read_meld(root).utterances())
    assert (utterance.start, utterance.end) == pytest.approx((976.059, 981.73))


def test_sentiment_and_emotion_are_two_readings_of_the_same_rows(root):
    emotion, sentiment = read_meld(root), read_meld(root, labels="sentiment")
    assert {u.label for u in emotion.utterances()} == {"joy"}
    assert {u.label for u in sentiment.utterances()} == {"positive"}
    assert sentiment.labels == LABELS["sentiment"]


def test_turns_are_ordered_by_number_whatever_the_order_of_rows(root):
    before = read_meld(root)
    write(root / "train_sent_emo.csv", [row(61, 0), row(0, 3), row(0, 1)])
    assert read_meld(root).conversations == before.conversations


def test_control_characters_of_a_wrong_decoding_become_the_quotes_they_were(root):
    write(root / "dev_sent_emo.csv", [row(0, 0, text="You must\x92ve")])
    texts = {u.id: u.text for u in read_meld(root).utterances()}
    assert texts["dev-0-0"] == "You must\u2019ve"


@pytest.mark.parametrize("nested", [False, True])
def test_clips_are_found_in_the_release_and_broken_ones_named(root, nested):
    folder = root / ("test/" if nested else "") / "output_repeated_splits_test"
    folder.mkdir(parents=True)
    for name in ("dia0_utt0", "dia38_utt4", "dia108_utt2"):
        (folder / f"{name}.mp4").touch()
    corpus = read_meld(root)
    videos = {u.id: u.video for u in corpus.utterances()}
    assert videos["test-0-0"] == str(folder / "dia0_utt0.mp4")
    assert videos["test-38-4"] is None
    assert "304.9 s" in corpus.provenance["broken_clips"]["test-38-4"]
    assert videos["train-0-1"] is None


def test_csv_files_of_the_unpacked_release_are_found(root):
    for part in PARTS:
        (root / part).mkdir()
        (root / f"{part}_sent_emo.csv").rename(root / part / f"{part}_sent_emo.csv")
    assert len(read_meld(root).conversations) == 5


def test_a_flat_folder_of_clips_is_used_only_for_the_part_it_is_said_to_be_of(root):
    (root / "clips").mkdir()
    (root / "clips" / "dia0_utt0.mp4").touch()
    with pytest.warns(UserWarning, match=r"clips\.test"):
        assert not any(u.video for u in read_meld(root).utterances())
    corpus = read_meld(root, clips={"test": root / "clips"})
    assert [u.id for u in corpus.utterances() if u.video] == ["test-0-0"]


def test_clips_may_have_either_name_of_the_release_and_be_sounds(root, tmp_path):
    folder = tmp_path / "wav"
    folder.mkdir()
    names = ("final_videos_testdia0_utt0.mp4", "dia0_utt0.WAV", "dia38_utt4.mp4", "._dia0_utt0.mp4")
    for name in names:
        (folder / name).touch()
    first, broken = [u for u in read_meld(root, clips={"test": folder}).utterances()][-2:]
    assert first.video == str(folder / names[0])
    assert first.audio == str(folder / names[1])
    assert (broken.id, broken.video) == ("test-38-4", None)
    (folder / "dia0_utt0.mp4").touch()
    plain = {u.id: u.video for u in read_meld(root, clips={"test": folder}).utterances()}
    assert plain["test-0-0"] == str(folder / "dia0_utt0.mp4")


def test_a_folder_in_which_no_clip_fits_is_told_with_what_it_holds(root):
    folder = root / "output_repeated_splits_test"
    folder.mkdir()
    for name in ("a.mp4", "dia2000_utt0.mp4"):
        (folder / name).touch()
    message = r"clips\.test: .*dia0_utt0 .*final_videos_testdia0_utt0.*\.wav.* a\.mp4, dia2000"
    with pytest.raises(ErcbenchError, match=message):
        read_meld(root, clips={"test": folder})
    with pytest.warns(UserWarning, match=message):
        assert not any(u.video for u in read_meld(root).utterances())


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([row(0, 0), row(0, 0)], ["train_sent_emo.csv", "more than once: 0 / 0"]),
        ([row(0, 0, start="16 min")], ["train_sent_emo.csv, row 2", "'16 min'", "H:MM:SS"]),
        ([row("first", 0)], ["row 2", "'first'", "whole numbers"]),
        ([row(0, 0)[:-1]], ["row 2", "expected 11"]),
        ([row(0, 0, emotion="bored")], ["train-0-0", "'bored'"]),
    ],
)
def test_a_row_that_cannot_be_read_is_named(root, rows, names):
    write(root / "train_sent_emo.csv", rows)
    with pytest.raises(ErcbenchError) as error:
        read_meld(root)
    assert all(name in str(error.value) for name in names)


def test_missing_columns_are_named(root):
    write(root / "dev_sent_emo.csv", [row(0, 0)[:9]], HEADER[:9])
    with pytest.raises(ErcbenchError, match=r"dev_sent_emo\.csv: lacks .* StartTime, EndTime"):
        read_meld(root)


def test_another_encoding_is_refused_with_a_way_to_convert(root):
    write(root / "dev_sent_emo.csv", [row(0, 0, text="must\u2019ve")], encoding="cp1252")
    with pytest.raises(ErcbenchError, match=r"not UTF-8 .*0x92.*iconv"):
        read_meld(root)


def test_an_absent_file_is_said_with_where_it_was_looked_for(root):
    (root / "dev_sent_emo.csv").unlink()
    with pytest.raises(ErcbenchError, match=r"no dev_sent_emo\.csv .*looked for .*MELD\.Raw"):
        read_meld(root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "valence"}, "'valence'; expected emotion or sentiment"),
        ({"labels": ["emotion"]}, "expected emotion or sentiment"),
        ({"clips": {"valid": "."}}, "found valid; expected .* train, dev, test"),
        ({"clips": {"test": "nowhere"}}, "found .*nowhere"),
    ],
)
def test_a_setting_that_is_not_there_is_refused(root, options, message):
    if "clips" in options:
        options = {"clips": {part: root / path for part, path in options["clips"].items()}}
    with pytest.raises(ErcbenchError, match=message):
        read_meld(root, **options)


@pytest.fixture(scope="module")
def corpus(shared_data):
    return read_meld(shared_data / "meld", clips={"test": shared_data / "meld" / "clips"})


@pytest.mark.shared
class TestRealFiles:
    def test_published_counts_come_out(self, corpus, sizes):
        assert sizes(corpus, "official") == ([1038, 114, 280], [9989, 1109, 2610])

    def test_the_sixteen_clips_are_found(self, corpus):
        assert sum(u.video is not None for u in corpus.utterances()) == 16

    def test_rows_known_to_have_broken_clips_are_there(self, corpus):
        assert set(BROKEN_CLIPS) <= {u.id for u in corpus.utterances()}

    def test_the_gaps_are_as_known(self, corpus):
        train = [c for c in corpus.conversations if c.id.startswith("train")]
        turns = [[int(u.id.split("-")[2]) for u in c.utterances] for c in train]
        assert "train-60" not in {c.id for c in train}
        assert sum(numbers[0] != 0 for numbers in turns) == 10
        assert sum(numbers != list(range(len(numbers))) for numbers in turns) == 72
        alone = {p: sum(len(c) == 1 for c in corpus.conversations if p in c.id) for p in PARTS}
        assert list(alone.values()) == [70, 6, 12]

    def test_it_agrees_with_the_file_the_field_passes_around(self, corpus, shared_data):
        with (shared_data / "meld" / "cosmic_meld.pkl").open("rb") as file:
            _, emotions, _, sentences, *_ = pickle.load(file, encoding="latin1")
        names = [corpus.labels[i] for labels in emotions.values() for i in labels]
        assert [u.label for u in corpus.utterances()] == names
        texts = [repaired(text).split() for turns in sentences.values() for text in turns]
        assert [u.text.split() for u in corpus.utterances()] == texts
