"""Features of damaged transcripts and recordings, made as the run's own were and kept."""

from dataclasses import replace
from pathlib import Path

import torch

from ercbench.api.encoders import encoder_or_reason
from ercbench.api.robustness.tested import Rows, TestedRun
from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Corpus
from ercbench.data.damage import Damage
from ercbench.data.noisy_recordings import NoisyRecordings
from ercbench.data.word_errors import misheard, vocabulary_of
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.store.catalog import open_or_create
from ercbench.features.store.extraction import extract
from ercbench.features.store.feature_set import FeatureSet
from ercbench.files import safe_name


def encoded(tested: TestedRun, damage: Damage, level: float, draw: int, cache: Path) -> Rows:
    """Returns the rows of a test part whose transcript or recordings are damaged; made once.

    Args:
        tested: The run and its test part.
        damage: `words` or `recordings`.
        level: Word error rate, or signal-to-noise ratio in dB.
        draw: Number of the draw.
        cache: Folder of the stores of damaged corpora; the run's own store is left alone.

    Raises:
        ErcbenchError: The encoder that made the run's features cannot be called up by name, or
            there is no recording.
    """
    encoder, corpus = recoder(tested, damage.modality), _test_part(tested)
    if damage.kind == "words":
        corpus = _misheard(tested, corpus, level, draw)
    else:
        encoder = NoisyRecordings(encoder, level, draw)
    with open_or_create(corpus, cache / safe_name(corpus.name)) as store:
        features = extract(store, encoder, extraction_settings(most_missing=1))
        assert features is not None, "one shard of one is whole"
        values = features.rows(0, store.count)  # a new store moves when it is whole
    if damage.kind == "recordings":
        _check_all_there(tested, damage.modality, features)
    return Rows(torch.from_numpy(values), torch.from_numpy(features.present))


def _check_all_there(tested: TestedRun, modality: str, features: FeatureSet) -> None:
    """Refuses recordings that were read for the run and cannot be read now."""
    gone = tested.rows(modality).present.numpy() & ~features.present
    if gone.any():
        first = tested.utterances[int(gone.argmax())]
        raise ErcbenchError(
            f"{int(gone.sum())} of {len(gone)} recordings cannot be read, the first of '{first}'. "
            f"Put them back where corpus '{tested.datamodule.corpus.name}' was read from."
        )


def recoder(tested: TestedRun, modality: str) -> Encoder:
    """Returns the encoder that made a run's features.

    Raises:
        ErcbenchError: Nothing here made them, or what did cannot be called up by name.
    """
    recipes = {recipe.modality: recipe for recipe in tested.run.record.setup.features}
    found = encoder_or_reason(recipes[modality])
    if isinstance(found, str):
        raise ErcbenchError(f"{found}. Ask about drop and noise, which need no encoder.")
    return found


def _test_part(tested: TestedRun) -> Corpus:
    """Returns the test part alone as a corpus."""
    whole, setup = tested.datamodule.corpus, tested.run.record.setup
    return replace(
        whole,
        name=f"{whole.name}-{setup.manifest_sha256[:8]}-{setup.split}",
        conversations=tuple(tested.conversations),
        splits={},
    )


def _misheard(tested: TestedRun, part: Corpus, rate: float, draw: int) -> Corpus:
    """Returns a test part misheard; its name says all that made it."""
    words = vocabulary_of(tested.datamodule.corpus)
    manifest = tested.run.record.setup.manifest_sha256
    made = {"words": rate, "draw": draw, "manifest_sha256": manifest}
    return replace(
        part,
        name=f"{part.name}-words{rate:g}-draw{draw}",
        conversations=tuple(misheard(own, rate, draw, words) for own in part.conversations),
        provenance={**part.provenance, "damaged": made},
    )
