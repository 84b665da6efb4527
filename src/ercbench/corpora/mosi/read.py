"""CMU-MOSI from whichever of its two forms lies in a folder."""

from pathlib import Path
from typing import Any

from ercbench.corpora.mosi.contextual import FILE, fitted_on, read_contextual
from ercbench.corpora.mosi.raw import read_raw
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError


def read_mosi(root: Path, **settings: Any) -> Source:
    """Reads the field's contextual arrays with their features, or the raw release without any.

    Args:
        root: Folder with `mosi_contextual.npz`, or of the raw release.
        settings: `zero`, for the raw release: what a score of 0 is.

    Raises:
        ErcbenchError: `zero` is given for the arrays, or the folder cannot be read.
    """
    if not (root / FILE).is_file():
        return Source(read_raw(root, **settings))
    if settings:
        raise ErcbenchError(
            f"zero: {root / FILE} holds labels that were made already, 0 as positive. Leave zero "
            "out, or give the folder of the raw release."
        )
    return read_arrays(root)


def read_arrays(root: Path) -> Source:
    """Reads the field's contextual arrays from `root/mosi_contextual.npz`.

    Raises:
        ErcbenchError: The folder or the file is not there, is no npz, or lacks an array.
    """
    corpus, features = read_contextual(root)
    seen = {f"{modality}:contextual": ids for modality, ids in fitted_on(corpus).items()}
    return Source(corpus, {f"{m}:contextual": values for m, values in features.items()}, seen)
