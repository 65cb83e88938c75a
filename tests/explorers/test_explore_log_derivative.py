"""explore_log_derivative: both sums are the exact gradient, and what notebook 05 promises is seen."""

import numpy as np
import pytest

from pgutils import exact, explorers, trajectories
from pgutils.envs import Fork, fork_features
from pgutils.explorers.log_derivative import STORIES, fork_stories
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

MDP, POLICY = TabularMDP.from_gymnasium(Fork(wind=0.2), horizon=3), SoftmaxPolicy(fork_features())
BEFORE, AFTER, WRONG = "Σ ∇ρ r", "Σ ρ ∇log ρ r", "without ρ (wrong)"
START = {"theta1": 0.4, "theta2": 0.8, "along": 0, "r": "Fork's rewards"}


@pytest.fixture(scope="module")
def explorer():
    return explorers.explore_log_derivative()


def lengths(bars):
    """How far each bar reaches from where it begins."""
    return np.array([np.ptp(path.vertices[:, 0]) for path in bars.get_paths()])


def test_both_sums_are_the_exact_gradient(explorer):
    rng = np.random.default_rng(0)
    for theta in np.round(rng.uniform(-4, 4, size=(50, 2)), 1):
        for along in (0, 1):
            shown = explorer.set(theta1=theta[0], theta2=theta[1], along=along, r="Fork's rewards")
            truth = exact.policy_gradient(MDP, POLICY, theta)[along]
            assert shown[BEFORE] == pytest.approx(truth, abs=1e-8)
            assert shown[AFTER] == pytest.approx(truth, abs=1e-8)


def test_other_returns_agree_with_their_finite_differences(explorer):
    taus = trajectories.enumerate_all(MDP)
    summit = 1.0 * (taus.returns() == 5)
    theta = np.array([0.7, -0.3])
    for name, r in (("1 for the summit, else 0", summit), ("the number of steps", taus.lengths)):
        truth = exact.finite_difference(lambda x, r=r: np.exp(trajectories.log_prob(MDP, POLICY, x, taus)) @ r, theta)
        for along in (0, 1):
            shown = explorer.set(theta1=0.7, theta2=-0.3, along=along, r=name)
            assert shown[AFTER] == pytest.approx(truth[along], abs=1e-7)


@pytest.mark.parametrize("change", [{"theta1": -1.0}, {"theta2": -1.0}, {"along": 1}, {"r": "the number of steps"}])
def test_each_control_changes_the_picture(explorer, change):
    explorer.set(**START)
    before = explorer.pixels()
    explorer.set(**change)
    assert (explorer.pixels() != before).any()


def test_outlines_and_filled_bars_coincide(explorer):
    """Try this, step 1."""
    for theta1, theta2 in ((-4, 4), (0, 0), (3, -2)):
        explorer.set(**START | {"theta1": theta1, "theta2": theta2})
        filled, outline = explorer._moving[3], explorer._moving[4]
        assert lengths(filled) == pytest.approx(lengths(outline), abs=1e-8)
        assert len(lengths(filled)) == 10                       # nine trajectories and the sum


def test_when_climbing_gets_rare_rho_shrinks_and_the_score_counts_the_climbs(explorer):
    """Try this, step 2."""
    drawn = []
    for theta1 in (0.4, -4):
        explorer.set(**START | {"theta1": theta1})
        drawn.append([lengths(bars) for bars in explorer._moving[:3]])
    (rho, slope, score), (rho_rare, slope_rare, score_rare) = drawn
    assert np.all(rho_rare[1:] < rho[1:]) and rho_rare[0] > rho[0]
    assert np.all(slope_rare < slope)
    assert np.all(score_rare[1:] > score[1:])
    assert score_rare == pytest.approx([0, 1, 1, 1, 2, 2, 2, 3, 3], abs=0.06)


def test_equal_returns_give_zero(explorer):
    """The prediction, and try this, step 3."""
    for theta1, theta2, along in ((-3, 2, 0), (1, 1, 1), (4, -4, 0)):
        shown = explorer.set(theta1=theta1, theta2=theta2, along=along, r="1 for every trajectory")
        assert shown[BEFORE] == shown[AFTER] == 0


def test_the_wrong_line_points_the_wrong_way(explorer):
    """Try this, step 4."""
    explorer.set(**START)
    shown = {theta1: explorer.set(theta1=theta1).copy() for theta1 in np.round(np.linspace(-4, 4, 81), 1)}
    assert all(numbers[AFTER] > 0 for numbers in shown.values())
    assert 200 < shown[-4.0][WRONG] / shown[-4.0][AFTER] < 250
    assert shown[0.0][WRONG] == 0
    assert all(numbers[WRONG] < 0 for theta1, numbers in shown.items() if theta1 > 0)


def test_only_the_rows_that_decide_on_the_ledge_feel_theta_2(explorer):
    """Try this, step 5."""
    explorer.set(**START | {"along": 1})
    decides = ["summit" in story or "valley" in story for story in STORIES]
    for bars in explorer._moving[1:3]:
        assert ((lengths(bars) > 1e-6) == decides).all()


def test_stories_name_each_trajectory_once():
    taus = trajectories.enumerate_all(MDP)
    assert sorted(fork_stories(taus)) == sorted(STORIES)
    by_name = dict(zip(fork_stories(taus), taus.returns(), strict=True))
    assert by_name["blown, summit"] == 5 and by_name["blown ×2, home"] == 1 and by_name["blown ×3"] == 0
