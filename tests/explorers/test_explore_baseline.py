"""explore_baseline shows exact variances, never moves the mean, and does what notebook 09 says of it."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from harness import unlike_a_full_redraw

from pgutils import exact
from pgutils.envs import fork_features
from pgutils.explorers import explore_baseline
from pgutils.explorers.baseline import REPEATS, TOP, WEIGHTS, M
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

FORK, POLICY = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())
THETA = np.log([0.6 / 0.4, 0.7 / 0.3])
DEFAULT = {"parameter": 1, "weights": "reward-to-go", "b": 0, "climb": -1, "new_sample": 0}
NEEDED = "trajectories needed (plain = 1)"


@pytest.fixture(scope="module")
def explorer():
    return explore_baseline()


def paid(climb):
    """Fork with this reward for each climb at the fork."""
    r = FORK.r.copy()
    r[0, 1] = climb
    return replace(FORK, r=r)


def variance(climb, weights, b, parameter):
    return exact.estimate_variance(paid(climb), POLICY, THETA, WEIGHTS[weights], b)[parameter]


def test_its_numbers_are_exact(explorer):
    rng = np.random.default_rng(0)
    for _ in range(30):
        i, weights = int(rng.integers(2)), str(rng.choice(list(WEIGHTS)))
        b, climb = round(rng.uniform(-6, 6), 1), rng.integers(-6, 7) / 2
        shown = explorer.set(parameter=i, weights=weights, b=b, climb=climb)
        gradient = exact.policy_gradient(paid(climb), POLICY, THETA)[i]
        plain, yours = variance(climb, "total return", None, i), variance(climb, weights, b, i)
        assert np.isclose(shown["exact gradient"], gradient)
        assert np.isclose(shown["exact mean of the estimate"], gradient)
        assert np.isclose(shown["variance of one"], yours) and np.isclose(shown["of a plain one"], plain)
        assert np.isclose(shown[NEEDED], yours / plain)
        lowest = variance(climb, weights, shown["best b"], i)
        assert all(variance(climb, weights, shown["best b"] + step, i) > lowest for step in (-0.01, 0.01))


def test_the_estimates_scatter_as_the_exact_variance_says(explorer):
    """Over many settings and samples: their mean within four standard errors, their spread within four of its own."""
    rng, far = np.random.default_rng(1), []
    for sample in range(60):
        shown = explorer.set(parameter=int(rng.integers(2)), weights=str(rng.choice(list(WEIGHTS))),
                             b=round(rng.uniform(-6, 6), 1), climb=rng.integers(-6, 7) / 2, new_sample=sample)
        error = np.sqrt(shown["variance of one"] / M / REPEATS)
        far.append((shown["mean of your 300"] - shown["exact gradient"]) / error)
        cloud = explorer.figure.axes[1].lines[1].get_xdata()
        assert len(cloud) == REPEATS and np.isclose(cloud.mean(), shown["mean of your 300"])
        assert abs(cloud.var() * M / shown["variance of one"] - 1) < 4 * np.sqrt(2 / REPEATS) * 1.2
    assert np.abs(far).max() < 4 and abs(np.mean(np.square(far)) - 1) < 0.7


def test_each_control_changes_the_picture(explorer):
    explorer.set(**DEFAULT)
    before = explorer.pixels()
    for change in ({"parameter": 0}, {"weights": "total return"}, {"b": 0.5}, {"climb": 0}, {"new_sample": 1}):
        explorer.set(**DEFAULT | change)
        assert (explorer.pixels() != before).any(), change
    explorer.set(**DEFAULT)
    assert np.array_equal(explorer.pixels(), before)


def test_it_is_drawn_as_a_full_redraw_would(explorer):
    assert unlike_a_full_redraw(explorer) == []
    explorer.set(**DEFAULT)


def test_the_prediction(explorer):
    shown = explorer.set(**DEFAULT | {"climb": 2})
    assert round(shown["of a plain one"], 2) == 1.14 and round(shown["variance of one"], 2) == 1.55
    assert 1.3 < shown[NEEDED] < 1.4


def test_what_the_notebook_asks_to_try(explorer):
    # 1. The mean stays, the spread does not; half of the trajectories at b = -2, where the dots stand in columns.
    path = [explorer.set(**DEFAULT | {"b": b}) for b in range(-6, 7)]
    assert np.ptp([shown["exact mean of the estimate"] for shown in path]) < 1e-9
    assert all(abs(shown["mean of your 300"] - shown["exact gradient"]) < 0.1 for shown in path)
    assert np.argmin([shown["variance of one"] for shown in path]) == 4 and round(path[4]["best b"], 6) == -2
    assert round(path[4][NEEDED], 2) == 0.5
    explorer.set(**DEFAULT | {"b": -2})
    columns = explorer.figure.axes[1].lines[1].get_xdata() * M / 2.1
    assert np.allclose(columns, columns.round()) and columns.min() >= 0 and columns.max() <= M
    # 2. The value of the ledge is no good baseline, and 5 is off the picture.
    assert path[6][NEEDED] < 1 < path[8][NEEDED] < TOP
    assert path[11][NEEDED] > TOP and abs(path[11][NEEDED] - 3) < 0.1
    # 3. One constant for both parameters is a compromise.
    fork = [explorer.set(**DEFAULT | {"parameter": 0, "weights": weights}) for weights in WEIGHTS]
    assert [round(shown["best b"], 1) for shown in fork] == [0.7, 0.8]
    assert 0.9 < explorer.set(b=0.8)[NEEDED] < 1
    # 4. Without a toll only the last step pays.
    assert explorer.set(**DEFAULT | {"climb": 0})[NEEDED] == pytest.approx(1)
    total, to_go = (line.get_ydata() for line in (explorer.figure.axes[0].lines[0], explorer.figure.axes[0].lines[2]))
    assert np.allclose(total, to_go, equal_nan=True)
    # 5. A large toll, and a wage.
    best = [explorer.set(**DEFAULT | {"weights": "total return", "climb": climb})["best b"] for climb in (0, -3)]
    assert best[1] < best[0] - 3
    assert 0.3 < explorer.set(**DEFAULT | {"climb": -3})[NEEDED] < 0.4
    assert explorer.set(**DEFAULT | {"climb": 2})[NEEDED] > 1
    explorer.set(**DEFAULT)
