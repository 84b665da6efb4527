"""The pretrained model inside an encoder of Stage I."""

from typing import Any

from transformers import AutoConfig, AutoModel

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.pretrained import load, load_model, locate


def load_backbone(model: str, kinds: tuple[str, ...], **options: Any) -> Any:
    """Loads a model to train on, in float32.

    Args:
        model: A public name of `features.pretrained`, or a folder.
        kinds: Which architectures will do, as transformers names them.
        options: Handed on to `from_pretrained`, such as values of its configuration.

    Raises:
        ErcbenchError: There is no such model, or it is of another kind.
    """
    located = locate(model)
    kind = load(AutoConfig, located).model_type
    if kind not in kinds:
        raise ErcbenchError(
            f"model.model={model}: a model of the kind {kind}; expected {' or '.join(kinds)}. "
            "Change model.model."
        )
    return load_model(AutoModel, located, **options)
