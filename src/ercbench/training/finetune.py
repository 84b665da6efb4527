"""One encoder trained on single utterances: corpus to data module, to encoder, to run record."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ercbench.console import say
from ercbench.data.utterances import UtteranceDataModule
from ercbench.errors import ErcbenchError
from ercbench.evaluation.encoders.projection import draw_projection
from ercbench.files import expanded, safe_name, sha256_of_file, sha256_of_text
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.processes import is_first
from ercbench.records.fingerprint import code_fingerprint, fingerprint
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import EncoderRecord, EncoderResults, EncoderSetup
from ercbench.training.alignment import rotations, rotations_of, write_rotations
from ercbench.training.crossfit import BEST, FILE, read_folds, write_crossfit
from ercbench.training.embedding import Embedded, embed, embed_parts, evaluate_vectors
from ercbench.training.encoder_inputs import make_datamodule
from ercbench.training.fit import fit
from ercbench.training.once import once
from ercbench.training.sharing import agreed, first_before_others, join
from ercbench.training.train import choose_metric, describe_execution
from ercbench.training.trained_encoder import TrainedEncoder
from ercbench.training.trainer import check_settings, quiet_lightning

# Settings that say where and how, but not what comes out.
NOT_IN_FINGERPRINT = ("runs", "stores", "store", "source", "force", "folds", "align", "launcher")


@dataclass(frozen=True)
class PlannedEncoder:
    """An encoder before it is trained: what it is asked, and where it will lie.

    Attributes:
        config: Its settings.
        datamodule: What it is trained on.
        setup: What it is asked.
        data: What stands for its data.
        fingerprint: Stands for settings, code and data.
        folder: Its folder.
        parts: Training conversations that each of the folds' encoders goes without; none if
            these are not wanted.
    """

    config: DictConfig
    datamodule: UtteranceDataModule
    setup: EncoderSetup
    data: Mapping[str, Any]
    fingerprint: str
    folder: RunFolder
    parts: Sequence[Sequence[str]] = ()

    @property
    def crossfit(self) -> Path:
        """Where it is written which fold has not seen what, when all are trained."""
        return self.folder.path / FILE

    @property
    def goal(self) -> Path:
        """The file that is written last."""
        return self.crossfit if self.parts else self.folder.result

    @property
    def finished(self) -> bool:
        """Whether it is trained, and so are the folds that are wanted, aligned if that is."""
        if not self.parts or not self.folder.finished:
            return self.folder.finished
        try:
            found = [fold.held_out for fold in read_folds(self.crossfit)]
        except ErcbenchError:
            return False
        aligned = rotations_of(self.crossfit).is_file()
        return found == list(map(frozenset, self.parts)) and aligned == self.config.align


def finetune(config: DictConfig) -> EncoderRecord:
    """Trains an encoder on the training part, and on all but each fold of it if `folds` says so.

    Args:
        config: As `FinetuneSettings` describes it.

    Returns:
        The whole encoder's record.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    return carry_out(plan(config))


def plan(config: DictConfig) -> PlannedEncoder:
    """Reads what an encoder is trained on and says what it is asked.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    check_settings(config)
    choose_metric(config)
    quiet_lightning()
    join(config)
    whole = plan_encoder(config, [])
    if config.folds == 1:
        return whole
    return replace(whole, parts=folds_of(whole.setup.fitted_on, config.folds, config.seed))


def carry_out(planned: PlannedEncoder) -> EncoderRecord:
    """Trains a planned encoder and its folds' as far as they have not finished."""
    record = train_encoder(planned)
    if planned.parts:
        cross_fit(planned)
    say(f"encoder: {planned.folder.best}")
    return record


def cross_fit(planned: PlannedEncoder) -> None:
    """Trains an encoder without each part, and writes last which has not seen what."""
    others = []
    for held_out in planned.parts:
        fold = plan_encoder(planned.config, held_out)
        train_encoder(fold)
        others.append(fold.folder.path)
    if is_first():
        align, whole = planned.config.align, planned.folder.path
        turns = turns_of(planned.config, whole, others) if align else []
        write_rotations(planned.crossfit, turns)
        write_crossfit(whole, others, planned.parts)
        say(f"cross-fitted: {planned.crossfit}")


def folders_of(planned: PlannedEncoder) -> list[RunFolder]:
    """Returns the folder of a planned encoder, and those of its folds."""
    folds = (plan_encoder(planned.config, held_out) for held_out in planned.parts)
    return [planned.folder, *(fold.folder for fold in folds)]


def turns_of(config: DictConfig, whole: Path, others: Sequence[Path]) -> list[np.ndarray]:
    """Returns what turns the folds' vectors into the whole encoder's space, by validation."""
    items = make_datamodule(config, []).part("validation").items
    encoder, *folds = (TrainedEncoder(run / BEST, run.name) for run in (whole, *others))
    return rotations(folds, encoder, items)


def folds_of(conversations: Sequence[str], folds: int, seed: int) -> list[list[str]]:
    """Deals the conversations, shuffled by the seed, into so many parts of like size.

    Raises:
        ErcbenchError: There are fewer conversations than parts.
    """
    if folds > len(conversations):
        raise ErcbenchError(
            f"folds={folds}: but the training part has {len(conversations)} conversations. Change "
            "folds."
        )
    order = np.random.default_rng(seed).permutation(len(conversations))
    return [[conversations[i] for i in order[first::folds]] for first in range(folds)]


def train_encoder(planned: PlannedEncoder) -> EncoderRecord:
    """Trains one encoder, or returns the record of one that was trained before."""
    work = partial(fit_and_evaluate, planned)
    return once(planned.config, planned.folder, EncoderRecord, work)


def plan_encoder(config: DictConfig, held_out: Sequence[str]) -> PlannedEncoder:
    """Says what one encoder is asked, that is trained without some of the conversations."""
    with first_before_others():
        datamodule = make_datamodule(config, held_out)
        data = data_of(config, datamodule)
        setup = describe(config, datamodule)
    stands_for = fingerprint(setup.settings, data, setup.code)
    name = f"{safe_name(setup.corpus)}-{setup.encoder}-seed{setup.seed}-{stands_for}"
    folder = RunFolder(expanded(config.runs) / name)
    return PlannedEncoder(config, datamodule, setup, data, stands_for, folder)


def data_of(config: DictConfig, datamodule: UtteranceDataModule) -> dict[str, Any]:
    """Returns what stands for the data of an encoder: all that decides what it learns from."""
    said = [(u.id, u.text, u.label, u.score) for u in datamodule.corpus.utterances()]
    pictures = config.encoder.get("pictures")
    return {
        "corpus": sha256_of_text(json.dumps(said)),
        "fitted_on": datamodule.fitted_on,
        "pictures": sha256_of_file(expanded(pictures))
        if pictures
        else datamodule.corpus.provenance.get("pictures"),
    }


def describe(config: DictConfig, datamodule: UtteranceDataModule) -> EncoderSetup:
    """Returns what an encoder is asked."""
    settings: Any = OmegaConf.to_container(config, resolve=True)
    settings = {key: value for key, value in settings.items() if key not in NOT_IN_FINGERPRINT}
    settings["encoder"].pop("pictures", None)
    target = settings["encoder"]["_target_"]
    return EncoderSetup(
        encoder=target.split(".")[-1],
        corpus=datamodule.corpus.name,
        labels=tuple(datamodule.corpus.labels),
        fitted_on=list(datamodule.fitted_on),
        seed=config.seed,
        settings=settings,
        code=code_fingerprint([__name__, get_class(target).__module__]),
    )


def fit_and_evaluate(planned: PlannedEncoder) -> EncoderRecord:
    """Fits, evaluates and draws the vectors before and after on test, writes the record.

    Of a fold's encoder, nothing is drawn, and only its vectors of test are evaluated.
    """
    started = time.perf_counter()
    config, datamodule, run = planned.config, planned.datamodule, planned.folder
    L.seed_everything(config.seed, verbose=False)
    settings: Any = OmegaConf.to_container(config.encoder, resolve=True)
    model: UtteranceEmbedder = get_class(settings.pop("_target_"))(datamodule.spec, **settings)
    model.fitted_on = datamodule.fitted_on
    before = None if datamodule.held_out else embed_parts(model, datamodule, config)
    _, stages = fit(config, model, datamodule, run, None)
    after: tuple[Embedded | None, Embedded]
    if before is None:
        after = None, embed(model, datamodule, "test", config)
    else:
        after = embed_parts(model, datamodule, config)

    def keep() -> EncoderRecord:
        if before is not None:
            draw_projection(before[1], after[1], planned.setup.labels, run.path / "projection.png")
        results = EncoderResults(
            stages=tuple(stages),
            untrained={} if before is None else evaluate_vectors(*before),
            trained=evaluate_vectors(*after),
            checkpoint_sha256=sha256_of_file(run.best),
        )
        execution = describe_execution(model, started)
        run.write(
            EncoderRecord(run.path.name, planned.fingerprint, planned.setup, results, execution)
        )
        return run.read(EncoderRecord)

    return agreed(keep() if is_first() else None)
