from hypothesis import given
from hypothesis import strategies as st

from ercbench.console import one_line


@given(st.text(st.characters(), max_size=50))
def test_a_message_is_one_printable_line_whatever_it_quotes(name):
    line = one_line(f"x.pkl: found '{name}'. Correct it.")
    assert line.isprintable()
    assert line.startswith("x.pkl: found '")
    assert line.endswith("Correct it.")


def test_a_line_keeps_its_beginning_and_its_end_however_long_the_value_it_quotes():
    line = one_line(f"x.pkl: found '{'y' * 10**6}'. Correct it.")
    assert len(line) < 2100
    assert line.startswith("x.pkl: found 'y")
    assert line.endswith("y'. Correct it.")
