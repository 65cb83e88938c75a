"""Trajectories τ = (s_1, a_1, …, s_T, a_T, s_{T+1}): sampled, rolled out in Gymnasium, or all of them."""

from dataclasses import dataclass, fields

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from pgutils import checks


@dataclass(frozen=True, eq=False)
class Trajectories:
    """m trajectories of at most T steps, one a row.

    states        (m, T, …)   s_t, and after the end the state in which the episode ended
    actions       (m, T) int  a_t, 0 after the end
    rewards       (m, T)      r(s_t, a_t), 0 after the end
    mask          (m, T) bool True while the episode runs
    final_states  (m, …)      s_{T+1}: without it the last factor P(s_{T+1} | s_T, a_T) of ρ is lost
    truncated     (m,) bool   True where time ran out before the episode ended by itself

    Column t - 1 holds step t: t runs 1 … T in the maths and 0 … T-1 in arrays.
    Raises ValueError where shapes do not agree, actions are not integers, a mask is not True first and False
    from some step on, or a reward is not finite or not 0 after the end.
    """

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    mask: np.ndarray
    final_states: np.ndarray
    truncated: np.ndarray

    def __post_init__(self):
        for field in fields(self):
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name)))
        if np.ndim(self.actions) != 2 or 0 in np.shape(self.actions):
            raise ValueError(f"actions must have shape (m, T) with m, T >= 1, got {np.shape(self.actions)}")
        m, T = np.shape(self.actions)
        rest = np.shape(self.states)[2:]
        for name, shape in (("states", (m, T, *rest)), ("rewards", (m, T)), ("mask", (m, T)),
                            ("final_states", (m, *rest)), ("truncated", (m,))):
            if np.shape(getattr(self, name)) != shape:
                raise ValueError(f"{name} must have shape {shape}, got {np.shape(getattr(self, name))}")
        mask, rewards = self.mask, checks.finite("rewards", checks.array("rewards", self.rewards, (m, T)))
        if mask.dtype != bool or not mask[:, 0].all() or (mask[:, 1:] > mask[:, :-1]).any():
            raise ValueError("mask must be True for the first steps of each row and False from its end on")
        if ((rewards != 0) > mask).any():
            raise ValueError("rewards must be 0 after the end of an episode, where mask is False")
        if not np.issubdtype(self.actions.dtype, np.integer):
            raise ValueError(f"actions must be integers, got {self.actions.dtype} values")
        if self.truncated.dtype != bool:
            raise ValueError(f"truncated must be booleans, got {self.truncated.dtype} values")

    def __len__(self):
        return len(self.actions)

    @property
    def lengths(self):
        """The number of steps of each trajectory, shape (m,)."""
        return self.mask.sum(axis=1)

    @property
    def next_states(self):
        """s_{t+1} for every step, shape (m, T, …)."""
        return np.concatenate([self.states[:, 1:], self.final_states[:, None]], axis=1)

    def returns(self, gamma=1.0):
        """r(τ) = Σ_t γ^(t-1) r(s_t, a_t), shape (m,)."""
        gamma = checks.number("gamma", gamma, 0, 1)
        # Not with @: its threads would wait, and keep a core busy, long after a sum as short as this.
        return np.einsum("mt,t->m", self.rewards, gamma ** np.arange(self.rewards.shape[1]))

    def rewards_to_go(self, gamma=1.0):
        """Σ_{u≥t} γ^(u-t) r(s_u, a_u) for every step t, shape (m, T)."""
        gamma = checks.number("gamma", gamma, 0, 1)
        to_go = np.array(self.rewards, dtype=float)
        for t in reversed(range(to_go.shape[1] - 1)):
            to_go[:, t] += gamma * to_go[:, t + 1]
        return to_go


def policy_table(mdp, policy, theta):
    """π_θ(a|s) for every state, shape (S, k).  In a terminal state nothing is decided: 1/k stands there."""
    pi = np.full((mdp.n_states, mdp.n_actions), 1 / mdp.n_actions)
    decides = np.flatnonzero(~mdp.terminal)
    probs = policy.probs(theta, decides)
    if probs.shape[1] != mdp.n_actions:
        raise ValueError(f"the policy has {probs.shape[1]} actions, the MDP has {mdp.n_actions}")
    pi[decides] = probs
    return pi


def sample(mdp, policy, theta, m, rng):
    """m independent trajectories τ ~ ρ_θ, all stepped together, T = mdp.horizon.

    Raises ValueError for m < 1, a bad theta or rng, or an MDP without a horizon.
    """
    m, T, rng = checks.count("m", m), _horizon(mdp, "sample"), checks.generator(rng)
    pi = policy_table(mdp, policy, theta).cumsum(axis=1)
    # Few states can follow any one (s, a): a draw looks at these alone, the likeliest first.
    likeliest = np.argsort(-mdp.P, axis=2, kind="stable")[:, :, :(mdp.P > 0).sum(axis=2).max()]
    P = np.take_along_axis(mdp.P, likeliest, axis=2).cumsum(axis=2)
    P, likeliest = (x.reshape(mdp.n_states * mdp.n_actions, -1) for x in (P, likeliest))
    states = np.empty((T + 1, m), dtype=int)            # time first: each step writes one contiguous row
    actions, rewards, mask = (np.zeros((T, m), dtype=kind) for kind in (int, float, bool))
    states[0] = np.searchsorted(mdp.p1.cumsum()[:-1], rng.random(m), side="right")
    for t in range(T):
        runs = np.flatnonzero(~mdp.terminal[states[t]])
        if len(runs) == 0:                              # all have ended: they stay where they are
            states[t + 1:] = states[t]
            break
        s = states[t, runs]
        a = _draw(pi, s, rng)
        row = s * mdp.n_actions + a
        states[t + 1] = states[t]
        states[t + 1, runs] = likeliest[row, _draw(P, row, rng)]
        actions[t, runs], rewards[t, runs], mask[t, runs] = a, mdp.r[s, a], True
    return Trajectories(states[:-1].T, actions.T, rewards.T, mask.T, states[-1], ~mdp.terminal[states[-1]])


def _draw(cumulative, rows, rng):
    """An index for each of these rows of cumulative probabilities, shape (N,), column by column."""
    u, index = rng.random(len(rows)), np.zeros(len(rows), dtype=int)
    for column in cumulative.T[:-1]:
        index += u >= column[rows]
    return index


def _horizon(mdp, what):
    if mdp.horizon is None:
        raise ValueError(f"{what} needs an MDP with a horizon: dataclasses.replace(mdp, horizon=T) sets one")
    return mdp.horizon


def count_trajectories(mdp):
    """How many trajectories have positive probability under a policy that never rules an action out."""
    T = _horizon(mdp, "count_trajectories")
    ways = (mdp.P > 0).sum(axis=1).astype(object)       # Python integers: FrozenLake has 10^100 and more
    ways[mdp.terminal] = 0
    ahead = np.ones(mdp.n_states, dtype=object)
    for _ in range(T):
        ahead = np.where(mdp.terminal, 1, ways @ ahead)
    return int(ahead[mdp.p1 > 0].sum())


def enumerate_all(mdp, limit=200_000):
    """Every trajectory of positive probability, each once; those that end early are not continued.

    Raises ValueError, before any memory is used, where there are more than ``limit``.
    """
    T, n = _horizon(mdp, "enumerate_all"), count_trajectories(mdp)
    if n > checks.count("limit", limit):
        n = n if n < 10**15 else f"over {str(n)[0]}·10^{len(str(n)) - 1}"
        raise ValueError(f"this MDP has {n} trajectories of up to T = {T} steps, more than limit = {limit}")
    states, actions = np.flatnonzero(mdp.p1)[:, None], np.zeros((mdp.n_states, 0), dtype=int)[mdp.p1 > 0]
    for _ in range(T):
        moves = mdp.P[states[:, -1]] > 0                # (n, k, S): what may follow each row so far
        ended = mdp.terminal[states[:, -1]]
        moves[ended] = False                            # an ended row goes on in one way: action 0, no move
        moves[ended, 0, states[ended, -1]] = True
        row, a, s = np.nonzero(moves)
        states, actions = np.c_[states[row], s], np.c_[actions[row], a]
    states, final = states[:, :-1], states[:, -1]
    ended = mdp.terminal[states]                        # from here on the reward is 0
    return Trajectories(states, actions, mdp.r[states, actions], ~ended, final, ~mdp.terminal[final])


def log_prob(mdp, policy, theta, trajs):
    """log ρ_θ(τ) = log P(s_1) + Σ_t log π_θ(a_t|s_t) + Σ_t log P(s_{t+1}|s_t,a_t), shape (m,).

    -inf for a trajectory that cannot happen.  Raises ValueError for states or actions out of range.
    """
    start, policy_part, dynamics = log_prob_parts(mdp, policy, theta, trajs)
    return start + policy_part.sum(axis=1) + dynamics.sum(axis=1)


def log_prob_parts(mdp, policy, theta, trajs):
    """The three parts of log ρ_θ(τ): start (m,), policy (m, T), dynamics (m, T); 0 after an episode's end."""
    S, k = mdp.n_states, mdp.n_actions
    policy_table(mdp, policy, theta)                    # refuses a policy made for other states or actions
    m, T = trajs.actions.shape
    s = checks.indices("trajs.states", trajs.states, S, (m, T))
    s_next = checks.indices("trajs.final_states", trajs.next_states, S, (m, T))
    a, on = checks.indices("trajs.actions", trajs.actions, k), trajs.mask
    policy_part = np.zeros((m, T))
    policy_part[on] = policy.log_prob(theta, s[on], a[on])
    with np.errstate(divide="ignore"):                  # log 0 = -inf is the right answer here
        dynamics = np.where(on, np.log(mdp.P[s, a, s_next]), 0.0)
        return np.log(mdp.p1[s[:, 0]]), policy_part, dynamics


def rollout(env, policy, theta, m, rng, horizon=None):
    """m episodes of a Gymnasium ``Env`` or ``VectorEnv`` under π_θ, T = the longest of them.

    horizon   stop an episode after so many steps; needed where ``env`` has no time limit of its own

    The environment is seeded from ``rng``.  In a ``VectorEnv`` every sub-environment plays one episode a
    round, and what it does after its end is ignored, whichever the autoreset mode.  (Taking the first m
    episodes that finish would prefer the short ones.)  ``truncated`` is True only where the episode did
    not terminate in the same step.

    Raises ValueError where an observation is not one array, or the actions are not the policy's 0 … k-1.
    """
    m, rng = checks.count("m", m), checks.generator(rng)
    horizon = np.inf if horizon is None else checks.count("horizon", horizon)
    if not isinstance(env, gym.Env | gym.vector.VectorEnv):
        raise ValueError(f"env must be a Gymnasium Env or VectorEnv, got {env!r}")
    if not isinstance(env, gym.vector.VectorEnv):
        only = env
        env = gym.vector.SyncVectorEnv([lambda: only], autoreset_mode=AutoresetMode.DISABLED)
    actions, observations = env.single_action_space, env.single_observation_space
    if not isinstance(actions, gym.spaces.Discrete) or actions.start != 0:
        raise ValueError(f"rollout needs actions 0 … k-1, but the action space is {actions}")
    if not isinstance(observations, gym.spaces.Discrete | gym.spaces.Box):
        raise ValueError(f"rollout needs states that are one array, the observation space is {observations}")
    rounds, seed = [], int(rng.integers(2**31 - env.num_envs))
    for left in range(m, 0, -env.num_envs):
        episodes = _one_round(env, policy, theta, rng, horizon, seed)
        rounds.append([part[:left] for part in episodes])
        seed = None                                     # the environment goes on with its own generator
    T = max(mask.shape[1] for _, _, _, mask, _, _ in rounds)
    states, actions, rewards, mask, final, truncated = (
        np.concatenate([part if part.ndim == 1 or i == 4 else _pad(part, T) for part in parts])
        for i, parts in enumerate(zip(*rounds, strict=True)))
    ended = ~mask.reshape(mask.shape + (1,) * (states.ndim - 2))
    return Trajectories(np.where(ended, final[:, None], states), actions, rewards, mask, final, truncated)


def _one_round(env, policy, theta, rng, horizon, seed):
    """One episode in every sub-environment: states, actions, rewards, mask, final states, truncated."""
    mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
    states = np.array(env.reset(seed=seed)[0])          # a copy: some environments write into their arrays again
    k = policy.probs(theta, states).shape[1]
    if k != env.single_action_space.n:
        raise ValueError(f"the policy has {k} actions, the environment has {env.single_action_space.n}")
    running = np.ones(env.num_envs, dtype=bool)
    final, truncated, steps = states.copy(), ~running, []
    while running.any() and len(steps) < horizon:
        a = policy.sample(theta, states, rng)
        arrived, reward, terminated, cut, info = env.step(a)
        steps.append((states, a * running, reward * running, running))
        over = terminated | cut
        states = np.array(arrived)
        if not over.any():
            continue
        done = running & over
        if mode == AutoresetMode.SAME_STEP:                     # ``arrived`` is the next episode's start
            for i in np.flatnonzero(done):
                arrived[i] = info["final_obs"][i]
        final[done] = arrived[done]
        truncated |= done & ~terminated
        running = running & ~done
        if mode == AutoresetMode.DISABLED and running.any():
            states = np.array(env.reset(options={"reset_mask": over})[0])
    final[running] = states[running]                            # those that the horizon has stopped
    states, actions, rewards, mask = (np.concatenate(column).reshape(len(steps), *np.shape(column[0])).swapaxes(0, 1)
                                      for column in zip(*steps, strict=True))
    return states, actions, rewards.astype(float), mask, final, truncated | running


def _pad(x, T):
    """Zeros after the last step, up to T steps."""
    return np.pad(x, [(0, 0), (0, T - x.shape[1])] + [(0, 0)] * (x.ndim - 2))
