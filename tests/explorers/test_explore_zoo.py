"""explore_zoo shows exact gradients and exact mean steps, and does what notebook 12 says of it."""

import gymnasium as gym
import numpy as np
import pytest

from pgutils import exact, trajectories, zoo
from pgutils.envs import fork_features
from pgutils.explorers import explore_zoo
from pgutils.explorers.zoo import BASELINE, GAMMA, NAMES, RIGHT
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP, POLICY = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())
START = {"bug": "past rewards", "p": 0.6, "q": 0.8, "new_sample": 0}


@pytest.fixture(scope="module")
def explorer():
    return explore_zoo()


def lines(explorer):
    """The two lines on the left: exact, and the mean step."""
    return [line.get_ydata() for line in explorer.figure.axes[0].lines if len(line.get_ydata()) > 2]


def test_every_animal_is_on_the_list():
    assert list(NAMES.values()) == [zoo.Program, *zoo.ANIMALS]


def test_the_numbers_are_exact(explorer):
    rng, taus = np.random.default_rng(0), trajectories.enumerate_all(MDP)
    one_each = [zoo.Batch.of(taus).rows([i]) for i in range(len(taus))]
    for _ in range(30):
        bug, (p, q) = list(NAMES)[rng.integers(len(NAMES))], rng.integers(1, 20, 2) / 20
        shown = explorer.set(bug=bug, p=p, q=q, new_sample=0)
        theta = np.log([p / (1 - p), q / (1 - q)])
        rho = np.exp(trajectories.log_prob(MDP, POLICY, theta, taus))
        animal = NAMES[bug](fork_features(), GAMMA, BASELINE)
        assert np.allclose(shown["exact ∇η"], exact.policy_gradient(MDP, POLICY, theta, GAMMA))
        assert np.allclose(shown["mean step / α"], zoo.mean_update(animal, theta, one_each, rho, 1.0))
        assert np.isclose(shown["η at the start"], exact.expected_return(MDP, POLICY, theta, GAMMA))


def test_the_right_program_lies_on_the_exact_line_and_no_other_does(explorer):
    for bug in NAMES:
        shown = explorer.set(**START | {"bug": bug})
        truth, mean = lines(explorer)
        on_the_line = np.allclose(truth, mean)
        assert on_the_line == (bug == RIGHT), bug
        assert np.allclose(shown["exact ∇η"], shown["mean step / α"]) == (bug == RIGHT)


def test_what_the_notebook_asks_to_try(explorer):
    reds, greys = [], []
    for q in np.arange(1, 20) / 20:                                     # the prediction, and step 1
        shown = explorer.set(**START | {"q": q})
        grey, red = lines(explorer)
        reds.append(red)
        greys.append(grey.mean())
        assert red.max() < 0 and abs(shown["η at the end"] - 1) < 0.1
    assert np.allclose(reds, reds[0]) and greys[0] < 0 < greys[-1]

    greedy = START | {"bug": "score of the greedy action"}              # step 2
    assert abs(explorer.set(**greedy | {"p": 0.3})["η at the end"] - 1) < 0.3
    assert explorer.set(**greedy | {"p": 0.6})["η at the end"] > 4
    p, red = explorer.figure.axes[0].lines[1].get_xdata(), lines(explorer)[1]
    assert np.all((red > 0) == (p > 0.501))

    shown = explorer.set(**START | {"bug": "no mask", "q": 0.6})        # step 3
    grey, red = lines(explorer)
    assert red.min() > 0 > grey.max() and shown["η at the end"] > shown["right program"]

    for bug in ("a mean times a sum", "double discount"):        # step 4
        shown = explorer.set(**START | {"bug": bug})
        grey, red = lines(explorer)
        assert 0.005 < np.abs(grey - red).max() < 0.1 and abs(shown["η at the end"] - shown["right program"]) < 0.1
        assert np.abs(shown["exact ∇η"] - shown["mean step / α"]).max() > 0.005

    falls = START | {"bug": "missing minus"}                            # step 5
    assert explorer.set(**falls)["η at the end"] < -4
    assert abs(explorer.set(**falls | {"q": 0.95})["η at the end"] - 1) < 0.1
    assert explorer.set(**falls | {"q": 0.95, "new_sample": 2})["η at the end"] < -3


def test_the_same_sample_gives_the_same_picture(explorer):
    explorer.set(**START)
    before = explorer.pixels()
    explorer.set(**START | {"new_sample": 1})
    assert (explorer.pixels() != before).any()
    explorer.set(**START)
    assert np.array_equal(explorer.pixels(), before)
