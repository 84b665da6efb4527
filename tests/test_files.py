import errno
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.errors import ErcbenchError
from ercbench.files import (
    check_name,
    expanded,
    remove_leftovers,
    replacing,
    replacing_folder,
    safe_name,
)


def test_of_two_that_make_the_same_folder_the_first_wins(tmp_path):
    path = tmp_path / "store"
    with replacing_folder(path) as slow:
        (slow / "who").write_text("slow")
        with replacing_folder(path) as fast:
            (fast / "who").write_text("fast")
    assert (path / "who").read_text() == "fast"
    assert list(tmp_path.iterdir()) == [path]


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(names)
def test_any_name_becomes_one_component_of_a_path(name):
    made = safe_name(name)
    assert len(made.encode()) < 255
    assert made[0] not in ".-"
    assert not set(made) & set("/\\:*?\"'<>|%#&;$ \n\t\0")
    assert safe_name(made) == made


@given(st.lists(names, unique_by=lambda name: unicodedata.normalize("NFC", name)))
def test_distinct_names_stay_distinct(several):
    assert len({safe_name(name) for name in several}) == len(several)


@pytest.mark.parametrize(
    "name", ["iemocap6", "meld-sentiment", "v1.0_b", "данные", "喜び", "हिन्दी"]
)
def test_a_name_that_can_be_one_stays(name):
    assert safe_name(name) == name == check_name("store", name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc", "a\nb", "a b", "C:x", ".x", "x" * 300]
)
def test_a_name_that_leads_elsewhere_is_refused_with_one_that_does_not(name):
    with pytest.raises(ErcbenchError, match=f"Set store={safe_name(name)}$") as error:
        check_name("store", name)
    assert "\n" not in str(error.value)


def test_a_home_folder_is_found_or_said_not_to_be(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/data") == tmp_path / "data"
    with pytest.raises(ErcbenchError, match="no home folder for '~nosuchuser'"):
        expanded("~nosuchuser/data")
    with pytest.raises(ErcbenchError, match="NUL"):
        expanded("a\0b")


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    """No process has the number 4194305; the machine 00000000 cannot be asked about its own."""
    gone, other, old = (
        tmp_path / f".{name}.tmp"
        for name in ("a.4194305", "b.00000000-1", "store.x.00000000-4194305")
    )
    gone.touch()
    other.touch()
    old.mkdir()
    os.utime(old, (0, 0))
    (tmp_path / "kept.tmp").touch()
    with replacing(tmp_path / "mine") as mine, replacing_folder(tmp_path / "ours") as ours:
        mine.touch()
        remove_leftovers(tmp_path)
        assert mine.exists()
        assert ours.exists()
    assert {path.name for path in tmp_path.iterdir()} == {other.name, "kept.tmp", "mine", "ours"}


def test_a_disk_that_fails_is_told_by_the_file_and_leaves_it_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with (
        pytest.raises(ErcbenchError, match=f"^{path}: cannot be written .*Make room"),
        replacing(path) as temporary,
    ):
        temporary.write_text("ne")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    with pytest.raises(FileNotFoundError), replacing(path):
        (tmp_path.parent / "elsewhere" / "input").read_text()
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_inside_a_new_folder_names_where_it_was_to_be(tmp_path):
    with (
        pytest.raises(ErcbenchError, match=f"^{tmp_path / 'store' / 'values'}: cannot be written"),
        replacing_folder(tmp_path / "store") as temporary,
        replacing(temporary / "values"),
    ):
        raise OSError(errno.EROFS, "Read-only file system")
    assert not list(tmp_path.iterdir())
