"""The pages in a real Chromium on a published demo in which some names, texts and tags are HTML."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Cli, serving
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from sociogram.config import Home
from sociogram.graph.publish_runs import live_run
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store

USER, OTHER = "u0012", "u0042"
NAME = "<script>window.taken=1</script>Ada"
BIO = "<img src=nowhere.png onerror='window.taken=2'> climbs"
TAG = "<b onmouseover=window.taken=3>climbing</b>"
PLANTED = """
MATCH (run:ProfileRun {state: 'live'}) MATCH (u:User {id: $user}) MATCH (t:Topic {name: 'climbing'})
SET u.name = $name, u.bio = $bio, t.name = $tag, u.tags = u.tags + $tag, u.tagScores = u.tagScores + 0.31
MERGE (u)-[i:INTERESTED_IN]->(t) SET i.score = 0.31, i.run = run.id"""
PATIENCE_S = 30
# an icon is text, too, on a line of its own
FIND = """
const said = (e) => [e.getAttribute('aria-label'), ...e.innerText.split('\\n').map((line) => line.trim())]
return [...document.querySelectorAll('button, a, [role=tab], [role=option], [role=checkbox], [role=button], .q-item')]
  .find((e) => e.offsetParent && said(e).includes(arguments[0]))"""


@dataclass
class Browser:
    """Chromium on the pages, and where its photographs go."""

    driver: webdriver.Chrome
    address: str
    folder: Path
    link: str
    hosts: set[str]

    def open(self, path: str) -> None:
        """Go there, and wait until nothing is being waited for any more."""
        self.driver.get(self.address + path)
        self.settle()

    def settle(self) -> None:
        time.sleep(0.3)
        self.until("return document.querySelector('main') && !document.querySelector('.q-spinner')")

    def until(self, script: str, *arguments: Any) -> Any:
        """What a script gives as soon as it is something."""
        return WebDriverWait(self.driver, PATIENCE_S, 0.1).until(lambda d: d.execute_script(script, *arguments))

    def button(self, text: str) -> WebElement:
        """The visible button, link or tab that has this text or label."""
        found: WebElement = self.until(FIND, text)
        return found

    def press(self, text: str) -> None:
        """Click it and wait."""
        self.driver.execute_script("arguments[0].click()", self.button(text))
        self.settle()

    def sees(self, text: str) -> None:
        """Raises unless the page shows this text before long."""
        self.until("return document.body.innerText.includes(arguments[0])", text)

    def photograph(self, name: str) -> bytes:
        """The page as it stands; in it nothing that was planted has become an element."""
        picture = self.driver.get_screenshot_as_png()
        (self.folder / f"{name}.png").write_bytes(picture)
        assert len(picture) > 5_000
        assert self.driver.execute_script("return window.taken === undefined")
        assert not self.driver.execute_script(
            "return document.querySelectorAll('img[src*=nowhere], [onmouseover], main script').length"
        )
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith(("data:", "blob:", "about:")):
                    self.hosts.add(url.split("/")[2])
        wrong = [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        assert not wrong, wrong
        return picture


@pytest.fixture(scope="module")
def planted(published: Cli, server: ManagedServer) -> Cli:
    """The published demo with HTML in a name, a text and a tag."""
    address = server.start()
    with Store.connect(address.uri, user=address.user, password=address.password) as store:
        store.write(PLANTED, user=USER, name=NAME, bio=BIO, tag=TAG)
    return published


@pytest.fixture(scope="module")
def browser(planted: Cli, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--lang=en-US",
        "--window-size=1280,900",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    folder = tmp_path_factory.mktemp("explorer")
    log = folder / "log"
    with serving(environment | {"TMPDIR": str(folder)}, log):
        link = re.search(r"Pages for the browser: (\S+)", log.read_text())
        assert link
        chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            address = link[1].split("/signin")[0].removesuffix("/")
            yield Browser(chrome, address, folder, link[1], set())
        finally:
            chrome.quit()
    assert NAME not in log.read_text()
    assert not [*folder.glob("sociogram-uploads-*")]  # what was chosen and never loaded is not left behind
    planted("keys", "remove", "first")  # other modules begin as on a new machine


@pytest.fixture(scope="module")
def signed(browser: Browser) -> Browser:
    """Signed in by the link of the terminal, which is good once."""
    assert httpx.get(browser.address + "/people", headers={"Accept": "text/html"}).status_code == 303
    browser.driver.get(browser.link)
    browser.settle()
    assert httpx.get(browser.link).status_code == 403
    return browser


def test_people_by_name_in_words_and_by_filter(signed: Browser) -> None:
    signed.open("/people")
    signed.sees("450 people")
    signed.photograph("people")
    signed.open("/people?q=window.taken")
    signed.sees(NAME)
    signed.sees(BIO)
    signed.sees("1 person")
    signed.photograph("people-html")
    signed.open("/people?q=photography+and+travel&how=words")
    signed.sees("photography")
    signed.photograph("people-words")
    signed.press("Table")
    assert "view=table" in signed.driver.current_url
    signed.open("/people")
    tag = signed.until("return document.querySelector('[role=checkbox]')?.innerText.trim()")
    signed.press(tag)
    assert "tag=" in signed.driver.current_url
    assert signed.until("return document.activeElement?.dataset?.facet") == f"tag={tag}"  # where a keyboard goes on
    signed.driver.refresh()
    signed.settle()
    assert signed.button(tag).get_attribute("aria-checked") == "true"


def test_an_audience_is_saved_and_the_api_has_it(signed: Browser, planted: Cli) -> None:
    signed.open("/people?tag=baking")
    signed.press("Save as audience")
    signed.until("return document.querySelector('[role=dialog] input')").send_keys("Bakers")
    signed.press("Save")
    signed.sees("Bakers")
    signed.photograph("audience")
    key = planted("keys", "add", "audience", "--scope", "read").stdout.strip()
    origin = signed.address.removesuffix("/explore")
    with httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {key}"}) as client:
        assert [a["name"] for a in client.get("/v1/audiences").json()] == ["Bakers"]
        found = client.get("/v1/audiences/Bakers").json()
        assert client.get("/v1/audiences/Bakers", params={"form": "csv"}).text.startswith("id\nu0")
        assert "MATCH (u:`User`)" in client.get("/v1/audiences/Bakers", params={"form": "cypher"}).text.replace(
            ":User", ":`User`"
        )
        people = client.post("/v1/people", json={"where": {"tag": "baking"}, "k": 200}).json()
        assert sorted(found["users"]) == sorted(p["id"] for p in people["rows"])
        assert people["total"] == len(found["users"])
        assert client.delete("/v1/audiences/Bakers").status_code == 403
    planted("keys", "remove", "audience")


def test_person_with_evidence_neighbours_and_likes(signed: Browser) -> None:
    signed.open(f"/person/{USER}")
    signed.sees(NAME)
    signed.sees(TAG)
    for heading in ("Interests", "Around them", "Alike", "For them", "Since the last run"):
        signed.sees(heading)
    signed.until("return document.querySelectorAll('main canvas').length")
    signed.photograph("person")
    twice = "const tag = document.querySelector('main ul button'); tag.click(); tag.click()"
    signed.driver.execute_script(twice)  # on the surest tag, by an impatient hand
    signed.sees("Others and the general profile")
    signed.settle()
    assert signed.driver.find_element(By.TAG_NAME, "body").text.count("Others and the general profile") == 1
    assert "tag=" in signed.driver.current_url
    signed.photograph("person-evidence")
    signed.open("/person/nobody-at-all")
    signed.sees("That did not work.")
    signed.sees("there is no User 'nobody-at-all'")


def test_map_coloured_and_lassoed(signed: Browser) -> None:
    signed.open("/map")
    signed.sees("450 people")
    signed.until("return document.querySelectorAll('main canvas').length")
    signed.photograph("map")
    signed.open("/map?by=influence")
    signed.photograph("map-influence")
    signed.open("/map?by=tag")
    signed.photograph("map-tag")
    signed.press("Lasso")
    chart = signed.driver.find_element(By.CSS_SELECTOR, "main canvas")
    signed.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    size = chart.size
    hand = webdriver.ActionChains(signed.driver, duration=60)
    hand.move_to_element(chart).move_by_offset(-size["width"] // 2 + 20, -size["height"] // 2 + 60).click_and_hold()
    for dx, dy in (
        (size["width"] - 40, 0),
        (0, size["height"] - 80),
        (40 - size["width"], 0),
        (0, 90 - size["height"]),
    ):
        hand.move_by_offset(dx, dy)
    hand.release().perform()
    said = signed.until("return document.body.innerText.match(/(\\d+) people inside/)")
    assert int(said[1]) > 300
    signed.photograph("map-lasso")


def test_influence_chosen_simulated_and_played(signed: Browser) -> None:
    signed.open("/influence")
    signed.press("Choose")
    signed.sees("How far they reach")
    assert "k=5" in signed.driver.current_url
    signed.photograph("influence")
    signed.press("Step on")
    signed.sees("Step 1 of")
    signed.photograph("influence-step")


def test_segments_and_from_one_to_its_people(signed: Browser) -> None:
    signed.open("/segments")
    signed.sees("What they are worth")
    signed.sees("of its people are next nearest to it, ties")
    signed.photograph("segments")
    signed.press("Next nearest")
    signed.sees("if their own segment were not there")
    signed.press("Ties")
    signed.sees("1 is chance")
    signed.until("return document.querySelectorAll('main canvas').length")
    signed.photograph("segments-ties")
    signed.press("See the people")
    signed.sees("Save as audience")
    assert "/people?segment=" in signed.driver.current_url


def test_runs_and_going_back_to_one_after_being_asked(
    signed: Browser, planted: Cli, server: ManagedServer, home: Home
) -> None:
    first = _live(server)
    assert first is not None
    copied = home.runs / "r900-copy"
    shutil.copytree(home.runs / first, copied)
    record = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(record | {"id": copied.name}))
    planted("publish", copied.name)
    signed.open("/people")
    other_tab = signed.driver.current_window_handle
    signed.driver.switch_to.new_window("tab")
    signed.open("/runs")
    signed.sees("Calibration")
    signed.photograph("runs")
    signed.press("Roll back to it")
    signed.sees("Its profiles become the live ones")
    signed.photograph("runs-asks")
    signed.press("Cancel")
    signed.until("return !document.querySelector('[role=dialog]')")
    assert "live" not in signed.driver.find_element(By.XPATH, f"//tr[contains(., '{first}')]").text
    signed.press("Roll back to it")
    signed.press("Roll back")
    signed.sees(f"profiles of {first} are live.")
    assert _live(server) == first
    signed.driver.close()
    signed.driver.switch_to.window(other_tab)
    signed.press("Next")  # the page of before the change goes on
    signed.sees("25 – 48")


def _live(server: ManagedServer) -> str | None:
    address = server.start()
    with Store.connect(address.uri, user=address.user, password=address.password) as store:
        return live_run(store)


def test_dark_chinese_and_on_a_phone(signed: Browser) -> None:
    signed.open("/people")
    signed.press("Light or dark")
    signed.until("return document.body.classList.contains('body--dark')")
    signed.photograph("people-dark")
    signed.press("Language: 中文")
    signed.sees("按姓名搜索")
    assert signed.driver.execute_script("return document.documentElement.lang") == "zh-CN"
    signed.photograph("people-zh")
    signed.open(f"/person/{OTHER}")
    said = signed.until("return document.querySelector('main h1').closest('.q-card').innerText")
    assert "喜欢" in said
    assert " is into " not in said
    signed.sees("位共同好友")
    signed.photograph("person-zh")
    signed.open("/person/nobody-at-all")
    signed.sees("没有 User 'nobody-at-all'。 最接近的：")
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    signed.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    for path in ("/people", f"/person/{USER}", "/map", "/influence?go=true", "/segments", "/runs", "/start"):
        signed.open(path)
        signed.photograph(f"phone{path.split('?')[0].replace('/', '-')}")
        assert not signed.driver.execute_script(
            "return document.documentElement.scrollWidth > window.innerWidth + 1"
        ), path
    signed.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    signed.open("/prefer?lang=en&dark=off&next=/people")


def test_own_files_from_the_browser_alone(signed: Browser, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "badge,name,bio\n" + "".join(f"p{i},Person {i},{'likes jazz' if i % 2 else 'likes chess'}\n" for i in range(40))
    )
    ties = tmp_path / "friends.csv"
    ties.write_text(
        "source,target\n"
        + "".join(f"p{i},p{(i + 2) % 40}\np{i},p{(i + 4) % 40}\n" for i in range(40))
        + "p1,stranger\n"
    )
    events = tmp_path / "ratings.csv"
    events.write_text("user,item\n" + "".join(f"p{i},i{(i % 2) + 2 * (k % 5)}\n" for i in range(40) for k in range(4)))
    signed.open("/start")
    signed.press("My files")
    field = signed.until("return document.querySelector('input[type=file]')")
    field.send_keys("\n".join(map(str, (people, ties, events))))
    signed.sees("What was understood")
    signed.until("return document.querySelectorAll('[aria-label^=\"Kind: \"]').length == 3")
    signed.until("return document.body.innerText.split('What was understood').length == 2")  # once, of all files
    signed.sees("people.csv has no column taken for id, which users need.")
    assert signed.button("Load and learn").get_property("disabled")
    signed.photograph("start-lacks")
    choose = "document.querySelector('[aria-label=\"badge\"]').closest('.q-select').querySelector('.q-field__control').click()"
    signed.driver.execute_script(choose)
    signed.until("return [...document.querySelectorAll('.q-item')].find(e => e.innerText.trim() == 'id')").click()
    signed.settle()
    signed.until("return !document.body.innerText.includes('has no column taken')")
    signed.photograph("start-files")
    signed.press("How it learns")
    signed.press("Empty the graph first")
    signed.driver.execute_script(
        "document.querySelector('[aria-label=\"Reading of texts\"]').closest('.q-select').querySelector('.q-field__control').click()"
    )
    signed.press("Fast (light)")
    signed.press("Load and learn")
    signed.sees("Stop")
    signed.until("return !document.body.innerText.includes('What was understood')")  # those files are taken
    WebDriverWait(signed.driver, 120).until(
        lambda d: "profiles are published." in d.find_element(By.TAG_NAME, "body").text
    )
    signed.sees("rejected")
    signed.photograph("start-done")
    signed.press("See the people")
    signed.sees("40 people")
    signed.photograph("own-people")
    signed.open("/start")
    signed.press("My files")
    signed.until("return document.querySelector('input[type=file]')").send_keys(str(people))
    signed.sees("people.csv has no column taken for id")
    assert [*signed.folder.glob("sociogram-uploads-*/*/people.csv")]


def test_nothing_was_fetched_from_elsewhere(signed: Browser) -> None:
    own = signed.address.split("/")[2]
    assert signed.hosts == {own}
