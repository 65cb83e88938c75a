"""Notebook 12: each broken program is caught by the test its cell names, and for the reason its cell gives.

The notebook's own cells are run here (all but its figures), so that what is tested is what a reader sees.
"""

import contextlib
import io
from itertools import pairwise

import gymnasium as gym
import nbformat
import numpy as np
import pytest
from run_notebooks import NOTEBOOKS

from pgutils import exact, quiz, trajectories, zoo
from pgutils.envs import fork_features
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

# The test that each cell names, and all the tests that fail, by their numbers in the notebook.
CAUGHT = {"MissingMinus": ("uphill", [9, 10]),
          "WrongAxis": ("sums_to_one", [1, 2, 3, 5, 6, 7, 10]),
          "GreedyScore": ("nothing_to_gain", [5, 6, 10]),
          "MeanOfLogs": ("two_walkers", [5, 10]),
          "PastRewards": ("hand_vector", [4, 5, 10]),
          "DoubleDiscount": ("mean_is_gradient", [10]),
          "NoMask": ("padding", [7, 10]),
          "UpdateInside": ("twice_the_step", [8, 10])}
NAMES = list(CAUGHT)
X, MDP, POLICY = fork_features(), TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0")), SoftmaxPolicy(fork_features())


@pytest.fixture(scope="module")
def book():
    """The names that the notebook's cells define."""
    names = {"__name__": "bug_zoo"}
    for cell in nbformat.read(NOTEBOOKS / "12_bug_zoo.ipynb", as_version=4).cells:
        other = {"hide-input", "exercise"} & set(cell.metadata.get("tags", [])) or cell.source.startswith("quiz.")
        if cell.cell_type == "code" and not other:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(cell.source, names)
    return names


def failing(book, kind):
    """The numbers of the tests that this program fails."""
    return [n for n, test in enumerate(book["TESTS"], start=1) if not book["passes"](kind, test)]


def test_the_right_program_passes_all(book):
    assert len(book["TESTS"]) == 10 and failing(book, book["Program"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_bug_fails_the_tests_that_the_table_says(book, name):
    named, numbers = CAUGHT[name]
    assert failing(book, book[name]) == numbers
    place = NAMES.index(name)
    assert book["ANIMALS"][place] is book[name] and book["named"][place].__name__ == named
    assert book["TESTS"].index(book[named]) + 1 in numbers
    assert [n for n, fails in enumerate(book["fails"][place], start=1) if fails] == numbers


@pytest.mark.parametrize("name", NAMES)
def test_the_prediction_accepts_the_named_test_and_the_others_pass(book, name):
    question = quiz.read("12")[f"12.{NAMES.index(name) + 1}"]
    options = [option.partition(",")[0] for option, _ in question["options"]]
    right = options[question["right"] - 1]
    assert right == CAUGHT[name][0] and not book["passes"](book[name], book[right])
    others = {option for option in options if option != right}
    assert len(others) >= 2 and all(book["passes"](book[name], book[other]) for other in others)


@pytest.mark.parametrize("name", NAMES)
def test_mending_the_one_method_mends_the_program(book, name):
    kind, right = book[name], book["Program"]
    replaced = [method for method in vars(kind) if not method.startswith("__")]
    assert len(replaced) == 1
    mended = type("Mended", (kind,), {replaced[0]: getattr(right, replaced[0])})
    assert failing(book, mended) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_bug_passes_at_least_three_tests(book, name):
    assert len(failing(book, book[name])) <= 7


def test_what_the_cells_say_of_learning(book):
    start, ends = book["eta"](book["start"]), {name: curve[:, -1] for name, curve in book["curves"].items()}
    assert {name for name in NAMES if ends[name].min() > start} == set(NAMES) - {"MissingMinus"}
    assert ends["MissingMinus"].max() < -4
    good = {"WrongAxis", "MeanOfLogs", "DoubleDiscount", "NoMask", "UpdateInside"}
    assert {name for name in NAMES if ends[name].min() > 4} == good
    assert {name for name in good if (ends[name] > ends["Program"]).all()} == {"WrongAxis", "NoMask"}
    assert np.sum(ends["GreedyScore"] > 3.9) == 7 and np.sum(abs(ends["GreedyScore"] - 1.2) < 0.1) == 3
    assert np.all(abs(ends["PastRewards"] - 1) < 0.2)
    past = book["curves"]["PastRewards"]
    assert past.max(axis=1).min() > 1.8, "each run rises first"
    assert np.all(past.max(axis=1) - past[:, -1] > 0.6), "and falls back"
    loss = [book["surrogate"](theta) for theta in book["paths"][0][:4]]
    assert loss[1] > loss[0] > loss[3] > 0 and np.all(np.diff([book["eta"](t) for t in book["paths"][0][:4]]) < 0)


def test_what_section_5_says_of_sleep(book, monkeypatch):
    """Which animals pass the test of the whole, and all ten, when a condition is missing."""
    whole = [book["mean_is_gradient"]]
    assert book["unseen"](whole) == ""
    monkeypatch.setitem(book, "GAMMA", 1.0)
    monkeypatch.setitem(book, "B", 0.0)
    assert failing(book, book["Program"]) == []
    assert book["unseen"](whole) == "MeanOfLogs, DoubleDiscount, NoMask"
    assert book["unseen"](book["TESTS"]) == "DoubleDiscount, NoMask"
    monkeypatch.undo()
    narrow = [type(b)(*(array[:, b.mask[0]] for array in b)) for b in book["one_each"]]
    assert {b.mask.shape[1] for b in book["one_each"]} == {3} and {b.mask.shape[1] for b in narrow} == {1, 2, 3}
    monkeypatch.setitem(book, "one_each", narrow)
    assert book["passes"](book["Program"], *whole) and book["unseen"](whole) == "NoMask"


def test_a_ninth_animal_of_the_worked_example(book):
    assert failing(book, book["BySteps"]) == [5, 10]


def test_the_double_discount_is_the_gradient_of_another_task():
    rng = np.random.default_rng(4)
    for theta, gamma in zip(rng.normal(size=(5, 2)), rng.uniform(0.5, 0.95, 5), strict=True):
        assert np.allclose(means(zoo.DoubleDiscount, theta, gamma), exact.policy_gradient(MDP, POLICY, theta, gamma**2))


def test_the_programs_of_the_package_are_those_of_the_notebook(book):
    rng = np.random.default_rng(3)
    for _ in range(20):
        theta, gamma, b = rng.normal(size=2), rng.random(), rng.normal()
        episodes = trajectories.sample(MDP, POLICY, theta, 7, rng)
        batch = zoo.Batch.of(episodes)
        for name in ("Program", *NAMES):
            ours, theirs = (kind(X, gamma, b).update(theta, batch, 0.3) for kind in (book[name], getattr(zoo, name)))
            assert np.allclose(ours, theirs), name


# pgutils.zoo itself


def means(kind, theta, gamma=0.9, b=1.0, alpha=1.0):
    taus = trajectories.enumerate_all(MDP)
    one_each = [zoo.Batch.of(taus).rows([i]) for i in range(len(taus))]
    rho = np.exp(trajectories.log_prob(MDP, POLICY, theta, taus))
    return zoo.mean_update(kind(X, gamma, b), theta, one_each, rho, alpha)


def test_the_mean_update_of_the_right_program_is_the_gradient_and_of_no_other():
    rng = np.random.default_rng(1)
    for _ in range(10):
        theta, gamma = rng.normal(size=2), rng.uniform(0.5, 0.95)
        truth = exact.policy_gradient(MDP, POLICY, theta, gamma)
        for alpha in (0.01, 1.0, 10.0):
            assert np.allclose(means(zoo.Program, theta, gamma, rng.normal(), alpha), truth)
        assert not any(np.allclose(means(kind, theta, gamma), truth, atol=1e-4) for kind in zoo.ANIMALS)


def test_bugs_that_sleep():
    """What the notebook says of tests that would not wake them."""
    rng, theta = np.random.default_rng(2), np.array([0.4, 0.8])
    batch = zoo.Batch.of(trajectories.sample(MDP, POLICY, theta, 30, rng))

    def same(kind, batch=batch, gamma=0.9, b=1.0):
        step, right = (k(X, gamma, b).update(theta, batch, 0.5) for k in (kind, zoo.Program))
        return np.allclose(step, right)

    assert same(zoo.DoubleDiscount, gamma=1.0) and not same(zoo.DoubleDiscount)
    assert same(zoo.NoMask, b=0.0) and not same(zoo.NoMask)
    stays = [any(a == b for a, b in pairwise(s[m])) for s, m in zip(batch.states, batch.mask, strict=True)]
    once = batch.rows(~np.array(stays))
    assert 0 < len(once.mask) < 30 and same(zoo.UpdateInside, batch=once) and not same(zoo.UpdateInside)
    wrong, right = zoo.WrongAxis(X), zoo.Program(X)
    assert all(np.allclose(wrong.probs(theta, s), right.probs(theta, s)) for s in (0, 1))
    assert not np.allclose(wrong.probs(theta, [0, 1]), right.probs(theta, [0, 1]))
    late = batch._replace(rewards=np.where(batch.mask.cumsum(axis=1) == batch.mask.sum(axis=1, keepdims=True), 1.0, 0)
                          * batch.mask)
    assert same(zoo.MeanOfLogs, batch=late, gamma=1.0, b=0.0) and not same(zoo.MeanOfLogs)


def test_a_batch_is_zero_after_the_end():
    trajs = trajectories.enumerate_all(MDP)
    batch = zoo.Batch.of(trajs)
    assert np.array_equal(batch.mask, trajs.mask) and np.array_equal(batch.states[batch.mask], trajs.states[trajs.mask])
    assert not any(array[~batch.mask].any() for array in batch)
    assert np.array_equal(batch.rows([3, 1]).actions, batch.actions[[3, 1]])


@pytest.mark.parametrize("bad", [{"x": X[0]}, {"x": X * np.nan}, {"gamma": 1.5}, {"gamma": -0.1}, {"b": np.inf}])
def test_bad_input_is_refused(bad):
    with pytest.raises(ValueError):
        zoo.Program(**{"x": X} | bad)
