"""explore_theorem: its maps are the exact factors and the exact gradient, and notebook 11 says what is seen."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from harness import unlike_a_full_redraw
from matplotlib.figure import Figure

from pgutils import exact, explorers, plots
from pgutils.explorers.theorem import ROUTES, SHADES, preferences
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

LAKES = {ice: replace(TabularMDP.from_gymnasium(gym.make("FrozenLake-v1", is_slippery=ice)), horizon=None)
         for ice in (False, True)}
POLICY, TILES = SoftmaxPolicy.tabular(16, 4), np.flatnonzero(~LAKES[True].terminal)
COLD, HOT = 10**-0.7, 10.0              # the ends of the temperature slider
LEFT, DOWN, RIGHT, UP = range(4)


@pytest.fixture(scope="module")
def figure():
    return explorers.explore_theorem()


@pytest.fixture
def start(figure):
    figure.set(route="the short way", temperature=10**-0.3, slippery=False)
    return figure


def shades(figure):
    """What the four maps show, each divided by its largest number: (11,), then (11, 4) three times."""
    collections = [ax.collections[-1] for ax in figure.figure.axes]
    return [np.asarray(c.get_array()).reshape(11, -1).squeeze() for c in collections]


def factors(route, temperature, slippery):
    """d, π, A and the gradient on the 11 tiles where something is decided, exactly."""
    mdp, theta = LAKES[slippery], preferences(route, temperature)
    pi = POLICY.probs(theta, TILES)
    d = exact.state_visits(mdp, POLICY, theta)[TILES]
    A = (exact.action_values(mdp, POLICY, theta) - exact.state_values(mdp, POLICY, theta)[:, None])[TILES]
    return d, pi, A, exact.policy_gradient(mdp, POLICY, theta).reshape(16, 4)[TILES]


@pytest.mark.parametrize("slippery", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_the_product_of_the_maps_is_the_gradient(figure, route, slippery):
    for temperature in (COLD, 0.5, 1.0, HOT):
        numbers = figure.set(route=route, temperature=temperature, slippery=slippery)
        d, pi, A, gradient = factors(route, temperature, slippery)
        assert d[:, None] * pi * A == pytest.approx(gradient, rel=1e-6, abs=1e-12)
        for shown, truth in zip(shades(figure), (d, pi, A, gradient), strict=True):
            top = 1 if truth is pi else abs(truth).max()
            assert shown == pytest.approx(truth / top, rel=1e-6, abs=1e-5)
        assert numbers["length of ∇η"] == pytest.approx(np.linalg.norm(gradient), rel=1e-6, abs=1e-12)
        added = numbers["added up over tiles (left, down, right, up)"]
        assert added == pytest.approx(gradient.sum(axis=0), rel=1e-6, abs=1e-12)


def test_the_gradient_added_up_is_that_of_shared_preferences(start):
    """Turning a preference on all tiles at once: finite differences of η."""
    theta, mdp = preferences("the short way", 10**-0.3), LAKES[False]
    numerical = exact.finite_difference(
        lambda x: exact.expected_return(mdp, POLICY, theta + np.tile(x, 16)), np.zeros(4))
    assert start.numbers["added up over tiles (left, down, right, up)"] == pytest.approx(numerical, abs=1e-8)
    assert start.numbers["η"] == pytest.approx(exact.expected_return(mdp, POLICY, theta))


def test_the_blitted_picture_equals_a_full_redraw(figure):
    assert unlike_a_full_redraw(figure) == []


def test_what_the_notebook_asks_to_predict():
    figure = explorers.explore_theorem()                        # it opens on the policy of the question
    assert figure.values == {"route": "left", "temperature": COLD, "slippery": False}
    numbers = figure.numbers
    _, pi, A, gradient = factors("left", COLD, False)
    assert pi[:, LEFT] == pytest.approx(0.98, abs=0.005)
    assert A.max() == A[TILES == 14, RIGHT] == pytest.approx(numbers["A"]) == pytest.approx(0.993, abs=5e-4)
    assert abs(gradient).max() == pytest.approx(1.8e-7, abs=5e-9)
    assert numbers["largest entry"] == "tile 14, right" and numbers["product"] == pytest.approx(1.8e-7, abs=5e-9)
    assert numbers["tile 14, right: d"] == pytest.approx(2.85e-5, abs=5e-8)
    assert numbers["π"] == pytest.approx(0.0065, abs=5e-5)


def test_what_the_notebook_asks_to_try(start):
    lost = start.set(route="left", temperature=COLD)["length of ∇η"]                    # 1
    assert lost == pytest.approx(5e-7, abs=5e-8)
    found = start.set(temperature=HOT)["length of ∇η"]                                  # 2
    assert found == pytest.approx(0.019, abs=5e-4) and 35_000 < found / lost < 45_000
    numbers = start.set(route="the short way", temperature=10**-0.3)                    # 3
    d, _, A, gradient = factors("the short way", 10**-0.3, False)
    assert A.max() == A[TILES == 6, DOWN] == pytest.approx(0.18, abs=0.005)
    assert numbers["largest entry"] == "tile 8, right" and A[TILES == 8, RIGHT] == pytest.approx(0.10, abs=0.005)
    assert abs(gradient).max() == gradient[TILES == 8, RIGHT] == pytest.approx(0.072, abs=5e-4)
    assert [*d[TILES == 6], *d[TILES == 8]] == pytest.approx([0.14, 1.05], abs=0.005)
    assert gradient[TILES == 6, DOWN] == pytest.approx(0.0175, abs=5e-5)
    cold = factors("the short way", COLD, False)[3]                                     # 4
    assert abs(cold).max() == pytest.approx(0.0065, abs=5e-5)
    safe = start.set(route="away from holes", temperature=COLD, slippery=True)          # 5
    assert safe["η"] == pytest.approx(0.68, abs=5e-3)
    stuck = start.set(slippery=False)
    assert stuck["η"] < 0.01 and 200 < stuck["steps"] < 999


def test_the_preferred_action_is_likely_and_the_routes_are_what_the_notebook_calls_them():
    """e⁵/(e⁵ + 3) at 0.2; the short way is 0, 4, 8, 9, 13, 14, and with the ice "away from holes" is safe."""
    assert POLICY.probs(preferences("left", 0.2), [0])[0, LEFT] == pytest.approx(np.exp(5) / (np.exp(5) + 3))
    state, way = 0, [0]
    while state != 15:
        action = POLICY.probs(preferences("the short way", COLD), [state])[0].argmax()
        state = int(LAKES[False].P[state, action].argmax())
        way.append(state)
    assert way == [0, 4, 8, 9, 13, 14, 15]
    lake = TabularMDP.from_gymnasium(gym.make("FrozenLake-v1"))                         # the dots of section 2
    theta, shared = np.log([0.3, 0.4, 0.2, 0.1]), SoftmaxPolicy(np.tile(np.eye(4), (16, 1, 1)))
    Q = exact.action_values(lake, shared, theta)[0, TILES]
    safe = POLICY.probs(preferences("away from holes", COLD), TILES).argmax(axis=1)
    not_best = Q[np.arange(11), safe] < Q.max(axis=1) - 1e-9
    assert TILES[not_best].tolist() == [2]


def test_the_map_of_values_draws_boxes_or_triangles_and_refuses_other_shapes():
    ax, desc = Figure().subplots(), ["SF", "HG"]
    boxes = plots.draw_lake_values(ax, desc, np.array([0.5, 1, 7, 7]), SHADES["visits"], (0, 1))
    assert boxes.get_array().tolist() == [0.5, 1] and len(boxes.get_paths()) == 2
    four = plots.draw_lake_values(ax, desc, np.arange(16.0).reshape(4, 4), SHADES["gradient"], (-1, 1))
    assert four.get_array().tolist() == list(range(8))
    points = [path.vertices[:3].mean(axis=0) - (0, 0.145) for path in four.get_paths()[:4]]
    assert [tuple(np.sign(np.round(p, 6)).astype(int)) for p in points] == [(-1, 0), (0, 1), (1, 0), (0, -1)]
    for bad in (np.zeros(3), np.zeros((4, 3)), 1.0):
        with pytest.raises(ValueError, match="values must have shape"):
            plots.draw_lake_values(ax, desc, bad, SHADES["visits"], (0, 1))
