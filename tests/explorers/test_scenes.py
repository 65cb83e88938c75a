"""Fork's landscape in closed form is the truth that ``pgutils.exact`` computes."""

import gymnasium as gym
import numpy as np
import pytest
from matplotlib.figure import Figure

from pgutils import exact
from pgutils.envs import fork_features
from pgutils.explorers import scenes
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

POLICY = SoftmaxPolicy(fork_features())


@pytest.mark.parametrize("wind", [0.0, 0.2, 0.55, 1.0])
def test_closed_form_and_its_gradient_agree_with_exact(wind):
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0", wind=wind))
    for theta in np.random.default_rng(0).uniform(-6, 6, (25, 2)):
        assert np.isclose(scenes.fork_return(theta, wind), exact.expected_return(mdp, POLICY, theta))
        assert np.allclose(scenes.fork_gradient(theta, wind), exact.policy_gradient(mdp, POLICY, theta))


def test_a_grid_of_theta_is_taken_at_once():
    grid = np.random.default_rng(1).uniform(-4, 4, (3, 5, 2))
    eta, gradient = scenes.fork_return(grid), scenes.fork_gradient(grid)
    assert eta.shape == (3, 5) and gradient.shape == (3, 5, 2)
    assert eta[2, 4] == scenes.fork_return(grid[2, 4])
    assert np.array_equal(gradient[1, 3], scenes.fork_gradient(grid[1, 3]))


def test_ascent_steps_along_the_gradient():
    path = scenes.fork_ascent((0.5, -1), alpha=0.7, steps=20)
    assert path.shape == (21, 2) and np.array_equal(path[0], (0.5, -1))
    assert np.allclose(np.diff(path, axis=0), 0.7 * scenes.fork_gradient(path[:-1]))


def test_the_landscape_returns_what_it_drew():
    ax = Figure().subplots()
    theta1, theta2, eta = scenes.fork_landscape(ax)
    assert ax.get_xlim() == ax.get_ylim() == (-4, 4)
    assert eta.shape == (81, 81) and np.allclose(eta, scenes.fork_return(np.stack([theta1, theta2], axis=-1)))
    assert abs(eta[:, 0] - 1).max() < 0.12 and eta[-1, -1] > 4.3 and eta[0, -1] < -4.3
    assert {"summit", "valley"} <= {text.get_text() for text in ax.texts}
