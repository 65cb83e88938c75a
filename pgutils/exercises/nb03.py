"""Notebook 03: a return from its end backwards, η from the end backwards, and how far apart two policies are."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, negated, times

# One line.

def discounted(rewards, gamma):
    """Σ_t γ^(t-1) r_t = r_1 + γ (r_2 + γ (r_3 + …))."""
    return rewards @ gamma ** np.arange(len(rewards))


def _rewards(rng):
    return rng.integers(-5, 6, rng.integers(2, 5)) + 0.5, float(rng.integers(1, 10) / 10)


def _powers(rewards, gamma):
    total = 0.0
    for t in range(len(rewards), 0, -1):
        total = rewards[t - 1] + gamma ** (t - 1) * total
    return total


DISCOUNTED = Exercise(
    "03.1", discounted, inputs=_rewards,
    mistakes=(
        changed("the first reward is discounted too: γ^t where γ^(t−1) is asked. What is multiplied with γ, and what "
                "is not?", discounted, output=lambda result, rewards, gamma: gamma * result),
        changed("the discount is missing: this is the plain sum. A reward that comes one step later counts γ times as "
                "much.", discounted, inputs=lambda rewards, gamma: (rewards, 1)),
        changed("it is discounted twice: γ² in each step. Once is enough.",
                discounted, inputs=lambda rewards, gamma: (rewards, gamma**2)),
        changed("each reward is discounted once, whenever it comes. Discount what is still to come, not the reward "
                "of this step.", discounted, output=lambda result, rewards, gamma: gamma * rewards.sum()),
        changed("the order is reversed: the last reward counts in full, the first one least.",
                discounted, inputs=lambda rewards, gamma: (rewards[::-1], gamma)),
        Mistake("this is the first reward alone. What is still to come, total, is lost on the way.",
                lambda rewards, gamma: rewards[0]),
        Mistake("this is the last reward alone. Is the return inside the loop?", lambda rewards, gamma: rewards[-1]),
        Mistake("γ has a power here. The loop multiplies total by γ once in every step, and so makes the powers "
                "itself.", _powers),
    ),
    hints=(
        "Look at the second line of the worked example. What was done in each step, from the end backwards?",
        "total is what comes after this step. Seen from this step it comes one step later, so it is worth less.",
        "The reward of this step, in full, plus gamma times total.",
    ))


# Three lines.

def performance(p1, P, r, pi, T, gamma):
    """Σ_s P(s_1 = s) V_1(s), with V_t(s) = Σ_a π(a|s) (r(s, a) + γ Σ_s' P(s'|s, a) V_{t+1}(s'))."""
    V = np.zeros(len(p1))
    for _ in range(T):
        V = (pi * (r + gamma * P @ V)).sum(axis=1)
    return p1 @ V


def _world(rng):
    S, k = rng.integers(2, 4), 2
    p1, P, pi = (rng.dirichlet(np.full(n, 2.0), shape) for n, shape in ((S, ()), (S, (S, k)), (k, S)))
    return p1, P, rng.integers(-5, 6, (S, k)) + 0.5, pi, int(rng.integers(2, 5)), float(rng.integers(5, 10) / 10)


def _greedy(p1, P, r, pi, T, gamma):
    V = np.zeros(len(p1))
    for _ in range(T):
        V = (r + gamma * P @ V).max(axis=1)
    return p1 @ V


def _discounts_now(p1, P, r, pi, T, gamma):
    V = np.zeros(len(p1))
    for _ in range(T):
        V = (pi * (gamma * r + P @ V)).sum(axis=1)
    return p1 @ V


PERFORMANCE = Exercise(
    "03.2", performance, inputs=_world,
    mistakes=(
        negated(performance, "the sign is turned: this is minus the score. A reward counts as a gain."),
        changed("γ is missing: what is still to come begins one step later.",
                performance, inputs=lambda *args: (*args[:5], 1)),
        times(performance, lambda *args: args[5], "γ",
              "the reward of this step is discounted too, so the result is γ times the right one: γ^t where γ^(t−1) "
              "is asked."),
        Mistake("γ stands before the reward of this step. What is discounted is what comes later.", _discounts_now),
        Mistake("the average over the actions is divided by their number. The weights π already sum to one: add up.",
                lambda p1, P, r, pi, T, gamma: performance(p1, P, r, pi / pi.shape[1], T, gamma)),
        changed("it is discounted twice: γ² in each step.", performance, inputs=lambda *args: (*args[:5], args[5]**2)),
        Mistake("every action counts the same here. Each must count with its probability π(a|s).",
                lambda p1, P, r, pi, T, gamma: performance(p1, P, r, np.full(pi.shape, 1 / pi.shape[1]), T, gamma)),
        Mistake("the actions are added up without π. An average needs its weights.",
                lambda p1, P, r, pi, T, gamma: performance(p1, P, r, np.ones(pi.shape), T, gamma)),
        Mistake("this takes the best action in each step. It scores the best rule with a clock, not the policy pi.",
                _greedy),
        Mistake("only the first reward counts. Is what is to come added to it?",
                lambda p1, P, r, pi, T, gamma: p1 @ (pi * r).sum(axis=1)),
        Mistake("the next state is not drawn: every next state counts the same, whatever P says.",
                lambda p1, P, r, pi, T, gamma: performance(p1, np.full(P.shape, 1 / len(p1)), r, pi, T, gamma)),
    ),
    hints=(
        "It is the line of the function backward in section 3, taken apart.",
        "Begin inside the brackets of the equation: the sum over s' is P @ V. Add the reward. Then average over the "
        "actions, with the weights pi.",
        "to_come = P @ V; with_reward = r + gamma * to_come; V = (pi * with_reward).sum(axis=1).",
    ))


# A whole function.

def apart(first, second):
    """The difference of two means, and its standard error √(σ_1²/m_1 + σ_2²/m_2)."""
    return first.mean() - second.mean(), np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))


def _two_samples(rng):
    return tuple(rng.choice([-5.0, 0, 1, 5], m) + rng.integers(0, 2, m) for m in rng.choice(range(4, 10), 2, False))


def _error(text, error):
    """A wrong second result, from spreads and numbers of runs: error(s_1, m_1, s_2, m_2).  With ddof=1, and without."""
    def mistaken(ddof):
        return lambda first, second: (first.mean() - second.mean(), error(first.std(ddof=ddof), len(first),
                                                                          second.std(ddof=ddof), len(second)))
    return (Mistake(text, mistaken(1)),
            Mistake(f"{text} Besides, the spreads are estimated from the same runs, so they need ddof=1.", mistaken(0)))


APART = Exercise(
    "03.3", apart, inputs=_two_samples,
    mistakes=(
        changed("the difference is turned: first minus second is asked.",
                apart, output=lambda result, *_: (-result[0], result[1])),
        Mistake("the difference is one of sums. The score is a mean, and the two numbers of runs are not the same.",
                lambda first, second: (first.sum() - second.sum(), apart(first, second)[1])),
        *_error("the two standard errors are added. With luck of their own, their squares add.",
                lambda s, m, z, n: s / np.sqrt(m) + z / np.sqrt(n)),
        *_error("the two standard errors are subtracted. Luck on either side blurs the difference: their squares add.",
                lambda s, m, z, n: s / np.sqrt(m) - z / np.sqrt(n)),
        *_error("the square of the second standard error is taken away. The two do not help each other: their squares "
                "add, although the means are subtracted.", lambda s, m, z, n: np.sqrt(abs(s**2 / m - z**2 / n))),
        *_error("this is the standard error of the first mean alone. The second has its luck, too.",
                lambda s, m, z, n: s / np.sqrt(m)),
        *_error("this is the spread of the difference of single runs. A mean scatters less: each variance is divided "
                "by its number of runs.", lambda s, m, z, n: np.sqrt(s**2 + z**2)),
        *_error("the last root is missing: this is the square of the standard error.",
                lambda s, m, z, n: s**2 / m + z**2 / n),
        *_error("the spreads are divided by the number of runs. The standard error of a mean is the spread divided by "
                "its root, √m.", lambda s, m, z, n: np.hypot(s / m, z / n)),
        *_error("both variances are divided by all the runs together. Each mean has runs of its own.",
                lambda s, m, z, n: np.sqrt((s**2 + z**2) / (m + n))),
        Mistake("the two samples are thrown together, and this is the standard error of their common mean. Each mean "
                "has a standard error of its own.",
                lambda first, second: (first.mean() - second.mean(), np.concatenate([first, second]).std(ddof=1)
                                       / np.sqrt(len(first) + len(second)))),
        Mistake("the standard error is a little too small. A spread around a mean from the same runs needs ddof=1.",
                lambda first, second: (first.mean() - second.mean(),
                                       np.sqrt(first.var() / len(first) + second.var() / len(second)))),
    ),
    hints=(
        "Section 4 has the standard error of one mean, section 5 says what happens to two of them.",
        "Compute the standard error of each mean on its own: np.std(…, ddof=1) / √m. Then add their squares, and take "
        "the root.",
        "return first.mean() - second.mean(), np.sqrt(error_1**2 + error_2**2)",
    ))

EXERCISES = (DISCOUNTED, PERFORMANCE, APART)
