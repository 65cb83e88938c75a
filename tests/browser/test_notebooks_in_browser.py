"""Every notebook as its reader meets it: in JupyterLab, in a real browser, with keys and mouse."""

from pathlib import Path

import lab
import pytest

NOTEBOOKS = sorted((lab.REPOSITORY / "notebooks").glob("*.ipynb"))
TESTS = Path(__file__).parents[1]
CELLS = [
    f"import sys; sys.path.insert(0, {str(TESTS)!r})\nfrom browser.demo import *",
    "demo()",
    """\
import time
def frames(**values):
    for i in range(100_000):
        time.sleep(0.01)
        yield {"frame": i}
demo(run=frames, alt="one that runs")""",
    """\
broken = demo(alt="one with an error")
broken.update = lambda **values: 1 / 0
broken""",
    """\
idle = demo(alt="one with a slider that moves nothing")
follow = idle.update
idle.update = lambda **values: follow(**{**values, "theta2": 1})
idle""",
    """\
from pgutils import quiz
texts = dict(question="?", options=[("one", "It is <i>one</i>."), ("two", "It is two.")], right=1)
shut = quiz.Prediction(quiz.Question("Predict first.", **texts), demo(alt="one that stays hidden"))
shut.question.opens = lambda: None
shut""",
]
QUESTION = """\
from pgutils import quiz
texts = dict(question="?", options=[("one", "It is <i>one</i>."), ("two", "It is two.")], right=1)
asked = quiz.Prediction(quiz.Question("Predict first.", **texts), demo(alt="one behind a question"))
asked"""
BAD = [
    "# A $\\nosuchcommand$",
    "# A price of 5$ and no more",
    "# A $\\frac{1}$",
    "# An $\\frac{1}{2$",
    "from IPython.display import HTML, Javascript, display",
    "display(Javascript('console.error(\"seen\")'))",
    "display(HTML('<img src=\"http://example.invalid/a.png\">'))",
    "1 / 0",
]


def test_what_is_bad_in_a_notebook_is_found(jupyterlab):
    """The test of the tests."""
    with jupyterlab.open_cells("bad", *BAD) as page:
        problems = page.untypeset(seconds=2)
        for what in ("unknown command in \\nosuch", "text: A price", "Missing argument", "text: An"):
            assert any(what in problem for problem in problems), what
        page.run_all()
        assert page.error_outputs() == ["cell 7: ZeroDivisionError: division by zero"]
        page.tab.wait_for_timeout(300)
        assert any("seen" in error for error in page.errors)
        assert any("example.invalid" in error for error in page.errors)


def runs_reads_and_moves(jupyterlab, notebook):
    with jupyterlab.open(notebook) as page:
        page.run_all()
        assert not page.error_outputs()
        assert not page.untypeset()
        for question in page.tab.locator(".quiz-predict").all():
            predict(page, question)
        for figure in page.live_figures():
            drive(figure)
        assert not page.errors


# Two classes, because pytest-xdist gives a class to one worker: with one, the other core would wait.

@pytest.mark.parametrize("notebook", NOTEBOOKS[::2], ids=lambda path: path.stem)
class TestEvenNotebooks:
    def test_a_notebook_runs_reads_and_moves(self, jupyterlab, notebook):
        runs_reads_and_moves(jupyterlab, notebook)


@pytest.mark.parametrize("notebook", NOTEBOOKS[1::2], ids=lambda path: path.stem)
class TestOddNotebooks:
    def test_a_notebook_runs_reads_and_moves(self, jupyterlab, notebook):
        runs_reads_and_moves(jupyterlab, notebook)


def predict(page, question):
    """Choose the last option by keyboard: its answer appears, it is marked, and what follows opens."""
    hidden, answer = page.tab.locator(".quiz-figure:not(:visible)"), question.locator(".quiz-answer")
    before, options = hidden.count(), question.locator("button:not(.quiz-more)")
    opens = question.locator(".quiz-more").inner_text() == "show me"
    assert answer.inner_text().strip() == ""
    options.last.focus()
    page.tab.keyboard.press("Enter")
    page.wait("document.activeElement.matches('.quiz-right, .quiz-wrong')", 10)
    letter = "ABCD"[options.count() - 1]
    assert answer.inner_text().strip().startswith((f"✓ Right ({letter}).", f"✗ Not so ({letter})."))
    assert options.last.inner_text()[0] in "✓✗"
    assert answer.locator(".widget-html-content").get_attribute("aria-live") == "polite"
    assert hidden.count() == before - opens, "the choice opens no figure"


def drive(figure):
    """Move every slider by keyboard and by mouse: picture and readout follow, and end where the kernel is."""
    assert figure.alt.strip()
    for i in range(figure.sliders.count()):
        figure.reset()                                  # one slider at a time, from where the figure starts
        name, seen = figure.name(i), figure.settled()
        for action in ("3 keys", "a drag", "30 fast keys"):
            low = figure.fraction(i) < 0.5              # there is more room to the right
            if action == "a drag":
                figure.drag(i, 0.9 if low else 0.1)
            else:
                figure.press(i, "ArrowRight" if low else "ArrowLeft", int(action.split()[0]))
            before, seen = seen, figure.settled(seen)
            assert seen[0] != before[0], f"{name}: {action} did not change the picture"
            assert seen[1] != before[1], f"{name}: {action} did not change the readout {before[1]!r}"
            assert "Error" not in seen[1], f"{name}: {action}: {seen[1]}"
        assert seen == figure.truth(), f"{name}: after {action} the page does not show what the kernel draws"


@pytest.fixture(scope="module")
def page(jupyterlab):
    """A notebook with four LiveFigures."""
    with jupyterlab.open_cells("demo", "# A title with $x^2$\n\n$$\\int_0^1 f$$", *CELLS) as page:
        page.run_all()
        assert page.untypeset() == page.error_outputs() == []
        yield page
        assert page.errors == []


def test_a_live_figure_follows_keys_and_mouse_and_has_names(page):
    figure = page.live_figures()[0]
    drive(figure)
    assert page.tab.get_by_role("img", name=figure.alt).count() == 1
    assert figure.box.get_by_role("slider", name="number of steps of the ascent").count() == 1
    assert figure.readout.get_attribute("aria-live") == "polite"


def test_the_kernel_goes_on_while_frames_run_and_a_control_ends_them(page):
    figure = page.live_figures()[1]
    button = figure.box.locator("button")
    button.click()
    figure.settled(gone="θ", still=False)
    assert button.inner_text() == "stop"
    assert page.execute("print(6 * 7)") == "42\n"
    figure.press(0, "ArrowRight")
    assert figure.settled(gone="frame")[1].startswith("θ")
    assert button.inner_text() == "run"
    assert figure.seen() == figure.truth()
    button.click()
    figure.settled(gone="θ", still=False)
    button.click()
    assert figure.settled()[1].startswith("frame"), "after stop the last frame stays"


def test_an_error_in_an_update_is_seen_in_the_page(page):
    figure = page.live_figures()[2]
    picture, _ = figure.settled()
    figure.press(0, "ArrowRight")
    assert figure.settled(gone="θ") == (picture, "ZeroDivisionError: division by zero")


def test_a_slider_that_moves_nothing_is_found(page):
    with pytest.raises(AssertionError, match="θ₂: 3 keys did not change the picture"):
        drive(page.live_figures()[3])


def test_a_live_figure_fits_a_narrow_window(page):
    figure = page.live_figures()[0]
    wide = figure.image.bounding_box()
    size = page.tab.viewport_size
    page.tab.set_viewport_size({"width": 560, "height": 900})
    page.wait(f"document.querySelector('.live-figure img').width < {wide['width']}")
    box, narrow = figure.box.bounding_box(), figure.image.bounding_box()
    clipped = figure.box.locator("label.widget-label:visible").evaluate_all(
        "labels => labels.filter(l => l.scrollWidth > l.clientWidth).map(l => l.textContent)")
    page.tab.set_viewport_size(size)
    assert narrow["x"] + narrow["width"] <= box["x"] + box["width"] <= 560
    assert narrow["height"] / narrow["width"] == pytest.approx(wide["height"] / wide["width"], abs=0.01)
    assert clipped == []


def test_a_prediction_that_opens_nothing_is_found(page):
    with pytest.raises(AssertionError, match="the choice opens no figure"):
        predict(page, page.tab.locator(".quiz-predict"))


def test_keys_choose_an_answer_and_move_a_slider_in_notebook_7(notebook7):
    """Notebook 7 gives keys to its shortcuts before a widget: without the scripts in live.py and quiz.py this fails."""
    with notebook7.open_cells("demo", CELLS[0], QUESTION, "widgets.IntSlider()") as page:
        page.run_all()
        predict(page, page.tab.locator(".quiz-predict"))
        drive(page.live_figures()[0])
        other = page.tab.locator("[role=slider]").last
        other.focus()
        page.tab.keyboard.press("ArrowRight")
        assert other.get_attribute("aria-valuetext") == "0", "Notebook 7 is mended: the script may go"
        assert not page.errors
