"""The loop: what it yields, what it refuses, and that it climbs."""

from dataclasses import replace
from functools import partial
from itertools import islice

import gymnasium as gym
import numpy as np
import pytest

from pgutils import estimators, exact, trajectories
from pgutils.envs import corridor_features, fork_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.reinforce import reinforce

MDP = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
POLICY = SoftmaxPolicy(fork_features())
RUN = partial(trajectories.sample, MDP)


def rng(seed=0):
    return np.random.default_rng(seed)


def climb(theta=(0.0, 0.0), step_size=0.5, m=20, iterations=30, seed=0, sampler=RUN, policy=POLICY, **how):
    return list(reinforce(sampler, policy, np.array(theta), step_size, m, iterations, rng(seed), **how))


@pytest.mark.parametrize("how", [{}, {"weights": "reward_to_go", "baseline": 1.0, "gamma": 0.9}])
def test_it_is_the_loop_written_out(how):
    g, theta = rng(3), np.array([0.3, -0.2])
    for i, update in enumerate(climb(theta, 0.5, 7, 12, seed=3, **how)):
        trajs = trajectories.sample(MDP, POLICY, theta, 7, g)
        gradient = estimators.gradient_samples(POLICY, theta, trajs, **how).mean(axis=0)
        assert update.iteration == i and np.array_equal(update.theta, theta)
        assert np.array_equal(update.trajs.states, trajs.states) and np.array_equal(update.gradient, gradient)
        theta = theta + 0.5 * gradient
        assert np.array_equal(update.new_theta, theta)


def test_the_first_gradient_is_an_unbiased_estimate():
    theta = np.array([0.4, 0.8])
    g = np.array([next(reinforce(RUN, POLICY, theta, 1.0, 5, 1, rng(seed))).gradient for seed in range(2000)])
    error = g.std(axis=0, ddof=1) / np.sqrt(len(g))
    assert np.all(abs(g.mean(axis=0) - exact.policy_gradient(MDP, POLICY, theta)) < 4 * error)


def test_it_climbs():
    updates = climb(step_size=1.0, m=50, iterations=60)
    before, after = (exact.expected_return(MDP, POLICY, theta) for theta in (updates[0].theta, updates[-1].new_theta))
    assert before < 0.9 and after > 4.5


def test_it_runs_a_gymnasium_environment():
    env = gym.make("pgutils/ShortCorridor-v0", max_episode_steps=200)
    policy = SoftmaxPolicy(corridor_features())
    updates = climb([-1.0], 0.005, 10, 5, sampler=partial(trajectories.rollout, env), policy=policy)
    assert [len(update.trajs) for update in updates] == [10] * 5
    assert updates[-1].new_theta > -1           # dη/dθ = 11 there: most estimates point up
    assert all(update.trajs.rewards[update.trajs.mask].sum() == -update.trajs.lengths.sum() for update in updates)


def test_the_same_seed_gives_the_same_climb_and_another_seed_another():
    one, same, other = (np.array([u.new_theta for u in climb(seed=seed)]) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_nothing_runs_until_it_is_asked_for():
    calls = []

    def sampler(policy, theta, m, rng):
        calls.append(m)
        return trajectories.sample(MDP, policy, theta, m, rng)

    updates = reinforce(sampler, POLICY, np.zeros(2), 0.1, 5, 100, rng())
    assert calls == []
    assert [u.iteration for u in islice(updates, 3)] == [0, 1, 2] and calls == [5, 5, 5]


def test_the_callers_theta_is_left_alone_and_so_is_what_was_yielded():
    theta = np.zeros(2)
    updates = reinforce(RUN, POLICY, theta, 0.5, 10, 3, rng())
    first = next(updates)
    theta += 100                                # a generator that kept the caller's array would jump
    second = next(updates)
    assert np.array_equal(first.theta, [0, 0]) and np.array_equal(second.theta, first.new_theta)
    for array in (first.theta, first.new_theta):
        with pytest.raises(ValueError, match="read-only"):
            array += 1


GOOD = {"sampler": RUN, "policy": POLICY, "theta": np.zeros(2), "step_size": 0.1, "m": 5, "iterations": 3,
        "rng": np.random.default_rng(0)}


@pytest.mark.parametrize("bad, message", [
    ({"sampler": MDP}, "sampler must be callable"),
    ({"theta": [0.0]}, r"theta must have shape \(2,\)"),
    ({"theta": [0.0, np.nan]}, "theta must be finite"),
    ({"step_size": 0}, "step_size"),
    ({"step_size": -0.1}, "step_size"),
    ({"step_size": np.inf}, "step_size"),
    ({"m": 0}, "m must be at least 1"),
    ({"m": 2.5}, "m must be a whole number"),
    ({"iterations": 0}, "iterations must be at least 1"),
    ({"rng": 0}, "rng must be a numpy Generator"),
    ({"weights": "to go"}, 'weights must be "total"'),
    ({"gamma": 1.1}, "gamma"),
])
def test_bad_input_is_refused_before_anything_runs(bad, message):
    with pytest.raises(ValueError, match=message):
        reinforce(**GOOD | bad)


def test_a_sampler_that_returns_something_else_is_named():
    with pytest.raises(ValueError, match="must return Trajectories, got list"):
        next(reinforce(**GOOD | {"sampler": lambda policy, theta, m, rng: []}))


def test_theta_that_leaves_the_numbers_is_reported_with_its_iteration():
    rich = replace(MDP, r=100 * MDP.r)
    with pytest.raises(ValueError, match=r"no longer finite after iteration 0: step_size = 1e\+308 is too large"):
        climb(step_size=1e308, sampler=partial(trajectories.sample, rich))
