"""envs: Fork and ShortCorridor as Gymnasium sees them, and no pygame anywhere."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import pgutils  # noqa: F401  # registers the environments
from pgutils import envs, exact
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

NAMES = ["pgutils/Fork-v0", "pgutils/ShortCorridor-v0"]


@pytest.mark.parametrize("name", NAMES)
def test_check_env(name):
    """Warnings are errors in this test run, those of Gymnasium as well."""
    check_env(gym.make(name).unwrapped, skip_render_check=True)


@pytest.mark.parametrize(("name", "options"), [(NAMES[0], {"wind": 0.3}), (NAMES[0], {"wind": 0}),
                                               (NAMES[0], {"wind": 1}), (NAMES[1], {})])
def test_stepping_follows_the_table(name, options):
    """From each state and action: only moves of the table, and each about as often as it says."""
    env = gym.make(name, disable_env_checker=True, max_episode_steps=10**6, **options)
    env.reset(seed=0)
    n, base = 500, env.unwrapped
    for s, actions in base.P.items():
        for a, moves in actions.items():
            seen = []
            for _ in range(n):
                base.s = s
                s_next, reward, terminated, truncated, info = env.step(a)
                seen.append((info["prob"], s_next, reward, terminated))
                assert not truncated
            assert set(seen) <= {move for move in moves if move[0] > 0}
            for move in moves:
                p = move[0]
                assert abs(seen.count(move) / n - p) <= 4 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_complete(name):
    env = gym.make(name).unwrapped
    assert set(env.P) == set(range(env.observation_space.n)) and len(env.state_names) == len(env.P)
    for actions in env.P.values():
        assert set(actions) == set(range(env.action_space.n)) and len(env.action_names) == len(actions)
        for moves in actions.values():
            assert sum(p for p, *_ in moves) == pytest.approx(1)
            for _, s_next, _, terminated in moves:
                assert terminated == (env.state_names[s_next] == "end")


def test_short_corridor_is_the_one_of_the_book():
    env = gym.make(NAMES[1])
    left, right, path = 0, 1, []
    state, _ = env.reset(seed=0)
    for action in (left, right, right, left, right):
        path.append(state)
        state, reward, terminated, truncated, _ = env.step(action)
        assert reward == -1 and not truncated
    assert path == [0, 0, 1, 0, 0] and state == 1       # the middle state swaps left and right
    assert [env.step(action)[0] for action in (left, left, left)] == [2, 1, 2]
    state, reward, terminated, _, _ = env.step(right)
    assert (state, reward, terminated) == (3, -1, True)


def test_fork_has_a_time_limit_of_three():
    env = gym.make(NAMES[0], wind=1.0)
    env.reset(seed=0)
    assert [env.step(1)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]


def test_features():
    assert envs.fork_features().shape == (3, 2, 2) and envs.corridor_features().shape == (4, 2, 1)
    theta = np.array([2.0, 3.0])
    assert np.array_equal(envs.fork_features() @ theta, [[0, 2], [0, 3], [0, 0]])
    assert np.array_equal(envs.corridor_features() @ [2.0], [[0, 2]] * 4)


def test_registering_twice_is_harmless():
    before = gym.spec(NAMES[0])
    envs.register()
    assert gym.spec(NAMES[0]) is before


def stepped(action):
    env = envs.Fork()
    env.reset()
    return env.step(action)


BAD = {
    "wind 1.1": (lambda: envs.Fork(wind=1.1), r"wind must be a finite number in \[0, 1\], got 1.1"),
    "wind -0.1": (lambda: envs.Fork(wind=-0.1), r"wind must be a finite number in \[0, 1\], got -0.1"),
    "wind NaN": (lambda: gym.make(NAMES[0], wind=np.nan), r"wind must be a finite number in \[0, 1\], got nan"),
    "wind a word": (lambda: envs.Fork(wind="strong"), "wind must be a number, got 'strong'"),
    "no reset": (lambda: envs.ShortCorridor().step(0), "step was called before reset"),
    "action 2": (lambda: stepped(2), "action must be in 0 … 1, got 2"),
    "action -1": (lambda: stepped(-1), "action must be in 0 … 1, got -1"),
    "action 0.5": (lambda: stepped(0.5), "action must be in 0 … 1, got 0.5"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


WITHOUT_PYGAME = """
import sys
class Block:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("pygame", "scipy", "hypothesis", "pytest"):
            raise RuntimeError(f"{name} was imported")
sys.meta_path.insert(0, Block())
import gymnasium as gym, numpy as np
from pgutils import checks, envs, estimators, exact, mdp, policies, trajectories
rng = np.random.default_rng(0)
lake, policy = gym.make("FrozenLake-v1"), policies.SoftmaxPolicy.tabular(16, 4)
model = mdp.TabularMDP.from_gymnasium(lake)
trajectories.rollout(lake, policy, np.zeros(64), 3, rng)
estimators.estimate(policy, np.zeros(64), trajectories.sample(model, policy, np.zeros(64), 5, rng))
exact.policy_gradient(model, policy, np.zeros(64))
linear = policies.SoftmaxPolicy(lambda s: np.stack([0 * s, s], axis=1), 4)
for cart in (gym.make("CartPole-v1"), gym.make_vec("CartPole-v1", 2, vectorization_mode="vector_entry_point")):
    trajectories.rollout(cart, linear, np.zeros(4), 3, rng)
print("done", "pygame" in sys.modules)
"""


def test_pygame_is_never_needed():
    done = subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_PYGAME], capture_output=True, text=True)
    assert done.stdout == "done False\n", done.stderr


def test_corridor_episodes_are_those_of_the_environment():
    """Means of scores, steps and weighted scores within four standard errors of the exact ones; the spread too."""
    mdp, policy = TabularMDP.from_gymnasium(gym.make(NAMES[1])), SoftmaxPolicy(envs.corridor_features())
    theta = np.array([np.log(0.6 / 0.4)])
    score, steps, to_go = envs.corridor_episodes(np.full(200_000, 0.6), np.random.default_rng(0))
    slope = exact.policy_gradient(mdp, policy, theta)[0]
    for sample, truth in ((score, 0), (-steps, exact.expected_return(mdp, policy, theta)), (to_go, slope),
                          (-steps * score, slope)):
        assert abs(sample.mean() - truth) < 4 * sample.std() / np.sqrt(200_000)
    for sample, weights in ((to_go, "reward_to_go"), (-steps * score, "total")):
        assert sample.std() == pytest.approx(exact.estimate_variance(mdp, policy, theta, weights)[0]**0.5, rel=0.05)


def test_corridor_episodes_each_have_their_own_p_and_stop_at_the_cap():
    _, steps, _ = envs.corridor_episodes([1.0, 0.0, 0.5], np.random.default_rng(0), cap=40)
    assert steps[0] == steps[1] == 40 and 3 <= steps[2] <= 40       # always right, or always left: never home
    for bad, message in (([0.5, 1.5], r"in \[0, 1\]"), ([np.nan], "finite"), ([[0.5]], "shape")):
        with pytest.raises(ValueError, match=message):
            envs.corridor_episodes(bad, np.random.default_rng(0))
