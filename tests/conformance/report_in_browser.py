"""A run's report in a real browser: headless Chromium opens it and looks at all of it.

    python tests/conformance/report_in_browser.py RUN [--pictures FOLDER]

At the width of a desk and of a phone, in light and in dark: no line in the console, no request,
nothing wider than the screen, no letters too small to read, no figure blank, and every player
plays. Prints a table, and exits with 1 unless all of it holds. Needs Chromium with ChromeDriver
(Debian: apt-get install chromium chromium-driver) and selenium; says so and exits with 0 without.
"""

import argparse
import base64
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imread

SIZES = {"desk": (1280, 900, 1), "phone": (390, 844, 2)}  # width, height, dots a pixel
SCHEMES = ("light", "dark")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--autoplay-policy=no-user-gesture-required", "--hide-scrollbars"),
)
FIGURES = "figure svg, .moment svg"
SMALLEST_PX = 9.0  # of any letter of a figure
PLAYED_S, PATIENCE_S = 0.15, 10.0
READY = """
const [patienceS, done] = arguments;
const end = performance.now() + 1000 * patienceS;
const all = [...document.querySelectorAll('audio')];
const look = () =>
  all.every(audio => audio.readyState > 0) || performance.now() > end ? setTimeout(done, 300)
                                                                     : setTimeout(look, 20);
look();
"""
PLAY = """
const [audio, playedS, patienceS, done] = arguments;
const tell = () =>
  done([audio.readyState, audio.duration, audio.currentTime, audio.error && audio.error.message]);
const end = performance.now() + 1000 * patienceS;
const look = () =>
  audio.currentTime >= playedS || performance.now() > end ? tell() : setTimeout(look, 20);
audio.play().then(look, tell);
"""
LETTERS = """
return Math.min(...[...document.querySelectorAll(arguments[0])].flatMap(svg =>
  [...svg.querySelectorAll('text')].map(text =>
    parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width
      / svg.viewBox.baseVal.width)));
"""


def missing() -> str:
    """What keeps this from being run here, in words; empty when nothing does."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed: pip install selenium"
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed: apt-get install chromium chromium-driver"
    return ""


def opened(folder: str) -> Any:
    """A headless Chromium with a new profile in `folder`."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def faults(browser: Any, page: Path, size: str, scheme: str, pictures: Path | None) -> Iterator:
    """What is wrong at one size and scheme, in words; last the counts of what was looked at."""
    width, height, dots = SIZES[size]
    screen = {"width": width, "height": height, "deviceScaleFactor": dots}
    command = browser.execute_cdp_cmd
    command("Emulation.setDeviceMetricsOverride", screen | {"mobile": size == "phone"})
    media = {"name": "prefers-color-scheme", "value": scheme}
    command("Emulation.setEmulatedMedia", {"features": [media]})
    browser.get_log("performance"), browser.get_log("browser")
    browser.get(page.as_uri())
    run = browser.execute_script
    browser.set_script_timeout(PATIENCE_S + 5)
    browser.execute_async_script(READY, PATIENCE_S)
    if pictures:
        whole = run("return document.documentElement.scrollHeight")
        # A tall screen, for a picture of what lies beyond a screen hides buttons of players.
        tall = screen | {"height": whole, "mobile": size == "phone"}
        command("Emulation.setDeviceMetricsOverride", tall)
        time.sleep(1.0)
        shot = command("Page.captureScreenshot", {})
        command("Emulation.setDeviceMetricsOverride", screen | {"mobile": size == "phone"})
        (pictures / f"{size}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
    run("for (const d of document.querySelectorAll('details')) d.open = true")
    if (wide := run("return document.documentElement.scrollWidth")) > width:
        yield f"the page is {wide} px wide on a screen of {width}"
    paper = run("return getComputedStyle(document.body).backgroundColor")
    bright = sum(int(part) for part in paper.strip("rgb()").split(",")[:3]) > 384
    if bright != (scheme == "light"):
        yield f"the paper is {paper}"
    drawn = browser.find_elements("css selector", FIGURES)
    for number, element in enumerate(drawn):
        if deviation(element.screenshot_as_png) < 0.02:
            yield f"figure {number} ({element.get_attribute('aria-label')}) is blank"
    if (letters := run(LETTERS, FIGURES)) < SMALLEST_PX:
        yield f"letters of {letters:.1f} px"
    players = browser.find_elements("css selector", "audio")
    for number, player in enumerate(players):
        ready, seconds, at_s, error = browser.execute_async_script(
            PLAY, player, PLAYED_S, PATIENCE_S
        )
        if error or ready < 2 or not seconds > 0.3 or at_s < PLAYED_S:
            yield f"player {number}: ready {ready}, {seconds} s, at {at_s} s, {error}"
    time.sleep(0.2)
    for line in browser.get_log("browser"):
        yield f"console: {line['message']}"
    asked = [
        r
        for r in browser.get_log("performance")
        if "Network.requestWillBeSent" in r["message"]
        and '"documentURL":"chrome://' not in r["message"]  # the browser's own first page
    ]
    for line in asked:
        if "data:" not in line["message"] and page.as_uri() not in line["message"]:
            yield f"asked for {line['message'][:200]}"
    yield len(drawn), len(players), letters


def deviation(png: bytes) -> float:
    """The standard deviation of a picture's grey, 0..1."""
    pixels = imread(io.BytesIO(png), format="png")[..., :3]
    return float(np.std(pixels.mean(axis=-1)))


def main() -> None:
    """Open, look, listen, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--pictures", type=Path, help="where screenshots are kept")
    given = options.parse_args()
    if reason := missing():
        print(f"skipped: {reason}")
        return
    pages = list((given.run / "export").glob("*.report.html"))
    if len(pages) != 1:
        sys.exit(f"{given.run / 'export'} holds {len(pages)} reports; wanted 1")
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    n_bad = 0
    print("| screen | scheme | figures | players | smallest letters | faults |")
    print("|---|---|---|---|---|---|")
    for size in SIZES:
        for scheme in SCHEMES:
            with tempfile.TemporaryDirectory() as folder:
                browser = opened(folder)
                try:
                    page = pages[0].absolute()
                    *told, counts = faults(browser, page, size, scheme, given.pictures)
                finally:
                    browser.quit()
            n_bad += len(told)
            figures, players, letters = counts
            cells = size, scheme, figures, players, f"{letters:.1f} px", "; ".join(told) or "none"
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"{pages[0].stat().st_size / 1e6:.2f} MB.")
    sys.exit(bool(n_bad))


if __name__ == "__main__":
    main()
