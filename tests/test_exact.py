"""exact: the numbers of the book, and the same number three ways on two hundred random MDPs."""

import warnings
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from random_mdps import case, fork, random_mdp, relative_error
from scipy import optimize

from pgutils import exact
from pgutils.envs import corridor_features, fork_features
from pgutils.estimators import gradient_samples
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.trajectories import enumerate_all, log_prob, sample

CORRIDOR = TabularMDP.from_gymnasium(gym.make("pgutils/ShortCorridor-v0"))
LOGIT = SoftmaxPolicy(corridor_features())
BEST = 2 - np.sqrt(2)


def logit(p):
    return np.log([p / (1 - p)])


@pytest.fixture(params=[None, 5000], ids=["until the end", "T=5000"])
def corridor(request):
    """At p = 0.05 an episode takes 82 steps; the chance of more than 5000 is below 1e-20."""
    return replace(CORRIDOR, horizon=request.param)


@pytest.mark.parametrize(("p", "v"), [(BEST, -(6 + 4 * np.sqrt(2))), (BEST, -11.65685425), (0.5, -12), (0.8, -15),
                                      (0.05, -1.95 * 2 / 0.05 / 0.95), (0.95, -1.05 * 2 / 0.05 / 0.95)])
def test_value_of_the_short_corridor(corridor, p, v):
    assert exact.expected_return(corridor, LOGIT, logit(p)) == pytest.approx(v, abs=1e-6)
    assert v == pytest.approx((2 * p - 4) / (p * (1 - p)), abs=1e-6)


def test_the_book_prints_these_values():
    assert exact.expected_return(CORRIDOR, LOGIT, logit(0.05)) == pytest.approx(-82.105, abs=5e-4)
    assert exact.expected_return(CORRIDOR, LOGIT, logit(0.95)) == pytest.approx(-44.211, abs=5e-4)


@pytest.mark.parametrize(("p", "slope"), [(0.5, 2), (0.8, -7), (BEST, 0), (0.05, 75.8947368)])
def test_gradient_of_the_short_corridor(corridor, p, slope):
    assert exact.policy_gradient(corridor, LOGIT, logit(p)) == pytest.approx([slope], abs=1e-6)


def test_two_preferences_share_the_slope(corridor):
    """With the book's own features, left and right have opposite derivatives."""
    x = np.tile(np.eye(2), (4, 1, 1))
    assert exact.policy_gradient(corridor, SoftmaxPolicy(x), [0, 0]) == pytest.approx([-2, 2], abs=1e-6)


def test_maximum_of_the_short_corridor(corridor):
    top = optimize.minimize_scalar(lambda x: -exact.expected_return(corridor, LOGIT, [x]), (0, 1), tol=1e-10)
    assert 1 / (1 + np.exp(-top.x)) == pytest.approx(0.5857864376, abs=1e-6)


def test_uniform_policy_on_frozen_lake():
    """1.39 % reach the goal, as every dynamic programming course finds."""
    mdp = TabularMDP.from_gymnasium(gym.make("FrozenLake-v1"))
    policy = SoftmaxPolicy.tabular(16, 4)
    until_the_end = exact.expected_return(replace(mdp, horizon=None), policy, np.zeros(64))
    assert until_the_end == pytest.approx(0.0139398, abs=1e-7)
    assert until_the_end - 1e-5 < exact.expected_return(mdp, policy, np.zeros(64)) < until_the_end


@pytest.mark.parametrize("seed", range(200))
def test_gradient_three_ways(seed):
    """Dynamic programming, finite differences, and the sum over all trajectories of ρ ∇log ρ r(τ)."""
    mdp, policy, theta, gamma = case(seed)
    trajs = enumerate_all(mdp)
    rho = np.exp(log_prob(mdp, policy, theta, trajs))
    r = (trajs.rewards * gamma ** np.arange(mdp.horizon)).sum(axis=1)
    scores = policy.score(theta, trajs.states.ravel(), trajs.actions.ravel()).reshape(*trajs.mask.shape, -1)
    by_hand = np.einsum("i,itd,it,i->d", rho, scores, trajs.mask, r)

    gradient = exact.policy_gradient(mdp, policy, theta, gamma)
    numerical = exact.finite_difference(lambda x: exact.expected_return(mdp, policy, x, gamma), theta)
    assert rho.sum() == pytest.approx(1, abs=1e-12)
    assert exact.expected_return(mdp, policy, theta, gamma) == pytest.approx(rho @ r, rel=1e-10, abs=1e-12)
    assert relative_error(gradient, by_hand) < 1e-9
    assert relative_error(gradient, numerical) < 1e-7


@pytest.mark.parametrize("seed", range(40))
def test_until_the_end_is_the_limit_of_long_horizons(seed):
    mdp, policy, theta, gamma = case(seed, ends=True)
    long = replace(mdp, horizon=400)
    for f in (exact.expected_return, exact.policy_gradient):
        assert f(mdp, policy, theta, gamma) == pytest.approx(f(long, policy, theta, gamma), rel=1e-9, abs=1e-9)
    for f in (exact.state_values, exact.action_values):
        assert f(mdp, policy, theta, gamma) == pytest.approx(f(long, policy, theta, gamma)[0], rel=1e-9, abs=1e-9)
    visits = exact.state_visits(long, policy, theta).sum(axis=0)
    assert exact.state_visits(mdp, policy, theta) == pytest.approx(visits * ~mdp.terminal, rel=1e-9)


@pytest.mark.parametrize("gamma", [0, 0.5, 0.9])
def test_discounting_needs_no_end(gamma):
    """With γ < 1 and no horizon the episode may go on for ever."""
    mdp = next(m for m in map(random_mdp, range(100)) if not m.terminal.any())
    policy = SoftmaxPolicy.tabular(mdp.n_states, mdp.n_actions)
    theta = np.linspace(-1, 1, policy.n_parameters)
    endless, long = replace(mdp, horizon=None), replace(mdp, horizon=400)
    for f in (exact.expected_return, exact.policy_gradient):
        assert f(endless, policy, theta, gamma) == pytest.approx(f(long, policy, theta, gamma), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_values_and_visits_agree_with_each_other(seed):
    mdp, policy, theta, gamma = case(seed)
    T, S, k = mdp.horizon, mdp.n_states, mdp.n_actions
    V, Q = exact.state_values(mdp, policy, theta, gamma), exact.action_values(mdp, policy, theta, gamma)
    d, pi = exact.state_visits(mdp, policy, theta), policy.probs(theta, np.arange(S))
    assert V.shape == (T + 1, S) and Q.shape == (T, S, k) and d.shape == (T, S)
    assert np.all(V[T] == 0) and np.all(V[:, mdp.terminal] == 0) and np.all(Q[:, mdp.terminal] == 0)
    assert V[:T] == pytest.approx((pi * Q).sum(axis=2))

    trajs = enumerate_all(mdp)
    rho = np.exp(log_prob(mdp, policy, theta, trajs))
    by_enumeration = np.stack([np.bincount(trajs.states[:, t], rho, minlength=S) for t in range(T)])
    assert d == pytest.approx(by_enumeration)
    assert exact.expected_return(mdp, policy, theta, gamma) == pytest.approx(
        sum(gamma**t * (d[t] @ (pi * mdp.r).sum(axis=1)) for t in range(T)))


def test_an_unreached_state_has_its_own_value():
    """At the fork this θ never climbs, so that the ledge is not reached: its value is 5 and not 0."""
    mdp, policy = replace(fork()[0], horizon=None), SoftmaxPolicy(fork_features())
    assert exact.state_values(mdp, policy, [-1000, 1000]) == pytest.approx([1, 5, 0])
    assert exact.action_values(mdp, policy, [-1000, 1000])[0] == pytest.approx([1, 0.8 * 5 + 0.2 * 1])


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_extreme_parameters_give_no_warning(size):
    mdp, policy, _ = fork()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theta = size * np.array([1, -1, 1, -1, 0, 0])
        assert exact.policy_gradient(mdp, policy, theta) == pytest.approx(np.zeros(6), abs=1e-12)
        assert exact.expected_return(mdp, policy, theta) == pytest.approx(1 if size > 0 else 0.96 * 5)


BASELINES = {"none": None, "a number": 2.5, "a function of states": lambda states: np.cos(2.0 * states)}


@pytest.mark.parametrize("seed", range(200))
def test_variance_by_enumeration(seed):
    """Σ_τ ρ(τ) ĝ(τ)² - (∇η)², over all trajectories, for every kind of weights and baseline; γ < 1 included."""
    mdp, policy, theta, gamma = case(seed)
    trajs = enumerate_all(mdp)
    rho = np.exp(log_prob(mdp, policy, theta, trajs))
    for weights in ("total", "reward_to_go"):
        for b in BASELINES.values():
            g = gradient_samples(policy, theta, trajs, weights, b, gamma)
            by_hand = rho @ g**2 - (rho @ g) ** 2
            variance = exact.estimate_variance(mdp, policy, theta, weights, b, gamma)
            assert variance.shape == (policy.n_parameters,) and np.all(variance >= 0)
            assert variance == pytest.approx(by_hand, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("b", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize("weights", ["total", "reward_to_go"])
@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_variance_until_the_end_is_the_limit_of_long_horizons(seed, weights, b):
    mdp, policy, theta, gamma = case(seed, ends=True)
    how = (policy, theta, weights, b, gamma)
    long = exact.estimate_variance(replace(mdp, horizon=400), *how)
    assert exact.estimate_variance(mdp, *how) == pytest.approx(long, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("p", [0.2, 0.5, BEST, 0.8])
def test_variance_on_the_corridor_agrees_with_samples(p):
    """Measured on 20,000 episodes, within four standard errors of a variance, whose size the fourth moment gives."""
    short, theta = replace(CORRIDOR, horizon=1500), logit(p)
    V = exact.state_values(CORRIDOR, LOGIT, theta)
    trajs = sample(short, LOGIT, theta, 20_000, np.random.default_rng(9))
    assert not trajs.truncated.any()
    for weights, b in (("total", None), ("reward_to_go", None), ("reward_to_go", V[0]), ("total", lambda s: V[s])):
        g = gradient_samples(LOGIT, theta, trajs, weights, b)[:, 0]
        g = g - exact.policy_gradient(CORRIDOR, LOGIT, theta)
        variance = exact.estimate_variance(CORRIDOR, LOGIT, theta, weights, b)[0]
        assert abs(np.mean(g**2) - variance) < 4 * np.std(g**2) / np.sqrt(len(g))


def test_a_baseline_that_takes_all_the_noise_away():
    """On Fork's ledge, b = -2 gives the same estimate for both actions when climb has probability 0.7."""
    ledge = replace(fork()[0], p1=np.array([0.0, 1.0, 0.0]))
    policy, theta = SoftmaxPolicy(fork_features()), np.log([1, 0.7 / 0.3])
    assert exact.estimate_variance(ledge, policy, theta, "reward_to_go", -2) == pytest.approx([0, 0], abs=1e-12)
    assert exact.estimate_variance(ledge, policy, theta)[1] == pytest.approx(0.7 * 1.5**2 + 0.3 * 3.5**2 - 2.1**2)


def test_variance_without_an_end():
    """With γ < 1 the reward-to-go needs no end; the total return has a sum of scores, which never settles."""
    mdp = next(m for m in map(random_mdp, range(100)) if not m.terminal.any())
    policy = SoftmaxPolicy.tabular(mdp.n_states, mdp.n_actions)
    theta = np.linspace(-1, 1, policy.n_parameters)
    endless, long = replace(mdp, horizon=None), replace(mdp, horizon=200)
    variance = exact.estimate_variance(endless, policy, theta, "reward_to_go", 1.0, 0.5)
    assert variance == pytest.approx(exact.estimate_variance(long, policy, theta, "reward_to_go", 1.0, 0.5), rel=1e-9)
    with pytest.raises(ValueError, match="never reaches the end"):
        exact.estimate_variance(endless, policy, theta, "total", 1.0, 0.5)


def test_a_variance_that_rounding_would_spoil_is_refused():
    exact.estimate_variance(CORRIDOR, LOGIT, [-9.0])
    with pytest.raises(ValueError, match="steps on average, too many"):
        exact.estimate_variance(CORRIDOR, LOGIT, [-13.0])


@pytest.mark.parametrize(("how", "message"), [
    ({"weights": "to-go"}, 'weights must be "total" or "reward_to_go", got \'to-go\''),
    ({"weights": ["total"]}, "weights must be"),
    ({"baseline": "mean"}, "baseline must be None, a number, or a function of states, got 'mean'"),
    ({"baseline": np.zeros(3)}, "baseline must be None, a number, or a function of states"),
    ({"baseline": np.nan}, "baseline must be None, a number"),
    ({"baseline": lambda states: 1.0}, r"baseline\(states\) must have shape \(2,\), got \(\)"),
    ({"baseline": lambda states: states * np.inf}, r"baseline must be finite"),
])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_variance_refuses(how, message):
    with pytest.raises(ValueError, match=message):
        exact.estimate_variance(FORK, TABULAR, THETA, **how)


def test_finite_difference():
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    theta = np.array([0.3, -0.7])
    assert exact.finite_difference(lambda x: x @ A @ x / 2, theta) == pytest.approx(A @ theta, rel=1e-9)
    assert np.all(theta == [0.3, -0.7])
    assert exact.finite_difference(np.linalg.norm, [3, 4], step=1e-6) == pytest.approx([0.6, 0.8])


FORK, TABULAR, THETA = fork()
NEVER_ENDS = SoftmaxPolicy(np.tile([[[0.0], [1.0]]], (4, 1, 1)))
BAD = {
    "theta too short": (lambda f: f(FORK, TABULAR, np.zeros(5)), r"theta must have shape \(6,\), got \(5,\)"),
    "theta a column": (lambda f: f(FORK, TABULAR, np.zeros((6, 1))), r"theta must have shape \(6,\), got \(6, 1\)"),
    "theta a number": (lambda f: f(FORK, TABULAR, 0.0), r"theta must have shape \(6,\), got \(\)"),
    "theta NaN": (lambda f: f(FORK, TABULAR, THETA * np.nan), r"theta must be finite, but theta\[0\] is nan"),
    "theta inf": (lambda f: f(FORK, TABULAR, [0, 0, np.inf, 0, 0, 0]), r"theta\[2\] is inf"),
    "theta words": (lambda f: f(FORK, TABULAR, ["a"] * 6), "theta must be numbers of shape"),
    "too many actions": (lambda f: f(FORK, SoftmaxPolicy.tabular(3, 3), np.zeros(9)),
                         "the policy has 3 actions, the MDP has 2"),
    "too few states": (lambda f: f(FORK, SoftmaxPolicy.tabular(1, 2), np.zeros(2)), r"states\[1\] is 1"),
    "never ends": (lambda f: f(CORRIDOR, NEVER_ENDS, [-1000.0]), "from state start this policy never reaches the end"),
    "hardly ever ends": (lambda f: f(CORRIDOR, LOGIT, [40.0]), "hardly ever reaches the end"),
    "hardly ever ends, left": (lambda f: f(CORRIDOR, LOGIT, [-40.0]), "hardly ever reaches the end"),
}
GAMMAS = {"negative": -0.1, "above one": 1.1, "NaN": np.nan, "inf": np.inf, "word": "0.5", "list": [0.5], "None": None}
NAMES = ["expected_return", "policy_gradient", "state_values", "action_values", "state_visits", "estimate_variance"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", BAD)
def test_refuses(name, bad):
    call, message = BAD[bad]
    with pytest.raises(ValueError, match=message):
        call(getattr(exact, name))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "state_visits"])
@pytest.mark.parametrize("gamma", GAMMAS.values(), ids=GAMMAS)
def test_refuses_gamma(name, gamma):
    with pytest.raises(ValueError, match=r"gamma must be a (finite )?number"):
        getattr(exact, name)(FORK, TABULAR, THETA, gamma=gamma)


@pytest.mark.parametrize(("f", "theta", "step", "message"), [
    (np.sum, [0, np.nan], 1e-5, r"theta\[1\] is nan"),
    (np.sum, [[0.0, 1.0]], 1e-5, r"theta must have shape \(2,\)"),
    (np.sum, [0.0], 0, "step must be a finite number"),
    (np.sum, [0.0], -1e-5, "step must be a finite number"),
    (lambda x: np.inf, [0.0], 1e-5, r"f\(theta\) must be a finite number, got inf"),
    (lambda x: np.nan, [0.0], 1e-5, r"f\(theta\) must be a finite number, got nan"),
    (lambda x: x, [0.0, 1.0], 1e-5, r"f\(theta\) must be a number"),
    (lambda x: x, [0.0], 1e-5, r"f\(theta\) must be a number"),
])
def test_finite_difference_refuses(f, theta, step, message):
    with pytest.raises(ValueError, match=message):
        exact.finite_difference(f, theta, step)
