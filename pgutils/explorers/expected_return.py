"""Notebook 03: the returns of m runs, and their mean closing in on η."""

import gymnasium as gym
import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots, trajectories
from pgutils.envs import fork_features
from pgutils.live import LiveFigure
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MOST = 10_000
BINS = np.arange(-5.25, 5.5, 0.5)
EDGE = 1e-9                 # a return on the border of two bins falls to the same side in every picture


def explore_return():
    """The returns r(τ) of m walks on Fork, and their running mean and its standard error, beside the exact η.

    Controls: m, how many walks are looked at (the first m of 10,000); γ, the discount; another 10,000 walks.
    What you see: on the left how often each return came, as green bars, with the exact chances as a black
    outline and the mean as a line. On the right the mean after 1, 2, … m walks in a band of ± 1 standard
    error, which narrows as 1/√m and closes in on η, the dashed line.
    """
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
    policy, theta = SoftmaxPolicy(fork_features()), np.log([0.6 / 0.4, 0.7 / 0.3])
    every = trajectories.enumerate_all(mdp)
    rho = np.exp(trajectories.log_prob(mdp, policy, theta, every))
    runs = {}                                           # the walks of the sample that is shown

    figure = Figure(figsize=(8, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
    nothing = np.zeros(len(BINS) - 1)
    bars = left.stairs(nothing, BINS, color=plots.REWARD, fill=True, label="m walks")
    outline = left.stairs(nothing, BINS, color=plots.TRUTH, linewidth=1, label="exact")
    mean_line = left.axvline(0, ymax=1 / 1.2, color=plots.PERFORMANCE, label="mean")
    left.set(xlim=(-5.5, 5.5), ylim=(0, 1.2), xticks=[-5, 0, 1, 5], xlabel="return r(τ)", ylabel="share of the walks",
             title="Returns, and their mean")
    band = right.fill_between([1, 2], 0, 0, color=plots.PERFORMANCE, alpha=0.35, linewidth=0,
                              label="± 1 standard error")
    running, = right.plot([], [], color=plots.PERFORMANCE, label="mean so far")
    exact_line = right.axhline(0, color=plots.TRUTH, linewidth=1, linestyle="--", label="exact η")
    right.set(xscale="log", xlim=(1, MOST), ylim=(-2, 5), xlabel="walks so far", ylabel="η and its estimate",
              title="The mean closes in on η")
    for ax, place, columns in ((left, "upper center", 3), (right, "lower right", 1)):
        ax.legend(loc=place, ncols=columns, fontsize=9, columnspacing=1, handlelength=1.5).set_zorder(0)

    def update(m, gamma, new_sample):
        m = round(m)
        if new_sample not in runs:
            runs.clear()
            rng = np.random.default_rng([3, new_sample])
            runs[new_sample] = trajectories.sample(mdp, policy, theta, MOST, rng)
        r = runs[new_sample].returns(gamma)[:m]
        n = np.unique(np.geomspace(1, m, 250).round().astype(int))      # enough points to draw
        total, square = r.cumsum()[n - 1], (r * r).cumsum()[n - 1]
        mean = total / n
        error = np.sqrt(np.maximum(square - n * mean**2, 0) / np.maximum(n - 1, 1) / n)
        eta = rho @ every.returns(gamma)

        bars.set_data(np.histogram(r + EDGE, BINS)[0] / m)
        outline.set_data(np.histogram(every.returns(gamma) + EDGE, BINS, weights=rho)[0])
        mean_line.set_xdata([mean[-1]] * 2)
        running.set_data(n, mean)
        band.set_data(n, mean - error, mean + error)
        exact_line.set_ydata([eta] * 2)
        return {"m": m, "mean": mean[-1], "standard error": error[-1] if m > 1 else "one walk tells none",
                "exact η": eta}

    return LiveFigure(
        figure, [bars, outline, mean_line, band, running, exact_line], update,
        alt="Left, bars with how often each return came in m sampled walks, beside the exact chances. Right, "
            "the running mean of the returns in a band of one standard error, narrowing onto a dashed line, "
            "the exact expected return.",
        m=widgets.FloatLogSlider(100, min=0, max=4, step=0.1, readout_format=".0f", description="walks m"),
        gamma=widgets.FloatSlider(1, min=0, max=1, step=0.05, description="discount γ"),
        new_sample=widgets.Button(description="new sample", icon="refresh"))
