"""From real recordings to a prediction, by an encoder trained on the way."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers import compose_in

from emodb import write_table
from ercbench.commands.prepare import prepare_command
from ercbench.features.store.feature_store import FeatureStore
from ercbench.training.finetune import finetune
from ercbench.training.train import train

pytestmark = [pytest.mark.shared, pytest.mark.filterwarnings("ignore")]


def prepare(folder, *overrides):
    prepare_command(compose_in(folder, *overrides, command="prepare"))


def test_stage_one_of_sound_on_recordings(tmp_path, shared_data, tiny_wav2vec2):
    write_table(shared_data / "speech" / "emodb", tmp_path / "emodb.csv", 0)
    prepare(tmp_path, "corpus=csv", f"root={tmp_path}/emodb.csv")
    small = ("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false")
    store = (f"stores={tmp_path}/stores", "split=given", f"runs={tmp_path}/encoders")
    own = (f"encoder.backbone={tiny_wav2vec2}", "encoder.width=8", "encoder.most_seconds=1")
    overrides = ("encoder=hcam_audio", "store=emodb", *store, *own, *small)
    encoder = finetune(compose_in(tmp_path, *overrides, command="finetune"))
    assert encoder.results.test["accuracy"] > 0
    folder = Path(tmp_path, "encoders", encoder.run)
    assert (folder / "projection.png").is_file()
    checkpoint = folder / "checkpoints" / "best.ckpt"
    prepare(tmp_path, "store=emodb", f"audio={checkpoint}", "options.audio.name=own")
    features = FeatureStore(tmp_path / "stores" / "emodb").open("audio", "own")
    assert features.present.all()
    assert len(features.metadata["fitted_on"]) == 6
    data = ("dataset=csv", "store=emodb", "features=audio:own", "model=gru", "model.hidden=8")
    result = train(compose_in(tmp_path, *data, *small))
    rows = pq.read_table(tmp_path / "runs" / result.run / "predictions.parquet").to_pylist()
    assert len({row["speaker"] for row in rows}) == 2
    assert all(row["predicted"] in result.setup.labels for row in rows)
