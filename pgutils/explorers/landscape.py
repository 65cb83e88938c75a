"""Notebook 04: gradient ascent on the landscape of Fork."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots
from pgutils.explorers.scenes import fork_ascent, fork_gradient, fork_landscape, fork_return
from pgutils.live import LiveFigure

MOST = 100
LIMITS = (-4, 4)


def explore_landscape():
    """Gradient ascent with the exact gradient, from any start on the landscape η(θ) of Fork.

    Controls: θ₁ and θ₂, where the ascent starts; α, the step size; how many steps it takes.
    What you see: on the left the landscape, the direction of ∇η at the start as an arrow, and the path; where it
    leaves the picture, it does so towards its next point. On the right η after each step. A small α creeps, a
    larger one reaches the summit, too large a one is thrown onto the plateau, where the slope is nearly zero.
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    hill, curve = figure.subplots(1, 2, width_ratios=[1, 1])
    fork_landscape(hill, limits=LIMITS)
    hill.set_title("The way up")
    path_line, = hill.plot([], [], "o-", color=plots.GRADIENT, linewidth=1.2, markersize=3, zorder=4)
    arrow = hill.quiver([0], [0], [1], [0], color=plots.TRUTH, angles="xy", scale_units="xy", scale=1,
                        width=0.012, zorder=5)
    start, = hill.plot([], [], "o", color=plots.POLICY, markersize=9, zorder=6)
    curve.axhline(4.8, color=plots.TRUTH, linewidth=1, linestyle="--")
    curve.text(MOST, 4.7, "the best, 4.8", ha="right", va="top", fontsize=9)
    curve.axhline(1, color="gray", linewidth=1, linestyle=":")
    curve.text(MOST, 0.9, "the plateau, 1", ha="right", va="top", fontsize=9)
    eta_line, = curve.plot([], [], "o-", color=plots.PERFORMANCE, markersize=3, zorder=4)
    curve.set(xlim=(-2, MOST + 2), ylim=(-5.2, 5.2), xlabel="step", ylabel="performance η", title="η after each step")

    def update(theta1, theta2, alpha, steps):
        path = fork_ascent((theta1, theta2), alpha, steps)
        gradient, eta = fork_gradient(path[0]), fork_return(path)
        length = np.hypot(*gradient)
        path_line.set_data(*path.T)
        arrow.set_offsets([path[0]])
        arrow.set_UVC(*(gradient / length * (0.4 + 0.7 * np.tanh(length))))
        start.set_data([theta1], [theta2])
        eta_line.set_data(np.arange(steps + 1), eta)
        return {"η at the start": eta[0], "∇η there": gradient, "η at the end": eta[-1], "θ at the end": path[-1]}

    def theta(name, value):
        return widgets.FloatSlider(value, min=-4, max=4, step=0.1, description=name)

    return LiveFigure(
        figure, [path_line, arrow, start, eta_line], update,
        alt="Left, the landscape of Fork in shades and contours with a start, an arrow along the gradient and the "
            "path of gradient ascent; right, the performance after each step, with dashed lines at the summit, "
            "4.8, and the plateau, 1.",
        theta1=theta("start θ₁", 0.0), theta2=theta("start θ₂", -1.5),
        alpha=widgets.FloatLogSlider(1, min=-2, max=1.5, step=0.1, description="step size α", readout_format=".3g"),
        steps=widgets.IntSlider(30, min=0, max=MOST, description="steps"))
