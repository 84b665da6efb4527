import pytest

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.make import make_encoder, remake_encoder
from ercbench.features.encoders.registry import ENCODERS


@pytest.mark.parametrize(
    ("modality", "name", "options"),
    [
        ("text", "minilm", {}),
        ("text", "minilm", {"before": 2, "speakers": True, "name": "context"}),
        ("audio", "mel", {"bands": 32}),
        ("audio", "prosody", {"name": "voice"}),
    ],
)
def test_an_encoder_is_made_again_from_what_it_says_of_itself(modality, name, options):
    encoder = make_encoder(modality, name, options)
    again = remake_encoder(modality, encoder.name, encoder.describe())
    assert again == encoder


def test_what_nobody_registered_is_not_made_again():
    assert remake_encoder("text", "tuned", {"encoder": "somebody's", "settings": {}}) is None
    described = make_encoder("text", "minilm").describe()
    assert remake_encoder("text", "minilm", described | {"revision": "another"}) is None


def test_an_option_that_an_encoder_has_not_is_named():
    with pytest.raises(ErcbenchError, match=r"no frames; it has name, bands, most_seconds"):
        ENCODERS["mel"].make({"frames": 3})
