"""Clicks through the page as a reader would, from disk, in a real browser."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from comparisons import make_comparison, make_page

try:
    from selenium import webdriver
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    webdriver = None

pytestmark = pytest.mark.browser
HOSTILE = """<img src="http://example.invalid/x.png" onerror="document.title='broken'"></script>'"""
SWITCHES = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
)
NEEDED = "Debian's packages chromium and chromium-driver, and selenium (pip install -e .[dev])"


def missing(what):
    """Skips the tests that need a browser, or fails them where one is required."""
    message = f"needs {NEEDED}; no {what} found"
    if os.environ.get("ERCBENCH_REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if webdriver is None:
        missing("selenium")
    paths = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    for name, path in paths.items():
        if path is None:
            missing(name)
    options = webdriver.ChromeOptions()
    options.binary_location = paths["chromium"]
    for switch in (*SWITCHES, f"user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(paths["chromedriver"]))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page of a real-looking corpus and of a simulated one without texts."""
    comparison = make_comparison((5, 8, 3, 12), [("GRU", 2.5), ("MLP", 1.0), ("HCAM", 1.5)])
    texts = comparison.test.texts.astype("<U200")
    texts[0] = HOSTILE
    comparison = replace(comparison, test=replace(comparison.test, texts=texts))
    silent = make_comparison(corpus="silent", simulated=True, texts=np.full(28, ""))
    return make_page(tmp_path_factory.mktemp("page"), comparison, silent).as_uri()


@pytest.fixture
def page(browser, address):
    """The page, opened anew; no test may leave errors or requests behind."""
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(address)
    yield browser
    assert browser.get_log("browser") == []
    events = [json.loads(own["message"])["message"] for own in browser.get_log("performance")]
    asked = {
        event["params"]["request"]["url"].split("#")[0]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked <= {address, "about:blank"}


def all_text(page, selector):
    """Read in one step: an element may be drawn anew between two."""
    script = "return [...document.querySelectorAll(arguments[0])].map((own) => own.textContent)"
    return page.execute_script(script, selector)


def one(page, selector):
    return page.find_element("css selector", selector)


def choose(page, name, value):
    Select(one(page, f"#{name}")).select_by_value(value)


def press(page, *keys):
    page.switch_to.active_element.send_keys(*keys)


def fragment(page):
    return page.execute_script("return decodeURIComponent(location.hash)")


def current(page):
    """The number of the current utterance."""
    return all_text(page, "#utterances [aria-current] .turn")


def test_a_table_sorts_by_click_and_by_key_and_says_how(page):
    table = "section:not([hidden]) table.sortable"
    names = f"{table} tbody tr th"
    head = one(page, f"{table} thead th:nth-child(4)")
    head.find_element("tag name", "button").click()
    assert head.get_attribute("aria-sort") == "descending"
    best_first = [name.strip(" †\n") for name in all_text(page, names)][:3]
    assert best_first == ["GRU", "HCAM", "MLP"]
    press(page, Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    assert [name.strip(" †\n") for name in all_text(page, names)][:3] == best_first[::-1]
    one(page, f"{table} thead th:nth-child(1) button").click()
    assert head.get_attribute("aria-sort") is None
    assert [name.strip(" †\n") for name in all_text(page, names)][:3] == sorted(best_first)


def test_one_comparison_is_shown_at_a_time_and_its_link_says_so(page):
    def shows(name):
        shown = page.find_elements("css selector", "section.report:not([hidden])")
        return [own.get_attribute("aria-label") for own in shown] == [name]

    waiting = WebDriverWait(page, 20)
    assert shows("made-up, 4 labels")
    one(page, "nav a:nth-child(2)").click()
    waiting.until(lambda page: shows("SIMULATED corpus"))
    assert one(page, "nav a:nth-child(2)").get_attribute("aria-current") == "true"
    assert "hold no text" in one(page, "#status").text
    assert len(all_text(page, "#utterances > li")) == 5
    page.back()
    waiting.until(lambda page: shows("made-up, 4 labels"))


def test_a_dialogue_is_chosen_from_the_list_by_buttons_and_by_keys(page):
    choose(page, "dialogue", "1")
    assert len(all_text(page, "#utterances > li")) == 8
    assert fragment(page) == "#/made-up/d1/d1-0"
    one(page, "#next").click()
    assert fragment(page) == "#/made-up/d2/d2-0"
    one(page, "#previous").click()
    assert fragment(page) == "#/made-up/d1/d1-0"
    one(page, "#utterances li:nth-child(3) .turn").click()
    assert current(page) == ["3"]
    press(page, Keys.ARROW_DOWN)
    assert (current(page), fragment(page)) == (["4"], "#/made-up/d1/d1-3")
    press(page, Keys.ARROW_UP, Keys.ARROW_RIGHT)
    assert fragment(page) == "#/made-up/d2/d2-0"
    press(page, Keys.ARROW_LEFT)
    assert fragment(page) == "#/made-up/d1/d1-0"
    page.back()
    WebDriverWait(page, 20).until(lambda page: len(all_text(page, "#utterances > li")) == 3)
    assert fragment(page) == "#/made-up/d2/d2-0"


CLICKED = (
    *("#viewer-title", "#status", ".keys", "#utterances .speech", "#utterances .answers"),
    *("#utterances .scroll td", "#filter", "#dialogue", "#models input", "#previous"),
)


@pytest.mark.parametrize("where", CLICKED)
def test_arrow_keys_step_wherever_one_has_clicked_and_change_no_choice(page, where):
    choose(page, "filter", "shift")
    choose(page, "dialogue", "3")
    counted, first = one(page, "#status").text, current(page)
    one(page, where).click()
    if where in ("#filter", "#dialogue"):
        press(page, Keys.ESCAPE)
    before = current(page)
    press(page, Keys.ARROW_DOWN)
    assert current(page) != before
    press(page, Keys.ARROW_UP)
    assert current(page) == before
    assert before == first or where == "#previous"
    assert Select(one(page, "#filter")).first_selected_option.get_attribute("value") == "shift"
    assert one(page, "#status").text == counted or where == "#models input"


def test_a_list_of_choices_is_opened_and_used_by_keyboard(page):
    page.execute_script("document.getElementById('filter').focus()")
    press(page, Keys.SPACE)
    press(page, Keys.ARROW_DOWN)
    press(page, Keys.ENTER)
    assert fragment(page).endswith("?show=wrong")


def test_a_click_on_a_text_does_not_move_the_page(page):
    speech = one(page, "#utterances li:nth-child(4) .speech")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", speech)
    before = page.execute_script("return scrollY")
    speech.click()
    assert page.execute_script("return scrollY") == before


def test_every_filter_shows_what_it_says(page):
    marks = {"wrong": "all wrong", "disagree": "models disagree", "shift": "shift from"}
    for show, mark in marks.items():
        choose(page, "filter", show)
        counted = int(one(page, "#status").text.split()[0])
        seen = 0
        for dialogue in all_text(page, "#dialogue option"):
            choose(page, "dialogue", dialogue.split()[0][1:])
            matches = all_text(page, "#utterances .match")
            assert matches
            assert all(mark in text for text in matches)
            assert not any(mark in text for text in all_text(page, "#utterances .context"))
            seen += len(matches)
        assert seen == counted
    choose(page, "filter", "true:anger")
    assert all("true: anger" in text for text in all_text(page, "#utterances .match"))


def test_filters_ask_only_the_models_that_are_ticked(page):
    choose(page, "filter", "disagree")
    before = one(page, "#status").text
    first, *others = page.find_elements("css selector", "#models input")
    for box in others:
        box.click()
    assert one(page, "#status").text.startswith("0 of 28 utterances, in 0 of 4 dialogues")
    for box in others:
        box.click()
    assert one(page, "#status").text == before
    first.click()
    assert "GRU" not in one(page, "#utterances .answers").text


def test_the_address_brings_everything_back(page):
    choose(page, "filter", "shift")
    choose(page, "dialogue", "3")
    before = fragment(page), all_text(page, "#utterances li"), one(page, "#status").text
    assert before[0].endswith("?show=shift")
    page.refresh()
    assert (fragment(page), all_text(page, "#utterances li"), one(page, "#status").text) == before
    assert page.switch_to.active_element.get_attribute("class") == "turn"


@pytest.mark.parametrize(
    "hash", ["#/nowhere/d9/x", "#/made-up/d9", "#/%E0%A4%A", "#/?show=constructor"]
)
def test_an_address_that_leads_nowhere_shows_the_beginning(page, address, hash):
    page.get("about:blank")
    page.get(address + hash)
    assert len(all_text(page, "#utterances > li")) == 5


def test_hostile_texts_are_read_not_run(page):
    assert HOSTILE in all_text(page, "#utterances li .speech")[0]
    assert page.find_elements("css selector", "#utterances img") == []
    assert "broken" not in page.title


def test_the_probabilities_of_the_current_utterance_are_there(page):
    table = "#utterances [aria-current] table"
    assert len(all_text(page, f"{table} tbody tr")) == 3
    shares = [int(share) for share in all_text(page, f"{table} tbody tr:first-child td")]
    assert sum(shares) == pytest.approx(100, abs=2)
    said = int(all_text(page, f"{table} tbody tr:first-child .said")[0])
    assert said == max(shares)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_only_down_and_text_stands_out(page, scheme):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 360
        names = ("ink", "quiet", "accent", "wrong")
        for ground in ("paper", "soft"):
            assert all(contrast(page, name, ground) >= 4.5 for name in names)
        assert contrast(page, "ink", "loud") >= 4.5
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(page, *names):
    """The contrast of two of the page's colours as WCAG 2 defines it."""
    root = "document.documentElement"
    script = f"return getComputedStyle({root}).getPropertyValue('--' + arguments[0])"
    first, second = sorted(luminance(page.execute_script(script, name)) for name in names)
    return (second + 0.05) / (first + 0.05)


def luminance(colour):
    parts = [int(colour.strip()[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_whoever_uses_the_keyboard_reaches_everything_and_sees_where_they_are(page):
    reached = set()
    for _ in range(120):
        press(page, Keys.TAB)
        active = page.switch_to.active_element
        reached.add(active.get_attribute("id") or active.get_attribute("class") or active.tag_name)
        outline = page.execute_script("return getComputedStyle(arguments[0]).outlineStyle", active)
        assert active.tag_name == "body" or outline != "none"
    assert {"skip", "scroll", "filter", "dialogue", "previous", "next", "turn"} <= reached
    assert {"button", "summary", "input"} <= reached
