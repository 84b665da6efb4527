"""`ercbench finetune encoder=m2fnet_visual`, and clips encoded with what it trained."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from helpers import compose_in
from small import Faces, items, seen, write_clip
from tiny import save_faces

from ercbench.commands.prepare import prepare_command
from ercbench.config.compose import encoder_settings
from ercbench.config.explain import explain
from ercbench.corpora.conversation import Utterance
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.summary import encoder_summary
from ercbench.features.media.faces import clip_pictures
from ercbench.features.store.feature_store import FeatureStore
from ercbench.models.m2fnet.visual import ClipReader, StillReader, VisualNetwork, scene_and_face
from ercbench.training.encoder_files import trained_encoder
from ercbench.training.finetune import finetune
from ercbench.training.train import train
from ercbench.training.trained_encoder import TrainedEncoder

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = (
    *("encoder=m2fnet_visual", "encoder.picture_size=32", "encoder.width=8"),
    *("encoder.batch_size=8", "encoder.members=4"),
    *("trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false"),
)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return save_faces(tmp_path_factory.mktemp("people") / "faces", people=10, pictures=4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture
def run(faces, runs):
    """Runs `ercbench finetune`; returns the result and the checkpoint."""

    def finetuned(*overrides, source=faces):
        settings = (*SMALL, f"runs={runs}", f"source={source}", *overrides)
        result = finetune(compose_in(runs, *settings, command="finetune"))
        return result, runs / result.run / "checkpoints" / "best.ckpt"

    return finetuned


def test_it_is_judged_on_strangers_and_saw_nobodys_emotions(run):
    result, checkpoint = run()
    assert result.setup.fitted_on == []
    assert TrainedEncoder(checkpoint, "x").fitted_on == []
    results = result.results
    assert set(results.trained) == set(results.untrained) == {"neighbour", "retrieval"}
    assert results.test == results.trained["neighbour"]
    assert encoder_summary(result).row_count == 5


def test_it_learns_to_tell_strangers_apart(run, tmp_path):
    folder = save_faces(tmp_path / "faces", people=24, pictures=6)
    longer = ("trainer.max_epochs=8", "selection.patience=8", "encoder.learning_rate=1e-3")
    batches = ("encoder.batch_size=36", "encoder.members=6", "encoder.augment=false")
    result, _ = run(*longer, *batches, "encoder.width=16", "encoder.test=0.3", source=folder)
    before, after = (own["retrieval"] for own in (result.results.untrained, result.results.trained))
    assert after["average_precision"] > before["average_precision"] + 0.1


def test_the_run_is_the_same_wherever_the_folder_lies_and_another_with_other_pictures(
    run, faces, tmp_path
):
    moved = shutil.copytree(faces, tmp_path / "elsewhere")
    assert run(source=moved)[0] == run()[0]
    (moved / "person0" / "0.jpg").unlink()
    assert run(source=moved)[0].run != run()[0].run


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("source=null",), "source is not set. Set source=FOLDER"),
        (("corpus=meld",), "corpus=meld: mean nothing to M2FNetVisual"),
        (("folds=5",), "folds=5: mean nothing to M2FNetVisual"),
        (("source=nowhere",), "source=nowhere: no such folder"),
        (("encoder.spread=odd",), r"encoder\.spread=odd: expected one of successive, even"),
        (("encoder.test=0",), r"encoder\.test=0\.0: expected between 0 and 0\.5"),
        (("encoder.batch_size=80",), "classes=20: expected 2 to 6, .* Change batch_size or mem"),
    ],
)
def test_a_mistake_is_named(run, overrides, message):
    with pytest.raises(Exception) as caught:
        run(*overrides)
    line = explain(caught.value)
    assert re.search(message, line)


def test_a_folder_means_nothing_to_an_encoder_of_utterances(runs, faces):
    settings = ("encoder=m2fnet_audio", f"source={faces}", "store=talk", f"runs={runs}")
    with pytest.raises(ErcbenchError, match="source=.*: mean nothing to M2FNetAudio, .* corpus or"):
        finetune(compose_in(runs, *settings, command="finetune"))


def test_only_training_pictures_are_mirrored(tmp_path):
    folder = save_faces(tmp_path / "faces", people=1, pictures=1)
    (item,) = seen(folder / "person0" / "0.jpg")
    reader, plain = StillReader(32), StillReader(32).read(item)
    read = [reader.read(item, np.random.default_rng(seed)) for seed in range(20)]
    mirrored = [np.array_equal(picture, plain[:, ::-1]) for picture in read]
    assert all(
        m or np.array_equal(picture, plain) for m, picture in zip(mirrored, read, strict=True)
    )
    assert 4 <= sum(mirrored) <= 16
    assert reader.read(items(Utterance("u", "x"))[0]) == "no picture"


def test_a_clips_vector_by_hand():
    """Two frames; in the first a big and a small face, in the second none."""
    vectors = torch.tensor([[0.0, 1.0], [0.5, -1.0], [1.0, 0.0], [0.0, -1.0]])
    weights = torch.tensor([[0.75, 0.25], [0.0, 0.0]])
    assert scene_and_face(vectors, weights).tolist() == [0.5, 1.0, 0.75, -0.25]
    both = torch.tensor([[0.75, 0.25], [0.0, 1.0]])
    assert scene_and_face(vectors, both).tolist() == [0.5, 1.0, 0.75, -0.25]
    assert scene_and_face(vectors[:2], torch.zeros(2, 0)).tolist() == [0.5, 1.0, 0.0, 0.0]


@torch.no_grad()
def test_a_clip_passes_the_extractor_once_and_as_its_pictures_would_alone():
    torch.manual_seed(0)
    settings = encoder_settings("m2fnet_visual", width=8, picture_size=32)
    network = VisualNetwork(settings).eval()
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
    boxes = [[0, 0, 40, 40], [40, 0, 60, 20]], [[10, 10, 50, 60]]
    clip = clip_pictures(list(frames), Faces(*boxes), 32, 0)
    inputs = ClipReader(settings).collate([clip])
    made = network(**inputs).vectors
    alone = [network(picture[None]).vectors[0] for picture in inputs["pictures"]]
    scene = torch.stack(alone[:2]).amax(0)
    first = 0.8 * alone[2] + 0.2 * alone[3]
    face = torch.maximum(first, alone[4])
    torch.testing.assert_close(made, torch.cat([scene, face])[None], atol=1e-5, rtol=1e-5)


def test_clips_are_encoded_one_by_one_and_without_a_face_by_the_scene_alone(run, tmp_path):
    encoder = TrainedEncoder(run()[1], "x")
    clips = [write_clip(tmp_path / f"{seconds}.mp4", seconds) for seconds in (1, 2)]
    utterances = [*seen(*clips, tmp_path / "none.mp4"), *items(Utterance("u", "x"))]
    made = encoder.encode(utterances)
    assert made[2:] == ["no file none.mp4", "no clip"]
    assert encoder.width == 16
    for item, vector in zip(utterances[:2], made[:2], strict=True):
        np.testing.assert_array_equal(encoder.encode([item])[0], vector)
        assert vector[:8].any()
        assert not vector[8:].any()
    assert encoder.encode([]) == []


def test_how_clips_are_encoded_can_be_changed_after_training(run, tmp_path):
    checkpoint = run()[1]
    (clip,) = seen(write_clip(tmp_path / "clip.mp4", 4))
    usual = trained_encoder(checkpoint, "visual", None)
    even = trained_encoder(checkpoint, "visual", "even", {"spread": "even", "frames": 3})
    assert usual.name == "M2FNetVisual-seed0"
    assert even.describe()["settings"] == usual.describe()["settings"] | {
        "spread": "even",
        "frames": 3,
    }
    assert not np.allclose(usual.encode([clip])[0], even.encode([clip])[0])
    with pytest.raises(ErcbenchError, match="keeps the picture_size it was trained with; what can"):
        trained_encoder(checkpoint, "visual", None, {"picture_size": 64})
    with pytest.raises(ErcbenchError, match="spread=odd"):
        trained_encoder(checkpoint, "visual", None, {"spread": "odd"}).encode([clip])


CLIPS = {
    "train": ["12-12", "169-6", "169-19", "207-0"],
    "dev": ["29-4", "42-1"],
    "test": ["110-8", "244-6", "279-14"],
}
WITHOUT = {"train": ["12-11"], "dev": [], "test": ["244-5"]}
FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete"}
FOLDERS["test"] = "output_repeated_splits_test"


def small_meld(meld, root):
    """MELD.Raw in small: real clips and their rows, and two rows whose clips are not there."""
    with (meld / "test_sent_emo.csv").open(encoding="utf-8") as file:
        rows = {f"{row['Dialogue_ID']}-{row['Utterance_ID']}": row for row in csv.DictReader(file)}
    for part, ids in CLIPS.items():
        folder = root / part / FOLDERS[part]
        folder.mkdir(parents=True)
        for dialogue, turn in (id.split("-") for id in ids):
            name = f"dia{dialogue}_utt{turn}.mp4"
            (folder / name).symlink_to(meld / "clips" / name)
        with (root / part / f"{part}_sent_emo.csv").open("w", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows["0-0"].keys())
            writer.writeheader()
            writer.writerows(rows[id] for id in [*ids, *WITHOUT[part]])
    return root


@pytest.mark.shared
def test_real_clips_become_predictions(run, shared_data, tmp_path):
    """Clip to frames, faces, sound and words; to a store, a trained model, predictions."""
    checkpoint = run()[1]
    root = small_meld(shared_data / "meld", tmp_path / "MELD.Raw")
    given = ("text=minilm", "audio=mel", f"visual={checkpoint}", "options.visual.name=m2fnet")
    few = ("options.visual.frames=3", "options.visual.least_face=60")
    overrides = ("corpus=meld", f"root={root}", *given, *few)
    prepare_command(compose_in(tmp_path, *overrides, command="prepare"))
    store = FeatureStore(tmp_path / "stores" / "meld")
    visual = store.open("visual", "m2fnet")
    ids = [utterance.id for utterance in store.corpus.utterances()]
    absent = {id for id, there in zip(ids, visual.present, strict=True) if not there}
    assert absent == {"train-12-11", "test-244-5"}
    assert visual.metadata["fitted_on"] == []
    vectors = visual.rows(0, len(ids))[visual.present]
    assert vectors.shape == (9, 16)
    assert vectors.any(1).all()
    assert vectors[:, 8:].any(1).sum() >= 8

    features = "features=[text:minilm,audio:mel,visual:m2fnet]"
    settings = ("model=m2fnet", "dataset=meld", features, "model.hidden=12", "model.encoders=1")
    result = train(compose_in(tmp_path, *settings, "trainer.max_epochs=2", *SMALL[-2:]))
    predicted = pq.read_table(tmp_path / "runs" / result.run / "predictions.parquet").to_pylist()
    assert len(predicted) == 4
    assert Path(tmp_path / "runs" / result.run / "checkpoints" / "best.ckpt").is_file()
