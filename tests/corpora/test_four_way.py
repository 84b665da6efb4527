from dataclasses import replace

import numpy as np
import pytest
from miniatures import (
    IEMOCAP,
    cfn_esa,
    cosmic_iemocap,
    cosmic_meld,
    cosmic_roberta,
    dialoguernn,
    gcnet,
    gcnet_mosi,
    mmsa,
    save,
)

from ercbench.corpora.community.four_way import with_labels
from ercbench.corpora.community.read import read_community, with_utterance_ids
from ercbench.corpora.iemocap import COSMIC_VALIDATION, LABELS
from ercbench.errors import ErcbenchError

OWN_FOUR = dict.fromkeys(IEMOCAP, (0, 1, 3))
LAYOUTS = [cosmic_iemocap, cosmic_roberta, dialoguernn, cfn_esa, gcnet]


@pytest.fixture
def read(tmp_path):
    """Reads a file as it would be passed around."""
    return lambda content: read_community(save(tmp_path, content))


def labelled(**labels):
    """COSMIC's list with other class numbers in some dialogues."""
    content = cosmic_iemocap()
    content[1].update(labels)
    return content


def said(corpus):
    return [(utterance.id, utterance.label) for utterance in corpus.utterances()]


@pytest.mark.parametrize("make", LAYOUTS)
def test_every_layout_loses_the_frustrated_and_their_rows(read, make):
    six = read(make())
    four = with_labels(six, 4)
    assert four.corpus.labels == LABELS[4]
    assert said(four.corpus) == [line for line in said(six.corpus) if line[1] != "frustrated"]
    kept = np.array([label != "frustrated" for _, label in said(six.corpus)])
    assert four.features.keys() == six.features.keys()
    for key, values in four.features.items():
        np.testing.assert_array_equal(values, six.features[key][kept])


def test_the_excited_are_happy_and_the_others_keep_their_labels(read):
    content = labelled(Ses01F_impro01=[4, 1, 3], Ses02F_impro01=[0, 5, 2])
    first, second, *_ = with_labels(read(content), 4).corpus.conversations
    assert [u.label for u in first.utterances] == ["happy", "sad", "angry"]
    assert [u.label for u in second.utterances] == ["happy", "neutral"]


def test_all_splits_are_kept_with_what_they_claim(read):
    six = read(cosmic_iemocap())
    assert with_labels(six, 4).corpus.splits == six.corpus.splits


def test_a_dialogue_that_becomes_empty_leaves_the_splits(read):
    four = with_labels(read(labelled(Ses02F_impro01=[5, 5, 5])), 4).corpus
    assert "Ses02F_impro01" not in [conversation.id for conversation in four.conversations]
    assert four.split("cosmic").train == ("Ses01F_impro01", "Ses04F_script01_3")
    assert not {"session2", "session3"} & set(four.splits)


def test_a_part_that_becomes_empty_takes_its_splits_with_it(read):
    four = with_labels(read(labelled(**{COSMIC_VALIDATION[5]: [5, 5, 5]})), 4).corpus
    assert "cosmic" not in four.splits
    assert "hcam" in four.splits


def test_ids_fit_the_whole_dialogue_and_stay_with_their_utterances(read):
    unnamed, named = read(cosmic_iemocap()), read(gcnet())
    ids = [utterance.id for utterance in named.corpus.utterances()]
    unnamed = replace(unnamed, corpus=with_utterance_ids(unnamed.corpus, ids))
    assert said(with_labels(unnamed, 4).corpus) == said(with_labels(named, 4).corpus)


def test_the_provenance_tells_why_the_release_has_fewer(read):
    provenance = with_labels(read(cosmic_iemocap()), 4).corpus.provenance
    assert "53 of 648 'happy' are 'xxx'" in provenance["labels"]
    assert "5584 utterances in the field's files, 5531 from the release" in provenance["labels"]
    assert provenance["other_classes"] == "drop"


def test_the_files_own_labels_change_nothing(read):
    six, four = read(cosmic_iemocap()), read(labelled(**OWN_FOUR))
    assert with_labels(six, None) is with_labels(six, 6) is six
    assert with_labels(four, None) is with_labels(four, 4) is four


@pytest.mark.parametrize("labels", [5, 0, "four", [4], True])
def test_another_number_of_classes_is_refused(read, labels):
    with pytest.raises(ErcbenchError, match=r"labels=.*6 classes \(happy, .*expected 6 or 4\."):
        with_labels(read(cosmic_iemocap()), labels)


def test_classes_that_the_file_has_merged_do_not_come_back(read):
    four = read(labelled(**OWN_FOUR))
    with pytest.raises(ErcbenchError, match=r"labels=6: .*4 classes .*expected 4\. Correct"):
        with_labels(four, 6)


@pytest.mark.parametrize("make", [cosmic_meld, gcnet_mosi, mmsa])
@pytest.mark.parametrize("labels", [2, 4, 7])
def test_only_iemocap_has_labels_to_choose(read, make, labels):
    with pytest.raises(ErcbenchError, match=f"labels={labels}: found .*only for a file of IEMOCAP"):
        with_labels(read(make()), labels)


@pytest.mark.shared
class TestRealFile:
    @pytest.fixture
    def four(self, shared_data):
        return with_labels(read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl"), 4)

    def test_it_has_the_53_more_than_the_release(self, four, sizes):
        assert sizes(four.corpus, "cosmic") == ([108, 12, 31], [3867, 475, 1242])
        assert sizes(four.corpus, "hcam")[1] == [3249, 1093, 1242]
        assert sum(1 for _ in four.corpus.utterances()) == 7433 - 1849 == 5531 + 53

    def test_its_labels_are_the_annotators(self, shared_data):
        arrays = np.load(shared_data / "iemocap" / "utterances.npz")
        file = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl")
        ids, codes = arrays["utterance_id"].tolist(), arrays["raw_emotion"].tolist()
        named = replace(file, corpus=with_utterance_ids(file.corpus, ids))
        happy = dict.fromkeys(("hap", "exc", "xxx"), "happy")
        names = happy | {"sad": "sad", "neu": "neutral", "ang": "angry"}
        expected = [(id, names[code]) for id, code in zip(ids, codes, strict=True) if code != "fru"]
        assert said(with_labels(named, 4).corpus) == expected
