import os
import sys

from hypothesis import given
from hypothesis import strategies as st

from ercbench.console import one_line, outlast_readers


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


def test_printing_goes_on_when_nobody_reads_any_more(unread, monkeypatch):
    for name in ("stdout", "stderr"):
        stream = os.fdopen(os.dup(unread), "w")
        for known in (name, f"__{name}__"):
            monkeypatch.setattr(sys, known, stream)
    outlast_readers()
    for stream in (sys.stdout, sys.stderr):
        for _ in range(3):
            print("ä" * 10_000, file=stream, flush=True)


def test_what_a_program_has_put_in_place_of_its_output_stays(capsys):
    before = sys.stdout
    outlast_readers()
    assert sys.stdout is before
