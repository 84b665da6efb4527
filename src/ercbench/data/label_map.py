"""One set of labels read as another: several labels may become one, and one may be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from ercbench.corpora.names import composed
from ercbench.errors import ErcbenchError
from ercbench.files import config_folder, expanded

# As YAML writes nothing.
_NOTHING = ("", "~", "null")


@dataclass(frozen=True)
class LabelMap:
    """What each of C labels becomes among K others.

    Attributes:
        labels: K label names in index order.
        to: Each of C labels, in index order, to one of the K, or to None if it is left out.
    """

    labels: tuple[str, ...]
    to: Mapping[str, str | None]

    @property
    def unreached(self) -> tuple[str, ...]:
        """Labels that nothing becomes, so that they are never predicted."""
        return tuple(label for label in self.labels if label not in self.to.values())

    @property
    def left_out(self) -> tuple[str, ...]:
        """Labels that become nothing, so that theirs is the probability of all others."""
        return tuple(label for label, target in self.to.items() if target is None)

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Returns [..., K] probabilities of [..., C], those of labels that become one summed.

        The probability of labels that are left out goes to the others, in proportion; where
        there is no other, to all of them alike.
        """
        weights = np.array(
            [[float(target == label) for label in self.labels] for target in self.to.values()]
        )
        summed = probabilities @ weights  # [..., K]
        kept = summed.sum(-1, keepdims=True)
        reached = weights.any(0).astype(float)
        alike = reached / max(1.0, reached.sum())
        shares = np.where(kept > 0, summed / np.where(kept > 0, kept, 1), alike)
        return shares.astype(np.float32)


def shipped_maps() -> list[str]:
    """Returns the names of the maps that come along."""
    return sorted(file.stem for file in (config_folder() / "label_map").glob("*.yaml"))


def label_map(given: str | None, own: Sequence[str], others: Sequence[str]) -> LabelMap:
    """Returns what the labels of a model become on another corpus.

    Args:
        given: A shipped name, or a YAML file; None if both have the same labels.
        own: The model's C labels.
        others: The corpus's K labels.

    Raises:
        ErcbenchError: Labels differ and there is no map, or it does not fit.
    """
    if given is None:
        if set(own) != set(others):
            raise ErcbenchError(
                f"labels.map is not set, and the run predicts {', '.join(own)}; the corpus has "
                f"{', '.join(others)}. Write a YAML file of {len(own)} lines, each as in "
                f"'{own[0]}: LABEL' (null leaves it out), and set labels.map=FILE, or take one of "
                f"{', '.join(shipped_maps())}."
            )
        return LabelMap(tuple(others), {label: label for label in own})
    path = config_folder() / "label_map" / f"{given}.yaml"
    path = path if given in shipped_maps() else expanded(given)
    said = _read(path, given)
    return LabelMap(tuple(others), {label: _target(path, label, said, others) for label in own})


def _target(
    path: Path, label: str, said: Mapping[str, str | None], others: Sequence[str]
) -> str | None:
    if composed(label) not in said:
        raise ErcbenchError(
            f"{path}: no line for '{label}', which the run predicts; it has {', '.join(said)}. "
            f"Add '{label}: LABEL', or '{label}: null' to leave it out."
        )
    target = said[composed(label)]
    found = {composed(other): other for other in others}
    if target is not None and target not in found:
        raise ErcbenchError(
            f"{path}: '{label}' becomes '{target}', which the corpus does not have; expected one "
            f"of {', '.join(others)}, or null. Take another map or correct this one."
        )
    return None if target is None else found[target]


def _read(path: Path, given: str) -> dict[str, str | None]:
    if not path.is_file():
        raise ErcbenchError(
            f"labels.map={given}: neither one of {', '.join(shipped_maps())} nor a file. Give one "
            "of these names, or a YAML file with a line 'LABEL: LABEL' for each of the run's."
        )
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        pairs = [(composed(key.value), composed(value.value)) for key, value in node.value]
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ErcbenchError(
            f"{path}: no YAML of lines such as 'happy: positive' ({reason}). Correct the file."
        ) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ErcbenchError(f"{path}: '{twice[0]}' has two lines. Keep one of them.")
    return {name: None if target in _NOTHING else target for name, target in pairs}
