"""Whatever write fails, it is said in a line, nothing half is left, and the next call finishes."""

import errno
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from faults import failing
from small import talk

from ercbench.commands.prepare import prepare
from ercbench.config.compose import extraction_settings
from ercbench.config.explain import explain
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import find_stores

FILES = ("corpus.json", "manifest.parquet", "text.length.safetensors")
CORPUS = talk(12)
SETTINGS = extraction_settings(chunk=6)


@dataclass(frozen=True)
class Length:
    """Encodes how long a text is; the empty ones are missing."""

    name: str = "length"
    modality: str = "text"
    width: int = 1
    fitted_on: tuple = ()

    def describe(self):
        return {"encoder": "length"}

    def encode(self, items):
        texts = [item.utterance.text for item in items]
        return [np.array([len(text)], np.float32) if text else "no text" for text in texts]


def said_of(folder):
    """Runs prepare; returns the line that it ends in, if it does not finish."""
    try:
        prepare(CORPUS, folder, [Length()], SETTINGS)
    except Exception as error:
        if (line := explain(error)) is None:
            raise
        return line
    return None


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.filterwarnings("ignore:.*had no checksum")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_every_write_of_prepare_may_fail(tmp_path, code):
    prepare(CORPUS, tmp_path / "plain" / "talk", [Length()], SETTINGS)
    expected, failed = contents(tmp_path / "plain" / "talk"), 0
    for number in count(1):
        stores = tmp_path / str(number)
        folder = stores / "talk"
        with failing(stores, number, code) as fault:
            line = said_of(folder)
        if line:
            failed += 1
            assert "\n" not in line
            assert str(stores) in line
            assert ".tmp" not in line
        if not fault.happened:
            break
        for path in find_stores(stores):
            assert FeatureStore(path).corpus == CORPUS
        store = prepare(CORPUS, folder, [Length()], SETTINGS)
        assert contents(folder) == expected
        assert not [p.name for p in stores.rglob("*") if p.suffix == ".tmp"]
        assert not list(folder.glob(".parts-*"))
        assert store.select(["text"])
    assert failed > 10
