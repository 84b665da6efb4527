"""How many conversations and utterances the papers print, to hold a corpus against."""

from collections.abc import Sequence
from dataclasses import dataclass

from ercbench.corpora.conversation import PARTS, Corpus


@dataclass(frozen=True)
class Published:
    """Counts of train, validation and test of one split.

    Attributes:
        corpus: The corpus's name.
        classes: Number of labels, or 0 where the counts do not depend on it.
        split: The split's name.
        conversations: By part; None where nobody prints it.
        utterances: Labelled ones, likewise.
        source: Who prints them, and what is odd about them.
    """

    corpus: str
    classes: int
    split: str
    conversations: tuple[int | None, int | None, int | None]
    utterances: tuple[int | None, int | None, int | None]
    source: str


PUBLISHED = (
    Published(
        "meld",
        0,
        "official",
        (1038, 114, 280),
        (9989, 1109, 2610),
        "MELD's authors; M2FNet's 1098 training dialogues are a misprint",
    ),
    Published(
        "iemocap",
        6,
        "cosmic",
        (108, 12, 31),
        (5163, 647, 1623),
        "COSMIC's files, in which 53 'happy' are 'xxx' in the release, one of them in the test",
    ),
    Published(
        "iemocap",
        6,
        "dialogxl",
        (100, 20, 31),
        (4778, 980, 1622),
        "DialogXL, EmoBERTa, M2FNet, from the release's own labels",
    ),
    Published(
        "iemocap",
        4,
        "hcam",
        (None, None, None),
        (3205, 1085, 1241),
        "HCAM's authors, from the release's own labels; 5531 in all",
    ),
    Published("mosi", 2, "poria", (49, 13, 31), (None, None, 752), "Poria et al."),
    Published("mosi", 2, "standard", (52, 10, 31), (1284, 229, 686), "CMU's SDK"),
)


def count_differences(corpus: Corpus) -> list[str]:
    """Returns a line for each count that differs from the published one; none if all agree.

    Utterances without a label (kept as context) are not counted, as the papers do not.
    """
    labelled = {c.id: sum(u.label is not None for u in c.utterances) for c in corpus.conversations}
    differences = []
    for entry in PUBLISHED:
        if entry.corpus != corpus.name or entry.classes not in (0, len(corpus.labels)):
            continue
        if entry.split not in corpus.splits:
            differences.append(
                f"{corpus.name}: no split '{entry.split}', which has been published "
                f"({entry.source}); it needs conversations that are not here"
            )
            continue
        parts = list(corpus.split(entry.split).parts().values())
        found = {
            "conversations": ([len(ids) for ids in parts], entry.conversations),
            "utterances": ([sum(labelled[id] for id in ids) for ids in parts], entry.utterances),
        }
        for what, (counts, published) in found.items():
            differences += _compare(corpus, entry, what, counts, published)
    return differences


def _compare(
    corpus: Corpus,
    entry: Published,
    what: str,
    counts: Sequence[int],
    published: Sequence[int | None],
) -> list[str]:
    return [
        f"{corpus.name}, split '{entry.split}', {part}: {count} {what}, published {expected} "
        f"({entry.source})"
        for part, count, expected in zip(PARTS, counts, published, strict=True)
        if expected is not None and count != expected
    ]
