"""The returns of m walks close in on the exact η, and the steps of notebook 03 show what they say."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, explorers
from pgutils.envs import fork_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0"))
THETA = np.log([0.6 / 0.4, 0.7 / 0.3])


@pytest.fixture(scope="module")
def figure():
    return explorers.explore_return()


@pytest.fixture(autouse=True)
def defaults(figure):
    figure.set(m=100.0, gamma=1.0, new_sample=0)


def test_eta_is_exact_and_the_mean_agrees_with_it(figure):
    rng = np.random.default_rng(0)
    for sample in range(25):
        gamma = round(rng.integers(21) * 0.05, 2)
        shown = figure.set(m=float(10 ** rng.uniform(3, 4)), gamma=gamma, new_sample=sample)
        eta = exact.expected_return(MDP, SoftmaxPolicy(fork_features()), THETA, gamma)
        assert np.isclose(shown["exact η"], eta)
        assert abs(shown["mean"] - eta) < 4 * shown["standard error"]


@pytest.mark.parametrize("change", [{"m": 1000.0}, {"gamma": 0.5}, {"new_sample": 1}])
def test_each_control_changes_the_picture(figure, change):
    before = figure.pixels()
    figure.set(**change)
    assert (figure.pixels() != before).any()


def test_a_hundred_times_the_walks_for_a_tenth_of_the_error(figure):
    assert abs(figure.set(m=100.0)["standard error"] - 0.34) < 0.03
    assert abs(figure.set(m=10_000.0)["standard error"] - 0.034) < 0.001


def test_a_discount_halves_the_standard_error_as_the_prediction_says(figure):
    before, after = (figure.set(m=10_000.0, gamma=gamma)["standard error"] * 100 for gamma in (1.0, 0.5))
    assert abs(before - 3.4) < 0.06 and abs(after - 1.6) < 0.06         # the spread of one return


def test_one_walk_has_no_standard_error(figure):
    shown = figure.set(m=1.0)
    assert shown["mean"] in (-5, 0, 1, 5) and isinstance(shown["standard error"], str)


def test_new_samples_move_the_mean_of_few_walks_and_never_eta(figure):
    few = [figure.set(m=20.0, new_sample=i) for i in range(1, 21)]
    outside = [not 1 <= shown["mean"] <= 2 for shown in few]
    assert 5 <= sum(outside) <= 15 and len({shown["exact η"] for shown in few}) == 1
    many = [figure.set(m=10_000.0, new_sample=i)["mean"] for i in range(1, 11)]
    assert 0.01 < np.std(many) < 0.08


def test_the_discount(figure):
    assert abs(figure.set(m=10_000.0, gamma=0.5)["exact η"] - 0.93) < 0.005
    at_zero = figure.set(gamma=0.0)
    assert np.isclose(at_zero["exact η"], 0.4) and abs(at_zero["mean"] - 0.4) < 0.02


def test_more_walks_continue_the_same_sample(figure):
    assert figure.set(m=300.0)["mean"] == figure.set(m=300.0)["mean"]
    one, two = (figure.set(m=float(m))["mean"] * m for m in (50, 51))
    assert round(two - one, 6) in (-5, 0, 1, 5)
