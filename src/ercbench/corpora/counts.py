"""A corpus held against the sizes that its papers print."""

from collections.abc import Sequence

from ercbench.corpora.conversation import PARTS, Corpus
from ercbench.corpora.registry import CORPORA, PublishedCounts


def is_published(name: str) -> bool:
    """Returns whether papers print sizes of a corpus."""
    known = CORPORA.entries.get(name)
    return bool(known and known.counts)


def count_differences(corpus: Corpus) -> list[str]:
    """Returns a line for each count that differs from the published one; none if all agree.

    Utterances without a label (kept as context) are not counted, as the papers do not.
    """
    labelled = {c.id: sum(u.label is not None for u in c.utterances) for c in corpus.conversations}
    differences = []
    known = CORPORA.entries.get(corpus.name)
    for entry in known.counts if known else ():
        if entry.classes not in (0, len(corpus.labels)):
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
    entry: PublishedCounts,
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
