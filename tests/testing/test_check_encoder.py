"""An encoder that breaks its contract is found, by the clause that it breaks."""

from dataclasses import dataclass

import numpy as np
import pytest
from small import heard, tone, write_wav

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.text import TextEncoder, TextSettings
from ercbench.testing import ContractError, check_encoder
from ercbench.testing.clauses import said
from ercbench.testing.encoders import ENCODER_CONTRACT


@dataclass
class Letters:
    """Counts letters, and keeps the contract."""

    name: str = "letters"
    modality: str = "text"
    width: int = 26
    fitted_on: tuple = ()

    def describe(self):
        return {"encoder": "letters", "revision": "1", "settings": {}}

    def encode(self, items):
        return [
            self.vector(item.utterance.text) if item.utterance.text else "no text" for item in items
        ]

    def vector(self, text):
        return np.array([text.count(chr(97 + letter)) for letter in range(26)], np.float32)


class Wide(Letters):
    def vector(self, text):
        return np.zeros(27, np.float32)


class Doubles(Letters):
    def vector(self, text):
        return super().vector(text).astype(np.float64)


class Random(Letters):
    def vector(self, text):
        return super().vector(text) + np.random.default_rng().random(26, np.float32)


class Normalising(Letters):
    def encode(self, items):
        vectors = super().encode(items)
        rows = [vector for vector in vectors if not isinstance(vector, str)]
        mean = np.mean(rows, 0) if rows else 0
        return [v if isinstance(v, str) else v - mean for v in vectors]


class Unpicklable(Letters):
    def __init__(self):
        super().__init__()
        self.lower = lambda text: text


class Forgetful(Letters):
    """Loses a setting when it is pickled."""

    shift = 0

    def __init__(self):
        super().__init__()
        self.shift = 1

    def __getstate__(self):
        return {"name": self.name}

    def vector(self, text):
        return super().vector(text) + np.float32(self.shift)


class Located(Letters):
    def describe(self):
        return {"encoder": "letters", "revision": "1", "settings": {"model": "/home/me/letters"}}


class Vague(Letters):
    def describe(self):
        return {"encoder": "letters"}


class ZerosForNothing(Letters):
    def encode(self, items):
        return [self.vector(item.utterance.text) for item in items]


BROKEN = [
    (Letters(width=0), "It has a name, a modality"),
    (Letters(fitted_on="c1"), "It has a name, a modality"),
    (Wide(), "Each item has a finite float32 vector"),
    (Doubles(), "Each item has a finite float32 vector"),
    (Random(), "The same item gives the same vector"),
    (Normalising(), "A vector never depends on what else"),
    (Unpicklable(), "A pickled copy"),
    (Forgetful(), "A pickled copy"),
    (Located(), "It describes itself in JSON values"),
    (Vague(), "It describes itself in JSON values"),
    (ZerosForNothing(), "An utterance without anything"),
]


@pytest.mark.parametrize(("broken", "clause"), BROKEN, ids=[type(b[0]).__name__ for b in BROKEN])
def test_a_broken_encoder_fails_in_the_clause_that_it_breaks(broken, clause):
    with pytest.raises(ContractError) as failed:
        check_encoder(broken)
    assert failed.value.clause.startswith(clause)


def test_an_encoder_that_keeps_the_contract_passes_every_clause():
    assert check_encoder(Letters()) == [said(clause) for clause in ENCODER_CONTRACT]


def test_our_text_encoder_keeps_the_contract(tiny_roberta):
    check_encoder(TextEncoder(TextSettings(str(tiny_roberta), pooling="mean", before=1)))


def test_sounds_are_to_be_given(tmp_path):
    with pytest.raises(ErcbenchError, match="mel: reads audio. Give items that have it"):
        check_encoder(MelEncoder())
    paths = [write_wav(tmp_path / f"{n}.wav", tone(0.3 * n, 16000), 16000) for n in (1, 2)]
    assert len(check_encoder(MelEncoder(), heard(*paths))) == len(ENCODER_CONTRACT)
