"""From a trained run to predictions on one's own recordings and texts."""

from dataclasses import replace

import numpy as np
import pytest
from answering import TALK, train_small, write_talk
from small import tone, write_wav
from tiny import save_roberta

import ercbench
from ercbench.api.seeds import load_seeds
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Item
from ercbench.features.encoders.text import MINILM_SETTINGS, TextEncoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("predicting")


@pytest.fixture(scope="module")
def run(folder):
    return train_small(folder)


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    return write_talk(tmp_path_factory.mktemp("talk"))


@pytest.fixture(scope="module")
def predicted(run, talk):
    return run.predict(talk[0], transcript=talk[1])


def test_a_recording_and_its_subtitles_become_a_prediction_for_every_turn(run, predicted):
    assert [turn.utterance.speaker for turn in predicted.turns] == ["ANN", "BOB", "ANN"]
    assert [turn.present for turn in predicted.turns] == [("text", "audio")] * 3
    np.testing.assert_allclose(predicted.probabilities.sum(1), 1, atol=1e-5)
    for turn, row in zip(predicted.turns, predicted.probabilities, strict=True):
        assert turn.label == run.labels[row.argmax()]
        assert turn.confidence == pytest.approx(row.max())
    assert predicted.notes == ()


def test_turns_cut_out_beforehand_are_predicted_alike(run, talk, predicted, tmp_path):
    samples = np.concatenate([tone(1.0, 16000, 300), tone(1.0, 16000, 400), tone(1.5, 16000, 500)])
    lines = ["speaker,text,audio"]
    for number, turn in enumerate(predicted.turns):
        own = turn.utterance
        cut = samples[round(own.start * 16000) : round(own.end * 16000)]
        write_wav(tmp_path / f"{number}.wav", cut, 16000)
        lines.append(f"{own.speaker},{own.text},{number}.wav")
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    again = run.predict(tmp_path / "mine.csv")
    np.testing.assert_allclose(again.probabilities, predicted.probabilities, atol=1e-3)


def test_what_the_run_was_tested_on_is_predicted_as_it_was(run, folder):
    again = run.predict(folder / "tones.csv")
    rows = dict(zip([turn.utterance.id for turn in again.turns], again.probabilities, strict=True))
    own = np.stack([rows[id] for id in run.test_set.utterances.tolist()])
    np.testing.assert_allclose(own, run.probabilities, atol=1e-5)


def test_a_modality_that_is_not_there_is_missing_and_said_so(run, talk, predicted):
    silent = run.predict(talk[1])
    assert [turn.present for turn in silent.turns] == [("text",)] * 3
    assert silent.notes == ("audio is missing everywhere: no recording (3).",)
    given = run.predict(silent.conversations[0], features={"text": texts(silent)})
    np.testing.assert_allclose(given.probabilities, silent.probabilities, atol=1e-6)
    assert not np.allclose(silent.probabilities, predicted.probabilities)


def texts(predicted):
    (conversation,) = predicted.conversations
    encoder = TextEncoder(MINILM_SETTINGS)
    return np.stack(encoder.encode([Item(conversation, n) for n in range(len(conversation))]))


def test_seeds_are_averaged_and_nothing_else(run, folder, talk):
    other = train_small(folder, seed=1)
    both = ercbench.predict(f"{folder}/runs/tones-gru-seed*", talk[1])
    each = [own.predict(talk[1]).probabilities for own in (run, other)]
    np.testing.assert_allclose(both.probabilities, np.mean(each, 0), atol=1e-6)
    assert both.runs == (run.record.run, other.record.run)
    wider = train_small(folder, overrides=["model.hidden=9"], seed=2)
    with pytest.raises(ErcbenchError, match=r"they differ in model\.hidden .*: 8.*: 9"):
        load_seeds([run, wider])
    with pytest.raises(ErcbenchError, match="a seed is there twice"):
        load_seeds([run, run.folder.path])
    with pytest.raises(ErcbenchError, match="nothing is called so"):
        load_seeds(folder / "runs" / "nothing-*")


def test_another_encoder_is_refused(run, talk):
    with pytest.raises(ErcbenchError, match=r"text:minilm: was made by .*MiniLM.* given is"):
        run.predict(talk[1], encoders={"audio": "prosody", "text": TextEncoder(OTHER)})


OTHER = type(MINILM_SETTINGS)(model="minilm", pooling="first")


def test_an_encoder_that_is_gone_is_asked_for(run, talk, monkeypatch):
    monkeypatch.setattr("ercbench.api.encoders.remake_encoder", lambda *_: None)
    with pytest.raises(ErcbenchError, match=r"text:minilm: .*not on this machine.*text=FOLDER"):
        run.predict(talk[1])


def test_turns_past_the_end_have_no_sound_and_are_said(run, talk, tmp_path):
    late = TALK.replace("00:00:02,500 --> 00:00:03,000", "00:01:02,500 --> 00:01:03,000")
    (tmp_path / "late.srt").write_text(late)
    found = run.predict(talk[0], transcript=tmp_path / "late.srt")
    assert [turn.present for turn in found.turns] == [("text", "audio")] * 2 + [("text",)]
    assert any("1 of 3 turns begin after talk.wav ends (3.5 s)" in note for note in found.notes)
    (tmp_path / "other.srt").write_text(TALK.replace("00:00:0", "00:01:0"))
    with pytest.raises(ErcbenchError, match="3 of 3 turns begin after talk"):
        run.predict(talk[0], transcript=tmp_path / "other.srt")


def test_an_empty_and_a_silent_recording_are_told(run, talk, tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(ErcbenchError, match=r"empty\.mp4: not a readable clip.*that plays"):
        run.predict(tmp_path / "empty.mp4", transcript=talk[1])
    silent = write_wav(tmp_path / "silent.wav", np.zeros((56000, 1), np.float32), 16000)
    found = run.predict(silent, transcript=talk[1])
    assert "audio is missing everywhere: the recording is silent there (3)." in found.notes


def test_a_very_long_text_is_predicted_and_said(run, tmp_path):
    (tmp_path / "long.txt").write_text("word " * 10_000 + "\nshort\n")
    found = run.predict(tmp_path / "long.txt")
    assert len(found) == 2
    assert any("up to 10,000 words; text:minilm reads the first 256" in n for n in found.notes)


def test_a_live_conversation_uses_no_future(run, talk):
    live = run.conversation()
    first = live.say("ANN", "You got the job?")
    alone = dict(first.probabilities)
    second = live.say("BOB", "I start on Monday!", audio=talk[0])
    assert (first.present, second.present) == (("text",), ("text", "audio"))
    assert live.turns[0].probabilities == alone
    other = run.conversation()
    other.say("ANN", "You got the job?")
    assert other.say("BOB", "Never mind.").probabilities != second.probabilities
    assert other.turns[0].probabilities == alone


def test_the_last_turn_of_a_live_conversation_is_that_of_the_whole(run, talk):
    live, whole = run.conversation(), run.predict(talk[1])
    for turn in whole.turns:
        last = live.say(turn.utterance.speaker, turn.utterance.text)
    own = np.array(list(last.probabilities.values()))
    np.testing.assert_allclose(own, whole.probabilities[-1], atol=1e-5)
    assert last.before == live.turns[0].label


def test_a_model_of_a_folder_is_made_again_from_where_it_lies(talk, tmp_path):
    own = save_roberta(tmp_path / "own" / "roberta-tiny")
    run = train_small(tmp_path, features=["text"], encoder=own)
    with pytest.raises(ErcbenchError, match=r"was made by roberta-tiny at .*text=FOLDER"):
        run.predict(talk[1])
    found = run.predict(talk[1], encoders={"text": own})
    assert found.present["text"].all()
    other = save_roberta(tmp_path / "other" / "roberta-tiny")
    (other / "config.json").write_text((other / "config.json").read_text() + " ")
    with pytest.raises(ErcbenchError, match="Give the one that made it"):
        run.predict(talk[1], encoders={"text": other})


def test_an_imported_set_is_missing_and_it_is_said_why(run, talk):
    recipes = {recipe.modality: recipe for recipe in run.record.setup.features}
    imported = replace(recipes["audio"], encoder="imported", revision=None, settings={})
    setup = replace(run.record.setup, features=(recipes["text"], imported))
    other = ercbench.load_run(run.folder.path)
    other.record = replace(run.record, setup=setup)
    found = other.predict(talk[0], transcript=talk[1])
    assert not found.present["audio"].any()
    assert found.notes == (
        "audio is missing everywhere: audio:mel cannot be made anew, for the run's were imported "
        "from a file.",
    )
