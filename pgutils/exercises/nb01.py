"""Notebook 01: the ratio of two probabilities, the policy of a whole table, and drawing from it."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed

# One line.

def ratio(h, i, j, temperature):
    """π(a_i) / π(a_j) = exp((h_i - h_j) / temperature): the sum of the softmax drops out."""
    return np.exp((h[i] - h[j]) / temperature)


def _two_actions(rng):
    k = rng.integers(3, 6)
    i, j = rng.choice(k, 2, replace=False)
    return rng.integers(-4, 5, k) / 2 + 0.25, int(i), int(j), float(rng.choice([0.5, 2, 4]))


RATIO = Exercise(
    "01.1", ratio, inputs=_two_actions,
    mistakes=(
        changed("this is the ratio upside down. Which of the two is asked to be so many times as likely, i or j?",
                ratio, inputs=lambda h, i, j, temperature: (h, j, i, temperature)),
        Mistake("this is the ratio of the preferences. What does the softmax do to a preference before it divides?",
                lambda h, i, j, temperature: h[i] / h[j]),
        Mistake("this is the logarithm of the ratio. Which function turns it into the ratio itself?",
                lambda h, i, j, temperature: (h[i] - h[j]) / temperature),
        changed("the temperature is missing: this is right at temperature 1 only.",
                ratio, inputs=lambda h, i, j, temperature: (h, i, j, 1)),
        changed("the preferences are multiplied by the temperature. Should the ratio come closer to 1 or move away "
                "from it when it gets hotter?",
                ratio, inputs=lambda h, i, j, temperature: (h, i, j, 1 / temperature)),
        Mistake("the temperature divides the finished ratio. It belongs to the preferences: divide before exp.",
                lambda h, i, j, temperature: np.exp(h[i] - h[j]) / temperature),
        Mistake("the temperature divides h[j] alone. Put the difference into brackets, then divide it.",
                lambda h, i, j, temperature: np.exp(h[i] - h[j] / temperature)),
        changed("i and j are counted from 1 here. They count from 0, as Python does: the preference of action i is "
                "h[i].", ratio, inputs=lambda h, i, j, temperature: (np.roll(h, 1), i, j, temperature)),
        Mistake("this is π(a_i) itself, the share of action i among all. Asked is its share compared with that of j.",
                lambda h, i, j, temperature: np.exp(h[i] / temperature) / np.exp(h / temperature).sum()),
    ),
    hints=(
        "Write the two probabilities of the softmax as fractions, one above the other. What do they share?",
        "Both have the same sum below, and it drops out. What is left is one exponential divided by another.",
        "exp(x) / exp(y) is exp(x - y). Here x is h[i] / temperature, and y is h[j] / temperature.",
    ))


# Three lines.

def policy_table(h, temperature):
    """The softmax of h / temperature in each row, (S, k)."""
    e = np.exp((h - h.max(axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1, keepdims=True)


def _preferences(rng):
    """Some rows are so large, or so negative, that exp fails without a shift."""
    S, k = rng.integers(2, 5), rng.integers(2, 5)
    shift = rng.choice([0, 0, 0, 5000, -5000], (S, 1))
    return shift + rng.integers(-3, 4, (S, k)) + 0.5, float(rng.choice([0.5, 2, 4]))


def _exp(h, temperature):
    return np.exp((h - h.max(axis=1, keepdims=True)) / temperature)


def _fails(exponents):
    """A softmax of these exponents as they are: where exp is inf or 0 throughout a row, nan."""
    def mistaken(h, temperature):
        with np.errstate(all="ignore"):
            e = np.exp(exponents(h, temperature))
            return e / e.sum(axis=1, keepdims=True)
    return mistaken


POLICY_TABLE = Exercise(
    "01.2", policy_table, inputs=_preferences,
    mistakes=(
        Mistake("each column sums to one, but a state is a row. Along which axis do the actions lie?",
                lambda h, temperature: policy_table(h.T, temperature).T),
        Mistake("the sum is taken over the states, along the columns. A policy is a distribution over the actions: "
                "which axis is theirs?",
                lambda h, temperature: _exp(h, temperature) / _exp(h, temperature).sum(axis=0)),
        Mistake("the whole table sums to one. It should be one for each state, so each row needs a sum of its own.",
                lambda h, temperature: _exp(h, temperature) / _exp(h, temperature).sum()),
        Mistake("largest number and sum are those of the whole table, so all rows together sum to one. Take both "
                "along each row.",
                lambda h, temperature: policy_table(h.reshape(1, -1), temperature).reshape(h.shape)),
        Mistake("in rows of very large or very small preferences exp fails, and you see nan. Take the largest of the "
                "row away first.", _fails(lambda h, temperature: h / temperature)),
        Mistake("the largest number is that of the whole table. In a row far below it all exponentials are 0, and "
                "0/0 is nan. Each row needs a largest of its own.",
                _fails(lambda h, temperature: (h - h.max()) / temperature)),
        Mistake("the temperature divides the largest alone. Put the difference into brackets, then divide it.",
                _fails(lambda h, temperature: h - h.max(axis=1, keepdims=True) / temperature)),
        Mistake("these are the exponentials. A row does not sum to one before it is divided by its sum.", _exp),
        changed("the temperature is missing: this is the policy at temperature 1.",
                policy_table, inputs=lambda h, temperature: (h, 1)),
        changed("the preferences are multiplied by the temperature. Hot must mean undecided: which way do "
                "differences shrink?", policy_table, inputs=lambda h, temperature: (h, 1 / temperature)),
        changed("the temperature divides the finished probabilities, and they no longer sum to one. It belongs to the "
                "preferences.", policy_table, output=lambda result, h, temperature: result / temperature),
    ),
    hints=(
        "It is the function softmax of section 4, with “of the row” wherever it says largest or sum.",
        "Largest and sum run along axis=1, the actions. With keepdims=True they stay a column, (S, 1), so that each "
        "row meets its own. If you see nan or inf, take the largest away before exp.",
        "largest = h.max(axis=1, keepdims=True); e = np.exp((h - largest) / temperature); and last, e divided by its "
        "sum along axis=1, again with keepdims=True.",
    ))


# A whole function.

def act(pi, states, u):
    """For each state, the number of boundaries of its row that u has passed, (m,)."""
    boundaries = np.cumsum(pi, axis=1)[states, :-1]
    return (u[:, None] >= boundaries).sum(axis=1)


def _draws(rng):
    S, k, m = rng.integers(2, 4), rng.integers(3, 5), rng.integers(6, 10)
    return rng.dirichlet(np.full(k, 2.0), S), rng.integers(S, size=m), rng.integers(0, 100, m) / 100 + 0.005


ACT = Exercise(
    "01.3", act, inputs=_draws,
    mistakes=(
        Mistake("this is always the likeliest action, the greedy one. Which part does u play?",
                lambda pi, states, u: pi[states].argmax(axis=1)),
        Mistake("here each action comes equally often, whatever the policy. The pieces of the line must be as long as "
                "the probabilities.", lambda pi, states, u: (u * pi.shape[1]).astype(int)),
        changed("every draw uses the row of state 0. Which row of pi belongs to draw i?",
                act, inputs=lambda pi, states, u: (pi, 0 * states, u)),
        changed("the actions are counted from 1. Who has passed no boundary is in the first piece, action 0.",
                act, output=lambda result, *_: result + 1),
        Mistake("this counts the boundaries that lie above u. Count those that u has passed.",
                lambda pi, states, u: pi.shape[1] - 1 - act(pi, states, u)),
        Mistake("u is compared with the probabilities themselves. Where does the second piece of the line end?",
                lambda pi, states, u: (u[:, None] >= pi[states, :-1]).sum(axis=1)),
        Mistake("the cumulative sum runs down the states. It must run along the actions: which axis is that?",
                lambda pi, states, u: (u[:, None] >= np.cumsum(pi, axis=0)[states, :-1]).sum(axis=1)),
        Mistake("the rows of all agents are joined into one long line, and each u is looked up in it. Each agent has a "
                "line of its own: call draw once for each of them, in a loop.",
                lambda pi, states, u: np.searchsorted(np.cumsum(pi[states])[:-1], u, side="right")),
        changed("agent i draws with u[s], where s is its state. That is the number of another agent: its own is u[i].",
                act, inputs=lambda pi, states, u: (pi, states, u[states])),
    ),
    hints=(
        "Section 6 does it for one row. What is new: each draw has its own state, and so its own row, pi[s].",
        "A loop is fine: go through states and u together with zip, draw one action from each row, and collect them "
        "in a list. The function draw of section 6 may help.",
        "np.array([draw(pi[s], x) for s, x in zip(states, u)]), where draw counts the boundaries "
        "np.cumsum(pi[s])[:-1] that x has passed.",
    ))

EXERCISES = (RATIO, POLICY_TABLE, ACT)
