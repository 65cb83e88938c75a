"""Fork's landscape η(θ), which more than one explorer draws: closed form, gradient, exact ascent, picture.

θ = (θ₁, θ₂) are the two preferences of ``fork_features``: for ``climb`` at the fork and on the ledge.
Everything agrees with ``pgutils.exact`` (tests/explorers/test_scenes.py) and takes whole grids of θ at once.
"""

import gymnasium as gym
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from pgutils import plots, trajectories
from pgutils.envs import fork_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

SHADES = LinearSegmentedColormap.from_list("performance", ["#ffffff", "#efd7e4", plots.PERFORMANCE])
"""η from low (white) to high (the colour of performance)."""


def fork_return(theta, wind=0.2):
    """η(π_θ) of Fork with T = 3 and γ = 1, exact, for theta (..., 2) -> (...)."""
    p, q = _climb(theta)
    ledge = 10 * q - 5                                  # the expected reward from the ledge
    eta = 1 - p                                         # V_3 at the fork: who climbs now gets nothing more
    for _ in range(2):                                  # backward induction: V_2, V_1
        eta = (1 - p) + p * ((1 - wind) * ledge + wind * eta)
    return eta


def fork_gradient(theta, wind=0.2):
    """∇_θ η of Fork, exact, for theta (..., 2) -> (..., 2): ``fork_return`` differentiated line by line."""
    p, q = _climb(theta)
    ledge = 10 * q - 5
    eta, d_p, d_q = 1 - p, -1.0, 0.0
    for _ in range(2):
        ahead = (1 - wind) * ledge + wind * eta
        eta, d_p, d_q = (1 - p) + p * ahead, -1 + ahead + p * wind * d_p, p * ((1 - wind) * 10 + wind * d_q)
    return np.stack([d_p * p * (1 - p), d_q * q * (1 - q)], axis=-1)


def fork_ascent(theta, alpha, steps, wind=0.2):
    """The path θ ← θ + α ∇η with the exact gradient, (steps + 1, 2); the first row is ``theta``."""
    path = np.empty((steps + 1, 2))
    path[0] = theta
    for i in range(steps):
        path[i + 1] = path[i] + alpha * fork_gradient(path[i], wind)
    return path


def fork_nine():
    """Fork's nine trajectories as counts: their list, the world's part of ρ (9,), climbs and visits (9, 2).

    climbs and visits count how often each of them climbs, and chooses at all, at the fork and on the ledge; so
    ρ_θ(τ) = world · Π p^climbs (1 - p)^(visits - climbs) with the two probabilities p of ``climb``.
    """
    mdp, policy = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())
    taus = trajectories.enumerate_all(mdp)
    start, _, dynamics = trajectories.log_prob_parts(mdp, policy, np.zeros(2), taus)
    at = [(taus.states == s) & taus.mask for s in (0, 1)]
    climbs, visits = (np.array([(x & here).sum(axis=1) for here in at]).T for x in (taus.actions == 1, taus.mask))
    return taus, np.exp(start + dynamics.sum(axis=1)), climbs, visits


def fork_landscape(ax, wind=0.2, limits=(-4, 4), n=81, names=True):
    """Draw η(θ) onto ``ax``: shades of the performance colour, contours labelled with η, equal axes.

    limits   both axes; [-4, 4] shows the plateau (left), the summit (top right) and the valley (bottom right)
    names    write these three names into the picture
    Returns the grid it drew: θ₁ (n, n), θ₂ (n, n), η (n, n).
    """
    theta1, theta2 = np.meshgrid(*[np.linspace(*limits, n)] * 2)
    eta = fork_return(np.stack([theta1, theta2], axis=-1), wind)
    ax.contourf(theta1, theta2, eta, np.arange(-5.25, 5.5, 0.5), cmap=SHADES)
    lines = ax.contour(theta1, theta2, eta, [-4, -3, -2, -1, 0, 0.9, 1.5, 2, 3, 4], colors="#7d4563",
                       linewidths=0.8, linestyles="solid")
    ax.clabel(lines, fontsize=9, fmt=lambda level: f"{level:g}".replace("-", "−"))
    if names:
        low, high = limits
        x, y = low + 0.03 * (high - low), high - 0.03 * (high - low)
        for text, at, ha, va in (("plateau\nη = 1", (x, 0.4), "left", "center"),
                                 ("summit", (y, y), "right", "top"), ("valley", (y, x), "right", "bottom")):
            ax.text(*at, text, ha=ha, va=va, fontsize=10, fontstyle="italic", color="#4a2a3c")
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="θ₁: preference for climb at the fork",
           ylabel="θ₂: for climb on the ledge")
    return theta1, theta2, eta


def _climb(theta):
    """The probabilities of ``climb`` at the fork and on the ledge."""
    p = 1 / (1 + np.exp(-np.asarray(theta, dtype=float)))
    return p[..., 0], p[..., 1]
