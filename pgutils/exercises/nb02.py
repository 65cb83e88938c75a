"""Notebook 02: the chance of an event, log ρ as a sum of three parts, and where a walk is after T steps."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed

# One line.

def to_summit(u, v, w):
    """Two of the nine trajectories end on the summit: u (1-w) v and u w u (1-w) v."""
    return u * (1 - w) * v * (1 + u * w)


def _climber(rng):
    return tuple(float(x) for x in rng.integers(1, 10, 3) / 10)


SUMMIT = Exercise(
    "02.1", to_summit, inputs=_climber,
    mistakes=(
        Mistake("this is only the walk that is never blown back. Which other walk is on the summit within three steps?",
                lambda u, v, w: u * (1 - w) * v),
        Mistake("this is only the walk that is blown back once. There is a shorter way to the summit, too.",
                lambda u, v, w: u * w * u * (1 - w) * v),
        Mistake("who was blown back must choose climb at the fork once more. That is one more factor.",
                lambda u, v, w: u * (1 - w) * v * (1 + w)),
        Mistake("u and v are mixed up: u is the chance to climb at the fork, v on the ledge.",
                lambda u, v, w: to_summit(v, u, w)),
        Mistake("w and 1 - w are mixed up: the wind w blows you back, 1 - w takes you to the ledge.",
                lambda u, v, w: to_summit(u, v, 1 - w)),
        Mistake("to reach the ledge takes a chance, too: the wind must not blow.",
                lambda u, v, w: u * v * (1 + u * w)),
        Mistake("on the ledge this takes walk, with 1 - v. Which action leads to the summit from there?",
                lambda u, v, w: to_summit(u, 1 - v, w)),
        Mistake("the two walks cannot both happen on one day. Are their chances multiplied or added?",
                lambda u, v, w: u * (1 - w) * v * (u * w * u * (1 - w) * v)),
        Mistake("this counts a walk that is blown back twice. How many steps does it need to the summit?",
                lambda u, v, w: u * (1 - w) * v * (1 + u * w + (u * w) ** 2)),
        Mistake("this is the chance without a limit of time. The day has three steps.",
                lambda u, v, w: u * (1 - w) * v / (1 - u * w)),
    ),
    hints=(
        "Follow the tree of section 3 with a finger: which leaves are the summit? There are two.",
        "One walk is climb, ledge, climb, summit. The other is blown back once first. Multiply along each, then add.",
        "The first is u * (1 - w) * v. The second has two more factors in front: the climb u and the wind w.",
    ))


# Three lines.

def log_rho(p1, pi, P, states, actions):
    """log P(s_1) + Σ_t log π(a_t|s_t) + Σ_t log P(s_{t+1}|s_t, a_t)."""
    s, s_next = states[:-1], states[1:]
    return np.log(p1[states[0]]) + np.log(pi[s, actions]).sum() + np.log(P[s, actions, s_next]).sum()


def _tables(rng, k=2):
    """p1, pi and P of a small world in which nothing is impossible."""
    S = rng.integers(2, 4)
    return tuple(rng.dirichlet(np.full(n, 2.0), shape) for n, shape in ((S, ()), (k, S), (S, (S, k))))


def _trajectory(rng):
    p1, pi, P = _tables(rng)
    T = rng.integers(2, 5)
    return p1, pi, P, rng.integers(len(p1), size=T + 1), rng.integers(2, size=T)


LOG_RHO = Exercise(
    "02.2", log_rho, inputs=_trajectory,
    mistakes=(
        Mistake("the start is missing: ρ has the factor P(s₁) in front.",
                lambda p1, pi, P, states, actions: log_rho(np.ones(len(p1)), pi, P, states, actions)),
        Mistake("the start is always state 0 here. This trajectory begins in states[0].",
                lambda p1, pi, P, states, actions: log_rho(np.full(len(p1), p1[0]), pi, P, states, actions)),
        Mistake("the last step of the world is missing, P(s_{T+1} | s_T, a_T). The dynamics have T factors, not T − 1.",
                lambda p1, pi, P, states, actions: log_rho(p1, pi, P, states, actions)
                - np.log(P[states[-2], actions[-1], states[-1]])),
        changed("the last step is missing. There are T steps, as many as actions.",
                log_rho, inputs=lambda p1, pi, P, states, actions: (p1, pi, P, states[:-1], actions[:-1])),
        changed("only the first step is counted. Is there a return inside the loop?",
                log_rho, inputs=lambda p1, pi, P, states, actions: (p1, pi, P, states[:2], actions[:1])),
        Mistake("P[s, actions] is a whole row for each step, with a number for every next state. Pick the one that "
                "came: which index is missing?",
                lambda p1, pi, P, states, actions: np.log(p1[states[0]])
                + np.log(pi[states[:-1], actions]).sum() + np.log(P[states[:-1], actions]).sum()),
        Mistake("the dynamics lead from s_t to s_t itself. Where does the step lead?",
                lambda p1, pi, P, states, actions: np.log(p1[states[0]])
                + np.log(pi[states[:-1], actions]).sum() + np.log(P[states[:-1], actions, states[:-1]]).sum()),
        Mistake("the policy is asked in the next state. Where are you when you choose aₜ?",
                lambda p1, pi, P, states, actions: np.log(p1[states[0]])
                + np.log(pi[states[1:], actions]).sum() + np.log(P[states[:-1], actions, states[1:]]).sum()),
        Mistake("this is the logarithm of a sum. The rule is: the log of a product is the sum of the logs.",
                lambda p1, pi, P, states, actions: np.log(p1[states[0]])
                + np.log(pi[states[:-1], actions].sum()) + np.log(P[states[:-1], actions, states[1:]].sum())),
        changed("this is ρ, the product. Asked is its logarithm.",
                log_rho, output=lambda result, *_: np.exp(result)),
        Mistake("the factors themselves are added. Take the logarithm of each first.",
                lambda p1, pi, P, states, actions: p1[states[0]]
                + pi[states[:-1], actions].sum() + P[states[:-1], actions, states[1:]].sum()),
        changed("this is the logarithm to the base 10. In this series log is the natural one, np.log.",
                log_rho, output=lambda result, *_: result / np.log(10)),
        Mistake("the policy's part is missing: these are the start and the dynamics alone.",
                lambda p1, pi, P, states, actions: log_rho(p1, np.ones(pi.shape), P, states, actions)),
        Mistake("the dynamics are missing. They stay the same when the policy changes, but they belong to ρ.",
                lambda p1, pi, P, states, actions: log_rho(p1, pi, np.ones(P.shape), states, actions)),
    ),
    hints=(
        "The equation of section 6 has three parts. Each is one of the three lines.",
        "Look up one number for each step, take np.log of all of them, and add them up with np.sum. The start is one "
        "number only, and needs no sum.",
        "The factors are p1[states[0]], then pi[s, actions], then P[s, actions, s_next].",
    ))


# A whole function.

def state_after(p1, pi, P, T):
    """p_{t+1}(s') = Σ_s Σ_a p_t(s) π(a|s) P(s'|s, a), T times, (S,)."""
    for _ in range(T):
        p1 = np.einsum("s,sa,san->n", p1, pi, P)
    return p1


def _world(rng):
    return *_tables(rng), int(rng.integers(1, 5))


def _adds(p1, pi, P, T):
    """The sums of a step begin with those of the step before."""
    p = state_after(p1, pi, P, 1)
    for _ in range(T - 1):
        p = p + state_after(p, pi, P, 1)
    return p


def _overwrites(p1, pi, P, T):
    """Of all the ways into a state the last one is left."""
    for _ in range(T):
        p1 = p1[-1] * pi[-1, -1] * P[-1, -1]
    return p1


STATE_AFTER = Exercise(
    "02.3", state_after, inputs=_world,
    mistakes=(
        changed("this is the state s_T, in which the last action is chosen. It leads one step further.",
                state_after, inputs=lambda p1, pi, P, T: (p1, pi, P, T - 1)),
        changed("this is one step too many. T actions lead from s₁ to s_{T+1}.",
                state_after, inputs=lambda p1, pi, P, T: (p1, pi, P, T + 1)),
        changed("only one step is taken. Is there a return inside the loop? Or does every round begin with p1 again?",
                state_after, inputs=lambda p1, pi, P, T: (p1, pi, P, 1)),
        Mistake("the chances of the steps before are still in the sum, so the numbers grow beyond one. In each step "
                "the new chances begin at zero.", _adds),
        Mistake("of all the ways into a state the last one is left: each has overwritten the one before. Add them up.",
                _overwrites),
        changed("every start is equally likely here. A walk begins in s with the probability p1[s].",
                state_after, inputs=lambda p1, pi, P, T: (np.full(len(p1), 1 / len(p1)), pi, P, T)),
        changed("every action counts the same here. Each must count with its probability π(a|s).",
                state_after, inputs=lambda p1, pi, P, T: (p1, np.full(pi.shape, 1 / pi.shape[1]), P, T)),
        changed("all actions are added up without π, so the numbers sum to more than one.",
                state_after, inputs=lambda p1, pi, P, T: (p1, np.ones(pi.shape), P, T)),
        changed("the start is missing: this always begins in state 0. A walk begins in s with probability p1[s].",
                state_after, inputs=lambda p1, pi, P, T: (np.eye(len(p1))[0], pi, P, T)),
        Mistake("the steps are taken backwards, from s' to s. The numbers need not sum to one then. Which index of P "
                "is where you come from?",
                lambda p1, pi, P, T: np.linalg.matrix_power(np.einsum("sa,san->sn", pi, P), T) @ p1),
        Mistake("only the likeliest action is taken. A policy draws: every action counts with its probability.",
                lambda p1, pi, P, T: state_after(p1, np.eye(pi.shape[1])[pi.argmax(axis=1)], P, T)),
    ),
    hints=(
        "Begin with p = p1. One step turns the chances of s_t into those of s_{t+1}; do it T times.",
        "To be in s' next, you are in some s, choose some a, and land in s': three factors. Add up over all s and a, "
        "with two loops if you like.",
        "In each step: new = np.zeros(len(p)); for every s and a, new = new + p[s] * pi[s, a] * P[s, a]; then p = new.",
    ))

EXERCISES = (SUMMIT, LOG_RHO, STATE_AFTER)
