"""Notebook 11: the advantage, discounted visits, and the policy gradient theorem from a blank cell."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated

# One line.

def advantage(Q, pi):
    """A_t(s, a) = Q_t(s, a) - Σ_b π(b|s) Q_t(s, b), shape (T, S, k)."""
    return Q - (pi * Q).sum(axis=2, keepdims=True)


def _action_values(rng):
    T, S, k = rng.integers(2, 4), rng.integers(2, 4), rng.integers(2, 4)
    return rng.integers(-5, 6, (T, S, k)) + rng.normal(0, 0.5, (T, S, k)).round(1), rng.dirichlet(np.ones(k), S)


def _with_later_values(Q, pi):
    V = (pi * Q).sum(axis=2)
    return Q - np.concatenate([V[1:], np.zeros((1, V.shape[1]))])[:, :, None]


ADVANTAGE = Exercise(
    "11.1", advantage, inputs=_action_values,
    mistakes=(
        negated(advantage, "the sign is turned: this is V − Q. An action that is better than the usual must have a "
                           "positive advantage."),
        Mistake("here Q of step t meets V of step t + 1. Both must belong to the same step: what is an action worth, "
                "and what is usual, at the same moment?", _with_later_values),
        Mistake("this subtracts the plain mean of Q over the actions. V is the mean under the policy: how much does "
                "each action count?", lambda Q, pi: Q - Q.mean(axis=2, keepdims=True)),
        Mistake("this subtracts the Q of the best action. V is what the policy gets on average, not what the best "
                "action would get.", lambda Q, pi: Q - Q.max(axis=2, keepdims=True)),
        Mistake("this is π times the advantage. Asked is the advantage alone; is there a π too many in front of it?",
                lambda Q, pi: pi * advantage(Q, pi)),
        Mistake("π multiplies Q before V is subtracted. It belongs into the mean, V, alone.",
                lambda Q, pi: pi * Q - (pi * Q).sum(axis=2, keepdims=True)),
        Mistake("from each Q its own part π Q is subtracted. V is the sum of these parts over the actions.",
                lambda Q, pi: Q - pi * Q),
        Mistake("π Q is averaged over the actions. π holds the shares already: add up, and do not divide by k again.",
                lambda Q, pi: Q - (pi * Q).mean(axis=2, keepdims=True)),
        Mistake("the sum runs over everything, states and steps too. Each step and state has its own V: which axis "
                "holds the actions?", lambda Q, pi: Q - (pi * Q).sum()),
        Mistake("the sum runs over the steps. Which axis holds the actions?",
                lambda Q, pi: Q - (pi * Q).sum(axis=0)),
        Mistake("the V of step 1 is subtracted in every step. Each step has its own.",
                lambda Q, pi: Q - (pi * Q[0]).sum(axis=1)[:, None]),
        Mistake("this is V. The advantage is Q minus V.", lambda Q, pi: (pi * Q).sum(axis=2)),
    ),
    hints=(
        "V_t(s) is the mean of Q_t(s, ·) under the policy. Which axis holds the actions?",
        "pi * Q pairs π(a|s) with Q_t(s, a) for every step at once; add up over axis 2. Then make a column of V.",
        "V = (pi * Q).sum(axis=2), and V[:, :, None] has the shape (T, S, 1): subtract it from Q.",
    ))


# Three lines.

def discounted_visits(p1, P, pi, T, gamma):
    """Σ_t γ^(t-1) d_t(s), shape (S,)."""
    return sum(gamma**t * d for t, d in enumerate(_visits(p1, P, pi, T)))


def _from_state_to_state(P, pi):
    return np.einsum("sa,saz->sz", pi, P)


def _visits(p1, P, pi, T, transposed=False):
    """d_1, …, d_T, one a row."""
    d, P_pi = [p1], _from_state_to_state(P, pi)
    while len(d) < T:
        d.append(P_pi @ d[-1] if transposed else d[-1] @ P_pi)
    return np.array(d)


def _world(rng):
    S, k = rng.integers(2, 4), rng.integers(2, 4)
    p1, P, pi = (rng.dirichlet(np.ones(shape[-1]), shape[:-1]) for shape in ((S,), (S, k, S), (S, k)))
    return p1, P, pi, int(rng.integers(3, 6)), rng.integers(5, 10) / 10


def _late(p1, P, pi, T, gamma):
    return sum(gamma**t * d for t, d in enumerate(_visits(p1, P, pi, T + 1)[1:]))


VISITS = Exercise(
    "11.2", discounted_visits, inputs=_world,
    mistakes=(
        Mistake("everything is γ times too small: the weight of step t is γ to the power t − 1. Step 1 counts fully.",
                lambda p1, P, pi, T, gamma: gamma * discounted_visits(p1, P, pi, T, gamma)),
        Mistake("P_π is used the wrong way round. One step forwards adds up over the states from which one comes: "
                "which index of P_π is that?",
                lambda p1, P, pi, T, gamma: sum(gamma**t * d for t, d in
                                                enumerate(_visits(p1, P, pi, T, transposed=True)))),
        Mistake("the result is divided by its sum: these are shares. Asked are the visits themselves.",
                lambda *args: discounted_visits(*args) / discounted_visits(*args).sum()),
        Mistake("the discount is missing: this is the sum of all d_t. What is the weight of step t?",
                lambda p1, P, pi, T, gamma: discounted_visits(p1, P, pi, T, 1.0)),
        Mistake("d moves before it is added, so the sum begins with d_2. First add what step t has, then go on.",
                _late),
        Mistake("this is the last step alone. total must keep what the steps before have added.",
                lambda p1, P, pi, T, gamma: gamma**(T - 1) * _visits(p1, P, pi, T)[-1]),
        Mistake("every action counts the same in P_π. How often does the policy take each?",
                lambda p1, P, pi, T, gamma: discounted_visits(p1, P, np.full(pi.shape, 1 / pi.shape[1]), T, gamma)),
        Mistake("P is added up over the actions without π. How often does the policy take each?",
                lambda p1, P, pi, T, gamma: discounted_visits(p1, P, np.ones(pi.shape), T, gamma)),
        Mistake("the discount is there twice: in d, which carries it from step to step, and once more in the sum.",
                lambda p1, P, pi, T, gamma: discounted_visits(p1, P, pi, T, gamma**2)),
        Mistake("this is step 1 alone. Does return stand inside the loop?", lambda p1, P, pi, T, gamma: p1 + 0.0),
        Mistake("d stays the start distribution. It must go one step forwards each time.",
                lambda p1, P, pi, T, gamma: p1 * sum(gamma**t for t in range(T))),
        Mistake("each step goes on from p1 instead of d, so d is the distribution of step 2 ever after.",
                lambda p1, P, pi, T, gamma: p1 + sum(gamma**t for t in range(1, T)) * _visits(p1, P, pi, 2)[1]),
        Mistake("the last step is missing: T steps are to be added.",
                lambda p1, P, pi, T, gamma: discounted_visits(p1, P, pi, T - 1, gamma)),
        Mistake("the discount runs backwards: here the last step counts fully, and step 1 least.",
                lambda p1, P, pi, T, gamma: sum(gamma**(T - 1 - t) * d for t, d in enumerate(_visits(p1, P, pi, T)))),
        Mistake("this is d after the last step. Asked is the sum, total.",
                lambda p1, P, pi, T, gamma: _visits(p1, P, pi, T + 1)[-1]),
    ),
    hints=(
        "P_π is in section 3: the sum over actions of π(a|s) P(s'|s, a). total begins at 0 and grows in each step.",
        "Step t adds its d with the weight gamma**(t - 1). After that d becomes the distribution of the next step.",
        'P_pi = np.einsum("sa,saz->sz", pi, P); total = total + gamma**(t - 1) * d; d = d @ P_pi.',
    ))


# A whole function.

def gradient_by_theorem(p1, P, r, pi, slopes, T, gamma):
    """Σ_t γ^(t-1) Σ_s d_t(s) Σ_a ∇π(a|s) Q_t(s, a), shape (d,)."""
    return _added_up(_discounted(p1, P, pi, T, gamma), slopes, _backwards(P, r, pi, T, gamma)[1])


def _backwards(P, r, pi, T, gamma):
    """V (T, S) and Q (T, S, k)."""
    ahead, V, Q = np.zeros(len(pi)), [], []
    for _ in range(T):
        Q.insert(0, r + gamma * P @ ahead)
        ahead = (pi * Q[0]).sum(axis=1)
        V.insert(0, ahead)
    return np.array(V), np.array(Q)


def _of_the_best(P, r, T, gamma):
    """Q (T, S, k) with V = max Q in the place of the mean."""
    Q = [r]
    while len(Q) < T:
        Q.insert(0, r + gamma * P @ Q[0].max(axis=1))
    return np.array(Q)


def _discounted(p1, P, pi, T, gamma):
    return gamma ** np.arange(T)[:, None] * _visits(p1, P, pi, T)


def _added_up(weights, slopes, Q):
    return np.einsum("ts,sap,tsa->p", weights, slopes, Q)


def _problem(rng):
    p1, P, pi, T, gamma = _world(rng)
    slopes = rng.normal(0, 0.2, (*pi.shape, rng.integers(2, 4))).round(2)
    slopes -= slopes.mean(axis=1, keepdims=True)            # what one action gains, the others lose
    return p1, P, rng.integers(-5, 6, pi.shape) + 0.5, pi, slopes, T, gamma


def _other(weights=None, slopes=None, Q=None):
    """The theorem with other weights, slopes or values, each a function of the inputs."""
    def mistaken(p1, P, r, pi, dpi, T, gamma):
        args = p1, P, r, pi, dpi, T, gamma
        return _added_up(weights(*args) if weights else _discounted(p1, P, pi, T, gamma),
                         slopes(*args) if slopes else dpi,
                         Q(*args) if Q else _backwards(P, r, pi, T, gamma)[1])
    return mistaken


def _next_step(p1, P, r, pi, slopes, T, gamma):
    return np.concatenate([_backwards(P, r, pi, T, gamma)[1][1:], np.zeros((1, *r.shape))])


THEOREM = Exercise(
    "11.3", gradient_by_theorem, inputs=_problem,
    mistakes=(
        negated(gradient_by_theorem),
        Mistake("the visits d are missing: every state counts fully in every step, also where nobody is.",
                _other(weights=lambda p1, P, r, pi, s, T, gamma:
                       gamma ** np.arange(T)[:, None] * np.ones(len(p1)))),
        Mistake("d is the start distribution in every step. It must go one step forwards each time.",
                _other(weights=lambda p1, P, r, pi, s, T, gamma: gamma ** np.arange(T)[:, None] * p1)),
        Mistake("the reward r stands where Q belongs. What comes after the step is missing: section 5, “Where is ∇d?”",
                _other(Q=lambda p1, P, r, pi, s, T, gamma: np.broadcast_to(r, (T, *r.shape)))),
        Mistake("here stands ∇log π. In the theorem it is ∇π: how often an action is taken must count.",
                _other(slopes=lambda p1, P, r, pi, s, T, gamma: s / pi[:, :, None])),
        Mistake("the slopes are multiplied by π once more. ∇π is π ∇log π, so π is in it already.",
                _other(slopes=lambda p1, P, r, pi, s, T, gamma: s * pi[:, :, None])),
        Mistake("d of step t meets Q of step t + 1. Is Q in the order of the steps, and where does it begin?",
                _other(Q=_next_step)),
        Mistake("Q is in the order in which it was computed, the last step first. Step 1 meets the Q of step T.",
                _other(Q=lambda p1, P, r, pi, s, T, gamma: _backwards(P, r, pi, T, gamma)[1][::-1])),
        Mistake("all visits are multiplied with the Q of step 1. With a horizon Q depends on the step: multiply step "
                "by step, then add up.",
                _other(Q=lambda p1, P, r, pi, s, T, gamma:
                       np.broadcast_to(_backwards(P, r, pi, T, gamma)[1][0], (T, *r.shape)))),
        Mistake("the factor γ^(t−1) in front is missing. Q has its own discount; the unrolling brings one more γ a "
                "step.", _other(weights=lambda p1, P, r, pi, s, T, gamma: _visits(p1, P, pi, T))),
        Mistake("γ is missing in Q: what comes after a step counts γ times less.",
                _other(Q=lambda p1, P, r, pi, s, T, gamma: _backwards(P, r, pi, T, 1.0)[1])),
        changed("everything is γ times too small: in front of step t stands γ to the power t − 1.",
                gradient_by_theorem, lambda result, *args: result * args[-1]),
        divided(gradient_by_theorem, lambda *args: args[5], "T",
                "the result is T times too small: these are shares of the visits (the book's μ). Asked is the gradient "
                "itself, not what it is proportional to."),
        Mistake("everything is zero. Does V stand where Q belongs? It is the same for all actions, and the slopes of a "
                "state sum to zero. Or is r missing in Q?",
                _other(Q=lambda p1, P, r, pi, s, T, gamma:
                       np.repeat(_backwards(P, r, pi, T, gamma)[0][:, :, None], r.shape[1], axis=2))),
        Mistake("the values go backwards with the best action, V = max Q. V is the mean of Q under the policy.",
                _other(Q=lambda p1, P, r, pi, s, T, gamma: _of_the_best(P, r, T, gamma))),
        Mistake("the values go backwards with the plain mean of Q. How often does the policy take each action?",
                _other(Q=lambda p1, P, r, pi, s, T, gamma:
                       _backwards(P, r, np.full(pi.shape, 1 / pi.shape[1]), T, gamma)[1])),
        Mistake("P_π is used the wrong way round. One step forwards adds up over the states from which one comes.",
                _other(weights=lambda p1, P, r, pi, s, T, gamma:
                       gamma ** np.arange(T)[:, None] * _visits(p1, P, pi, T, transposed=True))),
        Mistake("d moves before it is used, so Q of step t meets d of step t + 1. First add, then go on.",
                _other(weights=lambda p1, P, r, pi, s, T, gamma:
                       gamma ** np.arange(T)[:, None] * _visits(p1, P, pi, T + 1)[1:])),
        Mistake("the discount in front is there twice: in d, which carries it from step to step, and once more in the "
                "sum.", _other(weights=lambda p1, P, r, pi, s, T, gamma: _discounted(p1, P, pi, T, gamma**2))),
        Mistake("only step 1 is in the sum. Does return stand inside the loop?",
                _other(weights=lambda p1, P, r, pi, s, T, gamma:
                       _discounted(p1, P, pi, T, gamma) * (np.arange(T)[:, None] == 0))),
        Mistake("this is the last step alone. The sum must keep what the steps before have added.",
                _other(weights=lambda p1, P, r, pi, s, T, gamma:
                       _discounted(p1, P, pi, T, gamma) * (np.arange(T)[:, None] == T - 1))),
    ),
    hints=(
        "Sections 2, 3 and 5 are the three parts: values goes backwards, visits forwards, theorem multiplies.",
        "Backwards: Q = r + gamma * P @ V, then V = (pi * Q).sum(axis=1), from V = 0, and put each Q into a list. "
        "Forwards: d begins at p1; in each step add gamma**(t - 1) times Σ_s d(s) Σ_a slopes[s, a] Q_t[s, a].",
        'For step t: gradient += gamma**(t - 1) * np.einsum("s,sap,sa->p", d, slopes, Q[t - 1]), then d = d @ P_pi. '
        "The list of Q begins with step T, so reverse it first.",
    ))

EXERCISES = (ADVANTAGE, VISITS, THEOREM)
