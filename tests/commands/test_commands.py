"""`ercbench prepare`, `import` and `stores`, from what people have to what models train on."""

import csv
import pickle
import re
import shutil

import numpy as np
import pytest
from helpers import SMALL_RUN, compose_in
from small import write_clip

from ercbench.commands.import_features import import_command
from ercbench.commands.prepare import prepare_command
from ercbench.commands.stores import stores_command
from ercbench.config.compose import compose
from ercbench.config.explain import explain
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.corpora.meld import COLUMNS
from ercbench.features.encoders.encoder import items_of
from ercbench.features.store.feature_store import FeatureStore
from ercbench.training.train import train

IEMOCAP = [f"Ses0{session}F_impro0{scene}" for session in range(1, 6) for scene in (1, 7)]


@pytest.fixture
def prepare(tmp_path):
    """Runs `ercbench prepare`; stores/ is in the test's own folder."""
    return lambda *overrides: prepare_command(compose_in(tmp_path, *overrides, command="prepare"))


@pytest.fixture
def bring(tmp_path):
    """Runs `ercbench import`."""
    return lambda *overrides: import_command(compose_in(tmp_path, *overrides, command="import"))


@pytest.fixture
def fit(tmp_path):
    """Runs `ercbench train` with a small model for two epochs."""
    small = [setting for setting in SMALL_RUN if not setting.startswith("dataset.simulation")]
    return lambda *overrides: train(
        compose_in(tmp_path, *small, "trainer.max_epochs=2", *overrides)
    )


@pytest.fixture
def opened(tmp_path):
    """Opens a store by name."""
    return lambda name: FeatureStore(tmp_path / "stores" / name)


@pytest.fixture
def meld(tmp_path):
    """MELD in small: two dialogues a part, clips of the test part in a folder of the release."""
    root = tmp_path / "MELD.Raw"
    for part in ("train", "dev", "test"):
        rows = [
            ["oh no", "Ross", emotion, sentiment, dialogue, turn, "0:00:01,000", "0:00:02,000"]
            for dialogue in range(2)
            for turn, emotion, sentiment in [(0, "joy", "positive"), (1, "anger", "negative")]
        ]
        _write_csv(root / part / f"{part}_sent_emo.csv", [COLUMNS, *rows])
    clips = root / "test" / "output_repeated_splits_test"
    clips.mkdir()
    write_clip(clips / "dia0_utt0.mp4", seconds=0.3)
    return root


@pytest.fixture
def release(tmp_path):
    """IEMOCAP's full release in small: a dialogue a session, one label that is not used."""
    for session in range(1, 6):
        dialogue = f"Ses0{session}F_impro01"
        folder = tmp_path / "IEMOCAP" / f"Session{session}" / "dialog"
        turns = [f"{dialogue}_{turn}" for turn in ("F000", "M000", "F001")]
        codes = dict(zip(turns, ("hap", "fru", "sur"), strict=True))
        sheet = [f"[0.1 - 0.9]\t{id}\t{code}\t[1.0, 1.0, 1.0]" for id, code in codes.items()]
        said = [f"{id} [000.1000-000.9000]: Oh no." for id in turns]
        for name, lines in (("EmoEvaluation", sheet), ("transcriptions", said)):
            (folder / name).mkdir(parents=True)
            (folder / name / f"{dialogue}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "IEMOCAP"


@pytest.fixture
def cosmic(tmp_path):
    """COSMIC's list for IEMOCAP in small, and somebody's arrays, one row of which is NaN."""
    speakers = {d: ["F", "M"] for d in IEMOCAP}
    sentences = {d: ["Oh no.", "Hello there."] for d in IEMOCAP}
    labels = {d: [0, 5] for d in IEMOCAP}
    parts = [IEMOCAP[:6], IEMOCAP[8:], IEMOCAP[6:8]]
    (tmp_path / "iemocap.pkl").write_bytes(pickle.dumps([speakers, labels, sentences, *parts]))
    ids = [f"{d}_{turn}" for d in IEMOCAP for turn in ("F000", "M000")]
    values = np.random.default_rng(0).normal(size=(len(ids), 3)).astype(np.float32)
    values[4] = np.nan
    np.savez(tmp_path / "mel-stats.npz", utterance_id=ids, features=values)
    return tmp_path / "iemocap.pkl"


@pytest.fixture
def table(tmp_path):
    """Anybody's conversations."""
    names = ["conversation", "utterance", "speaker", "text", "label", "split"]
    rows = [
        [f"{part}{i}", f"{turn}", who, "hello there", label, part]
        for part in ("train", "dev", "test")
        for i in range(2)
        for turn, who, label in ((0, "Ann", "calm"), (1, "Bob", "glad"))
    ]
    _write_csv(tmp_path / "mine.csv", [names, *rows])
    return tmp_path / "mine.csv"


def _write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def test_meld_from_the_release_to_a_trained_model(prepare, opened, fit, meld, tiny_roberta, capsys):
    prepare("corpus=meld", f"root={meld}", f"text={tiny_roberta}")
    printed = capsys.readouterr().err
    assert "meld, 6 conversations, 12 utterances, 7 labels, splits: official" in printed
    assert "column Emotion of the CSV files" in printed
    assert "train: 2 conversations, published 1038" in printed
    assert opened("meld").keys() == ["text:tiny-roberta"]
    result = fit("dataset=meld", "features=text:tiny-roberta")
    assert (result.setup.corpus, result.setup.split) == ("meld", "official")
    assert result.setup.feature_keys == ("text:tiny-roberta",)


def test_sentiments_have_a_store_of_their_own(prepare, opened, fit, meld, tiny_roberta):
    prepare("corpus=meld", f"root={meld}", "labels=sentiment", f"text={tiny_roberta}")
    assert opened("meld-sentiment").corpus.labels == ("neutral", "positive", "negative")
    assert fit("dataset=meld", "store=meld-sentiment").setup.corpus == "meld"


def test_a_relative_root_leaves_paths_that_hold_elsewhere(prepare, opened, meld, monkeypatch):
    monkeypatch.chdir(meld.parent)
    prepare("corpus=meld", f"root={meld.name}")
    clips = [u.video for u in opened("meld").corpus.utterances() if u.video]
    assert clips == [str(meld / "test" / "output_repeated_splits_test" / "dia0_utt0.mp4")]


def test_encoders_can_be_changed_and_several_named(prepare, opened, meld, tiny_roberta, tmp_path):
    shutil.copytree(tiny_roberta, tmp_path / "other")
    prepare("corpus=meld", f"root={meld}", f"text=[{tiny_roberta},{tmp_path}/other]")
    changes = ("options.text.before=1", "options.text.name=context", "options.text.pooling=mean")
    prepare("store=meld", f"text={tiny_roberta}", *changes)
    assert opened("meld").keys() == ["text:context", "text:other", "text:tiny-roberta"]
    settings = opened("meld").open("text", "context").metadata["settings"]
    assert (settings["before"], settings["pooling"]) == (1, "mean")


@pytest.mark.parametrize(("labels", "names"), [(6, 6), (4, 4)])
def test_iemocap_from_the_release_in_both_readings(
    prepare, opened, fit, release, tiny_roberta, labels, names
):
    prepare("corpus=iemocap", f"root={release}", f"labels={labels}", f"text={tiny_roberta}")
    assert len(opened(f"iemocap{labels}").corpus.labels) == names
    result = fit("dataset=iemocap", f"store=iemocap{labels}", "dataset.split=session5")
    assert result.setup.split == "session5"


def test_videos_of_whole_dialogues_are_not_taken_for_clips(prepare, release, tiny_resnet, tmp_path):
    for session in range(1, 6):
        video = release / f"Session{session}/dialog/avi/DivX/Ses0{session}F_impro01.avi"
        video.parent.mkdir(parents=True)
        video.touch()
    for encoder in (f"visual={tiny_resnet}", "audio=mel"):
        with pytest.raises(Exception, match="videos of whole dialogues are not cut here"):
            prepare("corpus=iemocap", f"root={release}", encoder)
    assert not (tmp_path / "stores").exists()


def test_a_sound_that_is_missing_is_not_taken_from_the_whole_dialogue(tmp_path):
    turns = tuple(
        Utterance(id, "A", audio=audio, video=str(tmp_path / "dialogue.avi"))
        for id, audio in (("one", "one.wav"), ("other", None))
    )
    corpus = Corpus(
        "iemocap", ("sad",), (Conversation("d", turns),), {}, {"video": "whole recordings"}
    )
    one, other = (item.utterance for item in items_of(corpus))
    assert (one.audio, one.video) == ("one.wav", None)
    assert (other.audio, other.video) == (None, None)


def test_a_community_file_takes_the_ids_of_the_arrays_and_text_is_added(
    bring, prepare, opened, fit, cosmic, tiny_roberta, capsys
):
    with pytest.warns(UserWarning, match="1 rows hold NaN"):
        bring("corpus=iemocap", f"community={cosmic}", f"audio={cosmic.parent}/mel-stats.npz")
    assert "COSMIC's list for iemocap" in capsys.readouterr().err
    store = opened("iemocap6")
    assert next(store.corpus.utterances()).id == "Ses01F_impro01_F000"
    sound = store.open("audio", "mel-stats")
    assert sound.metadata["fitted_on"] is None
    assert np.flatnonzero(~sound.present).tolist() == [4]
    prepare("store=iemocap6", f"text={tiny_roberta}")
    result = fit("dataset=iemocap", "features=[text,audio]")
    assert result.setup.feature_keys == ("text:tiny-roberta", "audio:mel-stats")


def test_a_community_file_becomes_the_four_way_task_with_the_ids_of_whole_dialogues(
    bring, opened, fit, cosmic, capsys
):
    with pytest.warns(UserWarning, match="10 rows match no utterance|1 rows hold NaN"):
        bring(f"community={cosmic}", f"audio={cosmic.parent}/mel-stats.npz", "labels=4")
    assert "5584 utterances in the field's files" in capsys.readouterr().err
    store = opened("iemocap4")
    assert [u.id for u in store.corpus.utterances()] == [f"{d}_F000" for d in IEMOCAP]
    values = np.load(cosmic.parent / "mel-stats.npz")["features"][::2]
    np.testing.assert_array_equal(
        store.open("audio", "mel-stats").rows(0, 10), np.nan_to_num(values)
    )
    assert fit("dataset=iemocap", "store=iemocap4").setup.labels == store.corpus.labels


def test_features_in_a_community_file_follow_its_utterances(bring, opened, cosmic):
    speakers, labels, sentences, *parts = pickle.loads(cosmic.read_bytes())
    layers = [{d: [[n, layer], [0, 0]] for n, d in enumerate(IEMOCAP)} for layer in range(4)]
    cosmic.write_bytes(pickle.dumps([speakers, labels, *layers, sentences, *parts]))
    bring(f"community={cosmic}", "labels=4")
    expected = [[n, 3] for n in range(len(IEMOCAP))]
    np.testing.assert_array_equal(opened("iemocap4").open("text", "roberta4").rows(0, 10), expected)


def test_arrays_are_added_to_a_store_with_what_their_encoder_saw(bring, opened, cosmic):
    bring(f"community={cosmic}", "store=mine")
    ids = [utterance.id for utterance in opened("mine").corpus.utterances()]
    assert ids[0] == "Ses01F_impro01-0"
    np.savez(cosmic.parent / "faces.npz", utterance_id=ids, features=np.ones((len(ids), 2)))
    seen = f"fitted_on=[{IEMOCAP[0]}]"
    bring("store=mine", f"visual={cosmic.parent}/faces.npz", "name=face", seen)
    assert opened("mine").open("visual", "face").metadata["fitted_on"] == [IEMOCAP[0]]


def test_an_import_that_fails_leaves_no_store(bring, cosmic, tmp_path):
    np.savez(tmp_path / "few.npz", utterance_id=["Ses01F_impro01-0"], features=np.ones((1, 2)))
    with pytest.raises(Exception) as caught, pytest.warns(UserWarning, match="no row"):
        bring(f"community={cosmic}", f"visual={tmp_path}/few.npz")
    assert "are missing or not finite" in explain(caught.value)
    assert not list((tmp_path / "stores").iterdir())


def test_a_table_becomes_a_dataset_under_its_own_name(prepare, fit, table, tiny_roberta):
    prepare("corpus=csv", f"root={table}", f"text={tiny_roberta}", "labels=[glad,calm]")
    result = fit("dataset=csv", "store=mine")
    assert (result.setup.corpus, result.setup.labels) == ("mine", ("glad", "calm"))


def test_a_file_may_be_called_anything_and_its_folders_stay_where_they_belong(
    prepare, fit, table, tiny_roberta, tmp_path
):
    path = table.rename(tmp_path / "50% (v1.0)\n#1.csv")
    prepare("corpus=csv", f'root="{path}"', f"text={tiny_roberta}")
    (store,) = (tmp_path / "stores").iterdir()
    result = fit("dataset=csv", f"store={store.name}")
    assert result.setup.corpus == path.stem
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith(store.name)
    assert re.fullmatch(r"50_v1\.0_1-[0-9a-f]{8}", store.name)


def test_a_store_without_labels_is_made_and_refused_in_training(prepare, fit, table, tiny_roberta):
    table.write_text(table.read_text().replace("calm", "").replace("glad", "n/a"))
    prepare("corpus=csv", f"root={table}", f"text={tiny_roberta}")
    with pytest.raises(Exception) as caught:
        fit("dataset=csv", "store=mine")
    assert "found the label(s) none; expected two or more" in explain(caught.value)


def test_the_labels_are_told_with_their_counts(prepare, table, capsys):
    table.write_text(table.read_text().replace("calm", "nan", 1))
    prepare("corpus=csv", f"root={table}")
    assert "labels: calm 5, glad 6; 1 utterances without one" in capsys.readouterr().err


def test_columns_of_a_table_may_be_called_otherwise(prepare, opened, table):
    table.write_text(table.read_text().replace("text", "words", 1))
    prepare("corpus=csv", f"root={table}", "columns.text=words")
    assert next(opened("mine").corpus.utterances()).text == "hello there"


def test_shards_are_merged_into_what_one_machine_makes(
    prepare, opened, meld, tiny_roberta, tmp_path, capsys
):
    encoding = (f"root={meld}", f"text={tiny_roberta}", "chunk=2")
    prepare("corpus=meld", *encoding, "store=whole")
    for shard in (1, 2, 3):
        prepare("corpus=meld", *encoding, f"shard={shard}/3", f"store=part{shard}")
    stores_command(compose("stores", [f"stores={tmp_path / 'stores'}"]))
    printed = capsys.readouterr()
    assert "2 of 6 parts" in printed.out
    assert "when all are: ercbench stores merge" in printed.err
    parts = [str(tmp_path / "stores" / f"part{shard}") for shard in (1, 2, 3)]
    stores_command(compose("stores", [f"merge={parts}"]))
    files = [opened(name).open("text", "tiny-roberta").path for name in ("whole", "part1")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_list_of_stores_tells_what_is_in_them(bring, prepare, cosmic, table, capsys, tmp_path):
    with pytest.warns(UserWarning, match="NaN"):
        bring(f"community={cosmic}", f"audio={cosmic.parent}/mel-stats.npz")
    prepare("corpus=csv", f"root={table}")
    capsys.readouterr()
    stores_command(compose("stores", [f"stores={tmp_path / 'stores'}"]))
    listed = capsys.readouterr().out
    for expected in (
        *("iemocap6", "10 conversations", "20 utterances", "cosmic: 12 / 4 / 4", "unknown"),
        *("audio:mel-stats [3], 1 missing", "mine", "given: 4 / 4 / 4; validation shares", "none"),
    ):
        assert expected in listed


WRONG = [
    ("prepare", (), "Neither corpus nor store is set"),
    ("prepare", ("corpus=medl", "root=."), "No corpus 'medl'; there are: csv, iemocap, meld"),
    ("prepare", ("corpus=meld",), "root is not set"),
    ("prepare", ("corpus=meld", "root=nowhere"), "root: nothing at 'nowhere'"),
    ("prepare", ("corpus=meld", "root=."), "looked for"),
    ("prepare", ("corpus=iemocap", "root=."), "Session"),
    ("prepare", ("corpus=iemocap", "root=.", "labels=five"), "five"),
    ("prepare", ("corpus=mosi", "root=."), "looked for"),
    ("prepare", ("corpus=meld", "root=.", "zero=drop"), "it has root, labels, clips"),
    ("prepare", ("corpus=csv", "root=.", "columns.txet=x"), "Did you mean 'text'?"),
    ("prepare", ("store=nowhere",), "no such store"),
    ("prepare", ("store=nowhere", "root=."), "without corpus nothing is read"),
    ("prepare", ("corpus=csv", "root=mine.csv", "text=minilmm"), "(minilm, roberta, roberta-large"),
    ("prepare", ("corpus=csv", "root=mine.csv", "visual=frames"), "no utterance of corpus 'mine'"),
    ("prepare", ("corpus=csv", "root=mine.csv", "audio=mel", "options.audio.dtype=x"), "no dtype"),
    ("prepare", ("corpus=meld", "root=.", "shard=9/8"), "shard=9/8: expected two numbers"),
    ("prepare", ("corpus=meld", "root=.", "workers=0"), "workers=0: expected at least 1"),
    ("import", (), "Nothing to import"),
    ("import", ("community=nowhere.pkl",), "nowhere.pkl: no such file"),
    ("import", ("community=mine.csv",), "mine.csv"),
    ("import", ("corpus=meld", "community=iemocap.pkl"), "was recognised as COSMIC's list"),
    ("import", ("community=iemocap.pkl", "labels=5"), "labels=5: found COSMIC's list for iemocap"),
    ("import", ("store=mine", "audio=mel-stats.npz", "labels=4"), "only with community=FILE"),
    ("import", ("community=iemocap.pkl", "audio=a.wav"), "expected an existing file"),
    (
        "import",
        ("community=iemocap.pkl", "audio=mel-stats.npz", "name=a/b"),
        "name='a/b': expected a name",
    ),
    ("import", ("community=iemocap.pkl", "store=../x"), "store='../x': expected a name of letters"),
    ("import", ("community=iemocap.pkl", "labels=[4]"), "labels=[4]: found COSMIC's list"),
    ("prepare", ("corpus=csv", "root=mine.csv", "store=/x"), "store='/x': expected a name"),
    ("prepare", ("store=../x",), "no such store"),
    ("prepare", ("corpus=csv", "root=mine.csv", "text=[[1]]"), "text: found [1]; expected a name"),
    ("prepare", ("corpus=csv", "root=mine.csv", "text=5"), "text=5: neither an encoder"),
    ("prepare", ("corpus=csv", "root=mine.csv", "text=minilm", "options.text.name=.."), "Set opti"),
    ("prepare", ("corpus=csv", "root='~nosuchuser/x.csv'"), "no home folder for '~nosuchuser'"),
    ("prepare", ("corpus=iemocap", "root=.", "labels=[6]"), "expected labels 4 or 6"),
    ("train", ("stores='~nosuchuser'", "dataset=csv", "store=mine"), "no home folder"),
    ("train", ("dataset=csv", "store=../stores/mine"), "no such store"),
    ("train", ("dataset=meld",), "ercbench prepare corpus=meld root=PATH text=minilm"),
    ("train", ("dataset=meld", "store=meld-sentiment"), "text=minilm labels=sentiment"),
    ("train", ("dataset=iemocap", "store=mine"), "ercbench import corpus=iemocap"),
    ("train", ("dataset=iemocap", "store=iemocap4"), "community=FILE labels=4, or ercbench"),
    ("train", ("dataset=csv",), "store is not set"),
    ("train", ("store=mine",), "store"),
]


@pytest.mark.parametrize(
    ("command", "overrides", "part"), WRONG, ids=[" ".join((w[0], *w[1])) for w in WRONG]
)
def test_a_mistake_is_explained_in_one_line(
    tmp_path, monkeypatch, table, cosmic, command, overrides, part
):
    monkeypatch.chdir(tmp_path)
    run = {"prepare": prepare_command, "import": import_command, "train": train}[command]
    with pytest.raises(Exception) as caught:
        run(compose_in(tmp_path, *overrides, command=command))
    line = explain(caught.value)
    assert part in line
    assert "\n" not in line
    assert not list(tmp_path.glob("stores/*"))


def test_a_dataset_refuses_the_store_of_another_corpus(prepare, fit, table):
    prepare("corpus=csv", f"root={table}")
    with pytest.raises(Exception, match="holds corpus 'mine', expected 'meld'"):
        fit("dataset=meld", "store=mine")


def test_features_that_are_not_there_say_how_to_add_them(prepare, fit, table):
    prepare("corpus=csv", f"root={table}")
    with pytest.raises(Exception, match="ercbench prepare store=mine text=minilm"):
        fit("dataset=csv", "store=mine", "features=text:minilm")


@pytest.mark.shared
class TestRealFiles:
    def test_meld_with_its_clips(
        self, shared_data, prepare, opened, tiny_wav2vec2, tiny_resnet, tmp_path
    ):
        root = tmp_path / "meld"
        shutil.copytree(shared_data / "meld", root, ignore=shutil.ignore_patterns("clips", "*.pkl"))
        _keep_dialogues_with_clips(root / "test_sent_emo.csv", shared_data / "meld" / "clips")
        for part in ("train", "dev"):
            path = root / f"{part}_sent_emo.csv"
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
        prepare(
            *("corpus=meld", f"root={root}", f"clips.test={shared_data}/meld/clips"),
            *("text=minilm", f"audio={tiny_wav2vec2}", f"visual={tiny_resnet}"),
        )
        store = opened("meld")
        assert store.open("text", "minilm").width == 384
        for key in ("audio:tiny-wav2vec2", "visual:tiny-resnet"):
            assert store.open(*key.split(":")).present.sum() == 16

    def test_iemocap_as_it_is_passed_around(self, shared_data, bring, opened, capsys):
        folder = shared_data / "iemocap"
        with pytest.warns(UserWarning, match="4 rows hold NaN"):
            bring(
                *("corpus=iemocap", f"community={folder}/cosmic_iemocap.pkl"),
                f"audio={folder}/audio_stats.npz",
            )
        assert "test: 1623 utterances, published 1622" in capsys.readouterr().err
        store = opened("iemocap6")
        assert (store.open("audio", "audio_stats").present == 0).sum() == 4
        real = np.load(folder / "utterances.npz")["utterance_id"].tolist()
        assert sorted(u.id for u in store.corpus.utterances()) == sorted(real)

    def test_iemocap_as_it_is_passed_around_in_four_classes(self, shared_data, bring, opened):
        folder = shared_data / "iemocap"
        with pytest.warns(UserWarning, match="1849 rows match no utterance|2 rows hold NaN"):
            bring(
                *("corpus=iemocap", f"community={folder}/cosmic_iemocap.pkl", "labels=4"),
                f"audio={folder}/audio_stats.npz",
            )
        sound = opened("iemocap4").open("audio", "audio_stats")
        assert (len(sound.present), (sound.present == 0).sum()) == (5584, 2)

    def test_mosi_brings_its_features_and_their_history(self, shared_data, prepare, fit):
        prepare("corpus=mosi", f"root={shared_data}/mosi")
        with pytest.raises(Exception, match="text:contextual saw the labels of 24 of 31 test"):
            fit("dataset=mosi", "dataset.split=standard")


def _keep_dialogues_with_clips(path, clips):
    """Leaves only the rows of utterances whose clip is there: the others would be missing."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    place = header.index("Dialogue_ID"), header.index("Utterance_ID")
    named = [row for row in rows if (clips / f"dia{row[place[0]]}_utt{row[place[1]]}.mp4").exists()]
    _write_csv(path, [header, *named])
