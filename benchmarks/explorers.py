"""Kernel time of one update of each explorer, against its figure made anew at each step, as ``@interact`` does."""

import itertools

import ipywidgets as widgets

from benchmarks import Row, medians
from pgutils import explorers


def updates():
    """One row an explorer: its first slider goes to and fro around the default."""
    rows = []
    for explore in explorers.ALL:
        figure = explore()
        name, slider = next((name, control) for name, control in figure.controls.items()
                            if isinstance(control, widgets.IntSlider | widgets.FloatSlider | widgets.FloatLogSlider))
        start = slider.value
        logarithmic = isinstance(slider, widgets.FloatLogSlider)
        low, high = (slider.base**slider.min, slider.base**slider.max) if logarithmic else (slider.min, slider.max)
        places = itertools.cycle(type(start)(start + (end - start) / 4) for end in (start, low, high))
        update, anew = medians(lambda f=figure, n=name, p=places: f.set(**{n: next(p)}), explore, repeats=21)
        rows.append(Row(f"{explore.__name__}, one update", update, "its figure made anew", anew))
    return rows


ROWS = {"explorers": updates}
