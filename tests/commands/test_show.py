import pytest
from studies import make_study

from ercbench.commands.show import show_command
from ercbench.config.compose import compose
from ercbench.records.study import write_study
from records import make_setup, write_run


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("GRU", "12 trials over 4 knobs, on validation"),
        ("MLP", "by hand or by default, 0 trials counted"),
    ],
)
def test_a_run_says_what_was_tried_before_its_settings_were_chosen(
    tmp_path, capsys, model, expected
):
    run = write_run(tmp_path / "runs", model)
    write_study(tmp_path / "studies" / "made-up-gru", make_study(make_setup("GRU"), 12))
    show_command(compose("show", [f"run={run.path}", f"studies={tmp_path / 'studies'}"]))
    text = capsys.readouterr().out
    assert expected in text
    assert ("made-up-gru" in text) == (model == "GRU")
