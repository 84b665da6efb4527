"""What scores, models and corpora are called in tables, and how runs are tagged."""

from typing import Any

SCORE_TITLES = {
    "accuracy": "accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "shift_f1": "shift F1",
    "stay_f1": "stay F1",
}


def corpus_title(corpus: str, labels: int, simulated: bool) -> str:
    """Returns a corpus' title, so that nobody takes simulated data for real, or 4 labels for 6."""
    return "SIMULATED corpus" if simulated else f"{corpus}, {labels} labels"


def tags_of(result: dict[str, Any]) -> list[str]:
    """Returns what a run can be filtered by: corpus, split, model, features, and any warning."""
    marks = [name for name in ("simulated", "leaks") if result[name]]
    marks += ["as released"] if "as_released" in result else []
    return [result["corpus"], result["split"], result["model"], *result["features"], *marks]
