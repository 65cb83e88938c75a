"""MLPPolicy: a network whose gradient was written by hand is held against finite differences."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mdps import relative_error
from scipy import stats

from pgutils.exact import finite_difference
from pgutils.policies import MLPPolicy, SoftmaxPolicy

HIDDEN = [(), (3,), (4, 2), (2, 3, 4), (1, 5, 1, 3)]


def problem(hidden, seed, n=3, k=3, N=5, size=1.0):
    """A policy, a theta, some states and actions."""
    rng, policy = np.random.default_rng(seed), MLPPolicy((n, *hidden, k))
    theta = size * rng.normal(size=policy.n_parameters)
    return policy, theta, rng.normal(size=(N, n)), rng.integers(k, size=N)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("seed", range(5))
def test_score_is_the_slope_of_log_prob(hidden, seed):
    policy, theta, states, actions = problem(hidden, seed)
    scores = policy.score(theta, states, actions)
    assert scores.shape == (5, policy.n_parameters)
    for i in range(5):
        slope = finite_difference(lambda x, i=i: policy.log_prob(x, states[[i]], actions[[i]])[0], theta)
        assert relative_error(scores[i], slope) < 1e-6


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("seed", range(5))
def test_weighted_score_is_the_weighted_sum_of_scores(hidden, seed):
    policy, theta, states, actions = problem(hidden, seed, N=200)
    weights = np.random.default_rng(seed).normal(size=200)
    total = policy.weighted_score(theta, states, actions, weights)
    assert total.shape == (policy.n_parameters,)
    assert relative_error(total, weights @ policy.score(theta, states, actions)) < 1e-10


@pytest.mark.parametrize("hidden", HIDDEN)
def test_score_has_mean_zero(hidden):
    policy, theta, states, _ = problem(hidden, 0)
    scores = np.stack([policy.score(theta, states, np.full(5, a)) for a in range(3)], axis=1)
    assert np.einsum("nk,nkd->nd", policy.probs(theta, states), scores) == pytest.approx(0, abs=1e-12)


def test_the_network_is_the_formula():
    policy, theta, states, actions = problem((4, 2), 1)
    assert policy.n_parameters == 3 * 4 + 4 + 4 * 2 + 2 + 2 * 3 + 3
    W1, b1, W2, b2 = theta[:12].reshape(3, 4), theta[12:16], theta[16:24].reshape(4, 2), theta[24:26]
    W3, b3 = theta[26:32].reshape(2, 3), theta[32:]
    h = np.exp(np.tanh(np.tanh(states @ W1 + b1) @ W2 + b2) @ W3 + b3)
    pi = h / h.sum(axis=1, keepdims=True)
    assert policy.probs(theta, states) == pytest.approx(pi)
    assert policy.log_prob(theta, states, actions) == pytest.approx(np.log(pi[np.arange(5), actions]))
    for one, two in zip(policy.layers(theta), (W1, b1, W2, b2, W3, b3), strict=True):
        assert np.array_equal(one, two)


def test_without_hidden_layers_it_is_a_softmax_of_linear_preferences():
    policy, theta, states, actions = problem((), 2)

    def features(s):
        return np.stack([np.kron(np.c_[s, np.ones(len(s))], np.eye(3)[a]) for a in range(3)], axis=1)

    linear = SoftmaxPolicy(features, 12)
    assert policy.probs(theta, states) == pytest.approx(linear.probs(theta, states))
    assert policy.score(theta, states, actions) == pytest.approx(linear.score(theta, states, actions))


@pytest.mark.parametrize("hidden", [(), (8,), (8, 8)])
@pytest.mark.parametrize("size", [1, 30])
def test_large_inputs_stay_finite(hidden, size):
    policy, theta, states, actions = problem(hidden, 3, N=50, size=size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1e4 * np.sign(states), 1e4 * states):
            assert np.isfinite(policy.log_prob(theta, x, actions)).all()
            assert np.isfinite(policy.score(theta, x, actions)).all()
            assert policy.probs(theta, x).sum(axis=1) == pytest.approx(1)


def test_numbers_that_overflow_are_named():
    policy, theta, states, _ = problem((3,), 0)
    with pytest.raises(ValueError, match="preferences must be finite"):
        policy.probs(1e308 * np.sign(theta), states)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 10**6))
@settings(max_examples=30)
def test_it_starts_uniform_and_able_to_learn(sizes, seed):
    policy = MLPPolicy(sizes)
    theta = policy.initial(np.random.default_rng(seed))
    states = np.random.default_rng(1).normal(size=(4, sizes[0]))
    assert policy.probs(theta, states) == pytest.approx(1 / sizes[-1])
    assert np.array_equal(theta, policy.initial(np.random.default_rng(seed)))
    if sizes[-1] > 1:
        assert np.abs(policy.score(theta, states, np.zeros(4, dtype=int))).max() > 0


def test_hidden_weights_keep_the_scale_of_their_inputs():
    policy = MLPPolicy((100, 50, 200, 2))
    W1, b1, W2, b2, W3, b3 = policy.layers(policy.initial(np.random.default_rng(0)))
    assert W1.std() == pytest.approx(0.1, rel=0.05) and W2.std() == pytest.approx(50**-0.5, rel=0.05)
    assert not b1.any() and not b2.any() and not W3.any() and not b3.any()


def test_samples_follow_the_probabilities():
    policy, theta, states, _ = problem((4,), 4, N=1)
    actions = policy.sample(theta, np.repeat(states, 50_000, axis=0), np.random.default_rng(0))
    expected = 50_000 * policy.probs(theta, states)[0]
    assert stats.chisquare(np.bincount(actions, minlength=3), expected).pvalue > 1e-3


@pytest.mark.parametrize("sizes", [(), (4,), 4, (4, 0, 2), (4, 2.5), (4, -1), ((4, 2), (3, 1)), "42"])
def test_refuses_sizes(sizes):
    with pytest.raises(ValueError, match="sizes"):
        MLPPolicy(sizes)


GOOD = {"theta": np.zeros(26), "states": np.zeros((2, 3)), "actions": [0, 1], "weights": [1.0, 2.0]}


@pytest.mark.parametrize(("bad", "message"), [
    ({"theta": np.zeros(25)}, r"theta must have shape \(26,\), got \(25,\)"),
    ({"theta": np.full(26, np.nan)}, r"theta must be finite, but theta\[0\] is nan"),
    ({"states": np.zeros(3)}, r"states must have shape \(N, 3\), got \(3,\)"),
    ({"states": np.zeros((2, 4))}, r"states must have shape \(N, 3\), got \(2, 4\)"),
    ({"states": np.full((2, 3), np.inf)}, r"states must be finite, but states\[0, 0\] is inf"),
    ({"actions": [0, 2]}, r"actions must be in 0 … 1, but actions\[1\] is 2"),
    ({"actions": [0]}, r"actions must have shape \(2,\), got \(1,\)"),
    ({"actions": [0.0, 1.0]}, "actions must be integers"),
    ({"weights": [1.0]}, r"weights must have shape \(2,\), got \(1,\)"),
    ({"weights": [1.0, np.nan]}, r"weights\[1\] is nan"),
])
def test_refuses(bad, message):
    with pytest.raises(ValueError, match=message):
        MLPPolicy((3, 4, 2)).weighted_score(**GOOD | bad)
