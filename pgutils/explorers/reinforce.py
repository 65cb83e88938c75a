"""Notebook 08: the noisy climb of REINFORCE on Fork's landscape, beside the exact one."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots
from pgutils.explorers.scenes import fork_ascent, fork_landscape, fork_nine, fork_return
from pgutils.live import LiveFigure

START = (-1.0, -1.0)        # from here the exact climb reaches the summit, after a turn towards the plateau
MOST = 100


def explore_reinforce():
    """REINFORCE on Fork from θ = (-1, -1): run m trajectories, calculate ĝ, update θ; with the exact climb beside it.

    Controls: the step size α; m, the trajectories of one iteration; how many iterations; the seed; "run" draws the same
    climb iteration by iteration, until it is done, stopped, or a control moves.

    What you see: on the left two paths over η(θ), black for θ ← θ + α ∇η and red for θ ← θ + α ĝ; on the right the
    exact η along both.  With large m red follows black; with small m some seeds end on the plateau, where η = 1.
    """
    climb, exact_paths = _nine(), {}
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    fork_landscape(left, limits=(-6, 6), names=False)
    for x, y, place in ((-5.7, 1.9, "plateau"), (5.7, 3.1, "summit"), (5.7, -5.5, "valley")):
        left.text(x, y, place, ha="left" if x < 0 else "right", fontsize=10, fontstyle="italic", color="#4a2a3c")
    left.set_title("Two climbs over η(θ)", zorder=0)
    lines = {}
    for name, color, width in (("exact ∇η", plots.TRUTH, 2), ("estimates ĝ", plots.GRADIENT, 1.5)):
        path, = left.plot([], [], ".-", color=color, linewidth=width, markersize=4, zorder=4)
        end, = left.plot([], [], "o", color=color, markersize=10, markeredgecolor="white", zorder=4)
        curve, = right.plot([], [], color=color, linewidth=width, label=name)
        lines[name] = path, end, curve
    left.plot(*START, "s", color="white", markeredgecolor=plots.TRUTH, markersize=8, zorder=5)
    right.axhline(1, color="#999999", linewidth=1, linestyle="--", zorder=0)
    right.set(xlim=(0, MOST), ylim=(-1.5, 5.2), xlabel="iteration", ylabel=r"exact $\eta(\pi_\theta)$")
    right.set_title("How good each one is", zorder=0)
    right.text(MOST, 0.9, "plateau", ha="right", va="top", color="#666666", zorder=0)
    right.legend(loc="lower right", fontsize=9, ncols=2).set_zorder(0)

    def draw(name, path):
        line, end, curve = lines[name]
        line.set_data(*path.T)
        end.set_data(*path[-1:].T)
        eta = fork_return(path)
        curve.set_data(np.arange(len(path)), eta)
        return float(eta[-1])

    def numbers(noisy, m, exact_eta):
        return {"iterations": len(noisy) - 1, "trajectories": m * (len(noisy) - 1), "θ": noisy[-1],
                "η with ĝ": draw("estimates ĝ", noisy), "η with ∇η": exact_eta}

    def exact(alpha, iterations):
        if alpha not in exact_paths:
            exact_paths.clear()
            exact_paths[alpha] = fork_ascent(START, alpha, MOST)
        return draw("exact ∇η", exact_paths[alpha][:iterations + 1])

    def update(alpha, m, iterations, seed):
        path = np.array(list(climb(alpha, round(m), iterations, seed)))
        return numbers(path, round(m), exact(alpha, iterations))

    def run(alpha, m, iterations, seed):
        path, eta = [], exact(alpha, iterations)
        for theta in climb(alpha, round(m), iterations, seed):
            path.append(theta)
            if len(path) % 2 or len(path) > iterations:         # every second iteration, and the last
                yield numbers(np.array(path), round(m), eta)

    return LiveFigure(
        figure, [artist for group in lines.values() for artist in group], update, run=run,
        alt="Left, Fork's landscape with two paths from the same start, a smooth black one with the exact gradient and "
            "a ragged red one with estimates. Right, the exact performance of both against the iteration.",
        alpha=widgets.FloatLogSlider(1, min=-1, max=0.7, step=0.05, readout_format=".2f", description="step size α"),
        m=widgets.FloatLogSlider(5, min=0, max=2, step=0.05, readout_format=".0f", description="trajectories m"),
        iterations=widgets.IntSlider(MOST, 1, MOST, description="iterations"),
        seed=widgets.IntSlider(1, 0, 99, description="seed"))


def _nine():
    """The loop on Fork, made fast: m trajectories are counts of the nine, drawn with probabilities ρ_θ(τ).

    Returns climb(alpha, m, iterations, seed), a generator of θ: the start, then one after each iteration.
    ``pgutils.reinforce`` with a sampler that draws these counts does the same (test_explore_reinforce.py).
    """
    taus, world, climbs, visits = fork_nine()
    r = taus.returns()
    taken = np.hstack([climbs, visits - climbs])        # how often each of the nine climbs and walks, (9, 4)

    def climb(alpha, m, iterations, seed):
        rng, theta = np.random.default_rng([8, seed]), np.array(START)
        yield theta
        for _ in range(iterations):
            log_pi = -np.logaddexp(0, np.r_[-theta, theta])         # of climb and walk, at the fork and on the ledge
            counts = rng.multinomial(m, world * np.exp(taken @ log_pi))                 # run
            gradient = (counts * r) @ (climbs - np.exp(log_pi[:2]) * visits) / m        # calculate
            theta = theta + alpha * gradient                                            # update
            yield theta

    return climb
