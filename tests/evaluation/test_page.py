import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from comparisons import make_comparison, make_page

from ercbench.evaluation.page.conversations import conversations

HOSTILE = """</script><script>alert(1)</script><img src=x onerror='alert(2)'>"\u2028&amp;"""
MELD = np.random.default_rng(0).integers(2, 17, 280).tolist()


class Elements(HTMLParser):
    """Collects elements and the text of the data."""

    def __init__(self, text):
        super().__init__()
        self.found, self.data, self.inside = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = dict(attributes).get("id") == "data"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.data += data if self.inside else ""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    labels = ("</script><b onclick=alert(3)>", "joy", "anger", "sadness")
    skills = [(HOSTILE, 2.0), ("MLP", 1.0)]
    comparison = make_comparison(skills=skills, labels=labels, corpus=HOSTILE)
    texts = comparison.test.texts.copy().astype("<U200")
    texts[0] = HOSTILE
    comparison = replace(comparison, test=replace(comparison.test, texts=texts))
    return make_page(tmp_path_factory.mktemp("page"), comparison).read_text(encoding="utf-8")


def test_the_page_needs_nothing_but_itself(hostile):
    elements = Elements(hostile).found
    assert not {tag for tag, _ in elements} & {"link", "img", "iframe", "object", "base"}
    links = [own[name] for _, own in elements for name in ("src", "href") if name in own]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "default-src 'none'" in hostile
    assert "url(http" not in hostile
    assert "@import" not in hostile


def test_hostile_texts_stay_text(hostile):
    elements = Elements(hostile).found
    assert sum(tag == "script" for tag, _ in elements) == 2
    assert not any(name.startswith("on") for _, own in elements for name in own)
    assert "\u2028" not in Elements(hostile).data


def test_what_goes_into_the_page_comes_out_of_it(tmp_path):
    comparison = make_comparison(unlabelled=0.1)
    page = make_page(tmp_path, comparison, drawn=False).read_text(encoding="utf-8")
    (report,) = json.loads(Elements(page).data)
    assert report == json.loads(json.dumps(conversations("made-up", comparison)))
    test, group = comparison.test, comparison.groups[0]
    assert [report["speakers"][who] for who in report["who"]] == test.speakers.tolist()
    assert np.repeat(*zip(*report["dialogues"], strict=True)).tolist() == (
        test.conversations.tolist()
    )
    (model,) = (own for own in report["models"] if own["name"] == group.name)
    shares = np.reshape(model["p"], (len(test.truth), len(test.labels))) / 100
    np.testing.assert_allclose(shares, group.probabilities.mean(0), atol=0.0051)
    agreeing = (group.predictions == np.array(model["said"])).sum(0)
    assert agreeing.tolist() == model["agree"]


def test_no_id_is_there_twice_and_every_reference_has_one(tmp_path):
    text = make_page(tmp_path, make_comparison(), make_comparison(split="other")).read_text()
    elements = Elements(text).found
    ids = [own["id"] for _, own in elements if "id" in own]
    assert len(ids) == len(set(ids))
    referred = {own["href"][1:] for tag, own in elements if tag == "use"}
    referred |= set(re.findall(r"url\(#([^)]*)\)", text))
    assert referred <= set(ids)


def test_the_same_runs_give_the_same_page(tmp_path):
    first, second = (make_page(tmp_path / name, make_comparison(), drawn=False) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_page_of_melds_size_stays_small(tmp_path):
    labels = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
    skills = [("GRU", 2.0), ("MLP", 1.0), ("CFN-ESA", 1.5)]
    comparison = make_comparison(MELD, skills, seeds=5, labels=labels)
    texts = np.array(["You know what? I have no idea what we are talking about."])
    texts = np.repeat(texts, len(comparison.test.texts))
    comparison = replace(comparison, test=replace(comparison.test, texts=texts))
    assert make_page(tmp_path, comparison).stat().st_size < 2e6


def test_simulated_data_warnings_and_conclusion_are_said_before_the_table(tmp_path):
    comparison = replace(make_comparison(simulated=True), warnings=("SERIOUS: two <b>runs</b>.",))
    text = make_page(tmp_path, comparison, drawn=False).read_text()
    before = text[: text.index("<table")]
    assert "<b>SIMULATED data.</b>" in before
    assert "On SIMULATED data, GRU" in before
    assert "SERIOUS: two &lt;b&gt;runs" in before
