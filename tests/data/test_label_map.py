"""Labels of one corpus read as another's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ercbench.corpora.community.four_way import LABELS as IEMOCAP
from ercbench.corpora.meld import LABELS as MELD
from ercbench.data.label_map import LabelMap, label_map, shipped_maps
from ercbench.errors import ErcbenchError

MOSI = ("negative", "positive")
SHIPPED = {
    "six_to_four": [(IEMOCAP[6], IEMOCAP[4])],
    "to_sentiment": [(IEMOCAP[6], MELD["sentiment"]), (MELD["emotion"], MELD["sentiment"])],
    "to_polarity": [(own, MOSI) for own in (*IEMOCAP.values(), *MELD.values())],
}
COUNTS = arrays(np.int64, (5, 3), elements=st.integers(1, 1000))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_names_every_label_and_reaches_every_target(name):
    assert sorted(SHIPPED) == shipped_maps()
    for own, others in SHIPPED[name]:
        found = label_map(name, own, others)
        assert tuple(found.to) == own
        assert not found.unreached


@given(COUNTS, st.lists(st.sampled_from(["x", "y", None]), min_size=3, max_size=3))
def test_mapped_probabilities_are_probabilities_and_conditional_on_what_is_kept(counts, targets):
    shares = counts / counts.sum(1, keepdims=True)
    mapped = LabelMap(("x", "y", "z"), dict(zip("abc", targets, strict=True)))
    found = mapped.apply(shares)
    if any(targets):
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    kept = shares[:, [target is not None for target in targets]].sum(1)
    for index, label in enumerate(mapped.labels):
        own = shares[:, [target == label for target in targets]].sum(1)
        np.testing.assert_allclose(found[:, index] * kept, own, atol=1e-6)


def test_certainty_of_what_is_left_out_goes_to_the_labels_that_can_be_reached():
    mapped = LabelMap(("x", "y", "z"), {"a": "x", "b": "y", "c": None})
    assert mapped.apply(np.array([[0.0, 0.0, 1.0]])).tolist() == [[0.5, 0.5, 0.0]]
    assert (mapped.unreached, mapped.left_out) == (("z",), ("c",))


def test_the_same_labels_in_another_order_need_no_map():
    found = label_map(None, ("a", "b"), ("b", "a"))
    assert found.apply(np.array([[0.75, 0.25]])).tolist() == [[0.25, 0.75]]


BAD = {
    "other labels": (None, r"Write a YAML file of 2 lines, each as in 'joy: LABEL' .*to_senti"),
    "no such": ("nothing", "labels.map=nothing: neither one of six_to_four"),
    "missing": ("joy: positive", "no line for 'sad', which the run predicts"),
    "foreign": ("joy: happy\nsad: negative", "'joy' becomes 'happy', which the corpus does not"),
    "twice": ("joy: positive\njoy: negative\nsad: negative", "'joy' has two lines"),
    "list": ("- joy", "no YAML of lines such as"),
    "nested": ("joy: [positive]\nsad: negative", "no YAML of lines such as"),
    "broken": ("joy: 'positive", "no YAML of lines such as"),
    "empty": ("", "no YAML of lines such as"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_map_that_does_not_fit_is_one_line(tmp_path, text, message):
    given = text
    if text is not None and text != "nothing":
        (tmp_path / "map.yaml").write_text(text)
        given = str(tmp_path / "map.yaml")
    with pytest.raises(ErcbenchError, match=message):
        label_map(given, ("joy", "sad"), ("positive", "negative"))


def test_a_label_may_look_like_a_number_or_a_truth_value(tmp_path):
    (tmp_path / "map.yaml").write_text("1: yes\n0: ~\n")
    found = label_map(str(tmp_path / "map.yaml"), ("0", "1"), ("no", "yes"))
    assert dict(found.to) == {"0": None, "1": "yes"}
