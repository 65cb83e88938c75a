"""explore_reinforce is the loop of ``pgutils.reinforce``, and does what notebook 08 says of it."""

import asyncio

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, trajectories
from pgutils.envs import fork_features
from pgutils.explorers import explore_reinforce
from pgutils.explorers.reinforce import START, _nine
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.reinforce import reinforce
from pgutils.trajectories import Trajectories

MDP, POLICY = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())
DEFAULT = {"alpha": 1, "m": 5, "iterations": 100, "seed": 1}


@pytest.fixture(scope="module")
def explorer():
    return explore_reinforce()


def counts_of_nine(policy, theta, m, rng):
    """A sampler: how often each of the nine trajectories comes among m."""
    nine = trajectories.enumerate_all(MDP)
    rho = np.exp(trajectories.log_prob(MDP, policy, theta, nine))
    rows = np.repeat(np.arange(9), rng.multinomial(m, rho))
    return Trajectories(*(getattr(nine, name)[rows] for name in Trajectories.__dataclass_fields__))


@pytest.mark.parametrize("alpha, m, seed", [(1.0, 5, 0), (0.3, 40, 1), (5.0, 1, 2)])
def test_its_fast_loop_is_the_package_s_loop(alpha, m, seed):
    updates = reinforce(counts_of_nine, POLICY, START, alpha, m, 60, np.random.default_rng([8, seed]))
    assert np.allclose(list(_nine()(alpha, m, 60, seed)), [START, *(u.new_theta for u in updates)])


def test_the_numbers_are_exact(explorer):
    rng = np.random.default_rng(0)
    for _ in range(20):
        n = int(rng.integers(1, 101))
        numbers = explorer.set(alpha=10 ** rng.uniform(-1, 0.7), m=10 ** rng.uniform(0, 2), iterations=n,
                               seed=int(rng.integers(100)))
        assert numbers["iterations"] == n
        assert np.isclose(numbers["η with ĝ"], exact.expected_return(MDP, POLICY, numbers["θ"]))
    theta = np.array(START)
    for _ in range(30):
        theta = theta + 0.5 * exact.policy_gradient(MDP, POLICY, theta)
    shown = explorer.set(alpha=0.5, iterations=30)["η with ∇η"]
    assert np.isclose(shown, exact.expected_return(MDP, POLICY, theta))


def test_each_control_changes_the_picture(explorer):
    explorer.set(**DEFAULT)
    before = explorer.pixels()
    for change in ({"alpha": 0.5}, {"m": 10}, {"iterations": 20}, {"seed": 2}):
        explorer.set(**DEFAULT | change)
        assert (explorer.pixels() != before).any(), change


def test_a_run_ends_where_the_sliders_show(explorer):
    for iterations in (1, 8, 9):
        shown = explorer.set(**DEFAULT | {"iterations": iterations})
        picture = explorer.pixels()

        async def play():
            await explorer.start(explorer.run(**explorer.values), fps=1000)

        asyncio.run(play())
        assert explorer.numbers.keys() == shown.keys() and np.array_equal(explorer.numbers["θ"], shown["θ"])
        assert np.array_equal(explorer.pixels(), picture)


def test_what_the_notebook_asks_to_try(explorer):
    def reached(**settings):
        explorer.set(**DEFAULT | settings)
        return [seed for seed in range(10) if explorer.set(seed=seed)["η with ĝ"] > 4]

    assert reached() == [1, 2, 3, 4, 6, 8, 9]
    assert reached(m=1) == [3, 7]
    assert reached(m=100) == list(range(10))
    assert reached(alpha=0.1) == [] and 1.6 < explorer.numbers["η with ∇η"] < 1.7
    assert len(reached(alpha=10**0.7)) in (4, 5, 6) and explorer.numbers["η with ∇η"] > 4.7
    for seed in (0, 5, 7):
        numbers = explorer.set(**DEFAULT | {"seed": seed})
        assert abs(numbers["η with ĝ"] - 1) < 0.05 and numbers["θ"][0] < -5
