"""What was read: a corpus, and the features that came with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ercbench.corpora.conversation import Corpus

Root = Path | Mapping[str, Path]
"""Where a corpus lies: a folder or file, or one for each part by `train`, `dev` and `test`."""


@dataclass(frozen=True)
class Source:
    """What was read.

    Attributes:
        corpus: What was said.
        features: `modality:name` to [N, D] float32, where features came with it.
        fitted_on: By `modality:name`, the conversations whose labels made them; absent: nobody
            knows.
    """

    corpus: Corpus
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    fitted_on: Mapping[str, list[str] | None] = field(default_factory=dict)
