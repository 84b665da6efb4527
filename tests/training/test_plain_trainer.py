"""What a user of Lightning's own Trainer, without `ercbench train`, can rely on."""

import csv
from pathlib import Path

import lightning as L
import pytest
import torch
from helpers import SMALL_DATA, compose_in
from hydra.utils import instantiate
from torch.utils.data import DataLoader

from ercbench.data.batch import collate
from ercbench.errors import ErcbenchError
from ercbench.training.callbacks import StepSeeds
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def composed(tmp_path):
    return lambda *overrides: compose_in(tmp_path, *SMALL_DATA, "features=[text,audio]", *overrides)


CFN_ESA = ("model=cfn_esa", "model.hidden=8", "model.heads=2")
HCAM = ("model=hcam", "model.hidden=8", "model.heads=3")


def plain_trainer(epochs, *callbacks):
    return L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=list(callbacks),
    )


def make(config):
    """The model and the data module of a run, as a user would make them."""
    datamodule = instantiate(
        config.dataset, _convert_="all", features=config.features, stores=config.stores
    )
    L.seed_everything(0, verbose=False)
    return instantiate(config.model, _convert_="all", spec=datamodule.spec), datamodule


class Curve(L.Callback):
    def __init__(self):
        self.scores = []

    def on_train_epoch_end(self, trainer, model):
        self.scores.append(trainer.callback_metrics["val/weighted_f1"].item())


def test_a_model_of_one_stage_trains_as_ercbench_does(composed):
    config = composed(*CFN_ESA, "trainer.max_epochs=3")
    result = train(config)
    with (Path(config.runs) / result.run / "metrics.csv").open() as stream:
        expected = [float(row["val/weighted_f1"]) for row in csv.DictReader(stream)]
    model, datamodule = make(config)
    curve = Curve()
    plain_trainer(3, StepSeeds(0), curve).fit(model, datamodule)
    assert curve.scores == expected


def test_statistics_that_were_fitted_before_stay(composed):
    model, datamodule = make(composed(*CFN_ESA))
    width = model.spec.widths["text"]
    fitted = {"text": (torch.ones(width), torch.full((width,), 2.0))}
    model.standardise.fit(fitted)
    plain_trainer(1).fit(model, datamodule)
    assert torch.equal(model.standardise.text_mean, fitted["text"][0])


def test_without_a_data_module_it_refuses_to_train_on_raw_features(composed):
    model, datamodule = make(composed(*CFN_ESA))
    loader = DataLoader(datamodule.part("train"), batch_size=4, collate_fn=collate)
    with pytest.raises(ErcbenchError, match="CFNESA: nobody knows the mean and deviation"):
        plain_trainer(1).fit(model, loader, loader)


def test_a_model_of_several_stages_says_how_it_is_trained(composed):
    model, datamodule = make(composed(*HCAM))
    with pytest.raises(ErcbenchError, match=r"stages \(text, audio, fusion\).*training\.fit\.fit"):
        plain_trainer(1).fit(model, datamodule)


def test_only_the_stages_before_the_last_put_their_names_before_their_metrics(composed):
    model, datamodule = make(composed(*HCAM))
    logged = []
    for stage in model.stages():
        model.start_stage(stage)
        trainer = plain_trainer(1)
        trainer.fit(model, datamodule)
        logged += [name for name in trainer.callback_metrics if name.endswith("val/weighted_f1")]
    assert logged == ["text/val/weighted_f1", "audio/val/weighted_f1", "val/weighted_f1"]
