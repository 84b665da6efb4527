"""Whether a split has labels to learn from and labels to choose the epoch on."""

from collections.abc import Collection

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
    where = f"Split '{split}' of corpus '{corpus.name}'"
    if len(corpus.labels) < 2:
        raise ErcbenchError(
            f"Corpus '{corpus.name}': found the label(s) {', '.join(corpus.labels) or 'none'}; "
            "expected two or more to tell apart. Prepare it with other labels."
        )
    parts = corpus.split(split).parts()
    for part in ("train", "validation"):
        if not labels_in(corpus, parts[part]):
            raise ErcbenchError(
                f"{where}: no utterance of its {part} part has a label; expected some to learn "
                "from and to choose the epoch on. Label them, or take another split."
            )
    if len(learned := labels_in(corpus, parts["train"])) < 2:
        raise ErcbenchError(
            f"{where}: every labelled utterance of its train part is '{learned.pop()}'; expected "
            "two labels or more to tell apart. Take another split, or label more."
        )


def labels_in(corpus: Corpus, conversations: Collection[str]) -> set[str]:
    """Returns the labels that occur in some of a corpus's conversations, named by id."""
    wanted = set(conversations)
    chosen = (c for c in corpus.conversations if c.id in wanted)
    return {u.label for c in chosen for u in c.utterances if u.label is not None}
