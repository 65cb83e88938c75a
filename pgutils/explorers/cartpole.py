"""Notebook 10: a network learns to balance a pole, live, and its episodes can be replayed."""

from functools import partial

import gymnasium as gym
import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots, trajectories
from pgutils.live import LiveFigure
from pgutils.policies import MLPPolicy
from pgutils.reinforce import Adam, reinforce

MOST, STEPS, SECONDS = 30, 500, 0.02        # iterations; steps of an episode at most, and how long one takes
KEPT = 20                                   # runs that are remembered


def explore_cartpole():
    """REINFORCE on CartPole-v1 with reward-to-go and Adam: 30 iterations of m episodes, and the pole that it balances.

    Controls: the step size α; m, the episodes of one iteration; the hidden units of the network (0: a linear policy);
    the seed; the baseline of each step, on or off.  "run" trains with these settings, iteration by iteration, and then
    plays an episode of the last one.  Of a run that has been made, ``iteration`` and ``time`` choose what is shown: an
    episode of that iteration, at that moment.  No slider trains.

    What you see: on the left a dot for the length of each episode, and the mean of each iteration as a line; the
    threshold of 475 steps is dashed.  On the right the cart and its pole at one moment of one episode, and below it
    the lean of the pole during that episode, which ends at ±12°, or where the cart leaves the track, or after 10 s.
    Before a run it is an episode of the untrained policy.
    """
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplot_mosaic([["curve", "cart"], ["curve", "lean"]], width_ratios=[1.1, 1], height_ratios=[1.25, 1])
    curve, cart, lean = axes["curve"], axes["cart"], axes["lean"]
    curve.axhline(475, color=plots.TRUTH, linewidth=1, linestyle="--", zorder=0)
    curve.text(0, 468, "solved: 475", va="top", fontsize=10, zorder=0)
    curve.set(xlim=(-0.7, MOST - 0.3), ylim=(0, 515), xlabel="iteration", ylabel="length of an episode (steps)")
    dots, = curve.plot([], [], ".", color=plots.POLICY, alpha=0.4, markersize=4, zorder=4)
    mean, = curve.plot([], [], color=plots.PERFORMANCE, zorder=5)
    here = curve.axvline(0, color=plots.TRUTH, linewidth=1, zorder=4)
    settings = curve.text(0, 1.02, "", transform=curve.transAxes, va="bottom", fontsize=10, zorder=4)
    hint = curve.text(MOST / 2, 250, "", ha="center", va="center", fontsize=11, linespacing=1.6, zorder=4)
    cartpole = plots.draw_cartpole(cart, np.zeros(4))
    for artist in cartpole:
        artist.set_zorder(4)
    what = cart.text(0, 1.02, "", transform=cart.transAxes, va="bottom", fontsize=10, zorder=4)
    for edge in (-12, 12):
        lean.axhline(edge, color="#999999", linewidth=1, linestyle="--", zorder=0)
    lean.set(xlim=(0, 10), ylim=(-16, 16), yticks=[-12, 0, 12], xlabel="time (s)", ylabel="lean (°)")
    path, = lean.plot([], [], color=plots.POLICY, linewidth=1.5, zorder=4)
    now = lean.axvline(0, color=plots.TRUTH, linewidth=1, zorder=5)
    runs, untrained = {}, {}                # settings -> (lengths, an episode) of each iteration; seed -> an episode

    def draw(alpha, m, hidden, seed, baseline, iteration, time):
        rounds = runs.get((alpha, m, hidden, seed, baseline), [])
        if rounds:
            shown = min(iteration, len(rounds) - 1)         # a run may have been stopped before that
            (lengths, states), n = rounds[shown], len(rounds)
            dots.set_data(np.repeat(np.arange(n), m), np.concatenate([one for one, _ in rounds]))
            mean.set_data(np.arange(n), [one.mean() for one, _ in rounds])
        else:
            if seed not in untrained:
                untrained[seed] = first_episode(seed)
            states = untrained[seed]
            dots.set_data([], [])
            mean.set_data([], [])
        hint.set_text("" if rounds else f"press “run”\n(after it, iteration {iteration} is shown)")
        here.set_data([iteration] * 2 if rounds else [], [0, 1] if rounds else [])
        settings.set_text(f"α {alpha:.3g}, m {m}, hidden {hidden}, seed {seed}{'' if baseline else ', no baseline'}")
        step = min(round(time / SECONDS), len(states) - 1)
        plots.move_cartpole(cartpole, states[step])
        path.set_data(SECONDS * np.arange(len(states)), np.degrees(states[:, 2]))
        now.set_xdata([time, time])
        what.set_text(f"untrained, {_moment(states, step, time)}" if not rounds else
                      f"iteration {shown}, {_moment(states, step, time)}")
        return {"α": alpha, "m": m, "parameters": parameters(hidden), "seed": seed, "baseline": baseline,
                "iteration": iteration if rounds else f"{iteration} (after “run”)",
                "mean length": float(lengths.mean()) if rounds else "not trained",
                "time": f"{time:.1f} s", "this episode": f"{len(states) - 1} steps"}

    def run(alpha, m, hidden, seed, baseline, iteration, time):
        choice = {"alpha": alpha, "m": m, "hidden": hidden, "seed": seed, "baseline": baseline}
        rounds = runs[tuple(choice.values())] = []
        while len(runs) > KEPT:
            del runs[next(iter(runs))]
        for trajs in training(**choice):
            rounds.append((trajs.lengths, episode(trajs)))
            yield draw(**choice, iteration=len(rounds) - 1, time=10)
        for moment in np.arange(0, SECONDS * len(rounds[-1][1]), 0.1):     # twice as fast as it is
            yield draw(**choice, iteration=MOST - 1, time=moment)
        yield draw(**choice, iteration=iteration, time=time)

    return LiveFigure(
        figure, [dots, mean, here, settings, hint, *cartpole, what, path, now], draw, run=run,
        alt="Left, the length of each episode and their mean against the iteration of a training run, with the "
            "threshold of 475. Right, a cart with a pole at one moment of an episode, and its lean over time.",
        alpha=widgets.FloatLogSlider(0.05, min=np.log10(0.005), max=np.log10(5), step=0.1, readout_format=".3f",
                                      description="step size α"),
        m=widgets.IntSlider(16, 1, 32, description="episodes m"),
        hidden=widgets.IntSlider(16, 0, 32, description="hidden units (0: linear)"),
        seed=widgets.IntSlider(0, 0, 19, description="seed"),
        baseline=widgets.Checkbox(True, description="baseline"),
        iteration=widgets.IntSlider(MOST - 1, 0, MOST - 1, description="iteration"),
        time=widgets.FloatSlider(10, min=0, max=10, step=0.1, readout_format=".1f", description="time (s)"))


def training(alpha, m, hidden, seed, baseline):
    """The trajectories of each iteration of one run: the loop of notebook 10, without its early end."""
    policy, rng = _policy(hidden), np.random.default_rng(seed)
    env = gym.make_vec("CartPole-v1", num_envs=m, vectorization_mode="vector_entry_point")
    for one in reinforce(partial(trajectories.rollout, env), policy, policy.initial(rng), alpha, m, MOST, rng,
                         "reward_to_go", "per_step" if baseline else None, optimizer=Adam):
        yield one.trajs


def first_episode(seed):
    """An episode before any training, when both actions are equally likely: its states, (steps + 1, 4)."""
    policy, rng = _policy(0), np.random.default_rng(seed)
    env = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="vector_entry_point")
    return episode(trajectories.rollout(env, policy, policy.initial(rng), 1, rng))


def episode(trajs):
    """All states of the first of these trajectories, the last one included, (steps + 1, 4)."""
    return np.concatenate([trajs.states[0, trajs.mask[0]], trajs.final_states[:1]])


def parameters(hidden):
    """How many numbers are in θ."""
    return _policy(hidden).n_parameters


def _policy(hidden):
    return MLPPolicy((4, hidden, 2) if hidden else (4, 2))


def _moment(states, step, time):
    """The time that is shown; at the last step of the episode, when and how it ended."""
    x, _, lean, _ = states[-1]
    if step < len(states) - 1:
        return f"{time:.1f} s"
    how = "fell" if abs(lean) > np.radians(12) else "off the track" if abs(x) > 2.4 else "time is up"
    return f"{how} after {SECONDS * step:.2f} s"
