"""Which frozen utterance encoders there are: those that a name alone calls up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder
from ercbench.registry import Registry


@dataclass(frozen=True)
class FrozenEncoder:
    """An encoder that is used as it comes.

    Attributes:
        name: As in `text=<name>`, and what its features are called unless told otherwise.
        modality: What it reads: `text`, `audio` or `visual`.
        summary: What it is, in a line.
        encoder: What its `describe()` calls it.
        build: Makes the encoder, given the options that differ from its usual settings.
        options: Names of the options, `name` among them.
    """

    name: str
    modality: str
    summary: str
    encoder: str
    build: Callable[..., Encoder]
    options: tuple[str, ...]

    def make(self, options: Mapping[str, Any]) -> Encoder:
        """Returns the encoder.

        Raises:
            ErcbenchError: It has no such option, or not with that value.
        """
        check_options(options, self.options)
        return self.build(**options)


ENCODERS: Registry[FrozenEncoder] = Registry(
    "encoder", "ercbench.features.encoders", "ENCODERS", "ercbench.encoders", FrozenEncoder
)


def check_options(given: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    """Checks that an encoder has the options that are given.

    Raises:
        ErcbenchError: One is not among the valid ones; the message lists these.
    """
    unknown = [name for name in given if name not in valid]
    if unknown:
        raise ErcbenchError(
            f"options: this encoder has no {', '.join(unknown)}; it has {', '.join(valid)}. Leave "
            "the others out."
        )
