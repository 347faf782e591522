"""The map of a made-up run in Chromium: seconds to the picture, to a zoom and to a lasso.

    python -m benchmarks.explorer_map 100000

A process of its own serves the pages on an Engine that holds the run in memory: the database has no part in the map. Prints JSON.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

GROUPS, TOPICS, WIDTH = 14, 40, 128
PORT = 8769
# done when the chart has drawn what it was told; ECharts says so itself
DRAWN = """
const done = arguments[arguments.length - 1], began = performance.now();
const look = () => {
  const canvas = document.querySelector('main canvas');
  if (!canvas || document.querySelector('main .q-spinner')) return requestAnimationFrame(look);
  const pixels = canvas.getContext('2d').getImageData(0, 60, canvas.width, canvas.height - 60).data;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i]) return done((performance.now() - began) / 1000);
  requestAnimationFrame(look);
};
look();"""
ZOOM = """
const done = arguments[arguments.length - 1], canvas = document.querySelector('main canvas'), box = canvas.getBoundingClientRect();
const turns = [];
const turn = (left) => {
  if (!left) return done(turns);
  const began = performance.now();
  canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: -120, wheelDelta: 120, bubbles: true, cancelable: true,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2}));
  requestAnimationFrame(() => requestAnimationFrame(() => { turns.push(performance.now() - began); turn(left - 1); }));
};
turn(8);"""


def world(users: int) -> Any:
    """A run of groups in space with tags, segments and influence."""
    from sociogram.graph.profile import Profiles

    rng = np.random.default_rng(0)
    group = rng.integers(GROUPS, size=users)
    vectors = rng.normal(size=(GROUPS, WIDTH))[group] + rng.normal(0, 0.7, (users, WIDTH))
    keys = [str(i) for i in range(users)]
    tags = pd.DataFrame(
        {
            "user": np.repeat(np.arange(users), 3),
            "topic": (np.repeat(group, 3) * 2 + rng.integers(6, size=3 * users)) % TOPICS,
            "topic_label": "Topic",
            "probability": rng.random(3 * users).astype(np.float32),
            "shown": True,
            "observed": False,
        }
    )
    return Profiles(
        "User",
        {"User": list(keys), "Topic": list(range(TOPICS))},
        {"User": [f"Name {key}" for key in keys], "Topic": [f"topic {i}" for i in range(TOPICS)]},
        {"User": vectors.astype(np.float32)},
        tags,
        pd.DataFrame(),
        [],
        users=pd.DataFrame(
            {
                "segment": pd.array(group + 1, "Int64"),
                "segment_name": [f"segment {g + 1}" for g in group],
                "influence": rng.random(users),
            }
        ),
    )


def serve(users: int, folder: Path) -> None:
    """The pages, until the process is ended."""
    import uvicorn

    from sociogram.config import Home
    from sociogram.explorer.mount import mount
    from sociogram.explorer.site import Site
    from sociogram.server.app import create_app
    from sociogram.server.backend import Backend
    from sociogram.server.guard import Limits

    run = SimpleNamespace(id="r1", folder=folder, profiles=world(users))
    engine: Any = SimpleNamespace(store=SimpleNamespace(read=lambda *_, **__: [{"id": "r1"}]), live=lambda: run)
    backend = Backend(engine, lambda _: None)
    app = create_app(backend, None, limits=Limits())
    mount(app, Site(backend, None, Home(folder)))
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")


def measure(picture: Path | None) -> dict[str, Any]:
    """What a visitor waits for."""
    from selenium import webdriver
    from selenium.webdriver.common.by import By

    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.binary_location = shutil.which("chromium") or ""
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(120)
    found: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    try:
        for name, path in (("first", "by=segment"), ("again", "by=segment"), ("influence", "by=influence")):
            began = time.perf_counter()
            driver.get(f"http://127.0.0.1:{PORT}/explore/map?{path}")
            driver.execute_async_script(DRAWN)
            found[f"{name}_s"] = round(time.perf_counter() - began, 2)
        found["zoom_ms"] = [round(ms) for ms in driver.execute_async_script(ZOOM)]
        next(b for b in driver.find_elements(By.TAG_NAME, "button") if "Lasso" in b.text).click()
        time.sleep(0.5)
        chart = driver.find_element(By.CSS_SELECTOR, "main canvas")
        hand = webdriver.ActionChains(driver, duration=20).move_to_element(chart).move_by_offset(-300, -150)
        hand.click_and_hold()
        steps = [(30, 0)] * 20 + [(0, 30)] * 10 + [(-30, 0)] * 20 + [(0, -28)] * 10
        for step in steps:
            hand.move_by_offset(*step)
        began = time.perf_counter()
        hand.perform()
        found["lasso_move_ms"] = round(1000 * (time.perf_counter() - began) / len(steps))
        began = time.perf_counter()
        webdriver.ActionChains(driver).release().perform()
        while "inside" not in driver.find_element(By.TAG_NAME, "main").text:
            time.sleep(0.01)
        found["lasso_s"] = round(time.perf_counter() - began, 2)
        found["inside"] = next(s for s in driver.find_element(By.TAG_NAME, "main").text.splitlines() if "inside" in s)
        frames = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
        sizes = [
            len(f["params"]["response"]["payloadData"])
            for f in frames
            if f["method"] == "Network.webSocketFrameReceived"
        ]
        found["largest_message_bytes"] = max(sizes, default=0)
        if picture is not None:
            driver.save_screenshot(str(picture))
    finally:
        driver.quit()
    return found


def main() -> None:
    """Serve in one process, look from another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("users", type=int)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--serve", type=Path)
    given = parser.parse_args()
    if given.serve:
        serve(given.users, given.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen([sys.executable, "-m", "benchmarks.explorer_map", str(given.users), "--serve", folder])
        try:
            time.sleep(20)
            print(json.dumps({"users": given.users, **measure(given.picture)}, indent=1))
        finally:
            child.terminate()
            child.wait(20)


if __name__ == "__main__":
    main()
