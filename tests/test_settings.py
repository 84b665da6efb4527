import math
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException

from ercbench.settings import (
    Count,
    DropoutRate,
    Positive,
    SettingError,
    Settings,
    Share,
    kind_of,
    one_of,
)


@dataclass(kw_only=True)
class Inner(Settings):
    share: Share


@dataclass(kw_only=True)
class Outer(Settings):
    rate: DropoutRate
    layers: Count | None
    seeds: list[Count]
    kind: Annotated[str, one_of("a", "b")]
    inner: Inner


VALUES = {"rate": 0.5, "layers": None, "seeds": [1, 2], "kind": "a", "inner": {"share": 1}}


def test_settings_are_brought_to_their_types():
    settings = Outer.of(VALUES | {"layers": "3"})
    assert settings.layers == 3
    assert settings.inner == Inner(share=1.0)


@given(st.floats())
def test_a_rate_is_taken_exactly_if_it_is_one(rate):
    if 0 <= rate < 1:
        assert Outer.of(VALUES | {"rate": rate}).rate == rate
    else:
        expected = "a finite number" if not math.isfinite(rate) else "a number from 0 to below 1"
        with pytest.raises(SettingError, match=f"^rate=.*: expected {expected}. Change rate.$"):
            Outer.of(VALUES | {"rate": rate})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": 0}, "layers=0: expected at least 1, or null"),
        ({"seeds": [1, 0]}, r"seeds=\[1, 0\]: expected at least 1"),
        ({"kind": "c"}, "kind=c: expected one of a, b"),
        ({"inner": {"share": -1}}, "share=-1.0: expected a number from 0 to 1"),
    ],
)
def test_what_is_out_of_its_bounds_is_named(changes, said):
    with pytest.raises(SettingError, match=said):
        Outer.of(VALUES | changes)


@pytest.mark.parametrize("changes", [{"rate": "much"}, {"kind": None}, {"more": 1}, {"inner": 2}])
def test_what_has_another_type_or_name_is_refused(changes):
    with pytest.raises(OmegaConfBaseException):
        Outer.of(VALUES | changes)


@pytest.mark.parametrize("name", VALUES)
def test_nothing_has_a_default(name):
    with pytest.raises(OmegaConfBaseException, match=name):
        Outer.of({other: value for other, value in VALUES.items() if other != name})


def test_types_have_words():
    assert kind_of(Outer, "rate") == "a number"
    assert kind_of(Outer, "layers") == "a whole number, or null"
    assert kind_of(Outer, "seeds") == "a list"
    assert kind_of(Outer, "inner") == "settings inside it, as in inner.share"
    assert kind_of(dict, "rate") is None


def test_a_plain_constructor_checks_too():
    with pytest.raises(SettingError, match="share=2"):
        Inner(share=2)
    assert Positive.__metadata__[0].holds(0.1)
