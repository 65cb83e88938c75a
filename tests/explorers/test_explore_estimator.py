"""explore_estimator scatters around the exact gradient as 1/√m, and does what notebook 07 says of it."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, trajectories
from pgutils.envs import fork_features
from pgutils.estimators import gradient_samples
from pgutils.explorers import explore_estimator
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP, POLICY = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())
THETA = np.log([0.6 / 0.4, 0.7 / 0.3])
TRUTH = exact.policy_gradient(MDP, POLICY, THETA)


@pytest.fixture(scope="module")
def explorer():
    return explore_estimator()


def test_the_truth_it_shows_is_exact(explorer):
    taus = trajectories.enumerate_all(MDP)
    rho, g = np.exp(trajectories.log_prob(MDP, POLICY, THETA, taus)), gradient_samples(POLICY, THETA, taus)
    for m in (1, 10, 1000):
        numbers = explorer.set(m=m)
        assert np.allclose(numbers["exact ∇η"], TRUTH)
        assert np.allclose(numbers["exact σ/√m"], np.sqrt(rho @ (g - TRUTH) ** 2 / m))


def test_mean_and_spread_agree_with_the_truth_over_random_settings(explorer):
    rng, far = np.random.default_rng(0), []
    for _ in range(100):
        repeats = 10 * int(rng.integers(2, 31))
        numbers = explorer.set(m=10 ** rng.uniform(0, 3), repeats=repeats, new_sample=int(rng.integers(1000)))
        sigma = numbers["exact σ/√m"]
        far.append((numbers["mean of the estimates"] - TRUTH) / (sigma / np.sqrt(repeats)))
        assert np.all(abs(numbers["their spread"] / sigma - 1) < 4 / np.sqrt(repeats))
    assert np.abs(far).max() < 4.5 and abs(np.mean(np.square(far)) - 1) < 0.5
    explorer.set(m=10, repeats=200, new_sample=0)


def test_each_control_changes_the_picture(explorer):
    start = {"m": 10, "repeats": 200, "new_sample": 0}
    explorer.set(**start)
    before = explorer.pixels()
    for change in ({"m": 20}, {"repeats": 100}, {"new_sample": 1}):
        explorer.set(**start | change)
        assert (explorer.pixels() != before).any(), change
    explorer.set(**start)
    assert np.array_equal(explorer.pixels(), before)        # the same sample again


def test_what_the_notebook_asks_to_try(explorer):
    one = explorer.set(m=1, repeats=200, new_sample=0)
    assert round(one["share that points uphill"], 2) == 0.56
    dots = explorer.figure.axes[0].lines[0].get_xydata()
    assert len(np.unique(dots.round(9), axis=0)) <= 8       # nine trajectories, two with the same product
    assert np.linalg.norm(dots - TRUTH, axis=1).min() > 1
    home = np.isclose(dots, (-0.6, 0)).all(axis=1) | np.isclose(dots, (-0.2, 0)).all(axis=1)
    assert 0.4 < home.mean() < 0.5 and np.all(dots[home] @ TRUTH < 0)
    assert np.all(abs(one["mean of the estimates"] - TRUTH) < 0.4)
    ten, forty, thousand = (explorer.set(m=10**x) for x in (1, 1.6, 3))
    assert ten["share that points uphill"] == 1 and forty["m"] == 40
    assert 0.5 < ten["their spread"][0] < 0.6 and 0.25 < forty["their spread"][0] < 0.3
    assert np.all(thousand["their spread"] < 0.06)
    for sample in range(5):
        assert np.all(abs(explorer.set(m=10, new_sample=sample)["mean of the estimates"] - TRUTH) < 0.1)
