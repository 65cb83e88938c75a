"""explore_dynamics: the parts are those of log ρ, ∇η is exact, and ∇log ρ never moves with the wind."""

import numpy as np
import pytest

from pgutils import exact, explorers, trajectories
from pgutils.envs import Fork, fork_features
from pgutils.explorers.log_derivative import STORIES, fork_stories
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

POLICY, THETA = SoftmaxPolicy(fork_features()), np.log([0.6 / 0.4, 0.7 / 0.3])
WINDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


@pytest.fixture(scope="module")
def explorer():
    return explorers.explore_dynamics()


def fork(wind):
    return TabularMDP.from_gymnasium(Fork(wind), horizon=3)


def test_parts_and_gradient_are_exact(explorer):
    taus = trajectories.enumerate_all(fork(0.2))
    for wind in WINDS:
        truth = dict(zip(fork_stories(taus), trajectories.log_prob(fork(wind), POLICY, THETA, taus), strict=True))
        for story in STORIES:
            shown = explorer.set(wind=wind, trajectory=story)
            assert shown["log ρ"] == pytest.approx(truth[story], abs=1e-12)
            assert shown["policy sum"] + shown["dynamics sum"] == pytest.approx(truth[story], abs=1e-12)
            assert shown["∇η"] == pytest.approx(exact.policy_gradient(fork(wind), POLICY, THETA), abs=1e-12)


def test_the_score_is_that_of_the_whole_log_rho(explorer):
    taus = trajectories.enumerate_all(fork(0.35))
    for i, story in enumerate(fork_stories(taus)):
        slope = exact.finite_difference(
            lambda x, i=i: float(trajectories.log_prob(fork(0.35), POLICY, x, taus)[i]), THETA)
        assert explorer.set(wind=0.35, trajectory=story)["∇log ρ"] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("change", [{"wind": 0.6}, {"trajectory": "valley"}])
def test_each_control_changes_the_picture(explorer, change):
    explorer.set(wind=0.2, trajectory="blown, summit")
    before = explorer.pixels()
    explorer.set(**change)
    assert (explorer.pixels() != before).any()


def test_with_the_wind_only_the_dynamics_and_the_gradient_move(explorer):
    """The prediction, and try this, step 1."""
    explorer.set(trajectory="blown, summit")
    shown = [explorer.set(wind=wind) for wind in WINDS]
    assert len({numbers["policy sum"] for numbers in shown}) == 1
    assert len({tuple(numbers["∇log ρ"]) for numbers in shown}) == 1                # to the last bit
    assert len({numbers["dynamics sum"] for numbers in shown}) > 10
    assert len({tuple(numbers["∇η"]) for numbers in shown}) == len(WINDS)


def test_the_middle_panel_keeps_every_pixel(explorer):
    explorer.set(wind=0.05, trajectory="blown ×2, ledge")
    box = explorer.figure.axes[1].get_window_extent()
    columns = slice(int(box.x0), int(box.x1))
    before = explorer.pixels()[:, columns]
    explorer.set(wind=0.95)
    assert (explorer.pixels()[:, columns] == before).all()
    explorer.set(trajectory="home")
    assert (explorer.pixels()[:, columns] != before).any()


def test_home_does_not_feel_the_wind(explorer):
    """Try this, step 2."""
    assert {explorer.set(wind=wind, trajectory="home")["dynamics sum"] for wind in WINDS} == {0.0}


def test_in_strong_wind_the_gradient_says_walk(explorer):
    """Try this, step 3: ∇η points to more climbing at the fork in a calm, to less in a storm."""
    along_theta1 = [explorer.set(wind=wind)["∇η"][0] for wind in WINDS]
    assert along_theta1[0] > 0 > along_theta1[-1]
    turns = next(float(wind) for wind, slope in zip(WINDS, along_theta1, strict=True) if slope < 0)
    assert turns == 0.75


def test_same_choices_same_score(explorer):
    """Try this, step 4."""
    explorer.set(wind=0.2)
    first, second = (explorer.set(trajectory=story).copy() for story in ("blown ×2, ledge", "blown ×3"))
    assert (first["∇log ρ"] == second["∇log ρ"]).all()
    assert first["log ρ"] != second["log ρ"]
