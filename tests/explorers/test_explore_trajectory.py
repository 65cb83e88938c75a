"""explore_trajectory shows the numbers of ``trajectories.log_prob``, and what notebook 02 says of it."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import trajectories
from pgutils.envs import fork_features
from pgutils.explorers import explore_trajectory
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy


@pytest.fixture(scope="module")
def explorer():
    return explore_trajectory()


def rho(wind):
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0", wind=wind))
    theta = np.log([0.6 / 0.4, 0.7 / 0.3])
    return np.exp(trajectories.log_prob(mdp, SoftmaxPolicy(fork_features()), theta, trajectories.enumerate_all(mdp)))


def test_rho_is_exact_and_the_product_ends_at_it(explorer):
    for wind in (0.05, 0.2, 0.5, 0.95):
        exact = rho(wind)
        for i in range(9):
            numbers = explorer.set(trajectory=i + 1, step=3, wind=wind)
            assert numbers["ρ of the whole"] == pytest.approx(exact[i], rel=1e-12)
            assert numbers["product so far"] == pytest.approx(exact[i], rel=1e-12)


def test_each_control_changes_the_picture(explorer):
    start = {"trajectory": 7, "step": 3, "wind": 0.2}
    explorer.set(**start)
    before = explorer.pixels()
    for change in ({"trajectory": 8}, {"step": 1}, {"wind": 0.6}):
        explorer.set(**start | change)
        assert (explorer.pixels() != before).any(), change


def test_what_the_notebook_asks_to_try(explorer):
    low = explorer.set(trajectory=7, step=3, wind=0.2)
    assert round(low["product so far"], 4) == 0.0403 and low["steps"] == 3
    assert round(explorer.set(wind=0.4)["product so far"], 4) == 0.0605
    assert round(explorer.set(trajectory=9)["product so far"], 3) == 0.252
    assert explorer.set(trajectory=1)["steps"] == 1
