"""A figure with one of everything: a landscape, an arrow, a path, bars and a text.  Tests and benchmarks drive it."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from pgutils.live import LiveFigure

SIZE = {"figsize": (8, 3.5), "dpi": 100, "layout": "constrained"}


def build(figure):
    """Draw the still part; return the artists that move, and the ``update`` that moves them."""
    plane, bar_axes = figure.subplots(1, 2)
    grid = np.linspace(-3, 3, 100)
    height = np.exp(-(grid[:, None] ** 2 + grid**2) / 3) + 0.2 * grid
    plane.imshow(height, extent=(-3, 3, -3, 3), origin="lower", aspect="auto")
    plane.contour(grid, grid, height, colors="white", linewidths=0.5)
    plane.set(title="a landscape", xlabel="θ₁", ylabel="θ₂", xlim=(-3, 3), ylim=(-3, 3))
    (path,) = plane.plot([], [], "o-", markersize=3, color="black", alpha=0.6)
    arrow = FancyArrowPatch((0, 0), (1, 1), mutation_scale=12, color="#D55E00", zorder=3)
    plane.add_patch(arrow)
    bars = bar_axes.bar(["a₁", "a₂", "a₃", "a₄"], [0] * 4)
    bar_axes.set(title="a policy", ylabel="probability", ylim=(0, 1))
    label = bar_axes.text(0, 0, "", ha="center", clip_on=True)

    def update(theta1, theta2, steps):
        path.set_data(*np.outer([theta1, theta2], np.linspace(1, 0, steps)))
        arrow.set_positions((theta1, theta2), (theta1 / 2, theta2 / 2))
        pi = np.exp([theta1, theta2, 0, 0.5])
        pi /= pi.sum()
        for bar, p in zip(bars, pi, strict=True):
            bar.set_height(p)
        label.set(text=f"{pi[0]:.2f}", y=pi[0])
        return {"θ": (theta1, theta2), "π(a₁)": pi[0], "steps": steps}

    return [path, arrow, bars, label], update


def controls():
    return {"theta1": widgets.FloatSlider(value=0.5, min=-3, max=3, step=0.05, description="θ₁"),
            "theta2": widgets.FloatSlider(value=1, min=-3, max=3, step=0.05, description="θ₂"),
            "steps": widgets.IntSlider(value=10, min=2, max=50, description="number of steps of the ascent")}


def demo(**options):
    """The figure as a LiveFigure."""
    figure = Figure(**SIZE)
    live, update = build(figure)
    options = {"alt": "A landscape with a path to its top, and bars of a policy."} | options
    return LiveFigure(figure, live, update, **options, **controls())


def demo_anew():
    """The same figure and controls in the usual way: ``interact`` makes a new one for every step of a slider."""
    import matplotlib.pyplot as plt

    def draw(**values):
        build(figure := plt.figure(**SIZE))[1](**values)
        plt.show()
        return figure.number

    return widgets.interact(lambda **values: draw(**values) and None, **controls())
