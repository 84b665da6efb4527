"""The pickles that the field passes around, in small."""

import pickle

import numpy as np

from ercbench.corpora.iemocap import COSMIC_VALIDATION

SESSIONS = ["Ses01F_impro01", "Ses02F_impro01", COSMIC_VALIDATION[5], "Ses04F_script01_3"]
IEMOCAP = [*SESSIONS, "Ses05F_impro01"]
MELD = [0, 61, 1039, 1153]
GENDERS = "MFM"


def vectors(dialogues, width):
    rng = np.random.default_rng(width)
    return {d: [rng.normal(size=width) for _ in GENDERS] for d in dialogues}


def iemocap():
    """Fields of the files for IEMOCAP; three turns a dialogue."""
    return {
        "ids": {d: [f"{d}_{g}{i:03d}" for i, g in enumerate(GENDERS)] for d in IEMOCAP},
        "speakers": {d: list(GENDERS) for d in IEMOCAP},
        "labels": {d: [5, 0, 2] for d in IEMOCAP},
        "sentences": {d: ["One.", "It\x92s two.", ""] for d in IEMOCAP},
        "train": [d for d in IEMOCAP if d[4] != "5"],
        "test": {"Ses05F_impro01"},
    }


def meld():
    one_hot = [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    return {
        "ids": {d: [0, 2, 3] for d in MELD},
        "speakers": {d: one_hot for d in MELD},
        "labels": {d: [6, 0, 4] for d in MELD},
        "sentiments": {d: [2, 0, 1] for d in MELD},
        "sentences": {d: ["One.", "It\x92s two.", ""] for d in MELD},
        "train": [0, 61, 1039],
        "test": [1153],
    }


def roberta(dialogues):
    return [vectors(dialogues, 8 + layer) for layer in range(4)]


def cosmic_iemocap():
    f = iemocap()
    train = [d for d in f["train"] if d not in COSMIC_VALIDATION]
    return [f["speakers"], f["labels"], f["sentences"], train, list(f["test"]), SESSIONS[2:3]]


def cosmic_meld():
    f = meld()
    parts = [[0, 61], [1153], [1039]]
    return [f["speakers"], f["labels"], f["sentiments"], f["sentences"], *parts]


def dialoguernn():
    f = iemocap()
    features = [vectors(IEMOCAP, width) for width in (5, 6, 7)]
    head = (f["ids"], f["speakers"], f["labels"])
    return (*head, *features, f["sentences"], f["train"], f["test"])


def dialoguernn_meld():
    f = meld()
    head = (f["ids"], f["speakers"], f["labels"], vectors(MELD, 5), vectors(MELD, 6))
    return (*head, f["sentences"], f["train"], f["test"], f["sentiments"])


def mmgcn_meld():
    f = meld()
    features = [vectors(MELD, width) for width in (5, 6, 7)]
    head = (f["ids"], f["speakers"], f["labels"])
    return (*head, *features, f["sentences"], f["train"], f["test"], f["sentiments"])


def cosmic_roberta():
    f, plain = iemocap(), cosmic_iemocap()
    return (f["speakers"], f["labels"], *roberta(IEMOCAP), *plain[2:])


def cosmic_roberta_meld():
    plain = cosmic_meld()
    return (*plain[:3], *roberta(MELD), *plain[3:])


def cfn_esa():
    f = iemocap()
    features = [*roberta(IEMOCAP), vectors(IEMOCAP, 6), vectors(IEMOCAP, 7)]
    head = (f["ids"], f["speakers"], f["labels"])
    return (*head, *features, f["sentences"], f["train"], f["test"])


def cfn_esa_meld(sentiments=True):
    f = meld()
    head = [f["ids"], f["speakers"], f["labels"], *([f["sentiments"]] if sentiments else [])]
    features = [*roberta(MELD), vectors(MELD, 6), vectors(MELD, 7)]
    return (*head, *features, f["sentences"], f["train"], f["test"], None)


def gcnet():
    f = iemocap()
    train = set(f["train"])
    return [f["ids"], f["labels"], f["speakers"], f["sentences"], train, f["test"]]


def gcnet_mosi():
    videos = ["2iD-tVS8NPw", "ZAIRrfG22O0", "c7UH_rxdZv4"]
    ids = {v: [f"{v}_{i}" for i in (1, 2)] for v in videos}
    text = {v: ["GOOD", "BAD"] for v in videos}
    scores = {v: np.array([0.0, -1.4]) for v in videos}
    return [ids, scores, {v: ["", ""] for v in videos}, text, *({v} for v in videos)]


def mmsa():
    def part(video):
        frames = np.zeros((2, 4, 3))
        frames[0, :2] = [[1, 2, 3], [3, 4, 5]]
        return {
            "id": [f"{video}$_$10", f"{video}$_$2"],
            "raw_text": np.array(["GOOD", "BAD"]),
            "regression_labels": np.array([0.0, -1.4]),
            "classification_labels": np.array([1, 0]),
            **{name: frames for name in ("text", "audio", "vision")},
        }

    return {p: part(v) for p, v in zip(("train", "valid", "test"), "abc", strict=True)}


def save(tmp_path, content):
    path = tmp_path / "file.pkl"
    with path.open("wb") as file:
        pickle.dump(content, file, protocol=2)
    return path
