"""Which runs may be put together, and why others may not."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from ercbench.evaluation.compare.naming import settings_of
from ercbench.records.reading import QUESTION, Record, Result

T = TypeVar("T")


def by_questions(records: Sequence[Record]) -> list[list[Record]]:
    """Puts records together that have the same data, split and labels."""
    return _grouped(
        records,
        lambda record: json.dumps(
            [record.result["data"]["manifest"], record.result["split"], record.result["labels"]]
        ),
    )


def by_variant(records: Sequence[Record]) -> list[list[Record]]:
    """Puts records together that nothing but the seed tells apart."""

    def variant(result: Result) -> str:
        return json.dumps([result["model"], result["code"], settings_of(result)], sort_keys=True)

    return _grouped(records, lambda record: variant(record.result))


def asked_the_same(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Refuses runs whose test utterances or true labels are not those of most runs."""
    alike: list[list[Record]] = []
    for record in records:
        for others in alike:
            if record.asked.select(QUESTION).equals(others[0].asked.select(QUESTION)):
                others.append(record)
                break
        else:
            alike.append([record])
    most = max(alike, key=len)
    warnings = [
        f"Left out: {record.folder / 'predictions.parquet'} has {_otherness(record, most[0])} than "
        f"the others on the same data and split, such as {most[0].folder}. "
        "Delete its result.json and run again."
        for others in alike
        if others is not most
        for record in others
    ]
    return most, warnings


def one_per_seed(variant: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Chooses one run of each seed, one that also has the as-released numbers if there is one."""
    kept, warnings = [], []
    for runs in _grouped(variant, lambda record: record.result["seed"]):
        first, *others = sorted(runs, key=lambda record: "as_released" not in record.result)
        kept.append(first)
        warnings += [
            f"SERIOUS: {first.folder} and {other.folder} should have the same numbers and have "
            "not; only the first is shown. Were they run on different machines?"
            for other in others
            if not first.agrees_with(other)
        ]
    return sorted(kept, key=lambda record: record.result["seed"]), warnings


def apart(part: Sequence[Record], parts: Sequence[Sequence[Record]]) -> list[str]:
    """Says why other runs on the same corpus are not in this comparison."""
    own, warnings = part[0].result, []
    for other in (records[0].result for records in parts if records is not part):
        if other["corpus"] == own["corpus"]:
            what = [
                f"{title} ({_listed(other[name])}; not {_listed(own[name])})"
                for name, title in (("split", "another split"), ("labels", "other labels"))
                if other[name] != own[name]
            ]
            warnings.append(
                f"Other runs on {own['corpus']} stand in a table of their own, since they have "
                f"{' and '.join(what) or 'another store of the corpus'}."
            )
    return warnings


def _listed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def versions(records: Sequence[Record]) -> list[str]:
    """Says if the runs are of several versions of the code."""
    found = Counter(record.result["code"] for record in records)
    if len(found) == 1:
        return []
    counts = ", ".join(f"{code[:6]} ({count} runs)" for code, count in found.items())
    return [
        f"These runs are of {len(found)} versions of the code: {counts}. Differences between "
        "models may be differences between versions; runs of different versions are not averaged."
    ]


def _otherness(record: Record, reference: Record) -> str:
    ours, theirs = record.asked, reference.asked
    if not ours.select(QUESTION[:3]).equals(theirs.select(QUESTION[:3])):
        return f"other utterances ({ours.num_rows}, not {theirs.num_rows})"
    differing = [name for name in QUESTION if not ours[name].equals(theirs[name])]
    return f"other {' and '.join(f'{name}s' for name in differing)}"


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Returns items with the same key together, in the order of their first ones."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return list(found.values())
