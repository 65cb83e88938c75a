"""estimators: unbiased to the last digit by summing over all trajectories, and noisy as the book's example says."""

from dataclasses import replace
from itertools import product

import gymnasium as gym
import numpy as np
import pytest
from random_mdps import case, fork, relative_error
from scipy import stats

from pgutils import exact
from pgutils.envs import corridor_features
from pgutils.estimators import estimate, gradient_samples, mean_gradient
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.trajectories import enumerate_all, log_prob, rollout, sample

BASELINES = {
    "none": lambda mdp, trajs: None,
    "a number": lambda mdp, trajs: 2.5,
    "one a step": lambda mdp, trajs: np.linspace(-1, 2, mdp.horizon),
    "one a state and step": lambda mdp, trajs: np.sin(trajs.states + 3.0 * np.arange(mdp.horizon)),
    "a function of states": lambda mdp, trajs: lambda states: np.cos(2.0 * states),
}


@pytest.mark.parametrize("weights", ["total", "reward_to_go"])
@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize("seed", range(0, 200, 11))
def test_unbiased(seed, baseline, weights):
    """Σ_τ ρ(τ) ĝ(τ) = ∇η, exactly: no sampling, no tolerance but rounding; γ < 1 included."""
    mdp, policy, theta, gamma = case(seed)
    trajs = enumerate_all(mdp)
    rho = np.exp(log_prob(mdp, policy, theta, trajs))
    g = gradient_samples(policy, theta, trajs, weights, baseline(mdp, trajs), gamma)
    assert g.shape == (len(trajs), policy.n_parameters)
    assert relative_error(rho @ g, exact.policy_gradient(mdp, policy, theta, gamma)) < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_one_row_by_hand(seed):
    """Each row, not only their mean: the double sum as it is written, step by step."""
    mdp, policy, theta, gamma = case(seed)
    trajs, T = sample(mdp, policy, theta, 6, np.random.default_rng(seed)), mdp.horizon
    b = np.random.default_rng(seed).normal(size=(6, T))
    expected = {"total": np.zeros((6, policy.n_parameters)), "reward_to_go": np.zeros((6, policy.n_parameters))}
    for i in range(6):
        for t in range(trajs.lengths[i]):
            score = policy.score(theta, trajs.states[i, [t]], trajs.actions[i, [t]])[0]
            to_go = sum(gamma ** (u - t) * trajs.rewards[i, u] for u in range(t, T))
            total = sum(gamma**u * trajs.rewards[i, u] for u in range(T))
            expected["total"][i] += score * (total - b[i, t])
            expected["reward_to_go"][i] += score * gamma**t * (to_go - b[i, t])
    for weights, g in expected.items():
        assert gradient_samples(policy, theta, trajs, weights, b, gamma) == pytest.approx(g, abs=1e-12)


@pytest.mark.parametrize("weights", ["total", "reward_to_go"])
@pytest.mark.parametrize("baseline", [None, 1.5, "per_step"])
@pytest.mark.parametrize("seed", range(20))
def test_the_mean_without_the_rows(seed, baseline, weights):
    mdp, policy, theta, gamma = case(seed)
    trajs = sample(mdp, policy, theta, 7, np.random.default_rng(seed))
    g = gradient_samples(policy, theta, trajs, weights, baseline, gamma)
    assert mean_gradient(policy, theta, trajs, weights, baseline, gamma) == pytest.approx(g.mean(axis=0), abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_trajectory_in_its_own_baseline_shortens_the_mean(m):
    """Over all batches of m, each with its probability: (m-1)/m ∇η, exactly."""
    mdp, policy, theta = fork()
    trajs = enumerate_all(mdp)
    rho, mean = np.exp(log_prob(mdp, policy, theta, trajs)), 0
    for rows in product(range(len(trajs)), repeat=m):
        batch = replace(trajs, **{name: getattr(trajs, name)[list(rows)] for name in vars(trajs)})
        mean = mean + rho[list(rows)].prod() * mean_gradient(policy, theta, batch, "reward_to_go", "per_step")
    assert mean == pytest.approx((m - 1) / m * exact.policy_gradient(mdp, policy, theta), abs=1e-12)


def test_a_baseline_by_step_is_not_one_by_trajectory():
    """With m = T both would fit: one number a step it is, as the docstring says."""
    mdp, policy, theta = fork()
    trajs = sample(mdp, policy, theta, 3, np.random.default_rng(0))
    b = np.array([1.0, 10.0, 100.0])
    assert np.array_equal(gradient_samples(policy, theta, trajs, baseline=b),
                          gradient_samples(policy, theta, trajs, baseline=np.tile(b, (3, 1))))


def test_a_baseline_is_asked_only_where_something_is_decided():
    mdp, policy, theta = fork()
    asked = []
    gradient_samples(policy, theta, enumerate_all(mdp), baseline=lambda s: asked.extend(s.tolist()) or np.zeros(len(s)))
    assert set(asked) == {0, 1}


def test_rows_of_a_rollout():
    """States that are vectors, and episodes of different length in one array."""
    policy = SoftmaxPolicy(lambda s: np.stack([0 * s, s], axis=1), 4)
    theta = np.array([0.0, 0.0, 1.0, 1.0])
    trajs = rollout(gym.make("CartPole-v1"), policy, theta, 4, np.random.default_rng(0))
    g = gradient_samples(policy, theta, trajs, "total", baseline=lambda states: states[:, 0])
    for i, n in enumerate(trajs.lengths):
        scores = policy.score(theta, trajs.states[i, :n], trajs.actions[i, :n])
        assert g[i] == pytest.approx((n - trajs.states[i, :n, 0]) @ scores, rel=1e-6)


def test_estimate():
    mdp, policy, theta = fork()
    trajs = sample(mdp, policy, theta, 50, np.random.default_rng(0))
    mean, error = estimate(policy, theta, trajs, "reward_to_go", 0.5, gamma=0.9)
    g = gradient_samples(policy, theta, trajs, "reward_to_go", 0.5, gamma=0.9)
    assert mean == pytest.approx(g.sum(axis=0) / 50)
    assert error == pytest.approx(np.sqrt(((g - mean) ** 2).sum(axis=0) / 49 / 50)) and error.shape == (6,)


def test_standard_errors_mean_what_they_say():
    """Of 400 estimates, each in units of its standard error, the spread is one."""
    mdp, policy, theta = fork()
    truth, rng = exact.policy_gradient(mdp, policy, theta), np.random.default_rng(0)
    z = []
    for _ in range(400):
        mean, error = estimate(policy, theta, sample(mdp, policy, theta, 200, rng))
        z.append((mean - truth)[:4] / error[:4])
    assert np.abs(np.mean(z, axis=0)).max() < 4 / np.sqrt(400)
    assert np.std(z, axis=0) == pytest.approx(1, abs=0.15)


@pytest.fixture(scope="module")
def corridor():
    """60,000 episodes at p = 0.5; the chance that one of them takes more than 150 steps is 1 %."""
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/ShortCorridor-v0"), horizon=150)
    policy, rng = SoftmaxPolicy(corridor_features()), np.random.default_rng(0)
    V = exact.state_values(replace(mdp, horizon=None), policy, [0.0])
    return policy, V, [sample(mdp, policy, [0.0], 20_000, rng) for _ in range(3)]


@pytest.mark.parametrize(("name", "weights", "baseline", "std"), [
    ("total", "total", lambda V: None, 44.2),
    ("reward-to-go", "reward_to_go", lambda V: None, 26.9),
    ("constant v(s_1)", "reward_to_go", lambda V: V[0], 16.5),
    ("true V(s)", "reward_to_go", lambda V: lambda states: V[states], 17.0),
])
def test_table_of_estimators(corridor, name, weights, baseline, std):
    policy, V, batches = corridor
    g = np.concatenate([gradient_samples(policy, [0.0], trajs, weights, baseline(V)) for trajs in batches])[:, 0]
    assert abs(g.mean() - 2) < 4 * stats.sem(g)
    assert g.std() == pytest.approx(std, rel=0.05)


def test_corridor_values():
    policy = SoftmaxPolicy(corridor_features())
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/ShortCorridor-v0"))
    assert exact.state_values(mdp, policy, [0.0]) == pytest.approx([-12, -10, -6, 0])


FORK, POLICY, THETA = fork()
TRAJS = sample(FORK, POLICY, THETA, 5, np.random.default_rng(0))
MESSAGE = r"baseline must be a number, or have shape \(3,\) or \(5, 3\), got "
BAD = {
    "theta short": ({"theta": np.zeros(5)}, r"theta must have shape \(6,\), got \(5,\)"),
    "theta NaN": ({"theta": np.full(6, np.nan)}, r"theta\[0\] is nan"),
    "theta inf": ({"theta": np.full(6, np.inf)}, r"theta\[0\] is inf"),
    "gamma -0.1": ({"gamma": -0.1}, r"gamma must be a finite number in \[0, 1\]"),
    "gamma 1.1": ({"gamma": 1.1}, r"gamma must be a finite number in \[0, 1\]"),
    "gamma NaN": ({"gamma": np.nan}, r"gamma must be a finite number in \[0, 1\]"),
    "gamma (T,)": ({"gamma": np.ones(3)}, "gamma must be a number"),
    "weights misspelt": ({"weights": "rewards_to_go"}, '"total" or "reward_to_go", got \'rewards_to_go\''),
    "weights None": ({"weights": None}, '"total" or "reward_to_go", got None'),
    "weights an array": ({"weights": np.ones((5, 3))}, '"total" or "reward_to_go", got array'),
    "baseline (m,)": ({"baseline": np.zeros(5)}, MESSAGE + r"\(5,\)"),
    "baseline (m, 1)": ({"baseline": np.zeros((5, 1))}, MESSAGE + r"\(5, 1\)"),
    "baseline (1, T)": ({"baseline": np.zeros((1, 3))}, MESSAGE + r"\(1, 3\)"),
    "baseline (1,)": ({"baseline": np.zeros(1)}, MESSAGE + r"\(1,\)"),
    "baseline (S,)": ({"baseline": np.zeros(4)}, MESSAGE + r"\(4,\)"),
    "baseline NaN": ({"baseline": np.nan}, "baseline must be finite"),
    "baseline inf": ({"baseline": [0.0, np.inf, 0.0]}, "baseline must be finite"),
    "baseline misspelt": ({"baseline": "per-step"}, 'a function of states, or "per_step", got \'per-step\''),
    "baseline function (N, 1)": ({"baseline": lambda s: np.zeros((len(s), 1))}, r"baseline\(states\) must have shape"),
    "baseline function ()": ({"baseline": lambda s: 0.0}, r"baseline\(states\) must have shape \(\d+,\), got \(\)"),
    "baseline function NaN": ({"baseline": lambda s: np.full(len(s), np.nan)}, "must be finite"),
    "states of another MDP": ({"policy": SoftmaxPolicy.tabular(1, 6)}, r"states must be in 0 … 0, but states\[\d\] is"),
    "actions of another MDP": ({"policy": SoftmaxPolicy.tabular(6, 1)}, r"actions must be in 0 … 0"),
}


@pytest.mark.parametrize("f", [gradient_samples, mean_gradient, estimate])
@pytest.mark.parametrize(("bad", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("weights", ["total", "reward_to_go"])
def test_refuses(f, bad, message, weights):
    with pytest.raises(ValueError, match=message):
        f(**{"policy": POLICY, "theta": THETA, "trajs": TRAJS, "weights": weights} | bad)


def test_one_trajectory_shows_no_spread():
    one = sample(FORK, POLICY, THETA, 1, np.random.default_rng(0))
    assert gradient_samples(POLICY, THETA, one).shape == (1, 6)
    with pytest.raises(ValueError, match="m, the number of trajectories, must be at least 2, got 1"):
        estimate(POLICY, THETA, one)
