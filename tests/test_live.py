"""LiveFigure: the same pixels as a full redraw, the numbers it shows, its errors, buttons, runs, and what is stored."""

import asyncio
import base64
import gc
import io
import os
import threading
import time

import ipywidgets as widgets
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import psutil
import pytest
from browser.demo import SIZE, build, controls, demo
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

from pgutils.live import LiveFigure, png, readable

ALT = "A line."


def small(update=None, live=None, run=None, alt=ALT, **more):
    """A line whose slope is the one control."""
    figure = Figure(figsize=(2, 2))
    (line,) = figure.subplots().plot([0, 1], [0, 1])

    def slope(slope, **_):
        line.set_ydata([0, slope])
        return {"slope": slope}

    more = more or {"slope": widgets.FloatSlider(value=0.5, min=-1, max=1)}
    return LiveFigure(figure, [line] if live is None else live, update or slope, run=run, alt=alt, **more)


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(bytes(data))))


def count_rebases(figure):
    calls, rebase = [], figure.rebase
    figure.rebase = lambda: (calls.append(1), rebase())
    return calls


# --- the picture -------------------------------------------------------------------------------------------------

def test_a_moved_figure_has_the_pixels_of_a_figure_drawn_anew():
    figure, rng = demo(), np.random.default_rng(0)
    rebases = count_rebases(figure)
    for _ in range(25):
        figure.set(theta1=rng.uniform(-3, 3), theta2=rng.uniform(-3, 3), steps=int(rng.integers(2, 51)))
        moved = figure.pixels()
        assert not rebases, "an update that moves live artists only must keep the background"
        assert np.array_equal(moved, figure.pixels(anew=True))
        assert np.array_equal(moved, figure.pixels()), "to compare must not change the picture"
        rebases.clear()


def test_the_pixels_are_those_of_matplotlib_alone():
    """The same picture, drawn once by a figure that never was a LiveFigure, with its ticks below the data."""
    figure = demo(scale=1)
    figure.set(theta1=-1.5, theta2=2, steps=7)
    other = Figure(**SIZE)
    FigureCanvasAgg(other)
    _, update = build(other)
    for ax in other.axes:
        ax.set_axisbelow(True)
    update(**demo().values)
    other.canvas.draw()                                 # the layout is made for the first picture
    other.set_layout_engine("none")
    update(-1.5, 2, 7)
    other.canvas.draw()
    assert np.array_equal(figure.pixels(), np.asarray(other.canvas.buffer_rgba()))


@pytest.mark.parametrize(
    "case", ["above", "twin", "unclipped text", "legend", "grid", "no axes", "live title", "image"])
def test_what_lies_over_the_moving_artists_stays_over_them(case):
    figure = Figure(figsize=(4, 2), layout="constrained")
    ax, beside = figure.subplots(1, 2)
    beside.plot([0, 1])
    (line,) = ax.plot([0, 1], [0, 1], linewidth=9, alpha=0.5)
    bars = ax.bar([0.2, 0.8], [1, 1], color="orange")
    ax.set(xlim=(0, 1), ylim=(-2, 2))
    ax.set_title("title", loc="center")     # the house style has titles on the left: then there would be two
    live = [line, bars]
    if case == "above":
        ax.text(0.5, 0, "still, above", zorder=9)
        ax.axhline(0.3, color="red", zorder=5)
    elif case == "twin":
        ax.twinx().plot([0, 1], [1, 0], linewidth=9, color="green")
    elif case == "unclipped text":
        live.append(ax.text(0.5, 2.2, "moves over the title", fontsize=20, color="red"))
    elif case == "legend":
        ax.legend([line], ["a line"], loc="center")
    elif case == "grid":
        ax.grid(True)
    elif case == "no axes":
        ax.set_axis_off()
    elif case == "live title":
        live.append(ax.title)
    elif case == "image":
        live.append(ax.imshow(np.eye(3), extent=(0, 1, -2, 2), aspect="auto"))

    def update(slope):
        line.set_ydata([-slope, slope])
        for bar in bars:
            bar.set_height(-slope)
        if case == "unclipped text":
            live[-1].set_x(slope)
        elif case == "live title":
            live[-1].set_text(f"slope {slope:.2f}")
        elif case == "image":
            live[-1].set_data(np.eye(3) * slope)
        return {"slope": slope}

    figure = LiveFigure(figure, live, update, alt=ALT, slope=widgets.FloatSlider(value=1, min=-2, max=2))
    rebases = count_rebases(figure)
    for slope in (-1.5, 0, 0.7, 2):
        figure.set(slope=slope)
        assert not rebases
        assert np.array_equal(figure.pixels(), figure.pixels(anew=True))
        rebases.clear()


def test_a_changed_background_is_drawn_again_by_itself():
    figure = Figure(figsize=(3, 2))
    ax = figure.subplots()
    still = ax.imshow(np.eye(2), extent=(0, 1, 0, 1))
    (line,) = ax.plot([0, 1], [0, 1])
    changes = {"nothing": lambda x: None, "title": lambda x: ax.set_title(f"title {x}"),
               "limits": lambda x: ax.set_xlim(0, 1 + x),
               "landscape": lambda x: still.set_data(np.eye(2) * x), "hidden": lambda x: ax.set_visible(x < 1)}

    def update(x, change):
        line.set_ydata([0, x])
        changes[change](x)
        return {"x": x}

    figure = LiveFigure(figure, [line], update, alt=ALT, x=widgets.FloatSlider(value=0, max=2),
                        change=widgets.Dropdown(options=list(changes), value="nothing"))
    rebases = count_rebases(figure)
    for change in changes:
        for x in (0.2, 0.9, 1.3):
            rebases.clear()
            figure.set(x=x, change=change)
            if change != "hidden":
                assert len(rebases) == (change != "nothing"), change
            assert np.array_equal(figure.pixels(), figure.pixels(anew=True)), change


def test_a_change_that_matplotlib_does_not_notice_is_drawn_by_rebase():
    figure = small()
    before = figure.pixels()
    figure.figure.axes[0].text(0.5, 0.5, "still")
    figure.figure.stale = False                             # as if it had not noticed
    figure.set(slope=0.5)
    assert np.array_equal(figure.pixels(), before)
    figure.rebase()
    figure.set(slope=0.5)
    assert not np.array_equal(figure.pixels(), before)
    assert np.array_equal(figure.pixels(), figure.pixels(anew=True))


def test_the_picture_has_more_pixels_than_the_page_and_shrinks_with_it():
    figure = small(slope=widgets.FloatSlider())
    height, width = figure.pixels().shape[:2]
    assert figure.picture.layout.width == "200px"
    assert (height, width) == (300, 300)
    assert figure.picture.layout.max_width == "100%"


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (40, 30)])
def test_png_holds_the_picture(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 4), dtype=np.uint8)
    for level in (1, 9):
        assert np.array_equal(decoded(png(picture, level)), picture)


def test_the_widget_shows_the_pixels():
    figure = demo()
    figure.set(theta1=2)
    assert np.array_equal(decoded(figure.picture.value), figure.pixels())


# --- numbers -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("x", "text"), [
    (0, "0"), (0.0, "0"), (-0.0, "0"), (3, "3"), (-3, "−3"), (10_000, "10,000"), (np.int64(7), "7"),
    (0.123456, "0.1235"), (-11.65685, "−11.66"), (12345.6, "12,346"), (2.5e12, "2.5 × 10¹²"), (1.5e-7, "1.5 × 10⁻⁷"),
    (-2e-9, "−2 × 10⁻⁹"), (np.float64(0.5), "0.5"), (np.array(0.25), "0.25"),
    (True, "yes"), (np.False_, "no"), ("up or down", "up or down"),
    ((1, -0.5), "(1, −0.5)"), (np.array([0.1, 2]), "(0.1, 2)"), (10**15, "1 × 10¹⁵"),
])
def test_readable(x, text):
    assert readable(x) == text


def test_the_readout_says_the_numbers_and_escapes_names():
    figure = small(update=lambda slope: {"η": -0.123456, "a<b": 2, "best": "x & y"})
    assert figure.numbers == {"η": -0.123456, "a<b": 2, "best": "x & y"}
    for part in ("η = −0.1235", "a&lt;b = 2", "best = x &amp; y"):
        assert part in figure.readout.value


def test_set_moves_all_controls_in_one_update():
    calls = []

    def update(**values):
        calls.append(values)
        return dict(values)

    figure = small(update, a=widgets.IntSlider(1), b=widgets.Dropdown(options=["x", "y"]), c=widgets.Checkbox())
    assert figure.set(a=5, b="y", c=True) == {"a": 5, "b": "y", "c": True} == figure.numbers == figure.values
    assert calls == [{"a": 1, "b": "x", "c": False}, {"a": 5, "b": "y", "c": True}]


def test_a_moved_control_is_followed():
    figure = small()
    before = figure.pixels()
    figure.controls["slope"].value = -1
    assert figure.numbers == {"slope": -1}
    assert not np.array_equal(before, figure.pixels())


def test_an_update_that_moves_a_control_is_followed_to_there():
    calls = []

    def update(m, most):
        calls.append((m, most))
        controls["m"].max = most
        return {"m": m}

    controls = {"m": widgets.IntSlider(5, max=9), "most": widgets.IntSlider(9, max=9)}
    figure = small(update, **controls)
    controls["most"].value = 3
    assert calls == [(5, 9), (5, 3), (3, 3)]
    assert figure.numbers == {"m": 3}


def test_a_button_passes_how_often_it_was_pressed():
    figure = small(lambda again, slope: {"presses": again, "slope": slope},
                   again=widgets.Button(description="new sample"), slope=widgets.FloatSlider(value=0.5))
    assert figure.numbers["presses"] == 0
    for n in (1, 2, 3):
        figure.controls["again"].click()
        assert figure.numbers["presses"] == n
    figure.controls["slope"].value = 1
    assert figure.numbers == {"presses": 3, "slope": 1}
    assert figure.set(again=7)["presses"] == 7


def test_play_is_a_control():
    figure = small(lambda t: {"t": t}, t=widgets.Play(value=2, max=9))
    figure.controls["t"].value = 5
    assert figure.numbers == {"t": 5}


# --- errors ------------------------------------------------------------------------------------------------------

def broken_above_half(slope):
    if slope > 0.5:
        raise ZeroDivisionError("slope <above> a half")
    return {"slope": slope}


def test_an_error_is_shown_and_the_last_good_picture_kept():
    figure = small(broken_above_half, slope=widgets.FloatSlider(value=0.2, max=1))
    picture, bundle = bytes(figure.picture.value), figure._repr_mimebundle_()[0]["image/png"]
    figure.controls["slope"].value = 0.9                    # by hand: shown, not raised
    assert "ZeroDivisionError: slope &lt;above&gt; a half" in figure.readout.value
    assert 'role="alert"' in figure.readout.value
    assert isinstance(figure.error, ZeroDivisionError)
    assert bytes(figure.picture.value) == picture
    assert np.array_equal(*(decoded(base64.b64decode(b)) for b in (figure._repr_mimebundle_()[0]["image/png"], bundle)))
    figure.controls["slope"].value = 0.3
    assert figure.error is None
    assert "slope = 0.3" in figure.readout.value
    with pytest.raises(ZeroDivisionError):                  # by code: shown and raised
        figure.set(slope=0.8)
    assert "ZeroDivisionError" in figure.readout.value


def test_an_error_while_drawing_is_shown_too():
    figure = Figure()
    text = figure.subplots().text(0.5, 0.5, "")
    figure = LiveFigure(figure, [text], lambda x: text.set_text("$\\nosuch$" if x else "fine") or {"x": x}, alt=ALT,
                        x=widgets.IntSlider())
    picture = bytes(figure.picture.value)
    figure.controls["x"].value = 1
    assert "ValueError" in figure.readout.value
    assert bytes(figure.picture.value) == picture
    figure.set(x=0)
    assert np.array_equal(figure.pixels(), figure.pixels(anew=True))


@pytest.mark.parametrize(
    "result", [None, 3, [("a", 1)], {"η": np.nan}, {"η": (1, np.inf)}, {"η": None}, {"η": "x", "b": object()}])
def test_an_update_must_return_finite_numbers(result):
    figure = small(lambda slope: {} if slope == 0.5 else result)
    with pytest.raises(ValueError, match=r"update .* at slope=0\.25"):
        figure.set(slope=0.25)


@pytest.mark.parametrize(("bad", "message"), [
    ({"slope": 3}, "control 'slope' must be a widget with a value, or a Button, got 3"),
    ({"slope": widgets.Box()}, "control 'slope' must be a widget"),
    ({"alt": ""}, "alt must be a sentence"),
    ({"alt": " \n"}, "alt must be a sentence"),
    ({"alt": None}, "alt must be a sentence"),
    ({"live": []}, "live must name at least one artist"),
    ({"live": [Figure().subplots().plot([1])[0]]}, r"live artist 0, .*, is in no axes of the figure"),
    ({"live": [Figure().text(0, 0, "x")]}, "is in no axes of the figure"),
    ({"live": [plt.Line2D([0], [0])]}, "is in no axes of the figure"),
    ({"live": ["line"]}, "'line', is in no axes"),
])
def test_bad_input_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        small(**bad)


def test_a_figure_of_pyplot_is_refused():
    figure, ax = plt.subplots()
    try:
        with pytest.raises(ValueError, match="pyplot"):
            LiveFigure(figure, ax.plot([1]), lambda: {}, alt=ALT)
    finally:
        plt.close(figure)
    with pytest.raises(ValueError, match=r"must be a matplotlib\.figure\.Figure"):
        LiveFigure(ax, [], lambda: {}, alt=ALT)


def test_set_refuses_what_a_control_does_not_take():
    figure = small()
    with pytest.raises(ValueError, match="no control is called 'slop'; there are slope"):
        figure.set(slop=1)
    with pytest.raises(ValueError, match=r"control 'slope' made 1\.0 of 9"):
        figure.set(slope=9)
    figure.controls["slope"].value = -0.5
    assert figure.numbers == {"slope": -0.5}, "and it goes on to follow the hand"


# --- runs --------------------------------------------------------------------------------------------------------

def counting(log=None, until=10**9):
    for i in range(until):
        if log is not None:
            log.append(i)
        yield {"frame": i}


def test_a_run_draws_a_frame_per_item_and_lets_others_run():
    async def main():
        figure, turns, drawn = small(), [], []
        figure.picture.observe(lambda _: drawn.append(1), "value")
        figure.readout.observe(lambda c: drawn.append(c.new), "value")
        task = figure.start(counting(until=5), fps=1000)
        while not task.done():
            turns.append(figure.numbers.get("frame"))
            await asyncio.sleep(0)
        assert figure.numbers == {"frame": 4}
        assert sum("frame" in str(text) for text in drawn) == 5
        assert {0, 1, 2, 3} <= set(turns), "others have a turn between any two frames"

    asyncio.run(main())


def test_frames_keep_to_their_rate():
    async def main():
        began = time.monotonic()
        await small().start(counting(until=5), fps=50)
        assert time.monotonic() - began >= 5 / 50

    asyncio.run(main())


ENDS = {
    "set": lambda figure: figure.set(slope=1),
    "control": lambda figure: setattr(figure.controls["slope"], "value", 1),
    "button": lambda figure: figure.controls["again"].click(),
    "stop": lambda figure: figure.stop(),
    "stop button": lambda figure: setattr(figure._run_button, "value", False),
    "another run": lambda figure: figure.start(counting(until=1), fps=1000),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_run_ends_before_its_next_frame(how):
    async def main():
        figure = small(lambda slope, again: {"slope": slope}, slope=widgets.FloatSlider(), again=widgets.Button())
        log = []
        frames = counting(log)
        task = figure.start(frames, fps=1000)
        while len(log) < 3:
            await asyncio.sleep(0.01)
        seen = len(log)
        other = ENDS[how](figure)
        await task
        assert len(log) == seen
        assert frames.gi_frame is None, "the generator is closed"
        if how == "another run":
            await other
            assert figure.numbers == {"frame": 0}
        elif "stop" in how:
            assert figure.numbers == {"frame": seen - 1}, "the last picture stays"
        else:
            assert figure.numbers == {"slope": figure.values["slope"]}, "the picture is that of the controls"

    asyncio.run(main())


def test_the_run_button_runs_and_stops():
    async def main():
        asked = []

        def run(**values):
            asked.append(values)
            return counting(until=3)

        figure = small(run=run)
        button = figure._run_button
        assert button in figure.children[0].children
        assert button.description == "run"
        button.value = True
        assert button.description == "stop"
        while button.value:
            await asyncio.sleep(0.01)
        assert button.description == "run"
        assert asked == [{"slope": 0.5}]
        assert figure.numbers == {"frame": 2}

    asyncio.run(main())
    assert small()._run_button not in small().children[0].children


def test_an_error_in_a_run_is_shown_and_raised_to_who_awaits():
    def bad():
        yield {"frame": 0}
        raise KeyError("boom")

    async def main():
        figure = small(run=lambda slope: bad())
        with pytest.raises(KeyError):
            await figure.start(bad(), fps=1000)
        assert "KeyError" in figure.readout.value
        assert figure.numbers == {"frame": 0}
        figure.set(slope=0.1)
        assert "KeyError" not in figure.readout.value
        figure._run_button.value = True                     # by hand: shown
        while figure._run_button.value:
            await asyncio.sleep(0.01)
        assert "KeyError" in figure.readout.value

    asyncio.run(main())
    gc.collect()                                            # no "exception was never retrieved"


def test_frames_need_a_running_loop_as_a_kernel_has_it():
    figure = small(run=lambda slope: counting())
    with pytest.raises(RuntimeError, match="no running event loop"):
        figure.start(counting())
    figure._run_button.value = True
    assert "no running event loop" in figure.readout.value
    assert not figure._run_button.value


def test_a_frame_must_be_a_dict_of_numbers():
    async def main():
        figure = small()
        with pytest.raises(ValueError, match="must return a dict"):
            await figure.start(None for _ in range(3))
        assert "must return a dict" in figure.readout.value

    asyncio.run(main())


@pytest.mark.parametrize("frames", [[{"a": 1}], None, counting])
def test_frames_must_be_a_generator(frames):
    async def main():
        figure = small(run=lambda slope: frames)
        with pytest.raises(ValueError, match="frames must be a generator"):
            figure.start(frames)
        figure._run_button.value = True
        assert "frames must be a generator" in figure.readout.value
        assert not figure._run_button.value

    asyncio.run(main())


def test_controls_may_move_in_another_thread_as_jupyterlab_does_it():
    """JupyterLab handles the messages of widgets in a subshell: a thread beside the one that runs the cells."""
    figure, rng, problems = demo(scale=1), np.random.default_rng(0), []

    def hand():
        for x in rng.uniform(-3, 3, 40):
            figure.controls["theta1"].value = x
            if figure.error:
                problems.append(figure.error)

    thread = threading.Thread(target=hand)
    thread.start()
    for steps in range(2, 42):
        figure.set(steps=steps)
    thread.join()
    assert not problems
    figure.set(steps=20)
    assert np.array_equal(figure.pixels(), figure.pixels(anew=True))
    assert figure.numbers["θ"][0] == figure.values["theta1"]


# --- what stays --------------------------------------------------------------------------------------------------

def test_the_stored_output_has_the_picture_and_its_alt_text():
    cells = f"from browser.demo import demo\nfigure = demo(alt={ALT!r})\nfigure", "display(figure)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", extra_arguments=["--log-level=ERROR"],
                   resources={"metadata": {"path": os.path.dirname(__file__)}}).execute()
    for cell in notebook.cells:
        (output,) = cell.outputs
        assert set(output.data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
        assert output.data["text/plain"] == ALT
        assert output.metadata["image/png"] == {"alt": ALT, "width": 800, "height": 350}
        assert decoded(base64.b64decode(output.data["image/png"])).shape == (525, 1200, 4)


def test_the_stored_picture_is_the_present_one_and_the_same_in_every_run():
    bundles = []
    for _ in range(2):
        figure = demo()
        figure.set(theta1=1)
        bundles.append(figure._repr_mimebundle_()[0]["image/png"])
        assert np.array_equal(decoded(base64.b64decode(bundles[-1])), figure.pixels())
    assert bundles[0] == bundles[1]


def test_labels_are_never_clipped_and_what_the_author_set_stays():
    figure = small(lambda **_: {}, a=widgets.FloatSlider(description="a long label for a slider"), b=widgets.Checkbox(),
                   c=widgets.IntSlider(style={"description_width": "9em"}, layout={"width": "50em"}),
                   d=widgets.ToggleButtons(options=["x", "y"], description="toggle"))
    for name, control in figure.controls.items():
        assert control.style.description_width == ("9em" if name == "c" else "initial")
        assert control.layout.max_width == "100%"
    assert figure.controls["c"].layout.width == "50em"
    assert figure.controls["b"].indent is False


def test_two_thousand_updates_leave_the_memory_as_it_was():
    figure, process = demo(scale=0.4), psutil.Process()
    rng = np.random.default_rng(0)

    def updates(n):
        for theta1, theta2 in rng.uniform(-3, 3, (n, 2)):
            figure.set(theta1=theta1, theta2=theta2)
        gc.collect()
        return process.memory_info().rss

    before = updates(200)
    assert updates(2000) - before < 5 * 2**20


def test_the_demo_has_every_control():
    assert set(demo().controls) == set(controls())
