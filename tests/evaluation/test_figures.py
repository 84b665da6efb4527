from xml.etree import ElementTree

import numpy as np
import pytest
from comparisons import make_comparison
from matplotlib import rcParams

from ercbench.evaluation.figures import PLOTS, draw, style
from ercbench.evaluation.figures.classes import summed_confusion
from ercbench.evaluation.figures.style import text_colour, wrapped
from ercbench.evaluation.figures.training import read_curves
from ercbench.evaluation.statistics.analysis import analyse

METRICS = """stage,epoch,val/weighted_f1
text,0,0.25
text,1,0.5
fusion,0,0.75
"""


def drawn(comparison, folder):
    return draw(comparison, analyse(comparison, draws=50), folder)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    return drawn(make_comparison(), tmp_path_factory.mktemp("figures"))


def test_every_figure_is_there_twice_and_text_stays_text(drawings):
    assert {d.name for d in drawings} == set(PLOTS) - {"ladder", "ceilings", "learning", "budget"}
    for drawing in drawings:
        ElementTree.parse(drawing.svg)
        assert "@font-face" not in drawing.svg.read_text()
        assert drawing.png.read_bytes().startswith(b"\x89PNG")
    assert all(">GRU<" in drawing.svg.read_text() for drawing in drawings)


def test_the_same_comparison_gives_the_same_bytes_and_leaves_no_style_behind(drawings, tmp_path):
    before = dict(rcParams)
    for one, two in zip(drawings, drawn(make_comparison(), tmp_path), strict=True):
        assert one.svg.read_bytes() == two.svg.read_bytes()
        assert one.png.read_bytes() == two.png.read_bytes()
    assert dict(rcParams) == before


def test_one_model_one_seed_no_shift_and_an_empty_class_are_drawn_too(tmp_path):
    comparison = make_comparison((1, 1), skills=[("GRU", 1.0)], seeds=1)
    names = {drawing.name for drawing in drawn(comparison, tmp_path)}
    assert not names & {"pairwise", "shift"}


def test_dollars_angles_and_long_names_are_drawn(tmp_path):
    skills = [("M <$_$>", 1.0), (f"HCAM, text:{'x' * 60}", 2.0)]
    for drawing in drawn(make_comparison(skills=skills), tmp_path):
        ElementTree.parse(drawing.svg)


def test_control_characters_brackets_and_letters_of_any_script_are_drawn(tmp_path, recwarn):
    labels = ("\x1b[31mred\x00", "a\nb|c", "喜び", "a very long label of " + "many words " * 9)
    for drawing in drawn(make_comparison(labels=labels), tmp_path):
        ElementTree.parse(drawing.svg)
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_what_no_font_has_is_named_by_its_code(monkeypatch):
    monkeypatch.setattr(style, "_can_draw", str.isascii)
    assert style.drawable("joy 喜") == "joy U+559C"
    assert style.drawable("a\x00b") == "a b"


@pytest.mark.parametrize(
    "contents",
    [b"epoch,val/weighted_f1\nx,0.5\n", b"\xff\xfe\x00epoch", b"epoch,val/weighted_f1\n0,\x80"],
)
def test_a_damaged_metrics_file_has_no_curves_and_is_named(tmp_path, contents):
    path = tmp_path / "metrics.csv"
    path.write_bytes(contents)
    with pytest.warns(UserWarning, match=r"metrics\.csv: damaged"):
        assert read_curves(path) == {}


def test_confusions_of_all_seeds_are_added():
    group = make_comparison().groups[0]
    total = summed_confusion(group)
    assert total.sum() == 3 * 28
    assert np.trace(total) == sum(np.trace(np.array(s.confusion)) for s in group.scores)


def test_learning_curves_are_read_by_stage(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(METRICS)
    assert read_curves(path) == {"text": ([0, 1], [25, 50]), "fusion": ([0], [75])}
    path.write_text("epoch,train/loss\n0,0.5\n")
    assert read_curves(path) == {}
    assert read_curves(tmp_path / "nothing.csv") == {}


@pytest.mark.parametrize(("shade", "expected"), [((1, 1, 1), "#000000"), ((0, 0, 0.5), "#ffffff")])
def test_text_stands_out_from_what_is_behind_it(shade, expected):
    assert text_colour(shade) == expected


def test_a_long_name_is_broken_between_its_feature_sets():
    assert wrapped("GRU, text:single+audio:audio_stats") == "GRU, text:single+\naudio:audio_stats"
    assert wrapped("a + b+c") == "a + b+c"
