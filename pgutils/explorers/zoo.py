"""Notebook 12: a broken program's mean step beside the exact gradient, and its learning curve."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots, zoo
from pgutils.envs import fork_features
from pgutils.explorers.scenes import fork_nine
from pgutils.live import LiveFigure

GAMMA, BASELINE, ALPHA, M, ITERATIONS = 0.9, 1.0, 1.0, 10, 30
P = np.linspace(0.02, 0.98, 17)
RIGHT = "none: the right program"
NAMES = {RIGHT: zoo.Program, "missing minus": zoo.MissingMinus,
         "softmax over the wrong axis": zoo.WrongAxis, "score of the greedy action": zoo.GreedyScore,
         "a mean times a sum": zoo.MeanOfLogs, "past rewards": zoo.PastRewards,
         "double discount": zoo.DoubleDiscount, "no mask": zoo.NoMask, "update inside the episode": zoo.UpdateInside}


def explore_zoo():
    """One of the eight broken programs on Fork (γ = 0.9): where it goes on average, and where it ends up.

    Controls: the bug; the policy, as the chances of ``climb`` at the fork (p) and on the ledge (q); a button that
    draws other episodes for the learning curve.

    What you see: on the left ∂η/∂θ₁ along p, exact (broad grey), and the mean step of the program for θ₁, divided
    by α (red), both computed over all nine trajectories; the dots are your policy. On the right the exact η while the
    right program (dashed) and this one learn from there, 10 episodes an update and α = 1.
    """
    fork = _Fork()
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.axhline(0, color="#bbbbbb", linewidth=1, zorder=0)
    exact, = left.plot(P, P, color=plots.TRUTH, linewidth=4, alpha=0.35, zorder=4, label="exact ∂η/∂θ₁")
    mean, = left.plot(P, P, color=plots.GRADIENT, zorder=5, label="mean step of this program, over α")
    here, = left.plot([], [], "o", color=plots.TRUTH, markersize=8, zorder=6)
    there, = left.plot([], [], "o", color=plots.GRADIENT, markersize=8, zorder=6)
    left.set(xlim=(0, 1), ylim=(-1.5, 2), xlabel="p, the chance of climb at the fork", ylabel="first number, for θ₁",
             title="Where it goes, on average")
    left.legend(loc="upper left", fontsize=9).set_zorder(0)
    steps = np.arange(ITERATIONS + 1)
    good, = right.plot(steps, steps, color=plots.TRUTH, linewidth=2, linestyle="--", zorder=4,
                       label="right program, one run")
    curve, = right.plot(steps, steps, color=plots.PERFORMANCE, zorder=5, label="this program, one run")
    right.axhline(1, color="#999999", linewidth=1, linestyle=":", zorder=0)
    right.text(ITERATIONS, 0.9, "walk home", ha="right", va="top", color="#666666", fontsize=9, zorder=0)
    right.set(xlim=(0, ITERATIONS), ylim=(-4.6, 4.6), xlabel="updates", ylabel=r"exact $\eta(\pi_\theta)$",
              title="Where it ends up")
    right.legend(loc="lower right", fontsize=9).set_zorder(0)

    def update(bug, p, q, new_sample):
        theta = _logit(np.array([p, q]))
        truth, step = fork.gradient(theta), fork.mean_step(bug, theta)
        exact.set_ydata(fork.line(RIGHT, q))
        mean.set_ydata(fork.line(bug, q))
        here.set_data([p], truth[:1])
        there.set_data([p], step[:1])
        etas = [fork.learn(name, p, q, new_sample) for name in (RIGHT, bug)]
        for line, eta in zip((good, curve), etas, strict=True):
            line.set_ydata(eta)
        return {"exact ∇η": truth, "mean step / α": step, "η at the start": etas[0][0],
                "η at the end": etas[1][-1], "right program": etas[0][-1]}

    return LiveFigure(
        figure, [exact, mean, here, there, good, curve], update,
        alt="Left, the exact partial derivative of Fork's performance along p as a broad grey line, and the mean step "
            "of the chosen program as a red one. Right, the exact performance while the right program, dashed, and "
            "the chosen one learn.",
        bug=widgets.Dropdown(options=list(NAMES), value="past rewards", description="bug"),
        p=widgets.FloatSlider(0.6, min=0.05, max=0.95, step=0.05, description="p, climb at the fork"),
        q=widgets.FloatSlider(0.8, min=0.05, max=0.95, step=0.05, description="q, climb on the ledge"),
        new_sample=widgets.Button(description="new sample", icon="refresh"))


class _Fork:
    """Fork's nine trajectories, and the programs on them: exact means, and learning from sampled episodes."""

    def __init__(self):
        taus, self.world, self.climbs, self.visits = fork_nine()
        self.returns = taus.returns(GAMMA)
        self.taus = zoo.Batch.of(taus)
        self.each = [self.taus.rows([i]) for i in range(len(self.world))]
        self.animals = {name: kind(fork_features(), GAMMA, BASELINE) for name, kind in NAMES.items()}
        self.lines, self.curves = {}, {}

    def rho(self, theta):
        """ρ_θ(τ) of the nine, for theta (..., 2) -> (..., 9)."""
        climb, walk = -np.logaddexp(0, -theta), -np.logaddexp(0, theta)
        return self.world * np.exp(climb @ self.climbs.T + walk @ (self.visits - self.climbs).T)

    def gradient(self, theta):
        """∇η, exact, for theta (..., 2) -> (..., 2): the mean of r(τ) ∇log ρ_θ(τ)."""
        score = self.climbs - self.visits / (1 + np.exp(-theta))[..., None, :]
        return np.einsum("...n,...nd->...d", self.rho(theta) * self.returns, score)

    def mean_step(self, name, theta):
        return zoo.mean_update(self.animals[name], theta, self.each, self.rho(theta), ALPHA)

    def line(self, name, q):
        """The first number of the mean step along P, kept: only the dot moves with p."""
        if (name, q) not in self.lines:
            along = np.stack([_logit(P), np.full(len(P), _logit(q))], axis=1)
            self.lines[name, q] = np.array([self.mean_step(name, theta)[0] for theta in along])
        return self.lines[name, q]

    def learn(self, name, p, q, seed):
        """Exact η after 0, 1, … updates, from M episodes each."""
        if (name, p, q, seed) not in self.curves:
            rng, animal, theta = np.random.default_rng([12, seed]), self.animals[name], _logit(np.array([p, q]))
            path = [theta]
            for _ in range(ITERATIONS):
                rho = self.rho(theta)
                taken = np.searchsorted(rho.cumsum()[:-1], rng.random(M), side="right")
                theta = animal.update(theta, self.taus.rows(taken), ALPHA)
                path.append(theta)
            self.curves[name, p, q, seed] = self.rho(np.array(path)) @ self.returns
        return self.curves[name, p, q, seed]


def _logit(p):
    return np.log(p) - np.log1p(-p)
