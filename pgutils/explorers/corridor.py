"""Notebook 04: the value of ShortCorridor as p moves, and its slope."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots
from pgutils.live import LiveFigure

BEST = 2 - np.sqrt(2)
GREEDY = (0.05, 0.95)           # ε-greedy with ε = 0.1: a random action in one step of ten


def explore_corridor():
    """The score of ShortCorridor for one probability p of ``right`` in every state, with its tangents.

    Control: p.
    What you see: the curve v(p) = (2p - 4) / (p(1 - p)) with the best p dashed and the ε-greedy policies as
    squares; the same scores over θ, the logit of p; on each the tangent at the chosen policy. Its slope is
    positive to the left of the best p, zero there, negative to the right.
    """
    figure = Figure(figsize=(8, 3.9), layout="constrained")
    over_p, over_theta = figure.subplots(1, 2, sharey=True)
    p = np.linspace(0.02, 0.98, 300)
    live = []
    for ax, x in ((over_p, lambda p: p), (over_theta, _logit)):
        ax.plot(x(p), _value(p), color=plots.PERFORMANCE)
        ax.plot(x(np.array(GREEDY)), _value(np.array(GREEDY)), "s", color=plots.TRUTH, label="ε-greedy")
        ax.axvline(x(BEST), ymin=0.35, color=plots.TRUTH, linestyle="--", linewidth=1, label="the best")
        live += [*ax.plot([], [], color=plots.GRADIENT, zorder=4, label="tangent"),
                 *ax.plot([], [], "o", color=plots.POLICY, markersize=9, zorder=4, label="your policy")]
    over_p.set(xlim=(0, 1), ylim=(-95, 0), xlabel="p, the probability of right", ylabel="score η",
               title="η over the probability p")
    over_theta.set(xlim=(-3.5, 3.5), xlabel="θ, the logit of p", title="η over the parameter θ")
    over_p.legend(loc="lower center", fontsize=9).set_zorder(0)

    def update(p):
        theta, v, slope_p, slope_theta = _logit(p), _value(p), _slope(p), _slope(p) * p * (1 - p)
        for i, (x, slope, reach) in enumerate(((p, slope_p, 0.12), (theta, slope_theta, 0.9))):
            half = min(reach, 15 / abs(slope)) if slope else reach
            live[2 * i].set_data([x - half, x + half], [v - half * slope, v + half * slope])
            live[2 * i + 1].set_data([x], [v])
        return {"p": p, "θ": theta, "η": v, "slope over p": slope_p, "slope over θ": slope_theta}

    return LiveFigure(
        figure, live, update,
        alt="Two curves of the score of the short corridor, over p and over theta, each with a dot at the chosen "
            "policy and the tangent there, a dashed line at the best policy and squares at the ε-greedy ones.",
        p=widgets.FloatSlider(0.2, min=0.05, max=0.95, step=0.01, description="probability p of right"))


def _value(p):
    return (2 * p - 4) / (p * (1 - p))


def _slope(p):
    """dv/dp, by the quotient rule."""
    return (2 * p * (1 - p) - (2 * p - 4) * (1 - 2 * p)) / (p * (1 - p)) ** 2


def _logit(p):
    return np.log(p) - np.log1p(-p)
