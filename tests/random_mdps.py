"""Small random MDPs and policies, and the few comparisons that more than one test file makes."""

from collections import Counter
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
from scipy import stats

import pgutils  # noqa: F401  # registers Fork and ShortCorridor
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy


def random_mdp(seed, horizon=1, ends=None):
    """Few states, sparse transitions, random start, none to two terminals; ``ends``: all lead to the end."""
    rng = np.random.default_rng(seed)
    k, n_terminal = rng.integers(2, 4), (1 if ends else rng.integers(0, 3))
    S = n_terminal + rng.integers(1, 4)
    terminal = rng.permutation(np.arange(S) < n_terminal)
    P = rng.dirichlet(np.ones(S), size=(S, k)) * (rng.random((S, k, S)) < 0.6)
    P[..., rng.integers(S)] += 0.1
    if ends:
        P[..., np.flatnonzero(terminal)[0]] += 0.2
    P[terminal] = np.eye(S)[terminal][:, None]
    P /= P.sum(axis=2, keepdims=True)
    r = rng.normal(size=(S, k)) * ~terminal[:, None]
    p1 = rng.dirichlet(np.ones(S)) * ~terminal
    return TabularMDP(P, r, p1 / p1.sum(), terminal, horizon)


def case(seed, ends=False):
    """mdp, policy, theta, gamma: a problem that differs in every respect with the seed."""
    horizon = None if ends else 1 + seed % 4
    mdp, rng = random_mdp(seed, horizon, ends), np.random.default_rng(1000 + seed)
    policy = SoftmaxPolicy(rng.normal(size=(mdp.n_states, mdp.n_actions, rng.integers(1, 5))))
    gamma = (1.0, 0.9, 0.5, 0.0, 0.99)[seed // 4 % 5]
    return mdp, policy, rng.normal(size=policy.n_parameters), gamma


def fork(wind=0.2, **kwargs):
    """Fork as mdp, tabular policy, and a theta at which every trajectory has a fair chance."""
    mdp = TabularMDP.from_gymnasium(gym.make("pgutils/Fork-v0", wind=wind), **kwargs)
    return mdp, SoftmaxPolicy.tabular(3, 2), np.array([0.0, 0.5, 0.3, 0.0, 0.0, 0.0])


def relative_error(x, truth):
    return np.linalg.norm(np.subtract(x, truth)) / np.linalg.norm(truth)


def rows(trajs):
    """Each trajectory as a tuple of states, actions and s_{T+1}."""
    return [tuple(row) for row in np.c_[trajs.states, trajs.actions, trajs.final_states].tolist()]


def p_value(trajs, everything, rho):
    """Pearson's chi-squared test of sampled trajectories against ρ; one that cannot happen fails at once."""
    counts = Counter(rows(trajs))
    possible = {row: p for row, p in zip(rows(everything), rho, strict=True) if p > 0}
    assert set(counts) <= set(possible)
    observed = np.array([counts[row] for row in possible])
    expected = len(trajs) * np.array(list(possible.values()))
    rare = expected < 5                                 # too rare for the test, one by one: taken together
    if rare.any():
        observed, expected = (np.r_[x[~rare], x[rare].sum()] for x in (observed, expected))
    return stats.chisquare(observed, expected, sum_check=False).pvalue


def same(one, other):
    """Are two Trajectories equal, array by array?"""
    return all(np.array_equal(x, vars(other)[name]) for name, x in vars(one).items())


def table_env(P, p1, spec=None):
    """Anything with a toy-text table."""
    return SimpleNamespace(P=P, initial_state_distrib=p1, spec=spec)
