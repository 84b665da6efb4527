import pytest

import ercbench.extras
from ercbench.errors import ErcbenchError
from ercbench.features.media.clips import clip_sound
from ercbench.training.train import train


@pytest.fixture
def bare(monkeypatch):
    """As if no optional library were installed."""
    monkeypatch.setattr(ercbench.extras, "find_spec", lambda module: None)


@pytest.mark.usefixtures("bare")
def test_a_library_that_is_not_installed_is_named_with_how_to_get_it(tmp_path, composed):
    with pytest.raises(ErcbenchError, match=r"pip install 'ercbench\[wandb\]'"):
        train(composed("logger=wandb"))
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"no clip")
    with pytest.raises(ErcbenchError, match=r"pip install 'ercbench\[recordings\]'"):
        clip_sound(clip, 1.0)
