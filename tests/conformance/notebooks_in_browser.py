"""The notebooks as people meet them: JupyterLab in headless Chromium, and copies opened unrun.

    python tests/conformance/notebooks_in_browser.py RUN [--pictures FOLDER] [--only 05,copies]

RUN is a finished run, such as `make demo` makes; it is read as an earlier run and not written.
Each notebook runs from its first cell to its last at a desk's width; its panels are driven as a
person drives them (a click on the picture, sliders, keys, buttons, a recording by Chromium's fake
microphone); the kernel is started anew and what was decided is still there. Then the executed
copies of RUN are opened without running, at the width of a desk and of a phone. A row each: what
was done, and what was wrong; exits with 1 unless nothing was. Needs Chromium with ChromeDriver,
selenium and JupyterLab; says so and exits with 0 without.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from report_in_browser import FLAGS, PATIENCE_S, PLAY, PLAYED_S, missing

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
RUN_S, ANSWER_S = 1800, 240  # a notebook; a panel's answer
SETTLED = 8  # looks in a row, 0.3 s apart, at which a panel is the same
# The notebook that is open: JupyterLab counts no widget as current before it was clicked.
PANEL = """
const app = window.jupyterapp, all = app ? [...app.shell.widgets("main")] : [];
const panel = all.find(each => each.content && each.content.model && each.content.model.cells);
"""
PARAMETERS = f"""{PANEL}
const [values] = arguments, cells = panel.content.model.cells;
for (let i = 0; i < cells.length; i++) {{
  const shared = cells.get(i).sharedModel;
  let source = shared.getSource();
  for (const [name, value] of values)
    source = source.replace(new RegExp("^" + name + " = .*?(?=  #)", "m"), name + " = " + value);
  if (source !== shared.getSource()) shared.setSource(source);
}}
"""
# A script that waits for minutes outlasts the driver's patience: it is asked again and again.
RUN_ALL = f"""{PANEL}
window.mwwkitRan = null;
app.shell.activateById(panel.id);
app.commands.execute("notebook:run-all-cells")
  .then(() => window.mwwkitRan = "", error => window.mwwkitRan = String(error));
"""
RESTART = f"""{PANEL}
const done = arguments[0];
panel.sessionContext.restartKernel().then(() => done(""), error => done(String(error)));
"""
READY = f"""{PANEL}
return !!(panel && panel.content.model.cells.length > 3 && panel.sessionContext.session
  && panel.sessionContext.session.kernel);
"""
OUTPUTS = f"""{PANEL}
const cells = panel.content.model.cells, found = [];
for (let i = 0; i < cells.length; i++) found.push(cells.get(i).toJSON());
return JSON.stringify(found);
"""
REVEAL = f"""{PANEL}
const [source] = arguments, notebook = panel.content;
const at = notebook.widgets.findIndex(cell => cell.model.sharedModel.getSource().includes(source));
if (at < 0) return null;
notebook.activeCellIndex = at;
const node = notebook.widgets[at].node;  // in the page only once it is scrolled to
if (!node.isConnected && notebook.scrollToItem) notebook.scrollToItem(at);
return node.isConnected ? node : null;
"""
BROKEN = ("HBox(children", "Loading widget", "model not found")
# What JupyterLab itself says in the console, whatever the notebook.
OWN_LINES = ("favicon", "webpack", "/lab/api/", "net::ERR_", "source map", "extension")


@contextmanager
def jupyter(folder: Path) -> Iterator[str]:
    """A JupyterLab over `folder`, and its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    command += ["--ServerApp.password=", "--expose-app-in-browser"]
    with open(folder / "lab.log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    address = f"http://localhost:{port}"
    try:
        _until(lambda: _answers(f"{address}/api"), 120, "JupyterLab does not answer")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def _until(holds: Callable[[], Any], seconds: float, otherwise: str) -> Any:
    """What `holds()` gives once it is true; RuntimeError after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.3)
    raise RuntimeError(otherwise)


@contextmanager
def chromium(size: str) -> Iterator[Any]:
    """A headless Chromium with a new profile and a fake microphone."""
    from selenium import webdriver

    width, height = SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, *MICROPHONE, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        browser = webdriver.Chrome(options=options, service=service)
        screen = {"width": width, "height": height, "deviceScaleFactor": 1}
        screen |= {"mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        browser.set_script_timeout(ANSWER_S)
        try:
            yield browser
        finally:
            browser.quit()


class Page:
    """A notebook in JupyterLab."""

    def __init__(self, browser: Any, address: str, path: str):
        """Open it and wait for its kernel."""
        self.browser = browser
        # one notebook alone, as it is: no file browser beside it, no other tabs
        browser.get(f"{address}/doc/tree/{path}?reset")
        self.run = browser.execute_script
        _until(lambda: self.run(READY), 120, f"{path} does not open")

    def run_all(self) -> list[str]:
        """Run every cell and wait; what went wrong."""
        self.run(RUN_ALL)

        _until(self.has_ended, RUN_S, "the cells did not end")
        said = self.run("return window.mwwkitRan")
        return [*([said] if said else []), *self.errors()]

    def has_ended(self) -> bool:
        """Whether the cells that were to run have run."""
        return self.run("return window.mwwkitRan") is not None

    def restart(self) -> None:
        """Start the kernel anew."""
        self.browser.execute_async_script(RESTART)

    def cells(self) -> list[dict]:
        """All cells with their outputs."""
        return json.loads(self.run(OUTPUTS))

    def cell(self, source: str) -> Any:
        """The element of the cell whose source holds a text, scrolled to."""
        node = _until(lambda: self.run(REVEAL, source), 20, f"no cell has {source}")
        self.run("arguments[0].scrollIntoView({block: 'start'})", node)
        time.sleep(0.5)
        return node

    def output_of(self, source: str) -> str:
        """All that a cell shows, as text."""
        [cell] = [each for each in self.cells() if source in each["source"]]
        data = [output.get("data", {}) for output in cell.get("outputs", [])]
        return "\n".join("".join(each.get("text/plain", "")) for each in data)

    def errors(self) -> list[str]:
        """The errors that cells ended with."""
        outputs = [o for cell in self.cells() for o in cell.get("outputs", [])]
        return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

    def shot(self, pictures: Path | None, name: str) -> None:
        """Keep a screenshot."""
        if pictures:
            self.browser.save_screenshot(str(pictures / f"{name}.png"))

    def console(self) -> list[str]:
        """Severe lines of the console that are not JupyterLab's own."""
        lines = [e["message"] for e in self.browser.get_log("browser") if e["level"] == "SEVERE"]
        return [line for line in lines if not any(own in line for own in OWN_LINES)]


def button(node: Any, text: str) -> Any:
    """The button of a cell with a text."""
    [found] = [b for b in node.find_elements("css selector", "button") if text in b.text]
    return found


def drive_01(page: Page, run: Path) -> Iterator[str]:
    """A recording made and taken back; a clip kept; the kernel anew: it is still decided."""
    guide, browse = "guided_recorder.guide", "clip_browser.browse"
    node = page.cell(guide)
    record = button(node, "Record")
    record.click()
    time.sleep(3.0)
    record.click()
    kept = run / "recorded"
    yield from came("a recording was not kept", lambda: any(kept.rglob("near-01.wav")))
    yield from plays(page, page.cell(guide))
    button(page.cell(guide), "Take the last").click()
    yield from came("it was not taken back", lambda: not any(kept.rglob("*.wav")))
    node = page.cell(browse)
    _chosen(node, "this clip", "keep")
    button(node, "Write it down").click()
    yield from came("keep wrote nothing", (run / "decisions/clips.csv").exists)
    yield from came("the next clip is not shown", lambda: "2 of " in page.output_of(browse))
    yield from plays(page, page.cell(browse))
    page.restart()
    yield from page.run_all()
    if "1 decided on" not in page.output_of(browse):
        yield "the clip that was decided on is forgotten"


def _chosen(node: Any, label: str, option: str) -> None:
    """Choose an option of the list with a label."""
    from selenium.webdriver.support.ui import Select

    rows = node.find_elements("css selector", ".widget-dropdown")
    [row] = [each for each in rows if label in each.text.split("\n")[0]]
    Select(row.find_element("css selector", "select")).select_by_visible_text(option)


def came(otherwise: str, holds: Callable[[], Any]) -> Iterator[str]:
    """`otherwise`, where what a panel should do does not come."""
    try:
        _until(holds, ANSWER_S, "")
    except RuntimeError:
        yield otherwise


def drive_02(page: Page, run: Path) -> Iterator[str]:
    """A slider moved, before and after played, the values kept; they are taken back at the end."""
    from selenium.webdriver import Keys

    compare, decided = "augmentation_ab.compare", run / "decisions/parameters.json"
    node = page.cell(compare)
    rows = node.find_elements("css selector", ".widget-slider")
    [eq] = [each for each in rows if each.text.split("\n")[0] == "eq"]
    eq.find_element("css selector", ".noUi-handle").send_keys(Keys.ARROW_RIGHT * 20)
    settled(page, page.cell(compare))
    yield from plays(page, page.cell(compare))
    button(page.cell(compare), "Use these").click()
    yield from came("Use these wrote nothing", decided.exists)
    if decided.exists() and "EQ" not in decided.read_text():
        yield f"it wrote {decided.read_text()}"
    decided.unlink(missing_ok=True)


def drive_05(page: Page, run: Path) -> Iterator[str]:
    """Threshold, mistakes, audition; what was wrong."""
    from selenium.webdriver import ActionChains

    node = page.cell("threshold_explorer.explore")
    before = page.output_of("threshold_explorer.explore")
    picture = node.find_element("css selector", "img")
    page.run("arguments[0].scrollIntoView({block: 'center'})", picture)
    place = int(picture.rect["width"] * 0.32), int(-picture.rect["height"] * 0.05)
    ActionChains(page.browser).move_to_element_with_offset(picture, *place).click().perform()
    changed = "Cutoff "

    def tried() -> bool:
        told = page.output_of("threshold_explorer.explore")
        return told != before and changed in told

    try:
        _until(tried, ANSWER_S, "")
    except RuntimeError:
        yield "a click on the map changed nothing"
    button(page.cell("threshold_explorer.explore"), "Use this").click()
    try:
        _until(lambda: (run / "decisions/cutoff.json").exists(), ANSWER_S, "")
    except RuntimeError:
        yield "Use this wrote nothing"
    yield from drive_mistakes(page, run, "mistakes_panel.listen")
    yield from drive_audition(page)


def drive_mistakes(page: Page, run: Path, source: str) -> Iterator[str]:
    """Keep one and drop the next, by keys."""
    node = page.cell(source)
    fields = node.find_elements("css selector", "input[placeholder='type keys here']")
    if not fields:
        if "Judged" in page.output_of(source):
            yield "there is no field for keys"
        return  # no mistakes: nothing to judge
    for key in "kd":
        before = decisions(run)
        fields[0].send_keys(key)
        try:
            _until(lambda before=before: decisions(run) != before, ANSWER_S, "")
        except RuntimeError:
            yield f"the key {key} wrote nothing"
    yield from plays(page, page.cell(source))


def decisions(run: Path) -> dict[str, bytes]:
    """Every file of decisions."""
    return {path.name: path.read_bytes() for path in (run / "decisions").glob("*.*")}


def drive_audition(page: Page) -> Iterator[str]:
    """Record two seconds by the fake microphone."""
    node = page.cell("audition.audition")
    record, before = button(node, "Record"), sounds(page, node)
    page.run("arguments[0].scrollIntoView({block: 'center'})", record)
    record.click()
    time.sleep(2.5)
    record.click()

    try:
        _until(lambda: sounds(page, node) != before, ANSWER_S, "")
    except RuntimeError:
        yield "a recording by the fake microphone was not heard"
    yield from plays(page, node)


def sounds(page: Page, node: Any) -> list[str]:
    """What the players of a cell hold; the page is asked, since they are replaced meanwhile."""
    return page.run("return [...arguments[0].querySelectorAll('audio')].map(a => a.src)", node)


def settled(page: Page, node: Any) -> None:
    """Wait until a panel has drawn its players for the last of many moves of a slider."""
    heard = []

    def as_before() -> bool:
        heard.append(sounds(page, node))
        return len(heard) > SETTLED and all(each == heard[-1] for each in heard[-SETTLED:])

    _until(as_before, ANSWER_S, "its players are drawn again and again")


def plays(page: Page, node: Any) -> Iterator[str]:
    """What is wrong with the players of a cell."""
    seen = node.find_elements
    yield from came("there is no player", lambda: seen("css selector", "audio"))
    players = seen("css selector", "audio")
    for number, player in enumerate(players):
        told = page.browser.execute_async_script(PLAY, player, PLAYED_S, PATIENCE_S)
        ready, seconds, at_s, error = told
        if error or ready < 2 or not seconds > 0.3 or at_s < PLAYED_S:
            yield f"player {number}: ready {ready}, {seconds} s, at {at_s} s, {error}"


def drive_03(page: Page) -> Iterator[str]:
    """Stop a training after its first unit, then go on by Start until it has finished."""
    panel = "TrainingPanel(ending"
    page.run(RUN_ALL)
    _until(lambda: "Step 250:" in page.output_of(panel), RUN_S, "no unit was trained")
    button(page.cell(panel), "Stop").click()
    try:
        _until(lambda: "It stops after" in page.output_of(panel), ANSWER_S, "")
    except RuntimeError:
        yield "Stop was not heard while it trained"
    _until(page.has_ended, RUN_S, "it did not stop")
    yield from page.errors()
    [cell] = [each for each in page.cells() if panel in each["source"]]
    said = "".join("".join(o.get("text", "")) for o in cell["outputs"])
    if "you asked it to" not in said:
        yield f"Stop did not stop it: {said[-300:]}"
        return
    button(page.cell(panel), "Start").click()
    try:
        _until(lambda: "Finished" in page.output_of(panel), RUN_S, "")
    except RuntimeError:
        yield f"Start did not finish it: {page.output_of(panel)[-300:]}"


def decided_still(page: Page, run: Path) -> Iterator[str]:
    """After a restart of the kernel: what was decided is told again."""
    if (run / "decisions/cutoff.json").exists():
        told = page.output_of("threshold_explorer.explore")
        if "You decided on cutoff" not in told or "it ships" not in told:
            yield f"the cutoff that was decided is forgotten, or not shipped: {told[-300:]}"


def live(address: str, folder: Path, preset: str, stage: str, pictures: Path | None) -> list[str]:
    """One notebook, run and driven; what was wrong."""
    [name] = [path.name for path in (folder / "notebooks").glob(f"{stage}*.ipynb")]
    wrong: list[str] = []
    with chromium("desk") as browser:
        page = Page(browser, address, f"notebooks/{name}")
        # 03 trains anew, from the run's clips and features alone: a training that can be stopped.
        place, before = ("new", "untrained") if stage == "03" else ("run", "earlier")
        values = {"RUN_DIR": str(folder / place), "PREVIOUS": str(folder / before)}
        values["PRESET"] = preset
        values |= {"STEPS": 1000, "EVALUATE_EVERY": 1000} if stage == "03" else {}
        page.run(PARAMETERS, [[name, json.dumps(value)] for name, value in values.items()])
        wrong += drive_03(page) if stage == "03" else page.run_all()
        page.shot(pictures, f"{stage}-ran")
        if stage in ("01", "02") and not wrong:
            drive = {"01": drive_01, "02": drive_02}[stage]
            wrong += drive(page, folder / "run")
            for source in {"01": ("guided_", "browse("), "02": ("compare(",)}[stage]:
                page.cell(source)
                page.shot(pictures, f"{stage}-{source.strip('_(')}")
        if stage == "04" and not wrong:
            wrong += drive_mistakes(page, folder / "run", "mistakes_panel.mined")
        if stage == "05" and not wrong:
            wrong += drive_05(page, folder / "run")
            for source in ("threshold_explorer.", "mistakes_panel.listen", "audition.audition"):
                page.cell(source)
                page.shot(pictures, f"05-{source.split('.')[0]}")
            page.restart()
            wrong += [*page.run_all(), *decided_still(page, folder / "run")]
        outputs = [o for cell in page.cells() for o in cell.get("outputs", [])]
        texts = json.dumps([o.get("data", {}) for o in outputs] + [o.get("text") for o in outputs])
        wrong += [f"an output holds {each}" for each in BROKEN if each in texts]
        wrong += page.console()
    return wrong


def unrun(address: str, path: str, size: str, pictures: Path | None) -> list[str]:
    """An executed copy, opened and not run; what was wrong."""
    with chromium(size) as browser:
        page = Page(browser, address, path)
        time.sleep(3)
        wrong, shown = page.console(), ""
        scroller = "const e = document.querySelector('.jp-WindowedPanel-outer');"
        height = page.run(f"{scroller} return e.scrollHeight")
        at, number, seen = 0, 0, set()
        while at < height:
            page.run(f"{scroller} e.scrollTop = arguments[0]", at)
            time.sleep(0.6)
            page.shot(pictures, f"copy-{Path(path).stem[:2]}-{size}-{number:02d}")
            shown += page.run("return document.querySelector('.jp-Notebook').innerText")
            for player in browser.find_elements("css selector", ".jp-OutputArea audio"):
                source = player.get_attribute("src") or ""
                if source not in seen:
                    seen.add(source)
                    ready = browser.execute_async_script(PLAY, player, PLAYED_S, PATIENCE_S)
                    if ready[3] or not ready[1] or ready[1] < 0.3:
                        wrong.append(f"a player: {ready}")
            at, number = at + SIZES[size][1] - 60, number + 1
            height = page.run(f"{scroller} return e.scrollHeight")
        wrong += [f"it shows {each}" for each in BROKEN if each in shown]
        wide = page.run(
            "return [...document.querySelectorAll('.jp-OutputArea-output')]"
            ".filter(e => e.getBoundingClientRect().width > innerWidth).length"
        )
        wrong += [f"{wide} outputs are wider than the screen"] if wide else []
    return list(dict.fromkeys(wrong))


def followed(run: Path) -> list[str]:
    """Links of the executed copies that lead to no file."""
    wrong = []
    for path in sorted((run / "executed").glob("*.ipynb")):
        for link in re.findall(r'href=\\"([^"\\]+)\\"', path.read_text(encoding="utf-8")):
            if "://" not in link and not link.startswith("#"):
                if not (path.parent / urllib.request.unquote(link)).exists():
                    wrong.append(f"{path.stem}: {link} leads nowhere")
    return wrong


def row(what: str, wrong: list[str], began: float) -> bool:
    """Print a row; whether all was well."""
    told = "; ".join(" ".join(each.split())[:200] for each in wrong) or "none"
    print(f"| {what} | {time.monotonic() - began:.0f} s | {told} |", flush=True)
    return not wrong


def main() -> None:
    """Open, run, drive, look, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--pictures", type=Path, help="where screenshots are kept")
    options.add_argument("--preset", default="demo", help="that RUN was made with")
    options.add_argument("--only", default="01,02,03,04,05,copies", help="parts, with commas")
    given = options.parse_args()
    if reason := missing():
        print(f"skipped: {reason}")
        return
    if subprocess.run([sys.executable, "-m", "jupyter", "lab", "--version"]).returncode:
        print("skipped: JupyterLab is not installed: make lab")
        return
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    run, good = given.run.absolute(), []
    print("| what | took | wrong |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns("*.py"))
        (folder / "earlier").symlink_to(run)
        (folder / "untrained").mkdir()
        for name in ("clips", "features", "settings.json"):
            (folder / "untrained" / name).symlink_to(run / name)
        with jupyter(folder) as address:
            for part in given.only.split(","):
                if part != "copies":
                    began = time.monotonic()
                    wrong = live(address, folder, given.preset, part, given.pictures)
                    good.append(row(f"{part}, run and driven", wrong, began))
                    continue
                for path in sorted((run / "executed").glob("*.ipynb")):
                    for size in SIZES:
                        began, near = time.monotonic(), f"earlier/executed/{path.name}"
                        wrong = unrun(address, near, size, given.pictures)
                        good.append(row(f"{path.stem} unrun, {size}", wrong, began))
                good.append(row("links of the copies", followed(run), time.monotonic()))
        kept = folder / "run/decisions"
        for file in sorted(kept.glob("*")):
            print(f"\n{file.name}:\n{file.read_text()}")
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
