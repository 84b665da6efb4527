"""What Lightning's Trainer cannot be told here ends in one line, before anything runs."""

import pytest
from helpers import compose_in

from ercbench.config.explain import explain
from ercbench.errors import ErcbenchError
from ercbench.training.finetune import finetune
from ercbench.training.train import train

WRONG = [
    (
        "trainer.devices=2",
        "trainer.devices=2: expected 1: a run on several devices is started by `torchrun",
    ),
    ("trainer.devices=auto", "trainer.devices=auto: expected 1"),
    ("+trainer.accumulate_grad_batches=2", "set dataset.batch_size instead"),
    ("+trainer.fast_dev_run=true", "set trainer.max_epochs=1 instead"),
    ("+trainer.gradient_clip_val=1.0", "set model.gradient_clip instead"),
    ("+trainer.limit_train_batches=0", "a run cannot be told so. Remove it; there are accelerator"),
    ("+trainer.limit_val_batches=2", "trainer.limit_val_batches=2: a run cannot be told so"),
    ("+trainer.limit_test_batches=0.5", "trainer.limit_test_batches=0.5: a run cannot"),
    ("+trainer.max_time=00:01:00:00", "a run cannot be told so"),
    ("trainer.max_epochs=0", "trainer.max_epochs=0: expected a whole number, at least 1"),
    ("trainer.max_epochs=-1", "expected a whole number, at least 1"),
    ("trainer.max_epochs=abc", "trainer.max_epochs=abc: expected a whole number"),
    ("trainer.max_epochs=1.5", "trainer.max_epochs=1.5: expected a whole number"),
    ("trainer.max_epochs=true", "expected a whole number"),
    ("trainer.precision=foo", "trainer.precision=foo: expected one of 32-true, bf16-mixed"),
    ("trainer.accelerator=gpuu", "trainer.accelerator=gpuu: expected auto or cpu"),
    ("trainer.deterministic=perhaps", "expected one of True, False, warn"),
    ("selection.metric=loss", "expected one of accuracy, weighted_f1, macro_f1"),
]


@pytest.mark.parametrize(("override", "part"), WRONG)
@pytest.mark.parametrize(("command", "run"), [("train", train), ("finetune", finetune)])
def test_a_wrong_setting_ends_in_one_line_before_anything_runs(
    tmp_path, override, part, command, run
):
    with pytest.raises(ErcbenchError) as caught:
        run(compose_in(tmp_path, override, command=command))
    line = explain(caught.value)
    assert part in line
    assert "\n" not in line
    assert not list(tmp_path.iterdir())


def test_an_accelerator_that_the_machine_lacks_is_named(tmp_path, monkeypatch):
    from ercbench.training import trainer

    monkeypatch.setattr(trainer.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(trainer.torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ErcbenchError, match=r"trainer\.accelerator=gpu: expected auto or cpu"):
        train(compose_in(tmp_path, "trainer.accelerator=gpu"))
