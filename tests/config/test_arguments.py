import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from ercbench.config.arguments import quoted


def read(*arguments):
    *_, last = OverridesParser.create().parse_overrides(quoted(arguments))
    return last.value()


@pytest.mark.parametrize(
    "value",
    [
        "in/данные.csv",
        "in/my data (v1.0).csv",
        "in/喜び;#1 50%.csv",
        "~nosuchuser/x=1.csv",
        "it's.csv",
        'a"b (1).csv',
        "C:\\data (1)\\",
        "плюс, запятая.csv",
    ],
)
def test_a_value_that_the_grammar_does_not_know_is_read_as_it_is(value):
    assert read(f"root={value}") == value
    assert read(f"+columns.text={value}") == value


@given(st.text(st.characters(exclude_characters="$,[]{}\"'\\ \t\r\n")).map("я{}я".format))
def test_any_word_of_a_script_is_read_as_it_is(word):
    assert read(f"root={word}") == word
    assert read(f"labels=[{word},joy]") == [word, "joy"]


@pytest.mark.parametrize(
    "argument",
    [
        "seed=1",
        "x=[a,b]",
        "x={a: 1}",
        'x="a (b)"',
        "x='я'",
        "x=a,b",
        "~x",
        "--cfg",
        "-m",
        "x=",
        "x",
    ],
)
def test_what_can_be_read_stays(argument):
    assert quoted([argument]) == [argument]


def test_of_several_runs_each_value_is_quoted_by_itself():
    assert quoted(["-m", "store=я,b"]) == ["-m", 'store="я",b']


@pytest.mark.parametrize("argument", ["x=[1", "x={a:1", 'x="a', "x='я"])
def test_what_is_not_closed_is_left_for_the_message(argument):
    assert quoted([argument]) == [argument]
