"""Two Gymnasium environments with known answers: ``pgutils/Fork-v0`` and ``pgutils/ShortCorridor-v0``."""

from typing import ClassVar

import gymnasium as gym
import numpy as np

from pgutils import checks


class TableEnv(gym.Env):
    """An environment played from its own toy-text table P[s][a] = [(p, s', reward, terminated), …]."""

    metadata: ClassVar = {"render_modes": []}
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]

    def __init__(self, P):
        self.P = P
        self.initial_state_distrib = np.eye(len(P))[0]
        self.observation_space = gym.spaces.Discrete(len(P))
        self.action_space = gym.spaces.Discrete(len(P[0]))
        self.s = None

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.s = 0
        return self.s, {}

    def step(self, action):
        if self.s is None:
            raise ValueError("step was called before reset")
        if not self.action_space.contains(action):
            raise ValueError(f"action must be in 0 … {self.action_space.n - 1}, got {action!r}")
        moves = self.P[self.s][int(action)]
        i = self.np_random.choice(len(moves), p=[move[0] for move in moves])
        probability, self.s, reward, terminated = moves[i]
        return self.s, reward, terminated, False, {"prob": probability}


class Fork(TableEnv):
    """The running example.  Walk home for +1, or climb to a ledge and decide there: summit +5, fall -5.

    At the fork, ``walk`` ends the episode with r = +1; ``climb`` pays 0 and leads to the ledge with
    probability 1 - wind, back to the fork with probability wind.  At the ledge, ``climb`` ends at the
    summit with r = +5, ``walk`` goes over the edge, r = -5.  The wind is all the chance there is.
    T = 3 (registered time limit), which leaves nine trajectories.

    wind   probability of being blown back, in [0, 1]
    """

    state_names = ("fork", "ledge", "end")
    action_names = ("walk", "climb")

    def __init__(self, wind=0.2):
        wind = checks.number("wind", wind, 0, 1)
        fork, ledge, end = range(3)
        super().__init__({
            fork: {0: [(1.0, end, 1.0, True)],
                   1: [(1 - wind, ledge, 0.0, False), (wind, fork, 0.0, False)]},
            ledge: {0: [(1.0, end, -5.0, True)], 1: [(1.0, end, 5.0, True)]},
            end: {0: [(1.0, end, 0.0, True)], 1: [(1.0, end, 0.0, True)]},
        })


class ShortCorridor(TableEnv):
    """Three states that look alike, actions left and right, swapped in the middle one; r = -1 a step.

    No time limit: an episode ends at the right end.  Sutton & Barto (2018), Example 13.1.
    """

    state_names = ("start", "swapped", "last", "end")
    action_names = ("left", "right")

    def __init__(self):
        after = [(0, 1), (2, 0), (1, 3)]
        P = {s: {a: [(1.0, after[s][a], -1.0, after[s][a] == 3)] for a in (0, 1)} for s in range(3)}
        super().__init__(P | {3: {a: [(1.0, 3, 0.0, True)] for a in (0, 1)}})


def fork_features():
    """x(s, a) for one preference per state of Fork, shape (3, 2, 2).

    θ = (climb at the fork, climb at the ledge): two parameters, so that η(θ) is a landscape to be drawn.
    """
    x = np.zeros((3, 2, 2))
    x[0, 1, 0] = x[1, 1, 1] = 1
    return x


def corridor_features():
    """x(s, a) for ShortCorridor, shape (4, 2, 1): θ is the logit of ``right``, the same in every state."""
    x = np.zeros((4, 2, 1))
    x[:, 1, 0] = 1
    return x


def corridor_episodes(p, rng, cap=1000):
    """One episode of ShortCorridor for each probability p[i] of ``right``, (n,), all side by side.

    Returns three arrays (n,): the sum of scores Σ_t z_t with z = 1 - p for right and -p for left; the number of
    steps T, which is minus the return; and Σ_t z_t times the reward-to-go of step t.  Stops after ``cap`` steps.
    ValueError where p is no vector of numbers in [0, 1].
    """
    p, rng = checks.vector("p", p, np.size(p)), checks.generator(rng)
    if len(p) and not 0 <= p.min() <= p.max() <= 1:
        raise ValueError(f"p must be in [0, 1], got numbers from {p.min():g} to {p.max():g}")
    place, running = np.zeros(len(p), dtype=int), np.arange(len(p))
    score, steps, to_go = np.zeros((3, len(p)))
    for _ in range(checks.count("cap", cap)):
        right = rng.random(len(running)) < p[running]
        score[running] += right - p[running]
        steps[running] += 1
        to_go[running] -= score[running]                # this step's reward, -1, times the scores up to now
        here = place[running]
        place[running] = np.maximum(here + np.where(right != (here == 1), 1, -1), 0)
        running = running[place[running] < 3]
        if len(running) == 0:
            break
    return score, steps, to_go


def register():
    """Make both known to ``gymnasium.make``; ``import pgutils`` calls it."""
    for name, limit in (("Fork", 3), ("ShortCorridor", None)):
        if f"pgutils/{name}-v0" not in gym.registry:
            gym.register(f"pgutils/{name}-v0", f"pgutils.envs:{name}", max_episode_steps=limit)
