"""explore_cartpole runs the loop of ``pgutils.reinforce``, trains only in ``run``, and does what notebook 10 says.

CartPole magnifies the last digit of a float, so what a run reaches is asserted with room for another processor.
"""

import asyncio
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from harness import unlike_a_full_redraw

from pgutils.explorers import cartpole
from pgutils.explorers.cartpole import MOST, explore_cartpole, first_episode
from pgutils.policies import MLPPolicy
from pgutils.reinforce import Adam, reinforce
from pgutils.trajectories import rollout

DEFAULT = {"alpha": 0.05, "m": 16, "hidden": 16, "seed": 0, "baseline": True, "iteration": MOST - 1, "time": 10.0}


@pytest.fixture(scope="module")
def explorer():
    return explore_cartpole()


def play(explorer, **settings):
    """Press run with these settings: the numbers of each frame.  A training is kept, so that it is made once."""
    explorer.set(**DEFAULT | settings)
    return list(explorer.run(**explorer.values))


def trained(explorer, **settings):
    """The mean length in each iteration of a run."""
    frames = play(explorer, **settings)[:MOST]
    assert [frame["iteration"] for frame in frames] == list(range(MOST))
    return np.array([frame["mean length"] for frame in frames])


def artists(explorer):
    """Dots, mean line; cart and pole; lean."""
    curve, cart, lean = explorer.figure.axes
    dots, mean = curve.lines[1:3]
    return dots, mean, cart.patches[0], cart.lines[0], lean.lines[2]


def test_a_run_is_the_package_s_loop(explorer):
    frames = play(explorer, m=3, seed=5)
    rng, policy = np.random.default_rng(5), MLPPolicy((4, 16, 2))
    env = gym.make_vec("CartPole-v1", num_envs=3, vectorization_mode="vector_entry_point")
    updates = list(reinforce(partial(rollout, env), policy, policy.initial(rng), 0.05, 3, MOST, rng, "reward_to_go",
                             "per_step", optimizer=Adam))
    dots, mean, *_ = artists(explorer)
    assert np.array_equal(dots.get_ydata(), np.concatenate([one.trajs.lengths for one in updates]))
    assert np.array_equal(dots.get_xdata(), np.repeat(np.arange(MOST), 3))
    assert np.array_equal(mean.get_ydata(), [one.trajs.lengths.mean() for one in updates])
    for i in (0, 7, MOST - 1):
        numbers = explorer.set(iteration=i)
        assert numbers["mean length"] == frames[i]["mean length"] == updates[i].trajs.lengths.mean()
        assert numbers["this episode"] == f"{updates[i].trajs.lengths[0]} steps"


def test_the_cart_is_where_the_state_says(explorer):
    rng, policy = np.random.default_rng(9), MLPPolicy((4, 2))
    env = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="vector_entry_point")
    trajs = rollout(env, policy, policy.initial(rng), 1, rng)
    assert np.array_equal(first_episode(9), [*trajs.states[0], trajs.final_states[0]])
    _, _, cart, pole, lean = artists(explorer)
    for time in (0.0, 0.1, 10.0):
        numbers = explorer.set(**DEFAULT | {"seed": 9, "time": time})
        x, _, angle, _ = first_episode(9)[min(round(time / 0.02), trajs.lengths[0])]
        assert cart.get_x() == pytest.approx(x - 0.25)
        assert np.transpose(pole.get_data()) == pytest.approx(np.array([[x, 0], [x + np.sin(angle), np.cos(angle)]]))
        assert numbers["mean length"] == "not trained" and numbers["this episode"] == f"{trajs.lengths[0]} steps"
    assert lean.get_ydata() == pytest.approx(np.degrees(first_episode(9)[:, 2]))
    assert abs(lean.get_ydata()[-1]) > 12


def test_before_a_run_it_says_what_is_shown(explorer):
    """The untrained policy, and no mark on a curve that is not there."""
    explorer.set(**DEFAULT | {"seed": 9, "iteration": 7})
    (curve, cart, _), steps = explorer.figure.axes, len(first_episode(9)) - 1
    here, (_, _, hint), what = curve.lines[3], curve.texts, cart.texts[0]
    assert what.get_text() == f"untrained, fell after {0.02 * steps:.2f} s"
    assert "press “run”" in hint.get_text() and "iteration 7" in hint.get_text() and not len(here.get_xdata())
    explorer.set(time=0.1)
    assert what.get_text() == "untrained, 0.1 s"
    play(explorer, m=2, seed=9, iteration=7)
    explorer.set(time=0.1)
    assert what.get_text() == "iteration 7, 0.1 s" and list(here.get_xdata()) == [7, 7] and not hint.get_text()


def test_no_slider_trains(explorer, monkeypatch):
    monkeypatch.setattr(cartpole, "reinforce", None)
    for change in ({"alpha": 1.0}, {"m": 7}, {"hidden": 3}, {"seed": 11}, {"baseline": False}, {"iteration": 3}):
        assert explorer.set(**DEFAULT | {"seed": 12} | change)["mean length"] == "not trained"


def test_each_control_shows_in_picture_and_readout(explorer):
    """Before a run as well as after it."""
    play(explorer, m=2)
    for start in (DEFAULT | {"seed": 13}, DEFAULT | {"m": 2}):
        before = explorer.set(**start)
        picture = explorer.pixels()
        for change in ({"alpha": 0.06}, {"m": 3}, {"hidden": 15}, {"seed": 14}, {"baseline": False},
                       {"iteration": MOST - 2}, {"time": 9.9}):
            assert explorer.set(**start | change) != before, change
            assert (explorer.pixels() != picture).any(), change


def test_it_is_drawn_as_a_full_redraw_would_be(explorer):
    assert unlike_a_full_redraw(explorer) == []
    play(explorer, m=4)
    for time in (0.5, 10.0):
        explorer.set(time=time)
        assert np.array_equal(explorer.pixels(), explorer.pixels(anew=True))


def test_a_run_ends_where_the_sliders_are(explorer):
    explorer.set(**DEFAULT | {"m": 2, "seed": 3, "iteration": 4, "time": 0.2})

    async def run():
        await explorer.start(explorer.run(**explorer.values), fps=1000)

    asyncio.run(run())
    shown, picture = explorer.numbers, explorer.pixels()
    assert shown["iteration"] == 4 and shown["time"] == "0.2 s" and isinstance(shown["mean length"], float)
    assert explorer.set(**explorer.values) == shown and np.array_equal(explorer.pixels(), picture)


def test_a_run_that_was_stopped_is_shown_as_far_as_it_came(explorer):
    explorer.set(**DEFAULT | {"m": 2, "seed": 4})
    frames = explorer.run(**explorer.values)
    seen = [next(frames)["mean length"] for _ in range(5)]
    frames.close()
    assert explorer.set(**explorer.values)["mean length"] == seen[-1]
    assert np.array_equal(artists(explorer)[1].get_ydata(), seen)


def test_old_runs_are_forgotten(explorer, monkeypatch):
    monkeypatch.setattr(cartpole, "KEPT", 2)
    for seed in (15, 16, 17):
        play(explorer, m=1, seed=seed)
    kept = [explorer.set(**DEFAULT | {"m": 1, "seed": seed})["mean length"] != "not trained" for seed in (15, 16, 17)]
    assert kept == [False, True, True]


def test_what_the_notebook_asks_to_try(explorer):
    frames = play(explorer)
    means = np.array([frame["mean length"] for frame in frames[:MOST]])
    assert means[0] < 40 and means.max() > 475
    played = [frame["time"] for frame in frames[MOST:-1]]
    assert played[0] == "0.0 s" and len(played) > 20        # an episode of the last iteration
    assert means[-5:].mean() > means[5:10].mean() > means[:5].mean()        # on the whole they get longer
    explorer.set(iteration=0)
    lean = artists(explorer)[-1]
    assert lean.get_xdata()[-1] < 1                         # the pole falls in less than a second
    assert trained(explorer, hidden=0).max() < 475          # the prediction 10.2: later, not done in 30 iterations
    assert max(trained(explorer, hidden=0, alpha=0.5, seed=seed).max() for seed in (0, 1)) > 475
    assert 15 < trained(explorer, m=1).mean() < 40          # nothing is learned
    assert trained(explorer, m=1, baseline=False).mean() < 200
    assert trained(explorer, alpha=5.0)[-1] < 100
