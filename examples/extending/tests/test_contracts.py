"""What ercbench asks of a model, a corpus and an encoder."""

from pathlib import Path

from ercbench.testing import check_corpus, check_encoder, check_model
from ercbench_example.surface import SurfaceEncoder

GARDEN = Path(__file__).parents[1] / "data" / "garden.play"


def test_the_model_keeps_its_contract() -> None:
    check_model("dilated")


def test_the_corpus_keeps_its_contract() -> None:
    check_corpus("play", GARDEN)


def test_the_encoder_keeps_its_contract() -> None:
    check_encoder(SurfaceEncoder())
