"""Which rooms import which: the contracts stand in pyproject.toml."""

from importlinter.cli import lint_imports


def test_each_room_imports_only_rooms_below_it():
    assert lint_imports(no_cache=True) == 0
