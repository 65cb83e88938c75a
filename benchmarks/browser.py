"""From key press to new picture in JupyterLab: a LiveFigure beside ``@interact`` with the same figure, in one page."""

import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat

from benchmarks import Row, medians

TESTS = Path(__file__).resolve().parents[1] / "tests"
IMPORT = f"import sys; sys.path.insert(0, {str(TESTS)!r})\nfrom browser.demo import demo, demo_anew"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SINGLE, BURST, REPEAT = 15, 30, 33      # keys one by one; keys of a burst; ms between them, as a held key repeats
# Notes when keys go down and when the picture in the page is another one, looking once per frame of the screen.
WATCH = """selector => {
  const seen = window.seen = {keys: [], pictures: []}
  window.onkeydown = () => seen.keys.push(performance.now())
  let last = document.querySelector(selector).src
  const look = () => {
    if (window.seen !== seen) return
    const image = document.querySelector(selector)
    if (image?.complete && image.naturalWidth && image.src !== last) {
      last = image.src
      seen.pictures.push(performance.now())
    }
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look) }"""


def browser():
    """Key to picture, and a burst of 30 keys; no rows where there is no Chromium."""
    sys.path[:0] = [str(TESTS), str(TESTS / "browser")]
    import lab
    if reason := lab.missing():
        print(f"no browser rows: {reason}", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        home, root = Path(folder, "home"), Path(folder, "root")
        home.mkdir()
        root.mkdir()
        cells = [nbformat.v4.new_code_cell(cell) for cell in (IMPORT, "demo()", "demo_anew()")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), root / "demo.ipynb")
        with (lab.serve(root, home) as address, lab.chromium(height=1200) as context,
              lab.Page(context, address, "demo.ipynb") as page):
            page.run_all()
            live, anew = (measure(page.tab, *where) for where in (
                (".live-figure", ".live-figure img"), (".widget-interact", ".widget-interact .jp-OutputArea img")))
    return [
        Row("key to picture, LiveFigure", live["key"], "@interact", anew["key"]),
        Row(f"burst of {BURST} keys: {live['shown']} pictures, the last", live["last"],
            f"@interact: {anew['shown']} pictures, the last", anew["last"]),
    ]


def measure(tab, box, image):
    """Median seconds from key to picture; of a burst, how many pictures, and from the last key to the last picture."""
    tab.locator(f"{box} [role=slider]").first.focus()
    tab.keyboard.press("Home")
    tab.wait_for_timeout(1500)
    single = []
    for _ in range(SINGLE):
        tab.evaluate(WATCH, image)
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function("seen.pictures.length > 0", timeout=5000)
        single.append(tab.evaluate("seen.pictures[0] - seen.keys[0]"))
        tab.wait_for_timeout(150)
    shown, last = [], []
    for direction in ("ArrowRight", "ArrowLeft") * 2:
        tab.wait_for_timeout(1000)
        tab.evaluate(WATCH, image)
        for _ in range(BURST):
            tab.keyboard.press(direction)
            tab.wait_for_timeout(REPEAT)
        tab.wait_for_timeout(2500)
        shown.append(tab.evaluate("seen.pictures.length"))
        last.append(tab.evaluate("seen.pictures.at(-1) - seen.keys.at(-1)"))
    return {"key": median(single) / 1000, "shown": round(median(shown)), "last": median(last) / 1000}


def kernel():
    """What the kernel does for one step of a slider."""
    sys.path[:0] = [str(TESTS)]
    import io

    import matplotlib.pyplot as plt
    from browser.demo import SIZE, build, demo
    figure, x = demo(), iter(range(10**9))

    def anew():
        new = plt.figure(**SIZE)
        build(new)[1](theta1=next(x) % 60 / 20, theta2=1, steps=10)
        new.savefig(io.BytesIO(), format="png", bbox_inches="tight")        # as the inline backend does
        plt.close(new)

    live_seconds, anew_seconds = medians(lambda: figure.set(theta1=next(x) % 60 / 20), anew, repeats=25)
    return [Row("one step in the kernel, LiveFigure", live_seconds, "a new figure", anew_seconds)]


ROWS = {"live": kernel, "browser": browser}
