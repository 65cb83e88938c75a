"""Notebook 07: estimates of ∇η from m trajectories each, as a cloud around the truth."""

import gymnasium as gym
import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots, trajectories
from pgutils.envs import fork_features
from pgutils.estimators import gradient_samples
from pgutils.live import LiveFigure
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MOST_M, MOST_REPEATS = 1000, 300
SIZES = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])


def explore_estimator():
    """Many estimates ĝ of Fork's ∇η, each the mean over m trajectories, beside the exact ∇η.

    Controls: m, the trajectories in one estimate; how many estimates are drawn; a button that draws all of them anew.
    A dot keeps its trajectories when m grows, and more are added to its mean.

    What you see: on the left a cloud of estimates around the tip of the arrow, the exact ∇η, and the cloud shrinks as
    m grows (above the dotted line is uphill); on the right its spread in both parameters, for several m and (ringed)
    for yours, along the exact σ/√m.
    """
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
    policy, theta = SoftmaxPolicy(fork_features()), np.log([0.6 / 0.4, 0.7 / 0.3])
    taus = trajectories.enumerate_all(mdp)
    rho, g = np.exp(trajectories.log_prob(mdp, policy, theta, taus)), gradient_samples(policy, theta, taus)
    truth = rho @ g
    sigma = np.sqrt(rho @ (g - truth) ** 2)             # of one trajectory's estimate

    figure = Figure(figsize=(8, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
    cloud, = left.plot([], [], "o", color=plots.GRADIENT, alpha=0.35, markersize=5, markeredgewidth=0,
                       label="estimates ĝ")
    mean, = left.plot([], [], "X", color="white", markeredgecolor=plots.TRUTH, markersize=10, label="their mean")
    left.annotate("", truth, (0, 0), arrowprops={"arrowstyle": "-|>", "color": plots.TRUTH, "lw": 2,
                                                 "shrinkA": 0, "shrinkB": 0})
    left.plot([], [], color=plots.TRUTH, label="exact ∇η")
    left.axhline(0, color="#bbbbbb", linewidth=1, zorder=0)
    left.axvline(0, color="#bbbbbb", linewidth=1, zorder=0)
    left.axline((0, 0), slope=-truth[0] / truth[1], color="#777777", linewidth=1, linestyle=":", zorder=0)
    left.text(-4.3, 0.95, "↑ uphill", va="bottom", fontsize=9, color="#555555")
    left.set(xlim=(-4.4, 4.4), ylim=(-2.6, 4.4), aspect="equal", xlabel="∂η/∂θ₁ and its estimate",
             ylabel="∂η/∂θ₂ and its estimate", title="A cloud around the truth")
    left.legend(loc="lower center", ncols=3, fontsize=9, columnspacing=1, handlelength=1.2).set_zorder(0)
    dots, rings = [], []
    for i, marker in enumerate("os"):
        right.plot(SIZES, sigma[i] / np.sqrt(SIZES), "--"[:1 + i], color=plots.TRUTH, linewidth=1, zorder=0,
                   label=f"exact σ/√m, θ{'₁₂'[i]}")
        dots += right.plot(SIZES, SIZES, marker, color=plots.GRADIENT, markersize=5, alpha=0.8,
                           label=f"measured, θ{'₁₂'[i]}")
        rings += right.plot([1], [1], marker, color=plots.TRUTH, markersize=10, markerfacecolor="none",
                            markeredgewidth=2)
    right.set(xscale="log", yscale="log", xlim=(0.8, 1300), ylim=(0.02, 4), xlabel="m, trajectories in one estimate",
              ylabel="spread of the estimates", title="The spread falls as 1/√m")
    right.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    right.set_yticks([0.1, 1], ["0.1", "1"])
    right.legend(loc="lower left", fontsize=9).set_zorder(0)
    sums = {}

    def update(m, repeats, new_sample):
        if new_sample not in sums:                      # sums over the first 1, 2, … trajectories of each estimate
            sums.clear()
            u = np.random.default_rng([7, new_sample]).random((MOST_M, MOST_REPEATS))
            sums[new_sample] = g[np.searchsorted(rho.cumsum()[:-1], u, side="right")].cumsum(axis=0)
        m, total = round(m), sums[new_sample][:, :repeats]
        estimates = total[m - 1] / m
        spread = (total[SIZES - 1] / SIZES[:, None, None]).std(axis=1, ddof=1)
        here = estimates.std(axis=0, ddof=1)
        cloud.set_data(*estimates.T)
        mean.set_data(*estimates.mean(axis=0)[:, None])
        for i in range(2):
            dots[i].set_ydata(spread[:, i])
            rings[i].set_data([m], [here[i]])
        return {"m": m, "mean of the estimates": estimates.mean(axis=0), "exact ∇η": truth, "their spread": here,
                "exact σ/√m": sigma / np.sqrt(m), "share that points uphill": np.mean(estimates @ truth > 0)}

    return LiveFigure(
        figure, [cloud, mean, *dots, *rings], update,
        alt="Left, a cloud of gradient estimates in the plane of the two partial derivatives, around the tip of an "
            "arrow, the exact gradient. Right, the spread of the cloud against m on logarithmic axes, along lines of "
            "slope minus one half.",
        m=widgets.FloatLogSlider(10, min=0, max=3, step=0.1, readout_format=".0f", description="trajectories m"),
        repeats=widgets.IntSlider(200, 10, MOST_REPEATS, 10, description="number of estimates"),
        new_sample=widgets.Button(description="new sample", icon="refresh"))
