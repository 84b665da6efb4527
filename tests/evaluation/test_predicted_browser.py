"""Clicks through the page of predictions as a reader would, from disk, in a real browser."""

import pytest
from small import tone, write_wav
from test_page_browser import browser  # noqa: F401 (a fixture)
from test_predicted import make_predicted

from ercbench.evaluation.predicted.page import write_page

webdriver = pytest.importorskip("selenium.webdriver")
By, Keys = webdriver.common.by.By, webdriver.common.keys.Keys
WAIT = webdriver.support.ui.WebDriverWait

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predicted page")
    write_wav(folder / "my talk.wav", tone(4.0, 8000), 8000)
    write_page(make_predicted(folder / "my talk.wav"), folder / "answer")
    write_page(make_predicted(folder / "gone.mp4"), folder / "gone")
    return folder


@pytest.fixture
def page(browser, folder):  # noqa: F811
    browser.get("about:blank")
    browser.get((folder / "answer" / "index.html").as_uri())
    return browser


def chosen(page):
    return page.execute_script("return document.querySelector('li[aria-current]')?.id")


def media(page, what):
    return page.execute_script(f"return document.querySelector('audio, video').{what}")


def test_a_click_on_a_turn_takes_the_recording_there_and_plays_it(page):
    page.find_element(By.CSS_SELECTOR, "#turn-1-3 .marks").click()
    WAIT(page, 10).until(lambda p: media(p, "currentTime") >= 2)
    assert chosen(page) == "turn-1-3"
    page.execute_script("document.querySelector('audio').pause()")
    page.find_element(By.CSS_SELECTOR, '.block[data-turn="0"]').click()
    WAIT(page, 10).until(lambda p: media(p, "currentTime") < 2)
    assert chosen(page) == "turn-1-1"


def test_keys_lead_from_turn_to_turn_and_from_shift_to_shift(page):
    body = page.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.ARROW_DOWN)
    assert chosen(page) == "turn-1-1"
    body.send_keys(Keys.ARROW_RIGHT)
    assert chosen(page) == "turn-1-3"
    body.send_keys(Keys.ARROW_UP)
    assert chosen(page) == "turn-1-2"
    shares = page.execute_script("return document.querySelector('.all').innerText")
    assert shares.split() == ["sadness", "80", "%", "joy", "20", "%"]
    assert page.current_url.endswith("#turn-1-2")


def test_what_was_said_is_shown_as_text_and_nothing_runs(page):
    assert page.title.startswith("talk: emotion by turn")
    assert "<img src=" in page.find_element(By.ID, "turn-1-2").text
    assert page.get_log("browser") == []


def test_a_recording_that_is_gone_is_told_beside_its_turns(browser, folder):  # noqa: F811
    browser.get((folder / "gone" / "index.html").as_uri())
    told = browser.find_element(By.ID, "absent")
    WAIT(browser, 10).until(lambda _: told.is_displayed())
    assert "gone.mp4 cannot be played" in told.text
    browser.get_log("browser")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.refresh()
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
