"""The corridor's score and slopes are the exact ones, and the steps of notebook 04 show what they say."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, explorers
from pgutils.envs import corridor_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP = TabularMDP.from_gymnasium(gym.make("pgutils/ShortCorridor-v0"))
POLICY = SoftmaxPolicy(corridor_features())


@pytest.fixture(scope="module")
def figure():
    return explorers.explore_corridor()


def test_the_numbers_are_exact(figure):
    for p in np.random.default_rng(0).integers(5, 96, 40) / 100:
        shown = figure.set(p=float(p))
        theta = [shown["θ"]]
        assert np.isclose(shown["η"], exact.expected_return(MDP, POLICY, theta))
        assert np.isclose(shown["slope over θ"], exact.policy_gradient(MDP, POLICY, theta)[0])
        assert np.isclose(shown["slope over p"] * p * (1 - p), shown["slope over θ"])


@pytest.mark.parametrize("p, eta, slope", [(0.5, -12, 2), (0.8, -15, -7), (0.05, -82.105, 75.8947),
                                           (0.95, -44.211, -37.789)])
def test_the_known_values(figure, p, eta, slope):
    shown = figure.set(p=p)
    assert abs(shown["η"] - eta) < 1e-3 and abs(shown["slope over θ"] - slope) < 1e-3


def test_the_slopes_that_the_steps_name(figure):
    assert np.isclose(figure.set(p=0.5)["slope over p"], 8)
    assert round(figure.set(p=0.05)["slope over p"]) == 1598
    assert abs(figure.set(p=0.2)["slope over θ"] - 15.5) < 1e-9
    assert figure.set(p=0.58)["slope over θ"] > 0 > figure.set(p=0.59)["slope over θ"]
    steepness = [abs(figure.set(p=p)["slope over θ"]) for p in (0.2, 0.3, 0.4, 0.5, 0.58)]
    assert steepness == sorted(steepness, reverse=True)         # from 0.2 to the best: flatter and flatter


def test_p_changes_the_picture(figure):
    figure.set(p=0.2)
    before = figure.pixels()
    figure.set(p=0.21)
    assert (figure.pixels() != before).any()
