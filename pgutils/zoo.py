"""A policy-gradient program, and eight broken ones: each replaces one method, by a line or two (notebook 12).

    animal = MissingMinus(fork_features(), gamma=0.9, b=1.0)
    theta = animal.update(theta, batch, alpha)

Bugs of each kind have been reported in public code; the notebook names the threads.
"""

from typing import NamedTuple

import numpy as np

from pgutils import checks


class Batch(NamedTuple):
    """m episodes as arrays (m, T): where an episode is over, states, actions and rewards are 0 and mask is False."""

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    mask: np.ndarray

    @classmethod
    def of(cls, trajs):
        """The same episodes, from ``Trajectories``."""
        s, a = (np.where(trajs.mask, x, 0) for x in (trajs.states, trajs.actions))
        return cls(s, a, trajs.rewards, trajs.mask)

    def rows(self, i):
        """The episodes with the numbers i."""
        return Batch(*(x[i] for x in self))


class Program:
    """The right one: a softmax policy, reward-to-go, a constant baseline b, one step along ĝ.

    x      (S, k, d) features; gamma   γ in [0, 1]; b   the baseline
    Raises ValueError for features, a gamma or a baseline that are not such.
    """

    def __init__(self, x, gamma=1.0, b=0.0):
        if np.ndim(x) != 3:
            raise ValueError(f"x must have shape (S, k, d), got {np.shape(x)}")
        self.x = checks.finite("x", checks.array("x", x, np.shape(x)))
        self.gamma, self.b = checks.number("gamma", gamma, 0, 1), checks.number("b", b)

    def probs(self, theta, states):
        """π_θ(·|s): (k,) for one state, (N, k) for N of them."""
        return softmax(self.x[states] @ theta)

    def score(self, theta, states, actions):
        """∇_θ log π_θ(a|s) = x(s,a) - Σ_b π(b|s) x(s,b), shape (N, d)."""
        pi = self.probs(theta, states)
        return self.x[states, actions] - (pi[:, :, None] * self.x[states]).sum(axis=1)

    def scores(self, theta, batch):
        """∇_θ log π_θ(a_t|s_t) of every step, (m, T, d)."""
        flat = self.score(theta, batch.states.ravel(), batch.actions.ravel())
        return flat.reshape(*batch.states.shape, -1)

    def to_go(self, rewards):
        """Σ_{u≥t} γ^(u-t) r_u of every step, (m, T)."""
        G, total = np.zeros(rewards.shape), 0.0
        for t in reversed(range(rewards.shape[1])):
            total = rewards[:, t] + self.gamma * total
            G[:, t] = total
        return G

    def weights(self, batch):
        """Ψ_t = γ^(t-1) (to-go - b), and 0 after the end, (m, T)."""
        discount = self.gamma ** np.arange(batch.rewards.shape[1])
        return batch.mask * discount * (self.to_go(batch.rewards) - self.b)

    def gradient(self, theta, batch):
        """ĝ = 1/m Σ_i Σ_t Ψ_t ∇log π_θ(a_t|s_t), shape (d,)."""
        return (self.weights(batch)[:, :, None] * self.scores(theta, batch)).sum(axis=1).mean(axis=0)

    def update(self, theta, batch, alpha):
        """θ + α ĝ."""
        return theta + alpha * self.gradient(theta, batch)


class MissingMinus(Program):
    """Descends: written for a machine that minimises, without the minus in the loss."""

    def update(self, theta, batch, alpha):
        return theta - alpha * self.gradient(theta, batch)


class WrongAxis(Program):
    """The softmax runs over the rows of a batch instead of the actions; for a single state both are the same."""

    def probs(self, theta, states):
        return softmax(self.x[states] @ theta, axis=0)


class GreedyScore(Program):
    """Scores the likeliest action instead of the one that was taken."""

    def scores(self, theta, batch):
        likeliest = self.probs(theta, batch.states).argmax(axis=-1)
        return super().scores(theta, batch._replace(actions=likeliest))


class MeanOfLogs(Program):
    """The mean of the scores times the sum of the weights: a product of two sums that should be a sum of products."""

    def gradient(self, theta, batch):
        mask = batch.mask[:, :, None]
        mean_score = (mask * self.scores(theta, batch)).sum(axis=1) / mask.sum(axis=1)
        return (self.weights(batch).sum(axis=1)[:, None] * mean_score).mean(axis=0)


class PastRewards(Program):
    """Adds the rewards up from the wrong end: an action answers for what came before it."""

    def to_go(self, rewards):
        G, total = np.zeros(rewards.shape), 0.0
        for t in range(rewards.shape[1]):
            total = rewards[:, t] + self.gamma * total
            G[:, t] = total
        return G


class DoubleDiscount(Program):
    """Discounts the rewards before it adds them up with the discount."""

    def weights(self, batch):
        discount = self.gamma ** np.arange(batch.rewards.shape[1])
        return batch.mask * discount * (self.to_go(discount * batch.rewards) - self.b)


class NoMask(Program):
    """Takes the padding after the end of an episode for steps."""

    def weights(self, batch):
        discount = self.gamma ** np.arange(batch.rewards.shape[1])
        return discount * (self.to_go(batch.rewards) - self.b)


class UpdateInside(Program):
    """Updates after every step of a stored episode, so that later steps are scored with a θ that did not act."""

    def update(self, theta, batch, alpha):
        weights = self.weights(batch)
        for t in range(weights.shape[1]):
            step = (weights[:, t, None] * self.scores(theta, batch)[:, t]).mean(axis=0)
            theta = theta + alpha * step
        return theta


ANIMALS = (MissingMinus, WrongAxis, GreedyScore, MeanOfLogs, PastRewards, DoubleDiscount, NoMask, UpdateInside)
"""The zoo, in the order of the notebook."""


def softmax(h, axis=-1):
    """Positive numbers that sum to one along ``axis``."""
    e = np.exp(h - h.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def mean_update(animal, theta, taus, rho, alpha):
    """(E[θ'] - θ) / α over one-episode batches, exact, shape (d,): ∇η for the right program.

    taus   one ``Batch`` for each trajectory; rho   their probabilities at theta
    """
    return (rho @ [animal.update(theta, tau, alpha) for tau in taus] - theta) / alpha
