"""trajectories: all of them, sampled ones and those of Gymnasium, and that the three agree."""

import gc
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import case, fork, p_value, rows, same
from scipy import stats

from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy
from pgutils.trajectories import (
    Trajectories,
    count_trajectories,
    enumerate_all,
    log_prob,
    log_prob_parts,
    policy_table,
    rollout,
    sample,
)

MODES = list(AutoresetMode)


def rho_of(mdp, policy, theta):
    everything = enumerate_all(mdp)
    return everything, np.exp(log_prob(mdp, policy, theta, everything))


# --- All trajectories ----------------------------------------------------------------------------------------


def by_recursion(mdp, pi):
    """Every trajectory as (states, actions, s_{T+1}) in one tuple -> ρ, r(τ) and length, written independently."""
    found = {}

    def go(states, actions, p, total, n):
        s = states[-1]
        if len(actions) == mdp.horizon:
            found[(*states[:-1], *actions, s)] = p, total, n
        elif mdp.terminal[s]:
            go([*states, s], [*actions, 0], p, total, n)
        else:
            for a in range(mdp.n_actions):
                for s_next in np.flatnonzero(mdp.P[s, a]):
                    go([*states, s_next], [*actions, a], p * pi[s, a] * mdp.P[s, a, s_next], total + mdp.r[s, a], n + 1)

    for s in np.flatnonzero(mdp.p1):
        go([s], [], mdp.p1[s], 0.0, 0)
    return found


@pytest.mark.parametrize("seed", range(24))
def test_enumeration_against_a_recursion(seed):
    mdp, policy, theta, _ = case(seed)
    trajs, rho = rho_of(mdp, policy, theta)
    found = by_recursion(mdp, policy.probs(theta, np.arange(mdp.n_states)))
    assert len(trajs) == len(found) == count_trajectories(mdp) == len(set(rows(trajs)))
    expected = np.array([found[row] for row in rows(trajs)])
    assert rho == pytest.approx(expected[:, 0]) and rho.sum() == pytest.approx(1, abs=1e-12)
    assert trajs.returns() == pytest.approx(expected[:, 1])
    assert np.array_equal(trajs.lengths, expected[:, 2])
    assert np.array_equal(trajs.truncated, ~mdp.terminal[trajs.final_states])


def test_all_nine_trajectories_of_fork():
    mdp, policy, _ = fork()
    trajs, rho = rho_of(mdp, policy, np.zeros(6))
    walk, climb, up, on = 0, 1, 0.8, 0.2
    assert len(trajs) == 9
    expected = {
        ((0, 2, 2), (walk, 0, 0), 2): (1 / 2, 1, False),
        ((0, 1, 2), (climb, walk, 0), 2): (up / 4, -5, False),
        ((0, 1, 2), (climb, climb, 0), 2): (up / 4, 5, False),
        ((0, 0, 2), (climb, walk, 0), 2): (on / 4, 1, False),
        ((0, 0, 1), (climb, climb, walk), 2): (on * up / 8, -5, False),
        ((0, 0, 1), (climb, climb, climb), 2): (on * up / 8, 5, False),
        ((0, 0, 0), (climb, climb, walk), 2): (on**2 / 8, 1, False),
        ((0, 0, 0), (climb, climb, climb), 0): (on**3 / 8, 0, True),
        ((0, 0, 0), (climb, climb, climb), 1): (on**2 * up / 8, 0, True),
    }
    for states, actions, final, p, r, cut in zip(trajs.states, trajs.actions, trajs.final_states, rho,
                                                 trajs.returns(), trajs.truncated, strict=True):
        assert (p, r, cut) == pytest.approx(expected[tuple(states), tuple(actions), final])


def test_how_many_there_are_is_known_before_any_is_made():
    lake = TabularMDP.from_gymnasium(gym.make("FrozenLake-v1"))
    assert count_trajectories(lake) > 10**80
    with pytest.raises(ValueError, match=r"this MDP has over \d·10\^\d+ trajectories of up to T = 100 steps"):
        enumerate_all(lake)
    with pytest.raises(ValueError, match=r"this MDP has 9 trajectories of up to T = 3 steps, more than .*8"):
        enumerate_all(fork()[0], limit=8)
    assert len(enumerate_all(fork()[0], limit=9)) == 9


# --- log ρ ---------------------------------------------------------------------------------------------------


def test_parts_of_log_prob():
    mdp, policy, theta = fork()
    trajs = enumerate_all(mdp)
    start, actions, dynamics = log_prob_parts(mdp, policy, theta, trajs)
    assert start.shape == (9,) and actions.shape == dynamics.shape == (9, 3)
    assert np.all(actions[~trajs.mask] == 0) and np.all(dynamics[~trajs.mask] == 0)
    assert log_prob(mdp, policy, theta, trajs) == pytest.approx(start + (actions + dynamics).sum(axis=1))
    one = rows(trajs).index((0, 0, 2, 1, 0, 0, 2))      # climb, blown back, walk
    pi = policy.probs(theta, [0])[0]
    assert np.exp(actions[one]) == pytest.approx([pi[1], pi[0], 1])
    assert np.exp(dynamics[one]) == pytest.approx([0.2, 1, 1])


def test_what_cannot_happen_has_log_prob_minus_infinity():
    mdp, policy, theta = fork()
    trajs = enumerate_all(mdp)
    calm = fork(wind=0.0)[0]
    impossible = (trajs.states[:, :2] == 0).all(axis=1) & trajs.mask[:, 1]
    assert np.array_equal(np.isneginf(log_prob(calm, policy, theta, trajs)), impossible) and impossible.any()
    elsewhere = replace(mdp, p1=[0, 1, 0])
    assert np.all(np.isneginf(log_prob(elsewhere, policy, theta, trajs)))


def test_log_prob_survives_where_the_product_underflows():
    mdp, policy, theta = fork(wind=1.0, horizon=1000)
    trajs = sample(mdp, policy, theta - 1000 * np.eye(6)[0], 2, np.random.default_rng(0))
    assert log_prob(mdp, policy, theta + 5 * np.eye(6)[0], trajs) == pytest.approx(
        1000 * np.log(policy.probs(theta + 5 * np.eye(6)[0], [0])[0, 1]))
    assert np.all(trajs.lengths == 1000)


def test_policy_table_has_every_state():
    mdp, policy, theta = fork()
    table = policy_table(mdp, policy, theta)
    assert table[:2] == pytest.approx(policy.probs(theta, [0, 1])) and np.all(table[2] == 0.5)


# --- sample --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wind", [0.2, 0.55, 0.0, 1.0])
def test_sample_follows_rho_on_fork(wind):
    mdp, policy, theta = fork(wind)
    trajs = sample(mdp, policy, theta, 100_000, np.random.default_rng(0))
    assert p_value(trajs, *rho_of(mdp, policy, theta)) > 1e-3


@pytest.mark.parametrize("seed", [2, 3, 6, 7, 10, 11])
def test_sample_follows_rho_on_random_mdps(seed):
    mdp, policy, theta, _ = case(seed)
    everything, rho = rho_of(mdp, policy, theta)
    trajs = sample(mdp, policy, theta, 20_000, np.random.default_rng(seed))
    assert p_value(trajs, everything, rho) > 1e-3
    like = {row: i for i, row in enumerate(rows(everything))}
    i = [like[row] for row in rows(trajs)]
    for name in ("rewards", "mask", "truncated"):
        assert np.array_equal(getattr(trajs, name), getattr(everything, name)[i])


def test_sample_is_reproducible():
    mdp, policy, theta = fork()
    one, two, other = (sample(mdp, policy, theta, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert same(one, two) and not same(one, other)
    rng = np.random.default_rng(1)
    assert same(one, sample(mdp, policy, theta, 50, rng)) and not same(one, sample(mdp, policy, theta, 50, rng))


def test_sample_shapes():
    mdp, policy, theta = fork(horizon=50)
    trajs = sample(mdp, policy, theta, 7, np.random.default_rng(0))
    assert len(trajs) == 7 and trajs.states.shape == trajs.actions.shape == trajs.mask.shape == (7, 50)
    assert trajs.next_states.shape == (7, 50) and np.array_equal(trajs.next_states[:, :-1], trajs.states[:, 1:])
    assert np.array_equal(trajs.next_states[:, -1], trajs.final_states)
    assert np.all(trajs.states[~trajs.mask] == 2) and np.all(trajs.actions[~trajs.mask] == 0)
    assert trajs.lengths.max() < 50 and np.array_equal(trajs.lengths, trajs.mask.sum(axis=1))


# --- Returns -------------------------------------------------------------------------------------------------


def with_rewards(rewards, mask=None):
    rewards = np.atleast_2d(np.asarray(rewards, dtype=float))
    zeros = np.zeros(rewards.shape, dtype=int)
    mask = np.ones(rewards.shape, dtype=bool) if mask is None else mask
    return Trajectories(zeros, zeros, rewards, mask, zeros[:, 0], zeros[:, 0].astype(bool))


def test_rewards_to_go_vector():
    trajs = with_rewards([0, 0, 1, 0, 0, 1, 0])
    assert trajs.rewards_to_go(0.9)[0] == pytest.approx([1.40049, 1.5561, 1.729, 0.81, 0.9, 1, 0], abs=1e-12)
    assert trajs.rewards_to_go()[0] == pytest.approx([2, 2, 2, 1, 1, 1, 0])
    assert trajs.returns(0.9) == pytest.approx([1.40049]) and trajs.returns() == pytest.approx([2])


@given(st.integers(1, 4).flatmap(lambda T: st.lists(st.lists(st.floats(-10, 10), min_size=T, max_size=T), min_size=1,
                                                    max_size=3)), st.floats(0, 1))
def test_rewards_to_go_recursion(rewards, gamma):
    """G_t = r_t + γ G_{t+1}; at γ = 0 the reward itself; at t = 1 the return."""
    trajs = with_rewards(rewards)
    before, G = trajs.rewards.copy(), trajs.rewards_to_go(gamma)
    assert G.shape == trajs.rewards.shape and np.array_equal(before, trajs.rewards)
    assert G[:, -1] == pytest.approx(trajs.rewards[:, -1])
    assert G[:, :-1] == pytest.approx(trajs.rewards[:, :-1] + gamma * G[:, 1:])
    assert G[:, 0] == pytest.approx(trajs.returns(gamma))
    assert trajs.returns(gamma) == pytest.approx(sum(gamma**t * r for t, r in enumerate(trajs.rewards.T)))
    assert np.array_equal(trajs.rewards_to_go(0), trajs.rewards)


# --- rollout -------------------------------------------------------------------------------------------------


class Countdown(gym.Env):
    """An episode of n steps, n drawn at the start; the state counts down, so that a foreign step shows."""

    action_space = gym.spaces.Discrete(2)

    def __init__(self, box=False):
        low, high = np.zeros(1, dtype=np.float32), np.full(1, 9, dtype=np.float32)
        self.observation_space = gym.spaces.Box(low, high) if box else gym.spaces.Discrete(10)
        self.box, self.n, self.steps, self.closed = box, None, 0, False

    def _state(self):
        return np.array([self.n], dtype=np.float32) if self.box else self.n

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.n = int(self.np_random.integers(1, 6))
        return self._state(), {}

    def step(self, action):
        assert self.n > 0, "a step after the end"
        self.n, self.steps = self.n - 1, self.steps + 1
        return self._state(), 1.0, self.n == 0, False, {}

    def close(self):
        self.closed = True


def countdown(limit=3, **kwargs):
    return gym.wrappers.TimeLimit(Countdown(**kwargs), limit)


def environments(make, n=3):
    """The same environment alone, and three at a time in every autoreset mode."""
    yield "alone", make
    for mode in MODES:
        yield mode.value, lambda mode=mode: SyncVectorEnv([make] * n, autoreset_mode=mode)


COUNTDOWNS = dict(environments(countdown)) | {"Box": lambda: countdown(box=True)} | {
    f"Box, {name}": make for name, make in environments(lambda: countdown(box=True)) if name != "alone"}


@pytest.mark.parametrize("make", COUNTDOWNS.values(), ids=COUNTDOWNS)
def test_no_step_after_the_end_and_no_short_episodes_preferred(make):
    """n = 1, 2 end by themselves, n = 3 in the very step in which time runs out, n = 4, 5 are truncated."""
    m, env = 400, make()
    box = env.unwrapped.observation_space.shape != () if isinstance(env, gym.Env) else \
        env.single_observation_space.shape != ()
    policy = SoftmaxPolicy(lambda s: np.zeros((len(s), 2, 1)), 1)
    trajs = rollout(env, policy, [0.0], m, np.random.default_rng(0))
    states, final = (x[..., 0] if box else x for x in (trajs.states, trajs.final_states))
    assert states.shape == (m, 3) and final.shape == (m,)
    n = states[:, 0].astype(int)
    assert np.array_equal(trajs.lengths, np.minimum(n, 3))
    assert np.array_equal(trajs.truncated, n > 3)
    assert np.array_equal(final, np.maximum(n - 3, 0))
    assert np.array_equal(states, np.where(trajs.mask, n[:, None] - np.arange(3), final[:, None]))
    assert np.array_equal(trajs.rewards, trajs.mask) and np.all(trajs.actions[~trajs.mask] == 0)
    assert stats.chisquare(np.bincount(n, minlength=6)[1:]).pvalue > 1e-3


@pytest.mark.parametrize("make", COUNTDOWNS.values(), ids=COUNTDOWNS)
def test_horizon_of_rollout(make):
    policy = SoftmaxPolicy(lambda s: np.zeros((len(s), 2, 1)), 1)
    trajs = rollout(make(), policy, [0.0], 40, np.random.default_rng(0), horizon=2)
    n = trajs.states[:, 0].reshape(40)
    assert trajs.actions.shape == (40, 2)
    assert np.array_equal(trajs.lengths, np.minimum(n, 2)) and np.array_equal(trajs.truncated, n > 2)
    assert np.array_equal(trajs.final_states.reshape(40), np.maximum(n - 2, 0))


@pytest.mark.parametrize("mode", MODES)
def test_an_environment_that_reuses_its_arrays(mode):
    env = SyncVectorEnv([countdown] * 2, copy=False, autoreset_mode=mode)
    trajs = rollout(env, SoftmaxPolicy(lambda s: np.zeros((len(s), 2, 1)), 1), [0.0], 20, np.random.default_rng(0))
    n = trajs.states[:, 0]
    assert len(set(n)) > 1 and np.array_equal(trajs.final_states, np.maximum(n - 3, 0))
    assert np.array_equal(trajs.states, np.maximum(n[:, None] - np.arange(3), 0))


LAKE = {"desc": ["SF", "HG"], "max_episode_steps": 3}   # small enough to list all its trajectories
GYMNASIUM = {f"{name}, {how}": (make, how_made) for name, make in {
    "Fork": lambda: gym.make("pgutils/Fork-v0", wind=0.4),
    "FrozenLake": lambda: gym.make("FrozenLake-v1", **LAKE),
}.items() for how, how_made in environments(make, n=4)}


@pytest.mark.parametrize(("make", "how_made"), GYMNASIUM.values(), ids=GYMNASIUM)
def test_rollout_follows_rho(make, how_made):
    """The same distribution as ``sample``: both pass the same test; m is not a multiple of num_envs."""
    mdp = TabularMDP.from_gymnasium(make())
    policy = SoftmaxPolicy.tabular(mdp.n_states, mdp.n_actions)
    theta = np.random.default_rng(0).normal(size=policy.n_parameters)
    m = 1501
    trajs = rollout(how_made(), policy, theta, m, np.random.default_rng(1))
    everything, rho = rho_of(mdp, policy, theta)
    assert len(trajs) == m and p_value(trajs, everything, rho) > 1e-3
    assert np.array_equal(trajs.truncated, ~mdp.terminal[trajs.final_states])
    assert np.array_equal(trajs.mask, ~mdp.terminal[trajs.states])
    assert np.all(trajs.rewards[~trajs.mask] == 0)
    if mdp.state_names[0] == "fork":
        assert np.array_equal(trajs.rewards, mdp.r[trajs.states, trajs.actions])
    else:
        assert np.array_equal(trajs.rewards, trajs.mask & (trajs.next_states == 3))


CARTS = {"vector_entry_point": lambda: gym.make_vec("CartPole-v1", 3, vectorization_mode="vector_entry_point",
                                                    max_episode_steps=20),
         **dict(environments(lambda: gym.make("CartPole-v1", max_episode_steps=20)))}


@pytest.mark.parametrize("make", CARTS.values(), ids=CARTS)
def test_cartpole_obeys_its_physics(make):
    """From each state to the next the cart moves by its speed times 0.02 s: no state is of another episode."""
    policy = SoftmaxPolicy(lambda s: np.einsum("nd,akd->nka", s, np.eye(4)[:, None] * [[[0.0], [1.0]]]), 4)
    trajs = rollout(make(), policy, [0.0, 0.0, 1.0, 1.0], 25, np.random.default_rng(0))
    assert trajs.states.shape[::2] == (25, 4) and trajs.final_states.shape == (25, 4)
    now, after = trajs.states[trajs.mask], trajs.next_states[trajs.mask]
    assert after[:, [0, 2]] == pytest.approx(now[:, [0, 2]] + 0.02 * now[:, [1, 3]], abs=1e-5)
    assert np.all(np.sign(after[:, 1] - now[:, 1]) == 2 * trajs.actions[trajs.mask] - 1)
    assert np.array_equal(trajs.rewards, trajs.mask)
    fallen = (abs(trajs.final_states[:, 0]) > 2.4) | (abs(trajs.final_states[:, 2]) > np.radians(12))
    assert np.array_equal(trajs.truncated, ~fallen) and 0 < fallen.sum() < 25
    assert np.all(trajs.lengths[trajs.truncated] == 20) and np.all(abs(trajs.states[:, 0]) <= 0.05)
    assert np.all(trajs.states[~trajs.mask] == np.repeat(trajs.final_states, 20 - trajs.lengths[:len(trajs)], axis=0))


@pytest.mark.parametrize("make", COUNTDOWNS.values(), ids=COUNTDOWNS)
def test_rollout_is_reproducible(make):
    """On one environment too, whatever it played before; and two seeds differ."""
    policy, env = SoftmaxPolicy(lambda s: np.zeros((len(s), 2, 1)), 1), make()
    one, two, other = (rollout(env, policy, [0.0], 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert same(one, two) and not same(one, other)


def test_rollout_leaves_the_environment_open_and_makes_no_needless_step():
    env = countdown()
    trajs = rollout(env, SoftmaxPolicy.tabular(10, 2), np.zeros(20), 10, np.random.default_rng(0))
    gc.collect()
    assert not env.unwrapped.closed and env.unwrapped.steps == trajs.lengths.sum()
    env.reset()
    env.step(0)


# --- What is refused -----------------------------------------------------------------------------------------

FORK, POLICY, THETA = fork()
RNG = np.random.default_rng(0)
ENV, ENDLESS = gym.make("pgutils/Fork-v0"), replace(FORK, horizon=None)
TRAJS = enumerate_all(FORK)
CALLS = {
    "sample": lambda theta, m=5, rng=RNG, policy=POLICY: sample(FORK, policy, theta, m, rng),
    "rollout": lambda theta, m=5, rng=RNG, policy=POLICY: rollout(ENV, policy, theta, m, rng),
    "log_prob": lambda theta, policy=POLICY: log_prob(FORK, policy, theta, TRAJS),
    "log_prob_parts": lambda theta, policy=POLICY: log_prob_parts(FORK, policy, theta, TRAJS),
    "policy_table": lambda theta, policy=POLICY: policy_table(FORK, policy, theta),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("theta", "message"), [
    (np.zeros(5), r"theta must have shape \(6,\), got \(5,\)"),
    (np.zeros((6, 1)), r"theta must have shape \(6,\), got \(6, 1\)"),
    (np.full(6, np.nan), r"theta must be finite, but theta\[0\] is nan"),
    ([0, 0, 0, 0, 0, np.inf], r"theta\[5\] is inf"),
])
def test_refuses_theta(call, theta, message):
    with pytest.raises(ValueError, match=message):
        call(theta)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_refuses_another_number_of_actions(call):
    with pytest.raises(ValueError, match=r"the policy has 3 actions, the (MDP|environment) has 2"):
        call(np.zeros(9), policy=SoftmaxPolicy.tabular(3, 3))


@pytest.mark.parametrize("call", [CALLS["sample"], CALLS["rollout"]])
@pytest.mark.parametrize(("bad", "message"), [
    ({"m": 0}, "m must be at least 1, got 0"),
    ({"m": -3}, "m must be at least 1, got -3"),
    ({"m": 2.0}, "m must be a whole number, got 2.0"),
    ({"m": None}, "m must be a whole number, got None"),
    ({"m": True}, "m must be a whole number, got True"),
    ({"rng": 0}, r"rng must be a numpy Generator, such as np\.random\.default_rng\(0\), got 0"),
    ({"rng": None}, "rng must be a numpy Generator"),
    ({"rng": np.random}, "rng must be a numpy Generator"),
    ({"rng": np.random.RandomState(0)}, "rng must be a numpy Generator"),
])
def test_refuses_m_and_rng(call, bad, message):
    with pytest.raises(ValueError, match=message):
        call(THETA, **bad)


def changed(**kwargs):
    return lambda: replace(TRAJS, **kwargs)


def other(place, value):
    mask = TRAJS.mask.copy()
    mask[place] = value
    return changed(mask=mask)


LATER = TRAJS.rewards + ~TRAJS.mask
OUTSIDE = replace(TRAJS, states=TRAJS.states + 1)
BAD = {
    "sample, no horizon": (lambda: sample(ENDLESS, POLICY, THETA, 5, RNG), "sample needs an MDP with a horizon"),
    "enumerate, no horizon": (lambda: enumerate_all(ENDLESS), "enumerate_all needs an MDP with a horizon"),
    "count, no horizon": (lambda: count_trajectories(ENDLESS), "count_trajectories needs an MDP with a horizon"),
    "limit 0": (lambda: enumerate_all(FORK, limit=0), "limit must be at least 1, got 0"),
    "limit a word": (lambda: enumerate_all(FORK, limit="all"), "limit must be a whole number, got 'all'"),
    "rollout, T = 0": (lambda: rollout(ENV, POLICY, THETA, 5, RNG, horizon=0), "horizon must be at least 1, got 0"),
    "rollout, T = 1.5": (lambda: rollout(ENV, POLICY, THETA, 5, RNG, horizon=1.5), "horizon must be a whole number"),
    "rollout, no env": (lambda: rollout("Fork", POLICY, THETA, 5, RNG), "env must be a Gymnasium Env or VectorEnv"),
    "rollout, mdp": (lambda: rollout(FORK, POLICY, THETA, 5, RNG), "env must be a Gymnasium Env or VectorEnv"),
    "rollout, states": (lambda: rollout(gym.make("FrozenLake-v1"), SoftmaxPolicy.tabular(3, 4), np.zeros(12), 50, RNG),
                        r"states must be in 0 … 2, but states\[0\] is"),
    "rollout, float states": (lambda: rollout(gym.make("CartPole-v1"), POLICY, THETA, 5, RNG),
                              "states must be integers"),
    "rollout, Box actions": (lambda: rollout(gym.make("Pendulum-v1"), POLICY, THETA, 5, RNG),
                             r"rollout needs actions 0 … k-1, but the action space is Box"),
    "rollout, tuples": (lambda: rollout(gym.make("Blackjack-v1"), POLICY, THETA, 5, RNG),
                        r"rollout needs states that are one array, .* observation space is Tuple"),
    "log_prob, state 3": (lambda: log_prob(FORK, POLICY, THETA, OUTSIDE), r"trajs.states must be in 0 … 2, .* is 3"),
    "log_prob, final 3": (lambda: log_prob(FORK, POLICY, THETA, replace(TRAJS, final_states=TRAJS.final_states + 1)),
                          r"trajs.final_states must be in 0 … 2"),
    "log_prob, action 2": (lambda: log_prob(FORK, POLICY, THETA, replace(TRAJS, actions=TRAJS.actions + 1)),
                           r"trajs.actions must be in 0 … 1, .* is 2"),
    "log_prob, floats": (lambda: log_prob(FORK, POLICY, THETA, replace(TRAJS, states=TRAJS.states * 1.0)),
                         "trajs.states must be integers"),
    "log_prob, Box": (lambda: log_prob(FORK, POLICY, THETA, replace(
        TRAJS, states=np.zeros((9, 3, 4), int), final_states=np.zeros((9, 4), int))), "trajs.states must have shape"),
    "actions flat": (changed(actions=TRAJS.actions[0]), r"actions must have shape \(m, T\)"),
    "no trajectory": (changed(actions=np.zeros((0, 3), int)), r"actions must have shape \(m, T\) with m, T >= 1"),
    "no step": (changed(actions=np.zeros((9, 0), int)), r"actions must have shape \(m, T\) with m, T >= 1"),
    "float actions": (changed(actions=TRAJS.actions * 1.0), "actions must be integers, got float64"),
    "states too long": (changed(states=np.zeros((9, 4), int)), r"states must have shape \(9, 3\), got \(9, 4\)"),
    "rewards (m, 1)": (changed(rewards=np.zeros((9, 1))), r"rewards must have shape \(9, 3\), got \(9, 1\)"),
    "rewards NaN": (changed(rewards=TRAJS.rewards * np.nan), r"rewards must be finite, but rewards\[0, 0\] is nan"),
    "rewards inf": (changed(rewards=TRAJS.rewards + np.inf), r"rewards must be finite"),
    "rewards later": (changed(rewards=LATER), "rewards must be 0 after the end of an episode"),
    "rewards words": (changed(rewards=np.full((9, 3), "a")), "rewards must be numbers"),
    "final (m, 1)": (changed(final_states=np.zeros((9, 1), int)), r"final_states must have shape \(9,\), got \(9, 1\)"),
    "truncated (m, T)": (changed(truncated=TRAJS.mask), r"truncated must have shape \(9,\), got \(9, 3\)"),
    "truncated numbers": (changed(truncated=np.ones(9)), "truncated must be booleans"),
    "mask of numbers": (changed(mask=TRAJS.mask * 1), "mask must be True for the first steps"),
    "mask that starts late": (other((0, 0), False), "mask must be True for the first steps"),
    "mask that starts again": (other((slice(None), slice(1, 3)), [False, True]),
                               "mask must be True for the first steps"),
    **{f"{name}, γ = {gamma}": (lambda name=name, gamma=gamma: getattr(TRAJS, name)(gamma), "gamma must be a ")
       for name in ("returns", "rewards_to_go") for gamma in (-0.1, 1.1, np.nan, "1", [1.0])},
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_lists_are_converted():
    trajs = Trajectories([[0, 1]], [[0, 1]], [[1, 2]], [[True, True]], [2], [False])
    assert trajs.returns() == pytest.approx([3]) and trajs.lengths.tolist() == [2]
