"""A folder of faces, read as a corpus."""

import shutil
import warnings

import numpy as np
import pytest
from PIL import Image
from tiny import save_faces

from ercbench.corpora.faces import read_faces
from ercbench.errors import ErcbenchError


@pytest.fixture
def folder(tmp_path):
    """Ten people, three pictures of each."""
    return save_faces(tmp_path / "faces", people=10, pictures=3)


def read(folder, seed=0, validation=0.2, test=0.2):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_faces(folder, validation, test, seed)


def test_a_person_is_a_conversation_and_a_picture_an_utterance(folder):
    corpus = read(folder)
    assert corpus.labels == tuple(f"person{i}" for i in range(10))
    first = corpus.conversations[0].utterances[0]
    assert (first.id, first.label, first.speaker) == ("person0/0.jpg", "person0", "person0")
    assert first.video == str(folder / "person0" / "0.jpg")
    assert [len(conversation) for conversation in corpus.conversations] == [3] * 10


def test_no_person_is_in_two_parts_and_the_seed_deals_them(folder):
    split = read(folder).split("identities")
    assert [len(part) for part in split.parts().values()] == [6, 2, 2]
    assert split.unseen_speakers
    assert split == read(folder).split("identities")
    assert split != read(folder, seed=1).split("identities")


def test_at_least_two_people_are_kept_for_each_judgement(folder):
    sizes = [len(part) for part in read(folder, 0, 0.01, 0.01).split("identities").parts().values()]
    assert sizes == [6, 2, 2]


def test_any_changed_picture_changes_the_hash(folder):
    before = read(folder).provenance["pictures"]
    assert read(folder).provenance["pictures"] == before
    shutil.copy(folder / "person1" / "0.jpg", folder / "person0" / "0.jpg")
    assert read(folder).provenance["pictures"] != before


def test_broken_pictures_and_people_without_a_pair_are_left_out_and_named(folder):
    whole = (folder / "person3" / "1.jpg").read_bytes()
    (folder / "person3" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    for name in ("1.jpg", "2.jpg"):
        (folder / "person4" / name).write_bytes(b"none")
    with pytest.warns(UserWarning, match="are left out") as caught:
        corpus = read_faces(folder, 0.2, 0.2, seed=0)
    told = [str(warning.message) for warning in caught]
    assert told[0].startswith("3 files cannot be read as pictures and are left out: person3/1.jpg")
    assert told[1] == "1 identities have one picture only and are left out: person4"
    assert "person4" not in corpus.labels
    assert len(corpus.conversations[3]) == 2


def test_other_files_are_ignored(folder):
    expected = read(folder)
    (folder / "person0" / "list.txt").write_text("what is here")
    (folder / "readme.jpg").write_text("not in a folder of a person")
    (folder / "empty").mkdir()
    assert read(folder) == expected


@pytest.mark.parametrize(
    ("people", "shares", "message"),
    [
        (None, (0.1, 0.1), "source=.*: no such folder. Give"),
        (0, (0.1, 0.1), r"source=.*: no pictures; expected <identity>/\*.jpg"),
        (5, (0.1, 0.1), "5 identities .* expected 6: 2 to train on, 2 to choose the epoch and 2"),
        (8, (0.45, 0.45), "8 identities .* expected 10: 2 to train on, 4 to choose"),
    ],
)
def test_a_folder_that_does_not_do_is_named(tmp_path, people, shares, message):
    if people is not None:
        save_faces(tmp_path / "faces", people, pictures=2)
    with pytest.raises(ErcbenchError, match=message):
        read_faces(tmp_path / "faces", *shares, seed=0)


def test_pictures_are_decoded_whatever_their_colours(tmp_path):
    folder = save_faces(tmp_path / "faces", people=6, pictures=2)
    for place, mode in enumerate(("L", "RGBA", "P", "1")):
        levels = np.full((8, 8), 200, np.uint8)
        Image.fromarray(levels).convert(mode).save(folder / "person0" / f"x{place}.png")
    assert len(read(folder).conversations[0]) == 6
