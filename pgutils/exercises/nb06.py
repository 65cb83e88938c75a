"""Notebook 06: the scores of a state, the score of a trajectory, and a world in which the third sum stays."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated
from pgutils.zoo import softmax

# One line.

def all_scores(theta, x):
    """∇_θ log π(a) = x_a - Σ_b π(b) x_b for every action a of a state, shape (k, d)."""
    return x - softmax(x @ theta) @ x


def _one_state(rng):
    k, d = rng.integers(3, 5), rng.integers(2, 4)
    return rng.integers(-10, 11, d) / 10 + 0.05, rng.integers(-2, 3, (k, d)) + rng.integers(1, 4, (k, d)) / 10


SCORES = Exercise(
    "06.1", all_scores, inputs=_one_state,
    mistakes=(
        negated(all_scores, "the sign is turned. Which is subtracted from which: what you took, or the average?"),
        Mistake("the average is missing. These are the slopes of the preferences; the second term of log π has a slope "
                "too.", lambda theta, x: x + 0.0),
        Mistake("x.mean(axis=0) counts all actions the same. Here the average is taken over the policy, with the "
                "weights π.", lambda theta, x: x - x.mean(axis=0)),
        Mistake("each row subtracts only its own π(a) x(a). The average is a sum over all actions b, and the same for "
                "every row.", lambda theta, x: x - softmax(x @ theta)[:, None] * x),
        changed("these are the slopes of π. Asked are those of log π, which is ∇π divided by π.",
                all_scores, output=lambda result, theta, x: result * softmax(x @ theta)[:, None]),
        Mistake("this is the average alone, once for each action. Subtract it from the features of the action.",
                lambda theta, x: np.tile(softmax(x @ theta) @ x, (len(x), 1))),
        Mistake("the weighted sum is divided by the number of actions. The weights π already sum to one: add up.",
                lambda theta, x: x - softmax(x @ theta) @ x / len(x)),
        Mistake("the sum runs over the knobs, within each row. Sum over the actions: which axis is theirs?",
                lambda theta, x: x - (softmax(x @ theta)[:, None] * x).sum(axis=1, keepdims=True)),
        Mistake("the average was taken along the wrong axis: over the knobs, within each row. Average over the "
                "actions.", lambda theta, x: x - x.mean(axis=1, keepdims=True)),
    ),
    hints=(
        "Section 3 has it for one action. The average over the policy is the same for all actions of the state.",
        "pi @ x is the average of the features, one number for each knob: shape (d,). x has one row for each action.",
        "x minus pi @ x: numpy subtracts the same (d,) from every row.",
    ))


# Three lines.

def walk_scores(table, states, actions, mask):
    """Σ_t ∇log π(a_t|s_t) over the steps before the end, for each trajectory, shape (m, d)."""
    return _masked(table[states, actions], mask).sum(axis=1)


def _masked(scores, mask):
    return np.where(mask[:, :, None], scores, 0)


def _walks(rng):
    """A table of scores, and trajectories of different lengths; after its end a walk stays where it is, action 0."""
    S, k, d = (int(rng.integers(*span)) for span in ((3, 5), (2, 4), (2, 4)))
    m, T = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    lengths = rng.integers(1, T + 1, m)
    lengths[:2] = rng.permutation([T, rng.integers(1, T)])         # one that never ends, one that does
    mask = np.arange(T) < lengths[:, None]
    states = np.where(mask, rng.integers(0, S - 1, (m, T)), S - 1)
    return rng.integers(-9, 10, (S, k, d)) / 10 + 0.05, states, np.where(mask, rng.integers(0, k, (m, T)), 0), mask


WALKS = Exercise(
    "06.2", walk_scores, inputs=_walks,
    mistakes=(
        negated(walk_scores),
        Mistake("the steps after the end are counted too. A walk that is over chooses nothing: use the mask.",
                lambda table, states, actions, mask: table[states, actions].sum(axis=1)),
        Mistake("this adds up over the walks. Asked is a sum over the steps, for each walk by itself: which axis is "
                "time?", lambda table, states, actions, mask: _masked(table[states, actions], mask).sum(axis=0)),
        divided(walk_scores, lambda table, states, actions, mask: mask.sum(axis=1)[:, None], "T",
                "the sums are divided by the length of each walk. The logarithm of a product is a sum, not a mean."),
        divided(walk_scores, lambda table, states, actions, mask: mask.shape[1], "T",
                "the sums are divided by T. The logarithm of a product is a sum, not a mean."),
        Mistake("only the first step is counted. Every choice of the walk adds its score.",
                lambda table, states, actions, mask: table[states, actions][:, 0]),
        Mistake("the last step of each walk is missing. The mask already says which steps count: add up all of them.",
                lambda table, states, actions, mask: _masked(
                    table[states, actions], mask & (np.cumsum(mask, axis=1) < mask.sum(axis=1)[:, None])).sum(axis=1)),
        Mistake("the index is off by one: the score of a_t in the state after it. The choice was made in s_t, before "
                "the world answered.", lambda table, states, actions, mask: _masked(
                    table[np.concatenate([states[:, 1:], states[:, -1:]], axis=1), actions], mask).sum(axis=1)),
        Mistake("these are the scores of action 0. Asked are those of the actions that were taken.",
                lambda table, states, actions, mask: _masked(table[states, 0], mask).sum(axis=1)),
        Mistake("the mask is turned round. It is True while the walk still goes on.",
                lambda table, states, actions, mask: _masked(table[states, actions], ~mask).sum(axis=1)),
    ),
    hints=(
        "Look up the score of each choice, drop those after the end, and add up over the steps.",
        "table[states, actions] looks all of them up at once: shape (m, T, d). np.where(condition, yes, 0) keeps some. "
        "Axis 0 is the walk, axis 1 the step.",
        "chosen = table[states, actions]; counted = np.where(mask[:, :, None], chosen, 0); return "
        "counted.sum(axis=1).",
    ))


# A whole function.

def listening_score(theta, states, actions, next_states):
    """∇_θ log ρ_θ of one walk on Fork in a wind that blows with the probability to climb at the fork, shape (2,)."""
    return sum(_policy_terms(theta, states, actions)) + sum(_world_terms(theta, states, actions, next_states))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _policy_terms(theta, states, actions):
    """One row for each step, (T, 2): 1 - p for climb, -p for walk, along the knob of the state."""
    return (actions - _sigmoid(theta)[states])[:, None] * np.eye(2)[states]


def _world_terms(theta, states, actions, next_states):
    """One row for each step, (T, 2): at the fork, after climb, 1 - w if blown back and -w if not."""
    asked = (states == 0) & (actions == 1)
    return np.stack([asked * ((next_states == 0) - _sigmoid(theta[0])), 0 * asked], axis=1)


def _one_walk(rng):
    """A walk on Fork of at most five steps, in no particular wind."""
    s, rows = 0, []
    while s < 2 and len(rows) < 5:
        a = int(rng.random() < 0.7)
        after = 2 if s == 1 or a == 0 else int(rng.random() < 0.5)
        rows.append((s, a, after))
        s = after
    return (rng.integers(1, 20, 2) / 10 * rng.choice([-1, 1], 2), *np.array(rows).T)


def _with_world(world):
    """The score with other numbers for the answers of the world."""
    def mistaken(theta, states, actions, next_states):
        return sum(_policy_terms(theta, states, actions)) + sum(world(theta, states, actions, next_states))
    return mistaken


def _with_choices(choices):
    """The score with other numbers for the choices of the agent."""
    def mistaken(theta, states, actions, next_states):
        return sum(choices(theta, states, actions)) + sum(_world_terms(theta, states, actions, next_states))
    return mistaken


def _after_every_step_at_the_fork(theta, states, actions, next_states):
    return _world_terms(theta, states, states == 0, next_states)


def _in_the_state_after(theta, states, actions, next_states):
    """The scores of the choices looked up in s_{t+1}; the end has no knob."""
    decides = next_states < 2
    return (sum(_policy_terms(theta, next_states[decides], actions[decides]), np.zeros(2))
            + sum(_world_terms(theta, states, actions, next_states)))


LISTENING = Exercise(
    "06.3", listening_score, inputs=_one_walk,
    mistakes=(
        negated(listening_score),
        Mistake("the world's answers are missing. Everywhere else they drop out, but this wind contains θ₁.",
                lambda theta, states, actions, next_states: sum(_policy_terms(theta, states, actions))),
        Mistake("the choices are missing: this is the score of the world's answers alone. All three sums count here.",
                lambda *walk: sum(_world_terms(*walk))),
        Mistake("the world's answers have the wrong sign. Blown back is log w, and w grows with θ₁; reaching the ledge "
                "is log(1 − w).", _with_world(lambda *walk: -_world_terms(*walk))),
        Mistake("the world's answers carry ∇w, the slope of the probability. Asked is the slope of its logarithm.",
                _with_world(lambda theta, states, actions, next_states: _world_terms(
                    theta, states, actions, 0 * states) * (2 * (next_states == 0) - 1)[:, None]
                    * _sigmoid(theta[0]))),
        Mistake("blown back is right, reaching the ledge is missing. That is log(1 − w), and it contains θ₁ too.",
                _with_world(lambda theta, states, actions, next_states: _world_terms(
                    theta, states, actions, next_states) * (next_states == 0)[:, None])),
        Mistake("the wind was asked after every step at the fork. Whoever walks home never asks it.",
                _with_world(_after_every_step_at_the_fork)),
        Mistake("the wind is asked on the ledge as well. It blows only after a climb at the fork.",
                _with_world(lambda theta, states, actions, next_states: _world_terms(
                    theta, 0 * states, actions, next_states))),
        Mistake("the wind is 0.2 here, as in the other notebooks. In this world w is the probability to climb at the "
                "fork.", _with_world(lambda theta, states, actions, next_states: _world_terms(
                    np.log([0.2 / 0.8, 1.0]), states, actions, next_states))),
        Mistake("walk has the score +p here. When θ grows walk gets less likely, so its score is −p.",
                _with_choices(lambda theta, states, actions: abs(_policy_terms(theta, states, actions)))),
        Mistake("only the climbs are counted. To walk is a choice, too, with the score −p.",
                _with_choices(lambda theta, states, actions: actions[:, None] * _policy_terms(theta, states, actions))),
        Mistake("only the first step is counted. Is there a return inside the loop?",
                lambda *walk: _policy_terms(*walk[:3])[0] + _world_terms(*walk)[0]),
        Mistake("only the last step is counted. Add up over the whole walk: += and not =.",
                lambda *walk: _policy_terms(*walk[:3])[-1] + _world_terms(*walk)[-1]),
        divided(listening_score, lambda theta, states, *_: len(states), "T",
                "the sum is divided by the number of steps. The logarithm of a product is a sum, not a mean."),
        Mistake("the two knobs are exchanged: θ₁ belongs to the fork, θ₂ to the ledge.",
                lambda *walk: listening_score(*walk)[::-1]),
        Mistake("every choice counts as a climb. The score of walk is −p, not 1 − p.",
                lambda theta, states, actions, next_states: (
                    sum(_policy_terms(theta, states, 0 * actions + 1))
                    + sum(_world_terms(theta, states, actions, next_states)))),
        Mistake("the choices are looked up in the state after them. A choice is made in s_t, before the world answers.",
                _in_the_state_after),
    ),
    hints=(
        "Go through the walk step by step and add up two kinds of terms: the choice, and, after a climb at the fork, "
        "the answer of the wind.",
        "A climb with probability p adds 1 − p along the knob of its state, a walk adds −p. The wind is a coin "
        "as well, with the same probability as the climb at the fork: what does it add when it blows, and when it does "
        "not?",
        "p = 1 / (1 + np.exp(-theta)); start with g = np.zeros(2). For each s, a, after: g[s] += a - p[s]. And if "
        "s == 0 and a == 1, then g[0] += (after == 0) - p[0].",
    ))

EXERCISES = (SCORES, WALKS, LISTENING)
