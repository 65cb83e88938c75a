"""Notebook 04: the chain rule from p to θ, a finite difference along one parameter, ascent from several starts."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, negated


def _sigmoid(theta):
    return 1 / (1 + np.exp(-theta))


# One line.

def machine_slope(theta, right, left):
    """dη/dθ = dη/dp · p(1 - p) for η(p) = right·p² + left·(1 - p)² and p the sigmoid of θ."""
    p = _sigmoid(theta)
    return _over_p(theta, right, left) * p * (1 - p)


def _over_p(theta, right, left):
    p = _sigmoid(theta)
    return 2 * right * p - 2 * left * (1 - p)


def _machine(rng):
    return float(rng.choice([-1, 1]) * rng.integers(3, 20) / 10), int(rng.integers(1, 7)), int(rng.integers(-3, 7))


MACHINE = Exercise(
    "04.1", machine_slope, inputs=_machine,
    mistakes=(
        negated(machine_slope, "the sign is turned. How does p change when θ grows: up or down?"),
        Mistake("this is the slope over p. Asked is the slope over θ: how much does p itself change with θ?", _over_p),
        Mistake("p(1 − p) is the slope of p along θ, so it multiplies. Dividing by it answers how θ changes with p.",
                lambda theta, *prizes: _over_p(theta, *prizes) / (_sigmoid(theta) * _sigmoid(-theta))),
        Mistake("the two slopes are added. One feeds the other: what does the chain rule do with them?",
                lambda theta, *prizes: _over_p(theta, *prizes) + _sigmoid(theta) * _sigmoid(-theta)),
        Mistake("the second slope is p alone. The slope of the sigmoid is p(1 − p), which is small at both ends.",
                lambda theta, *prizes: _over_p(theta, *prizes) * _sigmoid(theta)),
        Mistake("the second slope is (1 − p) alone. The slope of the sigmoid is p(1 − p), which is small at both ends.",
                lambda theta, *prizes: _over_p(theta, *prizes) * _sigmoid(-theta)),
        Mistake("this is the slope of p along θ alone. How much η changes with p, dv_dp, is missing.",
                lambda theta, *prizes: _sigmoid(theta) * _sigmoid(-theta)),
        Mistake("the second slope is always 0.25 here. That is the slope of p at p = 0.5 only.",
                lambda theta, *prizes: _over_p(theta, *prizes) / 4),
        Mistake("the second slope must be written with p, not with θ: it is p(1 − p), not θ(1 − θ).",
                lambda theta, *prizes: _over_p(theta, *prizes) * theta * (1 - theta)),
    ),
    hints=(
        "dv_dp says how much η changes for a change of p. How much does p change for a change of θ?",
        "The chain rule of section 4: the slope over θ is the slope over p times the slope of p along θ.",
        "The slope of p along θ is p * (1 - p). Multiply dv_dp by it.",
    ))


# Three lines.

def partial(eta, theta, i, h):
    """(η(θ + h e_i) - η(θ - h e_i)) / (2h)."""
    step = h * np.eye(len(theta))[i]
    return (eta(theta + step) - eta(theta - step)) / (2 * h)


def _surface(rng):
    """A score with curves, θ, a parameter and an h so large that a wrong formula shows."""
    d = int(rng.integers(2, 4))
    a, b = rng.integers(1, 5, d) / 2, rng.integers(1, 5, d) / 4

    def eta(theta):
        return float(np.exp(b * theta).sum() - (a * theta**2).sum() + np.prod(theta))
    return eta, rng.integers(-20, 21, d) / 10 + 0.05, int(rng.integers(d)), float(rng.choice([0.1, 0.2, 0.5]))


def _everywhere(eta, theta, i, h):
    return (eta(theta + h) - eta(theta - h)) / (2 * h)


PARTIAL = Exercise(
    "04.2", partial, inputs=_surface,
    mistakes=(
        negated(partial, "the sign is turned. Which of the two scores is subtracted from which?"),
        changed("the result is twice too large. The two points lie h to either side: how far apart are they?",
                partial, output=lambda result, *_: 2 * result),
        changed("this is the rise alone. A slope is the rise divided by the distance of the two points.",
                partial, output=lambda result, eta, theta, i, h: 2 * h * result),
        Mistake("all parameters were moved at once. A partial derivative moves parameter i alone.", _everywhere),
        Mistake("one-sided: it compares θ + h with θ itself. It is asked to go to both sides, which is far more "
                "accurate.", lambda eta, theta, i, h: (eta(theta + h * np.eye(len(theta))[i]) - eta(theta)) / h),
        Mistake("one-sided: it compares θ itself with θ − h. It is asked to go to both sides, which is far more "
                "accurate.", lambda eta, theta, i, h: (eta(theta) - eta(theta - h * np.eye(len(theta))[i])) / h),
        Mistake("one-sided, and half the slope: the rise goes from θ to θ + h, but it is divided by 2h.",
                lambda eta, theta, i, h: (eta(theta + h * np.eye(len(theta))[i]) - eta(theta)) / (2 * h)),
        changed("this is the slope along the parameter before the one that is asked for. Parameter i is theta[i].",
                partial, inputs=lambda eta, theta, i, h: (eta, theta, i - 1, h)),
        changed("rise / 2 * h divides by 2 and then multiplies by h. Put brackets around 2 * h.",
                partial, output=lambda result, eta, theta, i, h: result * h**2),
        Mistake("the rise is 0: both points are θ itself. Does the step have h in place i? (In an array of whole "
                "numbers 0.5 becomes 0.)", lambda eta, theta, i, h: 0.0),
        Mistake("parameter i was moved by 1, not by h.", lambda eta, theta, i, h: (
            eta(theta + np.eye(len(theta))[i]) - eta(theta - np.eye(len(theta))[i])) / (2 * h)),
    ),
    hints=(
        "The function gradient of section 5 does it for all parameters. Here it is done for one, step by step.",
        "The step has h in place i and 0 elsewhere. The rise is η(θ + step) − η(θ − step). The slope is the rise "
        "divided by the distance of the two points.",
        "step = h * np.eye(len(theta))[i]; rise = eta(theta + step) - eta(theta - step); return rise / (2 * h).",
    ))


# A whole function.

def highest(eta, starts, alpha, steps):
    """Gradient ascent from each row of starts; the end with the largest η, shape (d,)."""
    ends = _ends(eta, starts, alpha, steps)
    return ends[np.argmax([eta(end) for end in ends])]


def _ends(eta, starts, alpha, steps):
    return np.array([_ascend(eta, start, alpha, steps) for start in starts])


def _ascend(eta, theta, alpha, steps):
    theta = np.array(theta, dtype=float)
    for _ in range(steps):
        theta = theta + alpha * np.array([partial(eta, theta, i, 1e-5) for i in range(len(theta))])
    return theta


def _one_after_the_other(eta, starts, alpha, steps):
    """Each climb begins where the last one ended."""
    ends = [_ascend(eta, starts[0], alpha, steps)]
    for _ in starts[1:]:
        ends.append(_ascend(eta, ends[-1], alpha, steps))
    return max(ends, key=eta)


def _hills(rng):
    """Two hills; the highest start is near the top of the lower one, so that the best end begins lower.

    Sometimes all scores are negative: whoever compares with 0 at the beginning finds no best end there.
    """
    d = int(rng.integers(1, 3))
    centres, heights = np.array([[-2.0] * d, [2.0] * d]) + rng.integers(-4, 5, (2, d)) / 10, np.array([3.0, 5.0])
    ground = float(rng.choice([0, -10]))

    def eta(theta):
        return ground + float(heights @ np.exp(-((np.asarray(theta) - centres) ** 2).sum(axis=1) / 3))
    away = rng.choice([-1, 1], (2, d)) * np.array([[rng.integers(3, 7)], [rng.integers(17, 21)]]) / 10 / np.sqrt(d)
    starts = (centres + away).round(2)
    if rng.random() < 0.5:                          # a third one, low on the lower hill
        starts = np.vstack([starts, (centres[0] - 3 * away[0]).round(2)])
    return eta, rng.permutation(starts), float(rng.choice([0.2, 0.25])), int(rng.integers(6, 14))


HIGHEST = Exercise(
    "04.3", highest, inputs=_hills, rtol=1e-5, atol=1e-6,
    mistakes=(
        Mistake("it walks downhill: this is descent. The score of every step should be higher than the one before.",
                lambda eta, starts, alpha, steps: highest(eta, starts, -alpha, steps)),
        Mistake("it climbs, but returns the lowest of the ends. Asked is the one with the largest score.",
                lambda eta, starts, alpha, steps: min(_ends(eta, starts, alpha, steps), key=eta)),
        Mistake("it returns the end of the last climb, whatever its score. Compare the scores of all ends.",
                lambda eta, starts, alpha, steps: _ends(eta, starts, alpha, steps)[-1]),
        Mistake("it returns the end of the first climb. Is there a return inside the loop over the starts?",
                lambda eta, starts, alpha, steps: _ends(eta, starts, alpha, steps)[0]),
        Mistake("it climbs only from the highest start. A low start may lie at the foot of the higher hill: climb from "
                "all, then compare.",
                lambda eta, starts, alpha, steps: _ascend(eta, max(starts, key=eta), alpha, steps)),
        Mistake("the second climb begins where the first one ended. Each must begin at its own start.",
                _one_after_the_other),
        Mistake("this is the best of the starts. Nothing has climbed.",
                lambda eta, starts, alpha, steps: max(starts, key=eta)),
        Mistake("it takes one single step from each start. The number asked for is in steps.",
                lambda eta, starts, alpha, steps: highest(eta, starts, alpha, 1)),
        Mistake("it takes one step too few: range(n) already counts n steps, from 0 to n − 1.",
                lambda eta, starts, alpha, steps: highest(eta, starts, alpha, steps - 1)),
        Mistake("this is the start from which the best climb began. Asked is where it ended.",
                lambda eta, starts, alpha, steps: starts[np.argmax([
                    eta(end) for end in _ends(eta, starts, alpha, steps)])]),
        Mistake("α is missing: each step is the whole gradient.",
                lambda eta, starts, alpha, steps: highest(eta, starts, 1, steps)),
        Mistake("this is the score of the best end. Asked is the end itself, its θ.",
                lambda eta, starts, alpha, steps: eta(highest(eta, starts, alpha, steps))),
        changed("the steps are too short: the gradient is half the slope. Is it divided by 2h?",
                highest, inputs=lambda eta, starts, alpha, steps: (eta, starts, alpha / 2, steps)),
    ),
    hints=(
        "Two loops, one inside the other: the outer one goes through the starts, the inner one takes the steps.",
        "The inner loop repeats θ ← θ + α ∇η(θ), with gradient(eta, theta) of section 5. After it, note down where "
        "you are. After both loops compare the scores of what you have noted.",
        "theta = theta + alpha * gradient(eta, theta) in the inner loop; ends.append(theta) after it; at the end "
        "return max(ends, key=eta), or look for the largest score with np.argmax.",
    ))

EXERCISES = (MACHINE, PARTIAL, HIGHEST)
