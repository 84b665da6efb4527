"""What is seen of a training while it runs."""

import re
import sys

import pytest

from ercbench.training.train import train
from ercbench.training.watching import EpochBar

pytestmark = pytest.mark.filterwarnings("ignore")

SHOWN = "trainer.enable_progress_bar=true"


def best_so_far(scores):
    return [max(scores[: epoch + 1]) for epoch in range(len(scores))]


def test_where_there_is_no_terminal_every_epoch_is_a_line(composed, capsys):
    result = train(composed(SHOWN))
    shown = capsys.readouterr()
    assert shown.out == ""
    number = r"(\d+\.\d+)"
    line = (
        rf"epoch (\d): loss {number}, validation weighted F1 {number}, best {number} \(epoch \d\)"
    )
    found = [re.fullmatch(line, own) for own in shown.err.splitlines()]
    assert [int(own[1]) for own in found] == list(range(result.results.chosen.epochs))
    scores = [float(own[3]) for own in found]
    assert [float(own[4]) for own in found] == best_so_far(scores)


def test_in_a_terminal_a_bar_names_the_loss_and_the_scores(composed, capsys, monkeypatch):
    seen, plain = [], EpochBar.get_metrics

    def noted(*given):
        seen.append(plain(*given))
        return seen[-1]

    monkeypatch.setattr(EpochBar, "get_metrics", noted)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    train(composed(SHOWN))
    assert "epoch 0:" not in capsys.readouterr().err
    assert set(seen[-1]) == {"loss", "val", "best"}


def test_nothing_is_shown_if_no_bar_is_wished(composed, capsys):
    train(composed())
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_a_finished_run_says_when_it_finished_and_how_to_run_it_again(composed, capsys):
    train(composed())
    train(composed())
    assert re.search(r"finished on \d{4}-\d\d-\d\d, .*force=true", capsys.readouterr().err)
