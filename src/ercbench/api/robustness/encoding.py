"""Features of damaged transcripts, made as the run's own were and kept like any other set."""

from dataclasses import replace
from pathlib import Path

import torch

from ercbench.api.encoders import encoder_or_reason
from ercbench.api.robustness.tested import Rows, TestedRun
from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Corpus
from ercbench.data.word_errors import misheard, vocabulary_of
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.store.catalog import open_or_create
from ercbench.features.store.extraction import extract
from ercbench.files import safe_name


def encoded(tested: TestedRun, modality: str, rate: float, draw: int, cache: Path) -> Rows:
    """Returns the rows of a test part whose transcript has errors; made once, then read.

    Args:
        tested: The run and its test part.
        modality: That is encoded from the transcript.
        rate: Word error rate.
        draw: Number of the draw.
        cache: Folder of the stores of damaged corpora; the run's own store is left alone.

    Raises:
        ErcbenchError: The encoder that made the run's features cannot be called up by name.
    """
    encoder = recoder(tested, modality)
    corpus = _misheard(tested, rate, draw)
    with open_or_create(corpus, cache / safe_name(corpus.name)) as store:
        features = extract(store, encoder, extraction_settings(most_missing=1))
        assert features is not None, "one shard of one is whole"
        values = features.rows(0, store.count)  # a new store moves when it is whole
    return Rows(torch.from_numpy(values), torch.from_numpy(features.present))


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


def _misheard(tested: TestedRun, rate: float, draw: int) -> Corpus:
    """Returns the test part alone as a corpus, misheard; its name says all that made it."""
    whole, setup = tested.datamodule.corpus, tested.run.record.setup
    words = vocabulary_of(whole)
    turns = tuple(misheard(own, rate, draw, words) for own in tested.conversations)
    made = {"words": rate, "draw": draw, "manifest_sha256": setup.manifest_sha256}
    part = f"{whole.name}-{setup.manifest_sha256[:8]}-{setup.split}"
    return replace(
        whole,
        name=f"{part}-words{rate:g}-draw{draw}",
        conversations=turns,
        splits={},
        provenance={**whole.provenance, "damaged": made},
    )
