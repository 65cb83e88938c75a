"""The house style and the shared figures: pictures are not compared, the numbers and texts in them are."""

import colorsys

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pgutils import plots
from pgutils.mdp import TabularMDP


@pytest.fixture
def ax():
    return Figure().subplots()


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_show_stores_a_png_with_its_alt_text_and_closes_the_figure(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", shown.append)
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.plot([1, 2])
    plots.show(fig, alt="A line that rises.")
    png, metadata = shown[0]._repr_png_()
    assert png and metadata["alt"] == "A line that rises." and metadata["width"] == 400
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "  ", None, 3])
def test_show_refuses_a_figure_without_words(alt):
    fig = plt.figure()
    with pytest.raises(ValueError, match="alt must be a sentence"):
        plots.show(fig, alt)
    plt.close(fig)


def test_the_projector_enlarges_the_text_of_figures_that_follow():
    normal = plt.rcParams["font.size"]
    try:
        plots.set_projector(True)
        assert plt.rcParams["font.size"] > 1.3 * normal
    finally:
        plots.set_projector(False)
    assert plt.rcParams["font.size"] == normal


def test_the_colours_of_the_ledger_differ_and_are_those_of_the_equations():
    ledger = [plots.POLICY, plots.DYNAMICS, plots.REWARD, plots.GRADIENT, plots.PERFORMANCE]
    assert ledger == ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"]
    lightness = [colorsys.rgb_to_hls(*to_rgb(color))[1] for color in ledger]
    assert len({round(x, 2) for x in lightness}) == 5       # told apart without colour, too


def test_fork_is_drawn_with_its_probabilities(ax):
    arrows, places = plots.draw_fork(ax, wind=0.3, climb=(0.6, 0.75))
    assert {"climb 0.6", "walk 0.4", "climb 0.75", "walk 0.25", "wind 0.3", "0.7", "r = −5"} <= set(texts(ax))
    assert set(places) == {"home", "fork", "ledge", "summit", "valley"} and len(arrows) == 9


def test_fork_is_drawn_without_a_policy(ax):
    plots.draw_fork(ax, wind=0.2)
    assert texts(ax).count("walk") == 2 and texts(ax).count("climb") == 2


def test_the_tree_has_a_label_for_each_trajectory(ax):
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0", max_episode_steps=1))
    plots.draw_tree(ax, [((0, 2), (0,)), ((0, 0), (1,)), ((0, 1), (1,))], mdp, ["one", "two", "three"])
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert heights["one"] > heights["two"] > heights["three"]
    assert {"fork", "ledge", "end"} <= set(heights)


def test_a_policy_on_the_lake_has_arrows_where_something_is_decided(ax):
    pi = np.full((16, 4), 0.25)
    pi[0] = 0, 0, 1, 0                                      # always right on the first tile
    plots.draw_lake_policy(ax, gym.make("FrozenLake-v1").unwrapped.desc, pi)
    assert len(ax.patches) == 1 + 10 * 4                    # eleven tiles are neither hole nor goal
    tip = ax.patches[0].get_xy()[:, 0].max()
    assert tip > 0.4 and np.abs(ax.patches[0].get_xy()[:, 1]).max() < 0.2


def test_the_lake_shows_each_tile_and_a_path_its_states(ax):
    plots.draw_lake(ax, gym.make("FrozenLake-v1").unwrapped.desc)
    assert texts(ax).count("hole") == 4 and texts(ax).count("goal") == 1 and texts(ax).count("start") == 1
    assert {str(s) for s in range(16)} <= set(texts(ax))
    plots.draw_lake_path(ax, [0, 4, 8, 9])
    x, y = ax.lines[-1].get_data()
    assert np.array_equal(np.rint(x), [0, 0, 0, 1]) and np.array_equal(np.rint(y), [0, 1, 2, 2])


def test_a_cartpole_leans_as_its_state_says(ax):
    plots.draw_cartpole(ax, [0.5, 0, 0.1, 0])
    x, y = ax.lines[-1].get_data()
    assert np.isclose(np.arctan2(x[1] - x[0], y[1] - y[0]), 0.1) and x[0] == 0.5
