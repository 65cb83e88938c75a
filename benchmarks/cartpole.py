"""Training on CartPole-v1 as in notebook 10, beside the floor (stepping carts and nothing else) and a plain loop."""

from functools import partial
from statistics import median
from time import perf_counter

import gymnasium as gym
import numpy as np

from benchmarks import Row
from pgutils.policies import MLPPolicy
from pgutils.reinforce import Adam, reinforce
from pgutils.trajectories import Trajectories, rollout

POLICY, M = MLPPolicy((4, 16, 2)), 16


def train(sampler, seed):
    """Until all m episodes of a batch last 500 steps, or for 40 iterations; the trajectories of each iteration."""
    rng, batches = np.random.default_rng(seed), []
    for one in reinforce(sampler, POLICY, POLICY.initial(rng), 0.05, M, 40, rng, "reward_to_go", "per_step",
                         optimizer=Adam):
        batches.append(one.trajs)
        if one.trajs.lengths.min() == 500:
            break
    return batches


def step_at_random(carts, calls):
    """Nothing but ``env.step``, with actions that were drawn before the clock started."""
    actions = np.random.default_rng(0).integers(2, size=(calls, M))
    carts.reset(seed=0)
    began = perf_counter()
    for a in actions:
        carts.step(a)
    return perf_counter() - began


def one_cart(env, policy, theta, m, rng):
    """A sampler that plays m episodes one after the other, with one state at a time, as a first program does it."""
    states, actions, mask = np.zeros((m, 501, 4)), np.zeros((m, 500), dtype=int), np.zeros((m, 500), dtype=bool)
    truncated = np.zeros(m, dtype=bool)
    for i in range(m):
        states[i, 0], _ = env.reset(seed=int(rng.integers(2**31)))
        for t in range(500):
            a = policy.sample(theta, states[i, [t]], rng)[0]
            state, _, terminated, truncated[i], _ = env.step(a)
            actions[i, t], mask[i, t], states[i, t + 1:] = a, True, state
            if terminated or truncated[i]:
                break
    return Trajectories(states[:, :-1], actions, mask.astype(float), mask, states[:, -1], truncated)


def training(seeds=9, seeds_loop=3):
    """The seed with the median ratio to the floor; and medians over seeds.

    The three take turns, so that a slow moment of the machine meets them all.
    """
    carts = gym.make_vec("CartPole-v1", num_envs=M, vectorization_mode="vector_entry_point")
    cart, ours, floor, loop, calls, plays = gym.make("CartPole-v1"), [], [], [], [], []
    train(partial(rollout, carts), 0)                   # the first one also fills caches
    for seed in range(seeds):
        began = perf_counter()
        batches = train(partial(rollout, carts), seed)
        ours.append(perf_counter() - began)
        calls.append(sum(trajs.mask.shape[1] for trajs in batches))
        floor.append(step_at_random(carts, calls[-1]))
        if seed < seeds_loop:
            began = perf_counter()
            plays.append(sum(trajs.mask.sum() for trajs in train(partial(one_cart, cart), seed)))
            loop.append(perf_counter() - began)
    middle = sorted(range(seeds), key=lambda seed: ours[seed] / floor[seed])[seeds // 2]
    return [Row(f"CartPole, {M} carts stepped {calls[middle]:,} times", floor[middle],
                "training of notebook 10, as many steps", ours[middle]),
            Row("CartPole, training of notebook 10", median(ours),
                f"one cart in a loop, {median(plays):,} steps", median(loop))]


ROWS = {"cartpole": training}
