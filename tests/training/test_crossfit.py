import json

import pytest

from ercbench.errors import ErcbenchError
from ercbench.training.crossfit import BEST, read_folds, write_crossfit
from ercbench.training.encoder_files import trained_encoder


@pytest.fixture
def runs(tmp_path):
    """Folders of a run and of its two folds, their checkpoints empty."""
    folders = [tmp_path / name for name in ("whole", "fold1", "fold2")]
    for folder in folders:
        (folder / BEST).parent.mkdir(parents=True)
        (folder / BEST).touch()
    return folders


def fold(checkpoint="../fold1/checkpoints/best.ckpt", held_out=("c0",)):
    return {"checkpoint": checkpoint, "held_out": held_out}


def test_folds_come_back_as_they_were_written(runs):
    whole, *others = runs
    folds = read_folds(write_crossfit(whole, others, [["c0", "c1"], ["c2"]]))
    assert [fold.checkpoint.resolve() for fold in folds] == [other / BEST for other in others]
    assert [sorted(fold.held_out) for fold in folds] == [["c0", "c1"], ["c2"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a list of folds"),
        ("[" * 100_000, "not a list of folds"),
        ('{"a":' * 100_000, "not a list of folds"),
        ("[]", "not a list of folds"),
        ({"folds": 5}, "not a list of folds"),
        ({"folds": None}, "not a list of folds"),
        ({"folds": []}, "not a list of folds"),
        ({"folds": [5]}, "not a list of folds"),
        ({"folds": [{"held_out": ["c0"]}]}, "not a list of folds"),
        ({"folds": [fold(checkpoint=5)]}, "not a list of folds"),
        ({"folds": [fold(held_out="c0")]}, "not a list of folds"),
        ({"folds": [fold(held_out=[["c0"]])]}, "not a list of folds"),
        ({"folds": [fold("../../../etc/passwd")]}, "names the checkpoint"),
        ({"folds": [fold("/fold1/checkpoints/best.ckpt")]}, "names the checkpoint"),
        ({"folds": [fold("../../checkpoints/best.ckpt")]}, "names the checkpoint"),
        ({"folds": [fold("../fold1/checkpoints/last.ckpt")]}, "names the checkpoint"),
        ({"folds": [fold("../gone/checkpoints/best.ckpt")]}, "which is not there"),
        ({"folds": [fold(), fold()]}, "'c0' is held out of two folds"),
    ],
)
def test_a_file_that_names_anything_else_is_refused_before_a_model_is_loaded(
    runs, content, message
):
    path = runs[0] / "crossfit.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ErcbenchError, match=message) as error:
        trained_encoder(path, "text", None)
    assert str(error.value).startswith(f"{path}: ")


def test_a_file_that_left_its_run_is_named(tmp_path):
    (tmp_path / "crossfit.json").write_text(json.dumps({"folds": [fold()]}))
    with pytest.raises(ErcbenchError, match="best.ckpt lies beside it"):
        read_folds(tmp_path / "crossfit.json")
