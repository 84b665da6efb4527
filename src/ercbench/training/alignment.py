"""Turns the vectors of a cross-fitted run's encoders into one space."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.linalg import orthogonal_procrustes

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item
from ercbench.files import replacing

# How strongly directions that the vectors hardly show stay as they are, beside the strongest one.
INERTIA = 1e-3


def rotation(own: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Returns the orthogonal matrix [D, D] that brings vectors nearest to those of another encoder.

    Orthogonal Procrustes (Schönemann 1966), so that lengths and angles stay. There may be fewer
    vectors than dimensions: directions in which they say nothing stay as they are, since all the
    encoders were trained from the same weights.

    Args:
        own: [N, D], of the encoder whose vectors are to be turned.
        whole: [N, D], of the same utterances by the other.
    """
    strongest = np.linalg.norm(own, 2) * np.linalg.norm(whole, 2)
    still = np.sqrt(INERTIA * strongest) * np.eye(own.shape[1])
    return orthogonal_procrustes(np.vstack([own, still]), np.vstack([whole, still]))[0]


def rotations(others: Sequence[Encoder], whole: Encoder, items: Sequence[Item]) -> list[np.ndarray]:
    """Returns for each encoder what turns its vectors into the whole one's space, float32.

    Args:
        others: The encoders of the folds.
        whole: That of the whole training part.
        items: Utterances whose labels none of them has seen.
    """
    of_whole = whole.encode(items)
    there = [place for place, vector in enumerate(of_whole) if not isinstance(vector, str)]
    aim = np.stack([np.asarray(of_whole[place], float) for place in there])
    seen = [items[place] for place in there]
    own = [np.stack([np.asarray(v, float) for v in other.encode(seen)]) for other in others]
    return [rotation(vectors, aim).astype(np.float32) for vectors in own]


def rotations_of(crossfit: Path) -> Path:
    """Returns where the rotations of a `crossfit.json` are."""
    return crossfit.with_suffix(".safetensors")


def write_rotations(crossfit: Path, turns: Sequence[np.ndarray]) -> None:
    """Writes them, fold by fold; none removes those of before."""
    path = rotations_of(crossfit)
    if not turns:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as temporary:
        save_file({str(fold): turn for fold, turn in enumerate(turns)}, temporary)


def read_rotations(crossfit: Path, folds: int) -> list[np.ndarray] | None:
    """Returns the rotations, or None of a run whose encoders were not aligned.

    Raises:
        ErcbenchError: The file is damaged or of another number of folds.
    """
    path = rotations_of(crossfit)
    if not path.exists():
        return None
    try:
        found = load_file(path)
        return [found[str(fold)] for fold in range(folds)]
    except Exception as error:  # whatever the library raises at a damaged file
        raise ErcbenchError(
            f"{path}: cannot be read as the rotations of {folds} folds ({type(error).__name__}). "
            "Run ercbench finetune again with the folds it had."
        ) from None
