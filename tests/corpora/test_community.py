import re

import numpy as np
import pytest
from miniatures import (
    GENDERS,
    IEMOCAP,
    cfn_esa,
    cfn_esa_meld,
    cosmic_iemocap,
    cosmic_meld,
    cosmic_roberta,
    cosmic_roberta_meld,
    dialoguernn,
    dialoguernn_meld,
    gcnet,
    gcnet_mosi,
    mmgcn_meld,
    mmsa,
    save,
)

from ercbench.corpora.community.read import read_community, with_utterance_ids
from ercbench.corpora.iemocap import COSMIC_VALIDATION
from ercbench.corpora.meld import read_meld
from ercbench.errors import ErcbenchError

ROBERTA = {f"text:roberta{layer + 1}": 8 + layer for layer in range(4)}
MEDIA = {"audio:community": 6, "visual:community": 7}
FILES = [
    (cosmic_iemocap, "COSMIC's list for iemocap", {}),
    (cosmic_meld, "COSMIC's list for meld", {}),
    (cosmic_roberta, "COSMIC's RoBERTa features for iemocap", ROBERTA),
    (cosmic_roberta_meld, "COSMIC's RoBERTa features for meld", ROBERTA),
    (dialoguernn, "DialogueRNN's 9-tuple .* for iemocap", {"text:community": 5, **MEDIA}),
    (
        dialoguernn_meld,
        "DialogueRNN's 9-tuple for meld",
        {"text:community": 5} | {"audio:community": 6},
    ),
    (mmgcn_meld, "MMGCN's 10-tuple for meld", {"text:community": 5, **MEDIA}),
    (cfn_esa, "CFN-ESA's 12-tuple for iemocap", ROBERTA | MEDIA),
    (cfn_esa_meld, "CFN-ESA's 14-tuple for meld", ROBERTA | MEDIA),
    (lambda: cfn_esa_meld(False), "CFN-ESA's 13-tuple for meld", ROBERTA | MEDIA),
    (gcnet, "GCNet's tuple for iemocap", {}),
    (gcnet_mosi, "GCNet's tuple for mosi", {}),
    (mmsa, "MMSA's dict", {"text:mmsa": 3, "audio:mmsa": 3, "visual:mmsa": 3}),
]


@pytest.mark.parametrize(("make", "name", "widths"), FILES)
def test_each_layout_is_recognised_with_its_features(tmp_path, make, name, widths):
    file = read_community(save(tmp_path, make()))
    assert re.match(name, file.recognised)
    assert {key: values.shape[1] for key, values in file.features.items()} == widths
    count = sum(1 for _ in file.corpus.utterances())
    assert all(len(values) == count for values in file.features.values())
    assert file.corpus.provenance["source"] == file.recognised


@pytest.mark.parametrize("make", [cosmic_iemocap, cosmic_roberta, dialoguernn, cfn_esa, gcnet])
def test_files_for_iemocap_tell_the_same_of_the_same_dialogues(tmp_path, make):
    corpus = read_community(save(tmp_path, make())).corpus
    assert [c.id for c in corpus.conversations] == sorted(IEMOCAP)
    utterances = corpus.conversations[-1].utterances
    assert [u.speaker for u in utterances] == ["Ses05M", "Ses05F", "Ses05M"]
    assert [u.label for u in utterances] == ["frustrated", "happy", "neutral"]
    assert utterances[1].text == "It\u2019s two."
    assert corpus.split("cosmic").validation == (COSMIC_VALIDATION[5],)
    assert corpus.split("cosmic").unseen_speakers
    assert "xxx" in corpus.provenance["labels"]


@pytest.mark.parametrize("make", [cosmic_meld, dialoguernn_meld, mmgcn_meld, cfn_esa_meld])
def test_files_for_meld_use_the_releases_conversation_ids(tmp_path, make):
    corpus = read_community(save(tmp_path, make())).corpus
    split = corpus.split("official")
    assert split.parts() == {
        "train": ("train-0", "train-61"),
        "validation": ("dev-0",),
        "test": ("test-0",),
    }
    utterances = corpus.conversations[0].utterances
    assert [u.label for u in utterances] == ["anger", "neutral", "joy"]
    assert utterances[0].speaker == utterances[2].speaker != utterances[1].speaker


def test_speakers_of_different_meld_dialogues_are_not_taken_for_one_person(tmp_path):
    corpus = read_community(save(tmp_path, cosmic_meld())).corpus
    first, second, *_ = ({u.speaker for u in c.utterances} for c in corpus.conversations)
    assert not first & second


def test_audio_stands_before_visual_in_cfn_esas_files(tmp_path):
    content = cfn_esa()
    features = read_community(save(tmp_path, content)).features
    np.testing.assert_allclose(
        features["audio:community"][:3], content[7]["Ses01F_impro01"], rtol=1e-6
    )


def test_rows_follow_the_corpus_whatever_the_order_in_the_file(tmp_path):
    content = dialoguernn()
    turned = [dict(reversed(f.items())) if isinstance(f, dict) else f for f in content]
    one, other = (read_community(save(tmp_path, c)) for c in (content, turned))
    assert one.corpus.conversations == other.corpus.conversations
    np.testing.assert_array_equal(one.features["text:community"], other.features["text:community"])


def test_ids_are_the_files_own_where_it_has_them(tmp_path):
    named, unnamed = (read_community(save(tmp_path, f())) for f in (gcnet, cosmic_iemocap))
    assert next(named.corpus.utterances()).id == "Ses01F_impro01_M000"
    assert next(unnamed.corpus.utterances()).id == "Ses01F_impro01-0"
    assert (named.ids_by_position, unnamed.ids_by_position) == (False, True)
    ids = [u.id for u in named.corpus.utterances()]
    renamed = with_utterance_ids(unnamed.corpus, ids)
    assert renamed.conversations == named.corpus.conversations


@pytest.mark.parametrize("fault", ["one too few", "another speaker"])
def test_ids_that_do_not_fit_are_refused(tmp_path, fault):
    corpus = read_community(save(tmp_path, cosmic_iemocap())).corpus
    ids = [f"{d}_{g}{i:03d}" for d in sorted(IEMOCAP) for i, g in enumerate(GENDERS)]
    ids = ids[:-1] if fault == "one too few" else [*ids[:-1], ids[-1].replace("_M", "_F")]
    with pytest.raises(ErcbenchError, match="'Ses05F_impro01' has 3 utterances"):
        with_utterance_ids(corpus, ids)


def test_mosi_keeps_scores_and_both_splits_it_can_form(tmp_path):
    corpus = read_community(save(tmp_path, gcnet_mosi())).corpus
    assert [(u.label, u.score) for u in corpus.conversations[0].utterances] == [
        *(("positive", 0.0), ("negative", -1.4))
    ]
    assert corpus.split("standard").test == ("c7UH_rxdZv4",)


def test_mmsa_clips_are_ordered_by_number_and_padding_is_not_averaged(tmp_path):
    file = read_community(save(tmp_path, mmsa()))
    assert [u.id for u in file.corpus.conversations[0].utterances] == ["a_2", "a_10"]
    np.testing.assert_allclose(file.features["text:mmsa"][1], [2, 3, 4])
    assert np.isnan(file.features["text:mmsa"][0]).all()


def mult():
    """MulT's dict: labels and frames by the second, no transcripts."""
    part = {"id": np.array([["v", "0.0", "1.0"]]), "labels": np.zeros((1, 1, 1))}
    part |= {name: np.zeros((1, 2, 3)) for name in ("text", "audio", "vision")}
    return {name: part for name in ("train", "valid", "test")}


def broken(make, change):
    content = make()
    change(content)
    return content


BAD = [
    ([1, 2, 3], "3 fields .*no known layout.*MMSA"),
    ({"a": 1}, "found dict, which is no known layout"),
    (broken(cosmic_iemocap, lambda c: c[2]["Ses01F_impro01"].pop()), "3 labels but 2 .*'sentence'"),
    (broken(cosmic_iemocap, lambda c: c[0].pop("Ses01F_impro01")), "3 labels but 0 .*'speaker'"),
    (broken(cosmic_iemocap, lambda c: c[1].update(Ses01F_impro01=[0, 1, 9])), "not 0-5"),
    (broken(dialoguernn, lambda c: c[3]["Ses01F_impro01"].append([1.0])), "4 values .*'text"),
    (
        broken(dialoguernn, lambda c: c[3]["Ses01F_impro01"].__setitem__(0, [1.0])),
        "'text:community' differ in width",
    ),
    (broken(dialoguernn, lambda c: c[2].update(Ses05F_impro01=1.5)), "0 labels but 3 values"),
    (broken(mmsa, lambda c: c["test"].update(raw_text=1)), "looks like MMSA's dict, but"),
    (broken(mmsa, lambda c: c["test"].pop("id")), "'test' lacks id"),
    (broken(mmsa, lambda c: c["test"].update(id=["c$_$1"])), "unequal length"),
    (broken(mmsa, lambda c: c["test"].update(id=["c1", "c2"])), r"'c1'; expected video\$_\$clip"),
    (broken(mmsa, lambda c: c.update(test=c["train"])), "more than one part: a"),
    (mult(), "'train' lacks raw_text, regression_labels; it holds audio, .*MulT's .* npz with"),
    (broken(mmsa, lambda c: c.update(test=[1])), "part 'test' is a list"),
    (broken(mmsa, lambda c: c["test"].update(regression_labels=[0.5, np.nan])), "a score is nan"),
    (broken(mmsa, lambda c: c["test"].update(raw_text=[["x"], "y"])), "a list stands where text"),
    (broken(gcnet_mosi, lambda c: c[1].update(c7UH_rxdZv4=[np.inf, 0])), "a score is inf"),
    (broken(cosmic_iemocap, lambda c: c[1].update(Ses01F_impro01=[0, 2.5, 1])), "no whole number"),
    (broken(cosmic_iemocap, lambda c: c[1].update(Ses01F_impro01=[0, np.inf, 1])), "infinity"),
    (broken(cosmic_iemocap, lambda c: c[0].update(Ses01F_impro01=["", "F", "M"])), "index out"),
    (
        broken(cosmic_iemocap, lambda c: c[2].update(Ses05F_impro01=np.array(1))),
        "looks like COSMIC",
    ),
    (
        broken(cosmic_iemocap, lambda c: [f.update(x=f["Ses01F_impro01"]) for f in c[:3]]),
        "'x' is not",
    ),
    (broken(cosmic_meld, lambda c: [f.update({-1: f[0]}) for f in c[:4]]), "dialogue -1 has no"),
    (broken(cosmic_meld, lambda c: c[0].update({0: ["a", "b", "a"]})), "looks like COSMIC"),
    (broken(dialoguernn, lambda c: c[3].update(Ses01F_impro01=[{}, {}, {}])), "are no numbers"),
    (
        broken(dialoguernn, lambda c: [c[3].update({d: np.ones((3, 2, 2)) for d in IEMOCAP})]),
        "shape",
    ),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_a_file_that_is_not_whole_is_refused(tmp_path, content, message):
    with pytest.raises(ErcbenchError, match=message) as error:
        read_community(save(tmp_path, content))
    assert "file.pkl" in str(error.value)


@pytest.mark.shared
class TestRealFiles:
    def test_iemocap_has_the_counts_of_its_authors(self, shared_data, sizes):
        corpus = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl").corpus
        assert sizes(corpus, "cosmic") == ([108, 12, 31], [5163, 647, 1623])
        labels = [u.label for u in corpus.utterances()]
        assert labels.count("happy") == 648
        lengths = [len(conversation) for conversation in corpus.conversations]
        assert (min(lengths), max(lengths)) == (8, 110)

    def test_iemocaps_own_validation_dialogues_are_the_known_twelve(self, shared_data):
        corpus = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl").corpus
        assert set(corpus.split("cosmic").validation) == set(COSMIC_VALIDATION)

    def test_iemocaps_real_ids_and_labels_fit(self, shared_data):
        arrays = np.load(shared_data / "iemocap" / "utterances.npz")
        corpus = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl").corpus
        named = with_utterance_ids(corpus, arrays["utterance_id"].tolist())
        names = [corpus.labels[label] for label in arrays["label"]]
        assert [u.label for u in named.utterances()] == names

    def test_meld_agrees_with_the_release(self, shared_data, sizes):
        corpus = read_community(shared_data / "meld" / "cosmic_meld.pkl").corpus
        assert sizes(corpus, "official") == ([1038, 114, 280], [9989, 1109, 2610])
        clips = {"test": shared_data / "meld" / "clips"}
        release = read_meld(shared_data / "meld", clips=clips)
        assert corpus.split("official") == release.split("official")
        for ours, theirs in zip(corpus.conversations, release.conversations, strict=True):
            assert [u.label for u in ours.utterances] == [u.label for u in theirs.utterances]
