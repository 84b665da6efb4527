"""Whether a split has labels to learn from and labels to choose the epoch on."""

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError


def check_labels(corpus: Corpus, split: str) -> None:
    """Checks the training and validation part; only the test part may be without labels.

    Args:
        corpus: Whose conversations.
        split: Name of one of its splits.

    Raises:
        ErcbenchError: There is only one label, or a part has no labelled utterance.
    """
    if len(corpus.labels) < 2:
        raise ErcbenchError(
            f"Corpus '{corpus.name}': found the label(s) {', '.join(corpus.labels) or 'none'}; "
            "expected two or more to tell apart. Prepare it with other labels."
        )
    labels = {c.id: [u.label for u in c.utterances] for c in corpus.conversations}
    for part in ("train", "validation"):
        said = {label for id in corpus.split(split).parts()[part] for label in labels[id]}
        if not said - {None}:
            raise ErcbenchError(
                f"Split '{split}' of corpus '{corpus.name}': no utterance of its {part} part has a "
                "label; expected some to learn from and to choose the epoch on. Label them, or "
                "take another split."
            )
