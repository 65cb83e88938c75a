"""The core of the package against the loops that it replaces, and how it grows with m, T and S."""

from bisect import bisect

import gymnasium as gym
import numpy as np

from benchmarks import Row, medians
from pgutils import exact
from pgutils.estimators import gradient_samples
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.trajectories import sample


def lake():
    """FrozenLake-v1 (S = 16, k = 4, T = 100) and the uniform policy: env, mdp, policy, theta."""
    env = gym.make("FrozenLake-v1")
    return env, TabularMDP.from_gymnasium(env), SoftmaxPolicy.tabular(16, 4), np.zeros(64)


def step_by_step(env, pi, m, rng):
    """m episodes, stepped in the environment one after the other, as a first program does it."""
    cumulative = pi.cumsum(axis=1).tolist()     # for bisect, which is faster than rng.choice(k, p=…)
    episodes = []
    for _ in range(m):
        state, _ = env.reset()
        states, actions, rewards, over = [], [], [], False
        while not over:
            action = bisect(cumulative[state][:-1], rng.random())
            states.append(state)
            actions.append(action)
            state, reward, terminated, truncated, _ = env.step(action)
            rewards.append(reward)
            over = terminated or truncated
        episodes.append((states, actions, rewards, state))
    return episodes


def sampling(m=10_000, m_loop=500):
    env, mdp, policy, theta = lake()
    rng, pi = np.random.default_rng(0), policy.probs(theta, np.arange(16))
    env.reset(seed=0)
    fast, slow = medians(lambda: sample(mdp, policy, theta, m, rng),
                         lambda: step_by_step(env, pi, m_loop, rng))
    return [Row(f"sample, FrozenLake, m = {m:,}, a trajectory", fast / m,
                f"env.step in a loop, m = {m_loop:,}, a trajectory", slow / m_loop)]


def exact_gradient():
    _, mdp, policy, theta = lake()
    def eta(x):
        return exact.expected_return(mdp, policy, x)

    fast, slow = medians(lambda: exact.policy_gradient(mdp, policy, theta),
                         lambda: exact.finite_difference(eta, theta))
    return [Row("policy_gradient, FrozenLake, T = 100", fast, "finite_difference of expected_return", slow)]


def gradients_in_a_loop(policy, theta, trajs):
    """What ``gradient_samples`` returns, one step of one trajectory at a time."""
    x, pi = policy.features, policy.probs(theta, np.arange(16))
    g = np.zeros((len(trajs), policy.n_parameters))
    for i, (length, total) in enumerate(zip(trajs.lengths, trajs.returns(), strict=True)):
        for s, a in zip(trajs.states[i, :length], trajs.actions[i, :length], strict=True):
            g[i] += (x[s, a] - pi[s] @ x[s]) * total
    return g


def gradients(m=10_000, m_loop=500):
    _, mdp, policy, theta = lake()
    many, few = (sample(mdp, policy, theta, n, np.random.default_rng(0)) for n in (m, m_loop))
    fast, slow = medians(lambda: gradient_samples(policy, theta, many),
                         lambda: gradients_in_a_loop(policy, theta, few))
    return [Row(f"gradient_samples, FrozenLake, m = {m:,}", fast,
                f"a loop over steps, m = {m_loop:,}, scaled to {m:,}", slow * m / m_loop)]


def wander(S, T, k=4):
    """An MDP without an end, so that T steps are T steps; three random states may follow each (s, a)."""
    rng = np.random.default_rng(0)
    P = np.zeros((S, k, S))
    for row in P.reshape(-1, S):
        row[rng.choice(S, 3, replace=False)] = 1 / 3
    return TabularMDP(P, rng.normal(size=(S, k)), np.eye(S)[0], np.zeros(S, dtype=bool), horizon=T)


def growth(m=2_000, T=50, S=16):
    """What twice the size costs: 2 is linear, 1 is free."""
    def task(what, m=m, T=T, S=S):
        mdp, policy, rng = wander(S, T), SoftmaxPolicy.tabular(S, 4), np.random.default_rng(0)
        theta = np.zeros(policy.n_parameters)
        trajs = sample(mdp, policy, theta, m, rng)
        return {"sample": lambda: sample(mdp, policy, theta, m, rng),
                "gradient_samples": lambda: gradient_samples(policy, theta, trajs),
                "policy_gradient": lambda: exact.policy_gradient(mdp, policy, theta)}[what]

    rows = []
    for what, letters in (("sample", "mTS"), ("gradient_samples", "mTS"), ("policy_gradient", "TS")):
        sizes = {letter: {"m": m, "T": T, "S": S}[letter] for letter in letters}
        once, *twice = medians(task(what), *(task(what, **{x: 2 * n}) for x, n in sizes.items()))
        base = ", ".join(f"{x} = {n:,}" for x, n in sizes.items())
        rows += [Row(f"{what}, {base}", once, f"{x} = {2 * n:,}", time)
                 for (x, n), time in zip(sizes.items(), twice, strict=True)]
    return rows


ROWS = {"sample": sampling, "exact": exact_gradient, "gradients": gradients, "growth": growth}
