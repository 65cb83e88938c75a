"""Notebook 02: how the probability of a trajectory is multiplied up, factor by factor."""

from copy import copy
from functools import lru_cache

import gymnasium as gym
import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from pgutils import plots, trajectories
from pgutils.envs import fork_features
from pgutils.live import LiveFigure
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

CLIMB = (0.6, 0.7)          # the policy of notebook 02: probability of climb at the fork and on the ledge
# The same nine trajectories for every wind: where one cannot happen, its ρ is 0, so the slider stops short of 0 and 1.
WINDS = {"min": 0.05, "max": 0.95, "step": 0.05}
# What each (state, action, next state) is in the diagram; "end" is drawn as three places.
WAYS = {(0, 0, 2): ("walk home", "home"), (0, 1, 1): ("climb", "ledge"), (0, 1, 0): ("climb", "fork"),
        (1, 1, 2): ("climb on", "summit"), (1, 0, 2): ("walk off", "valley")}


def explore_trajectory():
    """The nine trajectories of Fork, one at a time, up to step t.

    Controls: which trajectory, how many steps of it, the wind.
    What you see: the path so far, highlighted; the factors of ρ_π(τ) as bars, blue for the policy and orange for the
    dynamics, those still to come pale; and the running product on a logarithmic axis, which never rises.
    """
    policy, theta = SoftmaxPolicy(fork_features()), np.log(CLIMB) - np.log1p(np.negative(CLIMB))
    taus = trajectories.enumerate_all(_fork(0.2))
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplot_mosaic([["fork", "fork"], ["factors", "product"]], height_ratios=[1.25, 1])
    arrows, places = plots.draw_fork(axes["fork"], 0.2, CLIMB)
    # What moves lies above all that stays (zorder 5), so that a step of a slider redraws nothing else.
    figure.draw_without_rendering()             # settles the layout, which the ends of the arrows depend on
    roads = {name: axes["fork"].add_patch(_highlight(arrow)) for name, (arrow, _) in arrows.items()}
    here, = axes["fork"].plot([], [], "o", color=plots.TRUTH, alpha=0.15, markersize=42, zorder=5)
    x = np.arange(6)
    bars = axes["factors"].bar(x, np.ones(6), color=[plots.POLICY, plots.DYNAMICS] * 3, width=0.7, zorder=5)
    ticks = [name for t in (1, 2, 3) for name in (rf"$\pi(a_{t}|s_{t})$", rf"$P(s_{t + 1}|s_{t},a_{t})$")]
    axes["factors"].set_xticks(x, ticks, fontsize=9, rotation=30)
    axes["factors"].set(ylim=(0, 1.02), ylabel="probability", title="The factors")
    line, = axes["product"].plot([], [], "o-", color=plots.TRUTH, zorder=5)
    axes["product"].set_xticks(range(7), ["start", *ticks], fontsize=9, rotation=30)
    axes["product"].set(yscale="log", ylim=(1e-5, 1.5), xlim=(-0.3, 6.3), ylabel="product so far",
                        title=r"$\rho_\pi(\tau)$, multiplied up")
    wind_text, ledge_text = arrows["climb", "fork"][1], arrows["climb", "ledge"][1]
    wind_text.set_zorder(6), ledge_text.set_zorder(6)

    def update(trajectory, step, wind):
        start, on_policy, on_world = trajectories.log_prob_parts(_fork(wind), policy, theta, taus)
        i, t = trajectory - 1, min(step, int(taus.lengths[trajectory - 1]))
        factors = np.exp(np.c_[on_policy[i], on_world[i]]).ravel()
        for n, (bar, height) in enumerate(zip(bars, factors, strict=True)):
            bar.set(height=height, alpha=1 if n < 2 * t else 0.25, visible=n < 2 * taus.lengths[i])
        product = np.exp(start[i]) * np.r_[1, np.cumprod(factors[:2 * t])]
        line.set_data(np.arange(2 * t + 1), product)
        way = [WAYS[step] for step in zip(taus.states[i], taus.actions[i], taus.next_states[i], strict=True)
               if step in WAYS]
        for name, road in roads.items():
            road.set_visible(any(name in (step, step[0]) for step in way[:t]))
        here.set_data(*([coordinate] for coordinate in places[way[t - 1][1]]))
        wind_text.set_text(f"wind {wind:.2g}")
        ledge_text.set_text(f"{1 - wind:.2g}")
        return {"trajectory": " → ".join(["fork", *(place for _, place in way)]), "steps": t,
                "product so far": float(product[-1]), "log of it": float(np.log(product[-1])),
                "ρ of the whole": float(np.exp(start[i]) * factors.prod())}

    live = [*roads.values(), wind_text, ledge_text, here, *bars, line]
    return LiveFigure(
        figure, live, update,
        alt="Fork as a diagram with one trajectory highlighted; below it the factors of its probability as bars, blue "
            "for the policy and orange for the dynamics, and their running product on a logarithmic axis.",
        trajectory=widgets.IntSlider(7, 1, len(taus), description="trajectory"),
        step=widgets.IntSlider(3, 1, 3, description="steps t"),
        wind=widgets.FloatSlider(0.2, description="wind", **WINDS))


def _highlight(arrow):
    """A broad pale band along an arrow, its path worked out once and for all."""
    shape = copy(arrow)
    shape.set_arrowstyle("-")
    return PathPatch(shape.get_path(), fill=False, linewidth=11, alpha=0.35, zorder=5, edgecolor=arrow.get_edgecolor())


@lru_cache
def _fork(wind):
    return TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0", wind=wind))
