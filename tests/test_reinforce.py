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
from pgutils.reinforce import Adam, reinforce

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
        assert update.iteration == i and update.theta == pytest.approx(theta, rel=1e-12)
        assert np.array_equal(update.trajs.states, trajs.states)
        assert update.gradient == pytest.approx(gradient, rel=1e-9, abs=1e-12)     # the sums run in another order
        theta = theta + 0.5 * gradient
        assert update.new_theta == pytest.approx(theta, rel=1e-12)


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


def test_adam_by_hand():
    """The first direction is the sign of the gradient; the second, worked out on paper for ĝ = 2, then -1."""
    adam = Adam(beta1=0.5, beta2=0.75, epsilon=0.0)
    assert adam(np.array([2.0, -0.01])) == pytest.approx([1, -1])
    # mean: 0.5·1 - 0.5·1 = 0 -> 0 / 0.75;  square: 0.75·1 + 0.25·1 = 1 -> 1 / (1 - 0.5625)
    assert adam(np.array([-1.0, -0.01])) == pytest.approx([0, -1])
    # mean: 0 + 0.5·4 = 2 -> 2 / 0.875;  square: 0.75 + 0.25·16 = 4.75 -> 4.75 / (1 - 0.421875)
    assert adam(np.array([4.0, 0.0]))[0] == pytest.approx(2 / 0.875 / np.sqrt(4.75 / 0.578125))


def test_adam_makes_no_nan_of_a_zero_gradient_and_refuses_bad_betas():
    assert np.array_equal(Adam()(np.zeros(3)), np.zeros(3))
    for bad in ({"beta1": 1}, {"beta2": 1.5}, {"beta1": -0.1}, {"epsilon": -1}, {"beta2": np.nan}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Adam(**bad)


def test_the_loop_with_adam_is_written_out_and_starts_afresh_each_time():
    adam, theta = Adam(), np.zeros(2)
    first, again = (climb(step_size=0.1, m=5, iterations=6, optimizer=Adam) for _ in range(2))
    for update, same in zip(first, again, strict=True):
        assert np.array_equal(update.new_theta, same.new_theta)
        theta = theta + 0.1 * adam(update.gradient)
        assert update.new_theta == pytest.approx(theta, rel=1e-12)


def test_with_one_trajectory_the_baseline_of_the_batch_leaves_nothing_to_learn():
    updates = climb((0.3, 0.1), m=1, weights="reward_to_go", baseline="per_step")
    assert np.array_equal(updates[-1].new_theta, [0.3, 0.1])


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
    ({"optimizer": "adam"}, "optimizer must be None or a function that makes one, such as Adam, got 'adam'"),
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
