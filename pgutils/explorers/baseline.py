"""Notebook 09: how much noise a baseline takes away, and that it does not move the mean."""

from dataclasses import replace

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

M, REPEATS = 20, 300
WEIGHTS = {"total return": "total", "reward-to-go": "reward_to_go"}
GREY = "#777777"
TOP = 1.9                   # of the curves; the legend is above


def explore_baseline():
    """The noise of Fork's gradient estimate against a constant baseline b, for both kinds of weights.

    Controls: the parameter; the weights, total return or reward-to-go; b; the reward of each climb at the fork
    (0 on Fork itself, negative for a toll); a button that draws all walkers anew.  The policy climbs with 0.6 and 0.7.

    What you see: on the left the exact variance of one walker's estimate against b, two parabolas, in units of the
    plain estimate's (total return, b = 0); a triangle marks the lowest point, at b*, and the ring is yours.  On the
    right 300 estimates from 20 walkers each, plain ones above, yours from the same walkers below, with their mean and,
    as a bar, the exact standard deviation: b changes the spread alone.
    """
    policy, theta = SoftmaxPolicy(fork_features()), np.log([0.6 / 0.4, 0.7 / 0.3])
    fork = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
    taus = trajectories.enumerate_all(fork)
    rho = np.exp(trajectories.log_prob(fork, policy, theta, taus))
    climbs = (taus.states == 0) & (taus.actions == 1) & taus.mask          # where a climb at the fork is paid
    unit = replace(taus, rewards=np.tile([1.0, 0, 0], (9, 1)))
    Z = gradient_samples(policy, theta, unit)                              # (9, 2), the sums of scores
    # Linear in the rewards: those of Fork, and 1 for each climb at the fork.
    X = {name: [gradient_samples(policy, theta, replace(taus, rewards=r), kind) for r in (taus.rewards, 1.0 * climbs)]
         for name, kind in WEIGHTS.items()}

    figure = Figure(figsize=(8, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    b_grid = np.linspace(-6, 6, 121)
    curves, lowest = {}, {}
    for name, color in zip(WEIGHTS, (GREY, plots.GRADIENT), strict=True):
        curves[name], = left.plot([], [], color=color, zorder=4, label=name)
        lowest[name], = left.plot([], [], "v", color=color, markersize=8, zorder=5)
    left.plot([], [], "v", color="#444444", label="lowest, at b*")
    left.plot([0], [1], "s", color=plots.TRUTH, markersize=7, zorder=0, label="plain")
    here, = left.plot([], [], "o", markersize=12, markerfacecolor="none", markeredgecolor=plots.TRUTH,
                      markeredgewidth=2, zorder=6)
    note = left.text(0, 0, "", ha="center", va="top", fontsize=10, zorder=6)
    left.set(xlim=(-6.4, 6.4), ylim=(0, 2.6), xlabel="constant baseline b", ylabel="variance (plain = 1)")
    left.set_title("Exact variance of one estimate", zorder=0)
    left.legend(loc="upper center", fontsize=9, ncols=2).set_zorder(0)

    rows, jitter = (1, 0), np.linspace(-0.3, 0.3, REPEATS)
    clouds = [right.plot([], [], "o", color=color, alpha=0.35, markersize=4, markeredgewidth=0, zorder=4)[0]
              for color in (GREY, plots.GRADIENT)]
    spreads = [right.plot([], [], "-", color=plots.TRUTH, linewidth=2, zorder=5)[0] for _ in rows]
    means = [right.plot([], [], "X", color="white", markeredgecolor=plots.TRUTH, markersize=10, zorder=6)[0]
             for _ in rows]
    truth, = right.plot([], [], color=plots.TRUTH, linewidth=1, linestyle="--", zorder=4)
    right.plot([], [], color=plots.TRUTH, linewidth=1, linestyle="--", label="exact gradient")
    right.plot([], [], "X", color="white", markeredgecolor=plots.TRUTH, markersize=8, label="mean of the dots")
    right.set(xlim=(-2.6, 3.4), ylim=(-0.75, 1.95), yticks=rows, yticklabels=["plain", "yours"],
              xlabel=f"estimates from {M} walkers each")
    right.set_title("What the estimates look like", zorder=0)
    right.legend(loc="upper center", fontsize=9, ncols=2).set_zorder(0)
    samples = {}

    def update(parameter, weights, b, climb, new_sample):
        if new_sample not in samples:                   # how often each of the nine comes among 20 walkers
            samples.clear()
            samples[new_sample] = np.random.default_rng([9, new_sample]).multinomial(M, rho, size=REPEATS)
        z = Z[:, parameter]
        x = {name: (of_fork + climb * of_climbs)[:, parameter] for name, (of_fork, of_climbs) in X.items()}
        gradient = rho @ x["total return"]
        unit = rho @ (x["total return"] - gradient) ** 2
        best = {}
        for name, row in x.items():                     # Var(x - bz) = E[x²] - 2b E[xz] + b² E[z²] - (∇η)²
            parabola = np.array([rho @ z**2, -2 * rho @ (row * z), rho @ row**2 - gradient**2]) / unit
            best[name] = -parabola[1] / (2 * parabola[0])
            alpha = 1 if name == weights else 0.45
            height = np.polyval(parabola, b_grid)
            curves[name].set(data=(b_grid, np.where(height < TOP, height, np.nan)), alpha=alpha)
            lowest[name].set(data=([best[name]], [np.polyval(parabola, best[name])]), alpha=alpha)
        yours = x[weights] - b * z
        variance = rho @ (yours - gradient) ** 2
        ratio = variance / unit
        top = min(ratio, TOP)                           # above that the ring stays at the upper edge, with an arrow
        here.set_data([b], [top])
        note.set(position=(np.clip(b, -5.6, 5.6), top - 0.12), text=f"{ratio:.2f}{' ↑' if ratio > top else ''}")
        for row, values, cloud, spread, mean, v in zip(rows, (x["total return"], yours), clouds, spreads, means,
                                                       (unit, variance), strict=True):
            estimates = samples[new_sample] @ values / M
            cloud.set_data(estimates, row + jitter)
            spread.set_data(gradient + np.sqrt(v / M) * np.array([-1, 1]), [row - 0.42] * 2)
            mean.set_data([estimates.mean()], [row])
        clouds[1].set_color(curves[weights].get_color())
        truth.set_data([gradient] * 2, [-0.6, 1.4])
        return {"exact gradient": gradient, "exact mean of the estimate": round(rho @ yours, 9) + 0.0,
                "mean of your 300": estimates.mean(), "variance of one": variance, "of a plain one": unit,
                "best b": round(best[weights], 9) + 0.0, "trajectories needed (plain = 1)": ratio}

    return LiveFigure(
        figure, [*curves.values(), *lowest.values(), here, note, *clouds, *spreads, *means, truth], update,
        alt="Left, two parabolas: the variance of the gradient estimate against the baseline b, for the total return "
            "and for reward-to-go, with their lowest points and a ring at the chosen b. Right, two clouds of estimates "
            "around the exact gradient, the plain ones above and the chosen ones below.",
        parameter=widgets.ToggleButtons(options=[("θ₁ (fork)", 0), ("θ₂ (ledge)", 1)], value=1, description="parameter",
                                        style={"button_width": "max-content"}),
        weights=widgets.ToggleButtons(options=list(WEIGHTS), value="reward-to-go", description="weights",
                                      style={"button_width": "max-content"}),
        b=widgets.FloatSlider(0, min=-6, max=6, step=0.1, description="baseline b", readout_format=".1f"),
        climb=widgets.FloatSlider(-1, min=-3, max=3, step=0.5, description="reward of a climb at the fork",
                                  readout_format=".1f"),
        new_sample=widgets.Button(description="new sample", icon="refresh"))
