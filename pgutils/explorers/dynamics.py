"""Notebook 06: the wind moves ρ and ∇η, and leaves ∇log ρ where it is."""

from dataclasses import replace

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import estimators, exact, plots, trajectories
from pgutils.envs import Fork, fork_features
from pgutils.explorers.log_derivative import STORIES, fork_stories
from pgutils.live import LiveFigure
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy


def explore_dynamics():
    """One trajectory τ of Fork: the three sums of log ρ, its ∇log ρ, and ∇η, to which all trajectories add.

    Controls: the wind, and which trajectory.  The policy is that of notebook 02.
    What you see: with the wind, the orange sum and log ρ move, and so does the arrow ∇η, along the grey curve
    of all winds.  The two bars of ∇log ρ do not move by a single bit; another trajectory changes them.
    """
    policy, theta = SoftmaxPolicy(fork_features()), np.log([0.6 / 0.4, 0.7 / 0.3])
    taus = trajectories.enumerate_all(_fork(0.2))
    unit = replace(taus, rewards=np.tile([1.0, 0, 0], (9, 1)))      # r(τ) = 1: what is left is ∇log ρ
    stories = fork_stories(taus)

    figure = Figure(figsize=(8, 3.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.25, 0.85, 1.2])
    still, moves = {"color": "black", "linewidth": 1}, {"zorder": 6}           # moves: above what is still
    colors = [plots.DYNAMICS, plots.POLICY, plots.DYNAMICS, plots.TRUTH]
    sums = left.bar(range(4), -np.ones(4), color=colors, **moves)
    slopes = middle.bar(range(2), np.ones(2), width=0.6, color=plots.GRADIENT, **moves)
    left.set_xticks(range(4), ["start", r"$\sum\log\pi$", r"$\sum\log P$", r"$\log\rho$"])
    left.set(ylim=(-12, 0.6), ylabel="logarithm", title="Three sums make log ρ")
    middle.set_xticks(range(2), ["along θ₁", "along θ₂"])
    middle.set(ylim=(-1.1, 1.6), ylabel="slope", title=r"$\nabla\log\rho$ of this τ")
    curve = np.array([exact.policy_gradient(_fork(w), policy, theta) for w in np.linspace(0.05, 0.95, 37)])
    right.plot(*curve.T, color="#bbbbbb", linewidth=4)
    arrow = right.quiver(0, 0, 1, 1, angles="xy", scale_units="xy", scale=1, color=plots.GRADIENT,
                         width=0.02, **moves)
    right.set(xlim=(-0.3, 0.35), ylim=(-0.1, 1.45), xlabel="along θ₁", ylabel="along θ₂",
              title=r"$\nabla\eta$ of all τ")
    for wind, at in ((0.05, (0.13, 1.3)), (0.95, (-0.28, -0.07))):
        right.annotate(f"wind {wind}", at, fontsize=10, color="#666666")
    for ax in (left, middle, right):
        ax.axhline(0, **still)
    right.axvline(0, **still)

    def update(wind, trajectory):
        mdp, i = _fork(wind), stories.index(trajectory)
        parts = [part[i].sum() for part in trajectories.log_prob_parts(mdp, policy, theta, taus)]
        heights, slope = [*parts, sum(parts)], estimators.gradient_samples(policy, theta, unit)[i]
        gradient = exact.policy_gradient(mdp, policy, theta)
        for bar, height in zip((*sums, *slopes), (*heights, *slope), strict=True):
            bar.set_height(height)
        arrow.set_UVC(*gradient)
        return {"policy sum": parts[1], "dynamics sum": parts[2], "log ρ": heights[3], "∇log ρ": slope,
                "∇η": gradient}

    return LiveFigure(
        figure, [*sums, *slopes, arrow], update,
        alt="Left, bars for the start, policy and dynamics parts of log ρ of one trajectory of Fork and for "
            "their sum; middle, two bars for the gradient of log ρ; right, the gradient of η as an arrow, with "
            "a grey curve of its tips for all winds.",
        wind=widgets.FloatSlider(0.2, min=0.05, max=0.95, step=0.05, description="wind"),
        trajectory=widgets.SelectionSlider(options=STORIES, value="blown, summit", description="trajectory"))


def _fork(wind):
    return TabularMDP.from_gymnasium(Fork(wind), horizon=3)
