"""The ascent on Fork's landscape is the exact one, and the steps of notebook 04 show what they say."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, explorers
from pgutils.envs import fork_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
POLICY = SoftmaxPolicy(fork_features())
DEFAULT = {"theta1": 0.0, "theta2": -1.5, "alpha": 1.0, "steps": 30}


@pytest.fixture(scope="module")
def figure():
    return explorers.explore_landscape()


@pytest.fixture(autouse=True)
def defaults(figure):
    figure.set(**DEFAULT)


def test_the_numbers_are_exact(figure):
    rng = np.random.default_rng(0)
    for _ in range(20):
        theta, alpha = rng.integers(-40, 41, 2) / 10, float(10 ** rng.uniform(-2, 1.5))
        shown = figure.set(theta1=theta[0], theta2=theta[1], alpha=alpha, steps=5)
        assert np.isclose(shown["η at the start"], exact.expected_return(MDP, POLICY, theta))
        assert np.allclose(shown["∇η there"], exact.policy_gradient(MDP, POLICY, theta))
        for _ in range(5):
            theta = theta + alpha * exact.policy_gradient(MDP, POLICY, theta)
        assert np.allclose(shown["θ at the end"], theta)
        assert np.isclose(shown["η at the end"], exact.expected_return(MDP, POLICY, theta))


@pytest.mark.parametrize("change", [{"theta1": 0.1}, {"theta2": -1.4}, {"alpha": 2.0}, {"steps": 29}])
def test_each_control_changes_the_picture(figure, change):
    before = figure.pixels()
    figure.set(**change)
    assert (figure.pixels() != before).any()


@pytest.mark.parametrize("change, eta", [
    ({}, 4.68), ({"alpha": 0.1}, 0.85), ({"alpha": 0.1, "steps": 100}, 2.76), ({"alpha": 10.0, "steps": 100}, 1.0),
    ({"theta2": 0.0}, 4.73), ({"theta1": 4.0, "theta2": 4.0}, 4.75)])
def test_the_steps_of_the_notebook(figure, change, eta):
    assert abs(figure.set(**change)["η at the end"] - eta) < 0.01


def test_with_a_large_alpha_one_step_leads_onto_the_plateau(figure):
    assert abs(figure.set(alpha=10.0, steps=1)["η at the end"] - 1) < 0.001


def test_no_step_size_leads_off_the_plateau(figure):
    figure.set(theta1=-2.0, theta2=-3.0, steps=100)
    assert abs(figure.set(alpha=1.0)["η at the end"] - 0.99) < 0.005
    for exponent in np.linspace(-2, 1.5, 36):
        assert figure.set(alpha=float(10**exponent))["η at the end"] < 1.01
