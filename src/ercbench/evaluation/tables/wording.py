"""What scores, models and corpora are called in tables, and how runs are tagged."""

from ercbench.corpora.registry import CORPORA
from ercbench.metrics import Target
from ercbench.records.run_record import RunRecord


def corpus_title(corpus: str, labels: int, simulated: bool, target: Target = "labels") -> str:
    """Returns a corpus' title, so that nobody takes simulated data for real, or 4 labels for 6."""
    if simulated:
        return "SIMULATED corpus"
    title = CORPORA[corpus].title if corpus in CORPORA else corpus
    return f"{title}, {labels} labels" if target == "labels" else f"{title}, scores"


def tags_of(record: RunRecord) -> list[str]:
    """Returns what a run can be filtered by: corpus, split, model, features, and any warning."""
    setup = record.setup
    marks = {
        "simulated": setup.simulated,
        "leaks": setup.leaks,
        "provenance unknown": setup.unknown_provenance,
        "as released": record.results.as_released,
    }
    said = [mark for mark, applies in marks.items() if applies]
    return [setup.corpus, setup.split, setup.model, *setup.feature_keys, *said]
