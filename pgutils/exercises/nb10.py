"""Notebook 10: the score of a temperature, backpropagation through a corner, and Adam from a blank cell."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, negated
from pgutils.zoo import softmax

# One line.

def score_of_beta(beta, h, a):
    """h_a - Σ_l π_l h_l with π = softmax(βh): the slope of log π(a) along β."""
    return h[a] - softmax(beta * h) @ h


def _preferences(rng):
    k = rng.integers(2, 5)
    return rng.integers(3, 30) / 10 + 0.05, rng.normal(0, 1, k).round(1) + 0.03, int(rng.integers(k))


BETA = Exercise(
    "10.1", score_of_beta, inputs=_preferences,
    mistakes=(
        negated(score_of_beta, "the sign is turned. log π(a) = β h_a − log Σ exp(β h): which of its two terms is "
                               "subtracted?"),
        Mistake("this is the slope of the first term alone, β h_a. The logarithm of the sum depends on β as well.",
                lambda beta, h, a: h[a]),
        changed("the result is β times too small. Along β, what is the slope of β h_a: h_a, or h_a / β?",
                score_of_beta, lambda result, beta, h, a: result / beta),
        changed("the result is β times too large. Along β, what is the slope of β h_a?",
                score_of_beta, lambda result, beta, h, a: result * beta),
        Mistake("1 − π_a is the slope along the preference that was taken. But β acts on all preferences, and all of "
                "these ways add up.", lambda beta, h, a: h[a] * (1 - softmax(beta * h)[a])),
        Mistake("this is the slope of π(a), not of its logarithm: a factor π(a) is too much.",
                lambda beta, h, a: softmax(beta * h)[a] * score_of_beta(beta, h, a)),
        Mistake("these are the slopes along the k preferences β h. Asked is one number, along β: what does each "
                "slope pass on to β, and how do k ways add up?",
                lambda beta, h, a: np.eye(len(h))[a] - softmax(beta * h)),
        Mistake("these are k numbers, one for each preference. β acts on all of them: add up.",
                lambda beta, h, a: (np.eye(len(h))[a] - softmax(beta * h)) * h),
        Mistake("the products π_l h_l are not yet added up: the result has k numbers, and asked is one.",
                lambda beta, h, a: h[a] - softmax(beta * h) * h),
        Mistake("this subtracts the plain sum of the preferences. In the slope of the logarithm each preference has a "
                "weight: which one?", lambda beta, h, a: h[a] - h.sum()),
        Mistake("the mean of the preferences is taken with equal shares. Each action has its own probability.",
                lambda beta, h, a: h[a] - h.mean()),
    ),
    hints=(
        "log π(a) is β h_a minus the logarithm of Σ_l exp(β h_l). Take the slope of each of the two terms along β.",
        "The first term has the slope h_a. The second is a logarithm of a sum: its slope is the slope of the sum, "
        "divided by the sum. What stands there for each action, after the division?",
        "The preference of the action, h[a], minus the mean of all preferences under the policy, pi @ h.",
    ))


# Three lines.

def relu_score(states, z, pi, actions, W2):
    """∂log π/∂W1 (N, inputs, hidden) and ∂log π/∂b1 (N, hidden), for z = max(sW1 + b1, 0)."""
    return _backward(states, z, np.eye(pi.shape[1])[actions] - pi, W2, z > 0)


def _backward(states, z, at_h, W2, bend):
    at_y = at_h @ W2.T * bend
    return states[:, :, None] * at_y[:, None, :], at_y


def _positive_only(states, z, pi, actions, W2):
    at_y = np.maximum((_taken(pi, actions) - pi) @ W2.T, 0)
    return states[:, :, None] * at_y[:, None, :], at_y


def _pass(rng):
    N, inputs, k = rng.integers(2, 5, 3)
    hidden = k + rng.integers(1, 4)
    z = rng.uniform(0.2, 2, (N, hidden)).round(1) * (rng.random((N, hidden)) < 0.6)
    z[0, :2] = 0.0, 0.7                                 # a unit that is off, and one that is on
    W2 = rng.normal(0, 1, (hidden, k)).round(1)
    W2[0] = np.arange(k) - 0.5                          # so that the unit that is off has a slope behind it
    return rng.normal(0, 1, (N, inputs)).round(1) + 0.05, z, softmax(z @ W2), rng.integers(k, size=N), W2


def _taken(pi, actions):
    return np.eye(pi.shape[1])[actions]


RELU = Exercise(
    "10.2", relu_score, inputs=_pass,
    mistakes=(
        Mistake("here is still the factor of the tanh, 1 − z². What is the slope of relu, where z > 0 and where z = 0?",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, actions) - pi, W2, 1 - z**2)),
        Mistake("a unit that is 0 passes a slope back, too. relu is flat there, so its slope is 0: line 4 is missing.",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, actions) - pi, W2, 1.0)),
        Mistake("the slope is multiplied by z itself. That is the value of relu. Line 4 asks for its slope.",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, actions) - pi, W2, z)),
        Mistake("line 1 is π alone. It is 1 for the action that was taken and 0 for the others, minus π.",
                lambda states, z, pi, actions, W2: _backward(states, z, pi, W2, z > 0)),
        Mistake("π is missing in line 1: these are the slopes of the preference that was taken, not of log π.",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, actions), W2, z > 0)),
        Mistake("line 1 is 1 − π for every action. The 1 belongs to the action that was taken, for the others it is 0.",
                lambda states, z, pi, actions, W2: _backward(states, z, 1 - pi, W2, z > 0)),
        Mistake("line 1 is 1 − π for the action that was taken and 0 for the others. Their preferences count, too.",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, actions) * (1 - pi), W2, z > 0)),
        Mistake("line 1 scores the most probable action, not the one that was taken: where are the actions used?",
                lambda states, z, pi, actions, W2: _backward(states, z, _taken(pi, pi.argmax(axis=1)) - pi, W2, z > 0)),
        Mistake("relu is applied to the slopes: negative ones are lost. Line 4 multiplies by the slope of relu.",
                _positive_only),
        changed("the slopes along W1 have their last two axes exchanged: the inputs come first, then the units.",
                relu_score, lambda result, *_: (result[0].swapaxes(1, 2), result[1])),
        changed("the states are added up in the slopes along W1. Asked is one table for each state.",
                relu_score, lambda result, *_: (result[0].sum(axis=0), result[1])),
        changed("the states are added up in the slopes along b1. Asked is one row for each state.",
                relu_score, lambda result, *_: (result[0], result[1].sum(axis=0))),
        changed("the two results are exchanged: first W1, then b1.", relu_score, lambda result, *_: result[::-1]),
        changed("everything is divided by the number of states. Here is no mean yet.", relu_score,
                lambda result, states, *_: (result[0] / len(states), result[1] / len(states))),
        changed("the sign is turned. Is line 1 the wrong way round?", relu_score,
                lambda result, *_: (-result[0], -result[1])),
        changed("a 1 stands where z = 0 and a 0 where z > 0: turn the comparison around.", relu_score,
                inputs=lambda states, z, pi, actions, W2: (states, (z == 0) * 1.0, pi, actions, W2)),
    ),
    hints=(
        "Look at the function score of section 3. Only one factor in it belongs to the tanh.",
        "Line 1 is one row of the identity for each action, minus pi. The slope of relu is 1 where z > 0, else 0; a "
        "comparison gives this. Line 5 is a table for each state, as in score.",
        "at_h = np.eye(pi.shape[1])[actions] - pi; at_y = at_h @ W2.T * (z > 0); at_W1 = states[:, :, None] * "
        "at_y[:, None, :].",
    ))


# A whole function.

def adam_direction(gradients, beta1, beta2, epsilon):
    """The direction of Adam after n gradients, one a row, shape (d,)."""
    return _adam(gradients, beta1, beta2, epsilon)


def _adam(gradients, beta1, beta2, epsilon, *, power=2, root=np.sqrt, correct1=None, correct2=None, inside=0.0,
          new1=None, new2=None, start=None):
    """Adam, or with a mistake in one of its parts."""
    n = len(gradients)
    mu, nu = (0.0, 0.0) if start is None else (start, start**2)
    for g in gradients:
        mu = beta1 * mu + (1 - beta1 if new1 is None else new1) * g
        nu = beta2 * nu + (1 - beta2 if new2 is None else new2) * g**power
    mu = mu / (1 - beta1**n if correct1 is None else correct1)
    nu = nu / (1 - beta2**n if correct2 is None else correct2)
    return mu / (root(nu**(2 // power) + inside) + epsilon)


def _corrected_in_the_loop(gradients, beta1, beta2, epsilon):
    mu = nu = 0.0
    for n, g in enumerate(gradients, 1):
        mu = (beta1 * mu + (1 - beta1) * g) / (1 - beta1**n)
        nu = (beta2 * nu + (1 - beta2) * g**2) / (1 - beta2**n)
    return mu / (np.sqrt(nu) + epsilon)


def _without_squares(gradients, beta1, beta2, epsilon):
    """ν is the mean of the estimates themselves, whose root is nan where it is negative."""
    n, mu, nu = len(gradients), 0.0, 0.0
    for g in gradients:
        mu, nu = beta1 * mu + (1 - beta1) * g, beta2 * nu + (1 - beta2) * g
    with np.errstate(invalid="ignore"):
        return mu / (1 - beta1**n) / (np.sqrt(nu / (1 - beta2**n)) + epsilon)


def _one_array(gradients, beta1, beta2, epsilon):
    """mu and nu are two names of one array, which is changed in place."""
    n, both = len(gradients), 0.0
    for g in gradients:
        both = beta2 * (beta1 * both + (1 - beta1) * g) + (1 - beta2) * g**2
    with np.errstate(invalid="ignore"):
        return both / (1 - beta1**n) / (np.sqrt(both / (1 - beta2**n)) + epsilon)


def _estimates(rng):
    n, d = rng.integers(2, 6), rng.integers(2, 4)
    sizes = rng.uniform(0.5, 3, (n, d)).round(1) * rng.choice([-1, 1], (n, d))
    return sizes, rng.integers(5, 8) / 10, rng.integers(85, 96) / 100, rng.integers(1, 4) / 10


ADAM = Exercise(
    "10.3", adam_direction, inputs=_estimates,
    mistakes=(
        Mistake("the two running means are used as they are. They started at 0, so they are too small: each is divided "
                "by one minus a power of its β.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct1=1.0, correct2=1.0)),
        Mistake("the corrections are those of the first update. The exponent counts the updates.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct1=1 - beta1, correct2=1 - beta2)),
        Mistake("the root is missing. ν has the size of a square; divided by that, μ does not lose its scale.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, root=lambda nu: nu)),
        changed("the two β are swapped: β₁ belongs to the mean of the estimates, β₂ to that of their squares.",
                adam_direction, inputs=lambda gradients, beta1, beta2, epsilon: (gradients, beta2, beta1, epsilon)),
        Mistake("ε stands inside the root. In the formula it is added after the root was taken.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, 0.0, inside=epsilon)),
        Mistake("this is the square of the mean. ν is the mean of the squares: square each estimate first.",
                lambda gradients, beta1, beta2, epsilon: _adam(gradients, beta1, beta2, epsilon, power=1)),
        Mistake("ν is a mean of the estimates and not of their squares: its root is nan where it is negative.",
                _without_squares),
        Mistake("μ and ν are one and the same array: after mu = nu = np.zeros(…) an in-place step such as mu *= … "
                "changes both. Write mu = beta1 * mu + …, which makes a new array.", _one_array),
        Mistake("β and 1 − β have changed places: the old mean keeps the share β, the new estimate gets 1 − β.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, 1 - beta1, 1 - beta2, epsilon, correct1=1 - beta1**len(gradients),
                          correct2=1 - beta2**len(gradients))),
        Mistake("only μ is corrected. ν started at 0, too.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct2=1.0)),
        Mistake("only ν is corrected. μ started at 0, too.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct1=1.0)),
        Mistake("the exponent of the corrections is n − 1. After the last of n estimates it is n.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct1=1 - beta1**(len(gradients) - 1),
                          correct2=1 - beta2**(len(gradients) - 1))),
        Mistake("the correction of ν stands outside the root. First divide ν by it, then take the root.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, correct2=(1 - beta2**len(gradients))**2)),
        Mistake("the corrected means go back into the loop. Keep μ and ν as they are, and divide once, after it.",
                _corrected_in_the_loop),
        Mistake("both means start at the first estimate. Asked is a start at 0.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, start=gradients[0])),
        Mistake("both means start at the first estimate, and are not corrected. Asked is a start at 0, and then the "
                "corrections.", lambda gradients, beta1, beta2, epsilon: _adam(
                    gradients, beta1, beta2, epsilon, start=gradients[0], correct1=1.0, correct2=1.0)),
        Mistake("the exponent of the corrections is d, the number of parameters. n counts the estimates, the rows.",
                lambda gradients, beta1, beta2, epsilon: _adam(
                    gradients, beta1, beta2, epsilon, correct1=1 - beta1**gradients.shape[1],
                    correct2=1 - beta2**gradients.shape[1])),
        Mistake("β₁ stands in the running mean of the squares. That mean has its own, β₂.",
                lambda gradients, beta1, beta2, epsilon: _adam(
                    gradients, beta1, beta1, epsilon, correct2=1 - beta2**len(gradients))),
        Mistake("the last estimate does not come into the means: how far does the loop go?",
                lambda gradients, beta1, beta2, epsilon: _adam(
                    gradients[:-1], beta1, beta2, epsilon, correct1=1 - beta1**len(gradients),
                    correct2=1 - beta2**len(gradients))),
        Mistake("the new estimate is added in full. Its share in the running mean is 1 − β.",
                lambda gradients, beta1, beta2, epsilon:
                    _adam(gradients, beta1, beta2, epsilon, new1=1.0, new2=1.0)),
        Mistake("ε is missing below.",
                lambda gradients, beta1, beta2, epsilon: _adam(gradients, beta1, beta2, 0.0)),
        changed("both means use β₁. The mean of the squares has its own, β₂.", adam_direction,
                inputs=lambda gradients, beta1, beta2, epsilon: (gradients, beta1, beta1, epsilon)),
        changed("this is the direction after the first estimate. Does return stand inside the loop?", adam_direction,
                inputs=lambda gradients, *others: (gradients[:1], *others)),
        changed("the last estimate is missing.", adam_direction,
                inputs=lambda gradients, *others: (gradients[:-1], *others)),
        changed("the estimates are taken from the last to the first. The oldest is in the first row.",
                adam_direction, inputs=lambda gradients, *others: (gradients[::-1], *others)),
        changed("the sign is turned. The paper descends a loss; we climb.", adam_direction,
                lambda result, *_: -result),
    ),
    hints=(
        "Two running means, both 0 at the start, and a loop over the rows. After it, one fraction.",
        "In the loop: μ ← β₁ μ + (1 − β₁) g, and ν likewise with g². After n rows divide μ by 1 − β₁ⁿ and ν by "
        "1 − β₂ⁿ.",
        "With n = len(gradients), return mu / (1 - beta1**n) / (np.sqrt(nu / (1 - beta2**n)) + epsilon).",
    ))

EXERCISES = (BETA, RELU, ADAM)
