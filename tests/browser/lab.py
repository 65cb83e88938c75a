"""JupyterLab in a real browser: a server on loopback, Chromium, and what a reader's hands and eyes do there."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},    # all cells are in the page, not only some
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
# Console errors that say nothing about a notebook: (part of the message, reason).
BENIGN = [
    ("Cannot read properties of undefined (reading 'schema')", "Notebook 7.6 itself, with any notebook"),
]


def missing():
    """Why no browser can be started here, or None."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed: pip install -r requirements-dev.txt"
    return None if CHROMIUM else "there is no Chromium: apt-get install chromium"


@contextlib.contextmanager
def serve(root, home, app="jupyterlab"):
    """JupyterLab (or Notebook 7: app="notebook") for the notebooks in ``root``; yields its address.

    home    an empty folder for its settings, so that the user's own neither matter nor change
    """
    for name, value in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folders = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
               "JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data",
               "IPYTHONDIR": "ipython"}
    environment = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTEST_CURRENT_TEST")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "JUPYTER_PREFER_ENV_PATH": "1"}
    environment |= {name: str(home / folder) for name, folder in folders.items()}
    command = [sys.executable, "-m", app, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={root}",
               "--expose-app-in-browser"]
    with open(home / "server.log", "wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api", timeout=5):
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{app} did not start:\n{(home / 'server.log').read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def chromium(width=1280, height=900, scale=1):
    """A browser context: each notebook opens as a page of it."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
        finally:
            browser.close()


class Page:
    """One notebook in front of the reader: ``with Page(context, address, "a.ipynb") as page``."""

    def __init__(self, context, address, notebook, app="jupyterlab"):
        self.tab = next((tab for tab in context.pages if tab.url.startswith(address)), None) or context.new_page()
        self.errors = []                    # of the console, and requests for anything that is not on this machine
        mine = (address, address.replace("http", "ws"), "blob:", "data:")
        self._listeners = {"console": lambda m: m.type == "error" and self._note(m.text),
                           "pageerror": lambda e: self._note(f"uncaught: {e}"),
                           "request": lambda r: r.url.startswith(mine) or self._note(f"the page asked for {r.url}")}
        for event, listener in self._listeners.items():
            self.tab.on(event, listener)
        if app == "jupyterlab" and self.tab.url.startswith(address):       # loaded already, by another notebook
            self.tab.evaluate("async path => void await jupyterapp.commands.execute('docmanager:open', {path})",
                              notebook)
        else:
            place = "doc/tree" if app == "jupyterlab" else "notebooks"
            self.tab.goto(f"{address}/{place}/{notebook}", wait_until="domcontentloaded")
        self.wait(f"window.jupyterapp?.shell?.currentWidget?.context?.path === {json.dumps(notebook)}", 120)
        self.wait("jupyterapp.shell.currentWidget.context.isReady", 120)
        self.wait("jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'", 120)
        if app == "jupyterlab":
            self.tab.evaluate("jupyterapp.shell.collapseLeft()")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for event, listener in self._listeners.items():
            self.tab.remove_listener(event, listener)
        self.tab.evaluate("""async () => { const it = jupyterapp.shell.currentWidget
            await it.sessionContext.shutdown()
            it.dispose() }""")

    def _note(self, message):
        if not any(part in message for part, _ in BENIGN):
            self.errors.append(message)

    def wait(self, condition, seconds=30):
        """Wait until the JavaScript expression is true."""
        self.tab.wait_for_function(f"() => !!({condition})", timeout=1000 * seconds, polling=50)

    def run_all(self, seconds=600):
        """Run all cells, and wait until the kernel is idle."""
        self.tab.evaluate("""() => { window.done = false
            jupyterapp.commands.execute('notebook:run-all-cells').finally(() => window.done = true) }""")
        self.wait("window.done", seconds)
        self.idle()

    def idle(self, seconds=60):
        self.wait("jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", seconds)

    def execute(self, code):
        """What ``code`` prints in the notebook's kernel; its error is raised."""
        answer = self.tab.evaluate("""async code => {
            const text = [], {kernel} = jupyterapp.shell.currentWidget.sessionContext.session
            const future = kernel.requestExecute({code, store_history: false})
            future.onIOPub = m => text.push(m.content.text ?? '')
            const {status, ename, evalue} = (await future.done).content
            return [text.join(''), status === 'ok' ? null : `${ename}: ${evalue}`] }""", code)
        if answer[1]:
            raise RuntimeError(answer[1])
        return answer[0]

    def error_outputs(self):
        """Error outputs of cells that are not tagged as meant to raise."""
        return self.tab.evaluate("""() => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, i) =>
            cell.model.type !== 'code' || (cell.model.getMetadata('tags') ?? []).includes('raises-exception') ? [] :
            Array.from({length: cell.model.outputs.length}, (_, k) => cell.model.outputs.get(k).toJSON())
              .filter(o => o.output_type === 'error').map(o => `cell ${i}: ${o.ename}: ${o.evalue}`))""")

    def untypeset(self, seconds=30):
        """Equations that MathJax could not set, or has left as text; it waits for those that it is still to set."""
        problems = r"""(() => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, i) => {
            const bad = 'mjx-merror, merror, [data-mjx-error], mjx-mtext[style*="color: red"]'
            const found = [...cell.node.querySelectorAll(bad)].map(e => {
              const why = e.closest('[data-mjx-error]')?.getAttribute('data-mjx-error') ?? 'unknown command'
              return `${why} in ${(e.closest('mjx-container')?.querySelector('mjx-assistive-mml') ?? e).textContent}` })
            for (const text of cell.node.querySelectorAll('.jp-RenderedMarkdown')) {
              const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT)
              while (walk.nextNode())
                if (/\$|\\[a-zA-Z(\[]/.test(walk.currentNode.data) &&
                    !walk.currentNode.parentElement.closest('code, pre, mjx-container'))
                  found.push(`left as text: ${walk.currentNode.data.trim()}`) }
            return found.map(what => `cell ${i}: ${what}`) }))()"""
        with contextlib.suppress(Exception):
            self.wait(f"{problems}.length === 0", seconds)
        return self.tab.evaluate(problems)

    def live_figures(self):
        """The LiveFigures of the notebook, in page order."""
        return [Live(self, box) for box in self.tab.locator(".live-figure").all()]


class Live:
    """A LiveFigure as a reader has it: sliders, a picture, a line of numbers."""

    def __init__(self, page, box):
        self.page, self.box = page, box
        self.sliders = box.locator("[role=slider]")
        self.image = box.locator("img.widget-image")
        self.readout = box.locator(".widget-html-content")

    @property
    def alt(self):
        return self.image.get_attribute("title")

    def picture(self):
        """The bytes of the picture that is in the page."""
        return b64decode(self.image.evaluate("""async img => {
            for (;;) try {                  // a newer picture may take the place of this one meanwhile
                const bytes = new Uint8Array(await (await fetch(img.src)).arrayBuffer())
                return btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''))
            } catch { await new Promise(requestAnimationFrame) } }"""))

    def text(self):
        return self.readout.inner_text()

    def seen(self):
        """(the bytes of the picture, the readout)"""
        return self.picture(), self.text()

    def name(self, slider):
        return self.box.locator(".widget-slider label.widget-label").nth(slider).inner_text()

    def value(self, slider):
        """(value, min, max) of the slider with this number, as a screen reader hears them."""
        handle = self.sliders.nth(slider)
        return tuple(float(handle.get_attribute(f"aria-value{what}")) for what in ("now", "min", "max"))

    def fraction(self, slider):
        """Where the handle is on its track, from 0 to 1."""
        value, low, high = self.value(slider)
        return (value - low) / (high - low)

    def press(self, slider, key, times=1):
        """Focus the slider and press a key, as fast as a held key repeats."""
        self.sliders.nth(slider).focus()
        for _ in range(times):
            self.page.tab.keyboard.press(key)

    def drag(self, slider, to):
        """Drag the handle with the mouse to this fraction of the track."""
        handle, track = self.sliders.nth(slider), self.box.locator(".noUi-base").nth(slider)
        handle.scroll_into_view_if_needed()
        a, b = handle.bounding_box(), track.bounding_box()
        mouse = self.page.tab.mouse
        mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
        mouse.down()
        mouse.move(b["x"] + to * b["width"], a["y"] + a["height"] / 2, steps=8)
        mouse.up()

    def settled(self, before=None, gone=None, still=True, seconds=5):
        """What is seen when it no longer changes (``still``).

        It waits until both differ from what was seen ``before``, and the text ``gone`` is gone, if these are given.
        """
        deadline, now = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            last, now = now, self.seen()
            new = before is None or (now[0] != before[0] and now[1] != before[1])
            if new and (now == last or not still) and (gone is None or gone not in now[1]):
                break
            self.page.tab.wait_for_timeout(60)
        return now

    def reset(self):
        """Give the controls the values that they had when this was first called."""
        self.page.execute(FIND.format(alt=self.alt) + """
    figure.start_values = getattr(figure, "start_values", figure.values)
    figure.set(**figure.start_values)""")

    def truth(self):
        """What should be seen, asked of the kernel: the picture of the present values, drawn anew; the readout."""
        picture, text = json.loads(self.page.execute(FIND.format(alt=self.alt) + """
    import base64, html, json, re
    text = html.unescape(re.sub("<.*?>", "", figure.readout.value))
    print(json.dumps([base64.b64encode(live.png(figure.pixels(anew=True))).decode(), text]))"""))
        return b64decode(picture), text


FIND = """if True:
    from ipywidgets.widgets import widget
    from pgutils import live
    figure, = (w for w in widget._instances.values() if isinstance(w, live.LiveFigure) and w.alt == {alt!r})
"""
