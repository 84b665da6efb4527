"""One encoder trained on single utterances: corpus to data module, to encoder, to run record."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ercbench.console import say
from ercbench.data.batch import IGNORE
from ercbench.data.utterances import UtteranceDataModule
from ercbench.errors import ErcbenchError
from ercbench.evaluation.encoders.projection import Vectors, draw_projection
from ercbench.evaluation.encoders.retrieval import neighbour, probe, retrieval, scores
from ercbench.files import expanded, safe_name, sha256_of_file, sha256_of_text
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.processes import is_first
from ercbench.records.fingerprint import code_fingerprint, fingerprint
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import EncoderRecord, EncoderResults, EncoderSetup
from ercbench.training.alignment import rotations, write_rotations
from ercbench.training.crossfit import BEST, write_crossfit
from ercbench.training.encoder_inputs import make_datamodule
from ercbench.training.fit import fit
from ercbench.training.sharing import agreed, first_before_others, join, placement
from ercbench.training.train import choose_metric, describe_execution, once
from ercbench.training.trained_encoder import TrainedEncoder
from ercbench.training.trainer import check_settings, quiet_lightning

# Settings that say where and how, but not what comes out.
NOT_IN_FINGERPRINT = ("runs", "stores", "store", "source", "force", "logger", "folds", "align")


def finetune(config: DictConfig) -> EncoderRecord:
    """Trains an encoder on the training part, and on all but each fold of it if `folds` says so.

    Args:
        config: As `FinetuneSettings` describes it.

    Returns:
        The whole encoder's record.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    check_settings(config)
    choose_metric(config)
    quiet_lightning()
    join(config)
    whole = train_encoder(config, [])
    folder = expanded(config.runs) / whole.run
    if config.folds > 1:
        parts = folds_of(whole.setup.fitted_on, config.folds, config.seed)
        records = [train_encoder(config, held_out) for held_out in parts]
        others = [expanded(config.runs) / record.run for record in records]
        if is_first():
            path = write_crossfit(folder, others, parts)
            write_rotations(path, turns_of(config, folder, others) if config.align else [])
            say(f"cross-fitted: {path}")
    say(f"encoder: {folder / 'checkpoints' / 'best.ckpt'}")
    return whole


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


def train_encoder(config: DictConfig, held_out: Sequence[str]) -> EncoderRecord:
    """Trains one encoder, or returns the record of one that was trained before."""
    with first_before_others():
        datamodule = make_datamodule(config, held_out)
        setup, stands_for = describe(config, datamodule)
    name = f"{safe_name(setup.corpus)}-{setup.encoder}-seed{setup.seed}-{stands_for}"
    run = RunFolder(expanded(config.runs) / name)
    work = partial(fit_and_evaluate, config, datamodule, run, setup, stands_for)
    return once(config, run, EncoderRecord, work)


def describe(config: DictConfig, datamodule: UtteranceDataModule) -> tuple[EncoderSetup, str]:
    """Returns what a run is asked, and its fingerprint."""
    settings: Any = OmegaConf.to_container(config, resolve=True)
    settings = {key: value for key, value in settings.items() if key not in NOT_IN_FINGERPRINT}
    pictures = settings["encoder"].pop("pictures", None)
    said = [(u.id, u.text, u.label, u.score) for u in datamodule.corpus.utterances()]
    data = {
        "corpus": sha256_of_text(json.dumps(said)),
        "fitted_on": datamodule.fitted_on,
        "pictures": sha256_of_file(expanded(pictures))
        if pictures
        else datamodule.corpus.provenance.get("pictures"),
    }
    target = settings["encoder"]["_target_"]
    setup = EncoderSetup(
        encoder=target.split(".")[-1],
        corpus=datamodule.corpus.name,
        labels=tuple(datamodule.corpus.labels),
        fitted_on=list(datamodule.fitted_on),
        seed=config.seed,
        settings=settings,
        code=code_fingerprint([__name__, get_class(target).__module__]),
    )
    return setup, fingerprint(settings, data, setup.code)


def fit_and_evaluate(
    config: DictConfig,
    datamodule: UtteranceDataModule,
    run: RunFolder,
    setup: EncoderSetup,
    stands_for: str,
) -> EncoderRecord:
    """Fits, evaluates and draws the vectors before and after on test, writes the record.

    Of a fold's encoder, nothing is drawn, and only its vectors of test are evaluated.
    """
    started = time.perf_counter()
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
            draw_projection(before[1], after[1], setup.labels, run.path / "projection.png")
        results = EncoderResults(
            stages=tuple(stages),
            untrained={} if before is None else evaluate_vectors(*before),
            trained=evaluate_vectors(*after),
            checkpoint_sha256=sha256_of_file(run.best),
        )
        execution = describe_execution(model, started)
        run.write(EncoderRecord(run.path.name, stands_for, setup, results, execution))
        return run.read(EncoderRecord)

    return agreed(keep() if is_first() else None)


@dataclass(frozen=True)
class Embedded(Vectors):
    """What an encoder makes of the labelled utterances of a part.

    Attributes:
        logits: [N, C], or None of an encoder without a classifier.
    """

    logits: np.ndarray | None = None

    @property
    def labelled(self) -> tuple[np.ndarray, np.ndarray]:
        """Vectors [N, D] and their labels [N]."""
        return self.values, self.labels


def evaluate_vectors(train: Embedded | None, test: Embedded) -> dict[str, dict[str, float]]:
    """Returns how well the vectors tell the labels of the test part apart.

    Returns:
        `probe`, fitted on the training part, or without it `neighbour`, within the test part;
        `retrieval` within the test part; and the scores of the `classifier`, of an encoder that
        has one.
    """
    found: dict[str, dict[str, float]] = {}
    if train is not None:
        found["probe"] = probe(train.labelled, test.labelled)
    else:
        found["neighbour"] = neighbour(*test.labelled)
    found["retrieval"] = retrieval(*test.labelled)
    if test.logits is not None:
        found["classifier"] = scores(test.labels, test.logits.argmax(1))
    return found


def embed_parts(
    model: UtteranceEmbedder, datamodule: UtteranceDataModule, config: DictConfig
) -> tuple[Embedded | None, Embedded]:
    """Returns the training part, unless none of its labels are the test part's, and the latter."""
    shared = set(datamodule.part("train").labels) & set(datamodule.part("test").labels)
    train = embed(model, datamodule, "train", config) if shared else None
    return train, embed(model, datamodule, "test", config)


def embed(
    model: UtteranceEmbedder, datamodule: UtteranceDataModule, part: str, config: DictConfig
) -> Embedded:
    """Encodes the labelled utterances of a part."""
    trainer = L.Trainer(
        accelerator=config.trainer.accelerator,
        precision=config.trainer.precision,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **placement(),
    )
    batches: Any = trainer.predict(model, datamodule.loader(part))
    ids, vectors, logits = zip(*batches, strict=True)
    items, labels = datamodule.part(part).items, np.array(datamodule.part(part).labels)
    place = {id: row for row, id in enumerate(id for batch in ids for id in batch)}
    known = labels != IGNORE
    rows = np.array([place[item.utterance.id] for item in items])[known]
    return Embedded(
        torch.cat(vectors).numpy()[rows],
        labels[known],
        np.array([item.utterance.speaker for item in items])[known],
        None if logits[0] is None else torch.cat(logits).numpy()[rows],
    )
