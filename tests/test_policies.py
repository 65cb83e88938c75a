"""policies: probabilities, samples and scores, whatever the features and θ."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from pgutils.exact import finite_difference
from pgutils.policies import SoftmaxPolicy

sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5))
numbers = st.floats(-3, 3, width=32)


@st.composite
def problems(draw, theta=numbers):
    """A policy, a theta, and some states and actions."""
    S, k, d = draw(sizes)
    policy = SoftmaxPolicy(draw(arrays(float, (S, k, d), elements=numbers)))
    N = draw(st.integers(1, 6))
    states = draw(arrays(int, N, elements=st.integers(0, S - 1)))
    actions = draw(arrays(int, N, elements=st.integers(0, k - 1)))
    return policy, draw(arrays(float, d, elements=theta)), states, actions


@given(problems(theta=st.floats(-1e4, 1e4)))
def test_probabilities_and_log_probabilities(problem):
    policy, theta, states, actions = problem
    pi, log_pi = policy.probs(theta, states), policy.log_prob(theta, states, actions)
    assert pi.shape == (len(states), policy.features.shape[1]) and log_pi.shape == (len(states),)
    assert np.all(pi >= 0) and pi.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert np.isfinite(log_pi).all()
    assert np.exp(log_pi) == pytest.approx(pi[np.arange(len(states)), actions], abs=1e-12)


@given(problems())
def test_probabilities_are_the_formula(problem):
    policy, theta, states, _ = problem
    h = np.exp([[sum(xi * t for xi, t in zip(x, theta, strict=True)) for x in policy.features[s]] for s in states])
    assert policy.probs(theta, states) == pytest.approx(h / h.sum(axis=1, keepdims=True))


@given(problems(theta=st.floats(-100, 100)))
def test_score_has_mean_zero(problem):
    policy, theta, states, _ = problem
    N, k = policy.probs(theta, states).shape
    scores = np.stack([policy.score(theta, states, np.full(N, a)) for a in range(k)], axis=1)
    assert np.einsum("nk,nkd->nd", policy.probs(theta, states), scores) == pytest.approx(0, abs=1e-12)


@given(problems())
@settings(max_examples=50)
def test_score_is_the_slope_of_log_prob(problem):
    policy, theta, states, actions = problem
    slopes = np.array([finite_difference(lambda x, i=i: policy.log_prob(x, states, actions)[i], theta)
                       for i in range(len(states))])
    scores = policy.score(theta, states, actions)
    assert scores.shape == (len(states), policy.n_parameters)
    assert scores == pytest.approx(slopes, rel=1e-6, abs=1e-7)


@given(problems(), st.integers(0, 10**6))
def test_weighted_score(problem, seed):
    policy, theta, states, actions = problem
    weights = np.random.default_rng(seed).normal(size=len(states))
    total = policy.weighted_score(theta, states, actions, weights)
    assert total.shape == (policy.n_parameters,)
    assert total == pytest.approx(weights @ policy.score(theta, states, actions), abs=1e-12)


@given(problems())
def test_features_as_a_function(problem):
    policy, theta, states, actions = problem
    same = SoftmaxPolicy(lambda s: policy.features[s], policy.n_parameters)
    for name, more in {"probs": [], "log_prob": [actions], "score": [actions],
                       "weighted_score": [actions, np.arange(len(states))]}.items():
        one, two = (getattr(p, name)(theta, states, *more) for p in (policy, same))
        assert one == pytest.approx(two, abs=1e-12) and one.shape == two.shape
    one, two = (p.sample(theta, states, np.random.default_rng(0)) for p in (policy, same))
    assert np.array_equal(one, two)


def test_features_of_continuous_states():
    """As for CartPole: x(s, a) holds the state in the block of the action, h(s, a) = θ_a · s."""
    def block(states):
        x = np.zeros((len(states), 2, 8))
        x[:, 0, :4] = x[:, 1, 4:] = states
        return x

    policy, states = SoftmaxPolicy(block, 8), np.random.default_rng(0).normal(size=(5, 4))
    h = states @ np.arange(8.0).reshape(2, 4).T
    assert policy.probs(np.arange(8), states)[:, 1] == pytest.approx(1 / (1 + np.exp(h[:, 0] - h[:, 1])))


def test_tabular_layout():
    policy, theta = SoftmaxPolicy.tabular(2, 3), np.zeros(6)
    theta[1 * 3 + 2] = np.log(4)
    assert policy.n_parameters == 6
    assert policy.probs(theta, [0, 1]) == pytest.approx(np.array([[1 / 3] * 3, [1 / 6, 1 / 6, 4 / 6]]))
    assert policy.score(theta, [1], [2]) == pytest.approx(np.array([[0, 0, 0, -1 / 6, -1 / 6, 1 / 3]]))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_log_sum_exp_at_the_extremes(size):
    policy, states, actions = SoftmaxPolicy.tabular(1, 3), np.zeros(3, dtype=int), np.arange(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theta = np.array([size, 0, -size])
        best = 0 if size > 0 else 2
        assert np.array_equal(policy.probs(theta, [0])[0], np.eye(3)[best])
        assert policy.log_prob(theta, states, actions) == pytest.approx([theta[a] - 1e4 for a in actions])
        assert np.array_equal(policy.score(theta, states, actions), np.eye(3) - np.eye(3)[best])
        assert np.all(policy.sample(theta, states, np.random.default_rng(0)) == best)
        assert policy.log_prob(np.full(3, size), states, actions) == pytest.approx(-np.log(3))


def test_samples_follow_the_probabilities():
    policy, theta = SoftmaxPolicy.tabular(2, 4), np.array([0.5, -1, 0, 1, 0, 0, -1e4, 0])
    states = np.tile([0, 1], 50_000)
    actions = policy.sample(theta, states, np.random.default_rng(0))
    for s in (0, 1):
        pi, seen = policy.probs(theta, [s])[0], np.bincount(actions[states == s], minlength=4)
        assert np.all(seen[pi == 0] == 0)
        assert stats.chisquare(seen[pi > 0], 50_000 * pi[pi > 0]).pvalue > 1e-3


POLICY, FUNCTION = SoftmaxPolicy.tabular(3, 2), SoftmaxPolicy(lambda s: np.eye(6).reshape(3, 2, 6)[s], 6)
ZERO, RNG = np.zeros(6), np.random.default_rng(0)
CALLS = {
    "probs": lambda p, theta, states: p.probs(theta, states),
    "sample": lambda p, theta, states: p.sample(theta, states, RNG),
    "log_prob": lambda p, theta, states: p.log_prob(theta, states, [0, 0]),
    "score": lambda p, theta, states: p.score(theta, states, [0, 0]),
    "weighted_score": lambda p, theta, states: p.weighted_score(theta, states, [0, 0], [1, 1]),
}


@pytest.mark.parametrize("policy", [POLICY, FUNCTION], ids=["table", "function"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("theta", "message"), [
    (np.zeros(5), r"theta must have shape \(6,\), got \(5,\)"),
    (np.zeros(7), r"theta must have shape \(6,\), got \(7,\)"),
    (np.zeros((1, 6)), r"theta must have shape \(6,\), got \(1, 6\)"),
    (0.0, r"theta must have shape \(6,\), got \(\)"),
    (np.full(6, np.nan), r"theta must be finite, but theta\[0\] is nan"),
    ([0, 0, 0, -np.inf, 0, 0], r"theta must be finite, but theta\[3\] is -inf"),
    (list("abcdef"), r"theta must be numbers of shape \(6,\)"),
])
def test_refuses_theta(policy, call, theta, message):
    with pytest.raises(ValueError, match=message):
        call(policy, theta, np.array([0, 1]))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("states", "message"), [
    ([0, 3], r"states must be in 0 … 2, but states\[1\] is 3"),
    ([-1, 0], r"states must be in 0 … 2, but states\[0\] is -1"),
    ([0.0, 1.0], "states must be integers in 0 … 2, got float64 values"),
    ([True, False], "states must be integers in 0 … 2, got bool values"),
    ([[0, 1]], r"states must have shape \(1,\), got \(1, 2\)"),
    (0, r"states must have shape \(1,\), got \(\)"),
])
def test_refuses_states(call, states, message):
    with pytest.raises(ValueError, match=message):
        call(POLICY, ZERO, states)


@pytest.mark.parametrize("policy", [POLICY, FUNCTION], ids=["table", "function"])
@pytest.mark.parametrize("call", [
    lambda p, actions: p.log_prob(ZERO, np.array([0, 1]), actions),
    lambda p, actions: p.score(ZERO, np.array([0, 1]), actions),
    lambda p, actions: p.weighted_score(ZERO, np.array([0, 1]), actions, [1, 1]),
])
@pytest.mark.parametrize(("actions", "message"), [
    ([0, 2], r"actions must be in 0 … 1, but actions\[1\] is 2"),
    ([-1, 0], r"actions must be in 0 … 1, but actions\[0\] is -1"),
    ([0.0, 1.0], "actions must be integers"),
    ([0], r"actions must have shape \(2,\), got \(1,\)"),
    (0, r"actions must have shape \(2,\), got \(\)"),
    ([[0], [1]], r"actions must have shape \(2,\), got \(2, 1\)"),
])
def test_refuses_actions(policy, call, actions, message):
    with pytest.raises(ValueError, match=message):
        call(policy, actions)


STATES = np.array([0, 1])
BAD = {
    "weights too short": (lambda: POLICY.weighted_score(ZERO, STATES, [0, 0], [1]), r"weights must have shape \(2,\)"),
    "weights a number": (lambda: POLICY.weighted_score(ZERO, STATES, [0, 0], 1), r"weights must have shape \(2,\)"),
    "weights NaN": (lambda: POLICY.weighted_score(ZERO, STATES, [0, 0], [1, np.nan]), r"weights\[1\] is nan"),
    "no generator": (lambda: POLICY.sample(ZERO, STATES, 0), "rng must be a numpy Generator"),
    "module as rng": (lambda: POLICY.sample(ZERO, STATES, np.random), "rng must be a numpy Generator"),
    "legacy rng": (lambda: POLICY.sample(ZERO, STATES, np.random.RandomState(0)), "rng must be a numpy Generator"),
    "flat features": (lambda: SoftmaxPolicy(np.zeros((3, 2))), r"features must have shape \(S, k, d=d\), got \(3, 2\)"),
    "empty features": (lambda: SoftmaxPolicy(np.zeros((3, 2, 0))), "features must have shape"),
    "another d": (lambda: SoftmaxPolicy(np.zeros((3, 2, 4)), 5), r"shape \(S, k, d=5\), got \(3, 2, 4\)"),
    "NaN features": (lambda: SoftmaxPolicy(np.full((1, 2, 1), np.nan)), r"features\[0, 0, 0\] is nan"),
    "no d": (lambda: SoftmaxPolicy(lambda s: s), "n_parameters must be given"),
    "d of 0": (lambda: SoftmaxPolicy(lambda s: s, 0), "n_parameters must be at least 1"),
    "d of 1.5": (lambda: SoftmaxPolicy(lambda s: s, 1.5), "n_parameters must be a whole number"),
    "tabular S": (lambda: SoftmaxPolicy.tabular(0, 2), "S must be at least 1, got 0"),
    "tabular k": (lambda: SoftmaxPolicy.tabular(3, 2.0), "k must be a whole number, got 2.0"),
    "one state": (lambda: FUNCTION.probs(ZERO, 0), "states must be an array with one state a row"),
    "features of another length": (lambda: SoftmaxPolicy(lambda s: np.zeros((1, 2, 6)), 6).probs(ZERO, STATES),
                                   r"features\(states\) must have shape \(2, k, 6\), got \(1, 2, 6\)"),
    "features of another d": (lambda: SoftmaxPolicy(lambda s: np.zeros((2, 2, 5)), 6).probs(ZERO, STATES),
                              r"features\(states\) must have shape \(2, k, 6\), got \(2, 2, 5\)"),
    "features that are NaN": (lambda: SoftmaxPolicy(lambda s: np.full((2, 2, 6), np.nan), 6).probs(ZERO, STATES),
                              r"features\(states\) must be finite"),
    "overflow": (lambda: SoftmaxPolicy([[[10.0], [-10.0]]]).probs([1e308], [0]), "features·theta must be finite"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
