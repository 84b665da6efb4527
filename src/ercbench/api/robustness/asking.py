"""Runs, and what is asked of them: `ercbench robust`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ercbench.api.robustness.answering import answer
from ercbench.api.robustness.tested import TestedRun
from ercbench.api.run import Run
from ercbench.config.checking import checked
from ercbench.config.compose import compose
from ercbench.console import say
from ercbench.data.damage import By, Damage
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.pooling import with_pooled
from ercbench.evaluation.compare.reading import comparisons_of
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.robustness.curves import Robustness, robustness
from ercbench.files import expanded
from ercbench.records.reading import StoredRun, read_run, read_runs
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.records.study import read_studies

TEXT, SOUND = "text", "audio"


def robust(
    runs: str | Path,
    modality: str | Sequence[str] | None = None,
    drop: Sequence[float] | None = None,
    noise: Sequence[float] | None = None,
    recordings: Sequence[float] | None = None,
    words: Sequence[float] | None = None,
    by: By | None = None,
    draws: int | None = None,
    stores: str | Path | None = None,
    cache: str | Path | None = None,
    resamples: int | None = None,
    studies: str | Path | None = None,
) -> list[Robustness]:
    """Returns what a missing or noisy modality costs every model at test time.

    No model is trained. What a run has answered lies in its folder and is not computed again.
    What is None is as in `conf/robust.yaml`.

    Args:
        runs: Folder of runs, a run's own folder, or a pattern of their names.
        modality: That is dropped or noisy, one or several in turn; None for all that are read.
        drop: Rates at which it is missing.
        noise: Signal-to-noise ratios in dB, of its standardised features.
        recordings: Signal-to-noise ratios in dB, of the recordings under white noise, whose
            features are made anew.
        words: Word error rates of the transcript, whose features are made anew.
        by: What goes missing together: `utterance`, `block` or `speaker`.
        draws: Of what is left to chance; the same utterances for every model.
        stores: Folder of the feature stores; None for the one that each run names.
        cache: Folder of the stores with features of damaged transcripts and recordings.
        resamples: Of the bootstrap over dialogues.
        studies: Folder of the tuning studies, which need not be there.

    Returns:
        A result for each test part, and for all folds of a corpus together, and each damage.

    Raises:
        ErcbenchError: A setting is wrong, there is no run, no run reads the modality, or none can
            be asked.
    """
    levels = {"drop": drop, "noise": noise, "recordings": recordings, "words": words}
    folders = {"runs": runs, "stores": stores, "cache": cache, "studies": studies}
    given: dict[str, Any] = {
        **{name: list(own) for name, own in levels.items() if own is not None},
        **{name: str(own) for name, own in folders.items() if own is not None},
        **{"modality": modality, "by": by, "draws": draws, "resamples": resamples},
    }
    changes = {name: own for name, own in given.items() if own is not None}
    told: Any = OmegaConf.merge(compose("robust"), changes)
    return ask(checked(told))


def ask(config: DictConfig) -> list[Robustness]:
    """Returns what `robust` does, of all settings.

    Args:
        config: As `RobustSettings` describes it.

    Raises:
        ErcbenchError: There is no run, no run reads the modality, or none can be asked.
    """
    found, warnings = find_runs(expanded(config.runs))
    own = [run for run in found if isinstance(run.record, RunRecord)]
    levels = {name: list(config[name]) for name in ("drop", "noise", "recordings", "words")}
    asked = _asked(own, config.modality, levels, config.by)
    where = None if config.stores is None else expanded(config.stores)
    refused = _ask(own, asked, config.draws, where, expanded(config.cache))
    tuned = read_studies(expanded(config.studies))
    pooled = with_pooled(comparisons_of(own, [*warnings, *refused]))
    comparisons = [with_studies(comparison, tuned) for comparison in pooled]
    results = [
        robustness(comparison, damage, config.resamples, each, config.draws)
        for comparison in comparisons
        for damage, each in asked.items()
    ]
    return [result for result in results if result.curves]


def find_runs(where: Path) -> tuple[list[StoredRun], list[str]]:
    """Returns the finished runs of a folder, of a run's own folder, or of a pattern.

    Raises:
        ErcbenchError: There is none.
    """
    if where.is_dir() and not RunFolder(where).finished:
        return read_runs(where)
    folders = map(RunFolder, sorted(where.parent.glob(where.name)))
    runs = [read_run(run) for run in folders if run.finished]
    if not runs:
        raise ErcbenchError(
            f"'{where}': no finished run. Give the folder of the runs (default: runs), that of a "
            "run, or a pattern such as 'runs/*gru*'."
        )
    return runs, []


def _asked(
    runs: Sequence[StoredRun],
    modality: str | Sequence[str] | None,
    levels: Mapping[str, Sequence[float]],
    by: By,
) -> dict[Damage, Sequence[float]]:
    """Returns what is asked, each damage with its levels.

    Raises:
        ErcbenchError: Nothing is, or no run reads a modality.
    """
    there = list(dict.fromkeys(own for run in runs for own in _modalities(run)))
    named = [modality] if isinstance(modality, str) else list(modality or there)
    asked: dict[Damage, Sequence[float]] = {}
    for own in named:
        if levels["drop"]:
            asked[Damage("drop", own, by)] = levels["drop"]
        if levels["noise"]:
            asked[Damage("noise", own)] = levels["noise"]
    if levels["recordings"]:
        asked[Damage("recordings", SOUND)] = levels["recordings"]
    if levels["words"]:
        asked[Damage("words", TEXT)] = levels["words"]
    if not asked:
        raise ErcbenchError(
            "drop, noise, recordings, words: all empty. Give one of them, as drop=[0,0.5,1]."
        )
    for damage in asked:
        if damage.modality not in there:
            raise ErcbenchError(
                f"modality={damage.modality}: no run reads it; they read {', '.join(there)}. Set "
                "modality to one of these."
            )
    return asked


def _ask(
    runs: Iterable[StoredRun],
    asked: Mapping[Damage, Sequence[float]],
    draws: int,
    stores: Path | None,
    cache: Path,
) -> list[str]:
    """Asks every run that reads the modality, and returns who could not be asked, and why.

    Raises:
        ErcbenchError: No run could.
    """
    refused: list[str] = []
    answered = 0
    for stored in runs:
        tested = TestedRun(Run(stored.folder), stores)
        for damage, levels in asked.items():
            if damage.modality not in _modalities(stored):
                continue
            try:
                new = answer(tested, damage, levels, draws, cache)
            except ErcbenchError as error:
                refused.append(f"{damage.name}: {stored.record.run} is left out: {error}")
            else:
                answered += 1
                say(f"{stored.record.run}: {damage.name}, {new} new answers")
    if not answered:
        raise ErcbenchError(refused[0])
    return refused


def _modalities(run: StoredRun) -> list[str]:
    return [recipe.modality for recipe in run.record.setup.features]
