"""Drive an explorer as hands would: every control to both ends, all corners, many settings at random.

A notebook runner never moves a slider, so a callback that fails at the end of its range passes it.  Here it does not.
"""

import itertools

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils.live import LiveFigure


def ends(control):
    """The two ends of a control's range; of a choice, its first and last option; of a button, 0 and 1 presses."""
    if isinstance(control, widgets.Button):
        return [0, 1]
    if isinstance(control, widgets.FloatLogSlider):
        return [control.base**control.min, control.base**control.max]
    if isinstance(control, widgets.IntSlider | widgets.FloatSlider):
        return [control.min, control.max]
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return [False, True]
    values = [value for _, value in control._options_full]
    return [values[0], values[-1]]


def anywhere(control, rng):
    """A value at random from a control's range, on its own steps."""
    if isinstance(control, widgets.Button):
        return int(rng.integers(100))
    if isinstance(control, widgets.FloatLogSlider):
        return control.base**min(control.max, control.min + control.step * rng.integers(_steps(control)))
    if isinstance(control, widgets.IntSlider | widgets.FloatSlider):
        return type(control.value)(min(control.max, control.min + control.step * rng.integers(_steps(control))))
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return bool(rng.integers(2))
    return control._options_full[rng.integers(len(control._options_full))][1]


def _steps(slider):
    return round((slider.max - slider.min) / slider.step) + 1


def settings(figure, rng, at_random=200, corners=64):
    """Each control to both ends from the start, all corners (a sample of them where there are more), and at random."""
    start, controls = figure.values, figure.controls
    for name, control in controls.items():
        for end in ends(control):
            yield {**start, name: end}
    everywhere = list(itertools.product(*(ends(control) for control in controls.values())))
    if len(everywhere) > corners:
        everywhere = [everywhere[i] for i in rng.choice(len(everywhere), corners, replace=False)]
    for corner in everywhere:
        yield dict(zip(controls, corner, strict=True))
    for _ in range(at_random):
        yield {name: anywhere(control, rng) for name, control in controls.items()}


def drive(figure, at_random=200):
    """Move every control everywhere; AssertionError, naming the setting, where the explorer fails."""
    rng, names = np.random.default_rng(0), set(figure.numbers)
    for setting in settings(figure, rng, at_random):
        try:
            numbers = figure.set(**setting)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, at {setting}") from error
        assert set(numbers) == names, f"the readout changes from {names} to {set(numbers)}, at {setting}"
        for name, x in numbers.items():
            good = isinstance(x, str) or np.isfinite(np.asarray(x, dtype=float)).all()
            assert good, f"{name} = {x}, at {setting}"


def dead_controls(figure):
    """The controls that change nothing in the picture when they go from the start to either end."""
    start = figure.values
    figure.set(**start)
    before, dead = figure.pixels(), []
    for name, control in figure.controls.items():
        pictures = []
        for end in ends(control):
            figure.set(**{**start, name: end})
            pictures.append(figure.pixels())
        if all(np.array_equal(picture, before) for picture in pictures):
            dead.append(name)
    figure.set(**start)
    return dead


def unlike_a_full_redraw(figure, times=12):
    """The settings, of some at random, at which the blitted picture differs from one drawn from nothing."""
    rng, wrong = np.random.default_rng(1), []
    for _ in range(times):
        setting = {name: anywhere(control, rng) for name, control in figure.controls.items()}
        figure.set(**setting)
        if not np.array_equal(figure.pixels(), figure.pixels(anew=True)):
            wrong.append(setting)
    return wrong


def broken(fault):
    """An explorer with one fault, which the functions above must find."""
    figure = Figure()
    line, = figure.subplots().plot([0, 1], [0, 1])

    def update(slope, depth, choice):
        if fault == "raises at an end" and slope == 3:
            raise ZeroDivisionError("division by zero")
        if fault == "not finite in a corner" and slope == -3 and depth == 0:
            return {"height": float("nan")}
        if fault == "fails in the middle" and 0.9 < slope < 1.1:
            raise KeyError("no such slope")
        line.set_data([0, 1], [depth, depth + slope + (choice == "b")])
        if fault == "dead control":
            line.set_ydata([0, slope + (choice == "b")])
        return {"height": depth + slope} | ({"more": 1.0} if fault == "readout changes" and choice == "b" else {})

    figure.axes[0].set(xlim=(0, 1), ylim=(-5, 10))
    return LiveFigure(figure, [line], update, alt="A line.",
                      slope=widgets.FloatSlider(0, min=-3, max=3), depth=widgets.IntSlider(1, 0, 5),
                      choice=widgets.Dropdown(options=["a", "b"]))
