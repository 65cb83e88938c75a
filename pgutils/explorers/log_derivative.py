"""Notebook 05: the same sum before and after the log-derivative trick, trajectory by trajectory."""

from dataclasses import replace

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from pgutils import estimators, plots, trajectories
from pgutils.envs import Fork, fork_features
from pgutils.live import LiveFigure
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

# The nine trajectories of Fork with T = 3: how often the wind blew you back, and where it ended.
STORIES = ("home", "summit", "valley", "blown, home", "blown, summit", "blown, valley", "blown ×2, home",
           "blown ×2, ledge", "blown ×3")
_ROWS = np.array([*range(9), 9.4])      # where each is drawn, and below them the sum


def explore_log_derivative():
    """All nine trajectories of Fork: ρ, ∇ρ, ∇log ρ, and the two sums Σ ∇ρ r and Σ ρ ∇log ρ r.

    Controls: θ₁ and θ₂ (the preferences for climb at the fork and on the ledge), the parameter along which
    the slopes are taken, and what stands for r(τ).  ∇ρ comes from finite differences, ∇log ρ from scores.

    What you see: the black outlines (∇ρ r) and the filled bars (ρ ∇log ρ r) always coincide, and so do their
    sums.  Where ρ is small, ∇log ρ can be large.  With the same r for every trajectory the sum is zero.
    """
    mdp, policy = TabularMDP.from_gymnasium(Fork(wind=0.2), horizon=3), SoftmaxPolicy(fork_features())
    taus = trajectories.enumerate_all(mdp)
    unit = replace(taus, rewards=np.tile([1.0, 0, 0], (9, 1)))      # r(τ) = 1: what is left is ∇log ρ
    order = np.argsort([STORIES.index(story) for story in fork_stories(taus)])
    returns = {"Fork's rewards": taus.returns(), "1 for every trajectory": np.ones(9),
               "1 for the summit, else 0": 1.0 * (taus.returns() == 5), "the number of steps": taus.lengths}

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes, bars = figure.subplots(1, 4, sharey=True), []
    titles = (r"$\rho$", r"$\nabla\rho$", r"$\nabla\log\rho$", r"$\nabla\rho\;r\;=\;\rho\,\nabla\log\rho\;r$")
    colors = ("#999999", "#EFB58C", plots.GRADIENT, plots.GRADIENT)
    ticks = ((1e-8, 1e-4, 1), (-0.25, 0, 0.25), (-1, 0, 1, 2, 3), (-2, 0, 2))
    for ax, title, color, places in zip(axes, titles, colors, ticks, strict=True):
        bars.append(ax.add_collection(PolyCollection([], facecolor=color, zorder=6)))   # above all that is still
        ax.set_title(title, fontsize=11)
        ax.set(xscale="log" if ax is axes[0] else "linear", xticks=places)
        ax.set_xlim(*((1e-8, 1) if ax is axes[0] else 1.2 * np.array([places[0], places[-1]])))
        ax.tick_params(axis="y", length=0)
        ax.axvline(0, color="black", linewidth=1)
    outline = axes[3].add_collection(PolyCollection([], facecolor="none", edgecolor=plots.TRUTH, zorder=7))
    axes[0].set_yticks(_ROWS, [*STORIES, "sum"])
    axes[0].set_ylim(10.1, -0.7)

    def update(theta1, theta2, along, r):
        theta, step, r = np.array([theta1, theta2]), 1e-5 * np.eye(2)[along], returns[r]
        low, rho, high = (np.exp(trajectories.log_prob(mdp, policy, x, taus))
                          for x in (theta - step, theta, theta + step))
        slope, score = (high - low) / 2e-5, estimators.gradient_samples(policy, theta, unit)[:, along]
        before, after = slope * r, rho * score * r
        for bar, widths in zip(bars, (rho, slope, score, np.r_[after[order], after.sum()]), strict=True):
            bar.set_verts(_boxes(widths if len(widths) > 9 else widths[order], 1e-8 * (bar is bars[0])))
        outline.set_verts(_boxes(np.r_[before[order], before.sum()]))
        top = np.argmax(abs(score))
        sums = [round(x, 8) + 0.0 for x in (before.sum(), after.sum(), score @ r)]      # + 0.0: no -0.0
        return {"Σ ∇ρ r": sums[0], "Σ ρ ∇log ρ r": sums[1], "without ρ (wrong)": sums[2],
                "longest ∇log ρ": score[top], "its ρ": rho[top]}

    def slider(name, value):
        return widgets.FloatSlider(value, min=-4, max=4, step=0.1, description=name, readout_format=".1f")

    return LiveFigure(
        figure, [*bars, outline], update,
        alt="Four panels of bars, one bar for each of the nine trajectories of Fork: its probability on a "
            "logarithmic axis, the slope of that, the slope of its logarithm, and the products that sum to "
            "the gradient, drawn in two ways that coincide.",
        theta1=slider("θ₁ (fork)", 0.4), theta2=slider("θ₂ (ledge)", 0.8),
        along=widgets.ToggleButtons(options=[("along θ₁", 0), ("along θ₂", 1)], description="slopes",
                                    style={"button_width": "max-content"}),
        r=widgets.Dropdown(options=list(returns), description="r(τ)"))


def fork_stories(taus):
    """For each trajectory of Fork its words in ``STORIES``."""
    stories, ends = [], {1: "home", 5: "summit", -5: "valley"}
    for states, final, r in zip(taus.states, taus.final_states, taus.returns(), strict=True):
        blown = ("", "blown", "blown ×2", "blown ×3")[np.sum(np.r_[states[1:], final] == 0)]
        end = ends.get(r, "ledge" if final == 1 else "")
        stories.append(", ".join(filter(None, (blown, end))))
    return stories


def _boxes(widths, left=0.0):
    """Corners of horizontal bars that reach from ``left`` to each width, row by row."""
    y = _ROWS[:len(widths), None] + np.array([-0.35, -0.35, 0.35, 0.35])
    return np.stack([left + (widths - left)[:, None] * np.array([0, 1, 1, 0]), y], axis=-1)
