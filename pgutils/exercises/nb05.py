"""Notebook 05: the score of a softmax, lines 3 to 5, and the estimate from samples."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated
from pgutils.zoo import softmax

# One line.

def score(theta, x, a):
    """∇_θ log π(a) = x_a - Σ_b π(b) x_b for π(a) ∝ exp(θ x_a)."""
    return x[a] - softmax(theta * x) @ x


def _one_action(rng):
    k = rng.integers(3, 6)
    return rng.normal(), rng.integers(-3, 4, k) + rng.normal(0, 0.1, k).round(1), int(rng.integers(k))


SCORE = Exercise(
    "05.1", score, inputs=_one_action,
    mistakes=(
        negated(score, "the sign is turned. What is subtracted from what? An action with a large x must have a "
                       "positive score: a larger θ makes it likelier."),
        changed("this is ∇π, the slope of the probability itself. Asked is ∇log π, which is ∇π / π.",
                score, output=lambda result, theta, x, a: result * softmax(theta * x)[a]),
        Mistake("x[a] alone is the slope of θ·x[a]. The slope of the second part of log π, −log Σ exp(θ x_b), is "
                "missing.", lambda theta, x, a: x[a]),
        Mistake("the mean of x must be taken over the policy, with the weights π. x.mean() counts all actions the "
                "same.", lambda theta, x, a: x[a] - x.mean()),
        Mistake("1 − π(a) is the score of an action whose preference is a knob of its own. Here the preference is "
                "θ·x[a], and all actions share the one θ.", lambda theta, x, a: 1 - softmax(theta * x)[a]),
        Mistake("only π(a) x[a] is subtracted. The mean of x is a sum over all actions.",
                lambda theta, x, a: x[a] * (1 - softmax(theta * x)[a])),
        Mistake("this is log π(a) itself. Asked is its slope along θ.",
                lambda theta, x, a: np.log(softmax(theta * x)[a])),
        Mistake("the second term of log π is subtracted as it is. Asked is its slope along θ.",
                lambda theta, x, a: x[a] - np.log(np.exp(theta * x).sum())),
        Mistake("the action's number a stands where its x should be: x[a].",
                lambda theta, x, a: a - softmax(theta * x) @ x),
        Mistake("the weighted sum is divided by the number of actions. The weights π already sum to one.",
                lambda theta, x, a: x[a] - softmax(theta * x) @ x / len(x)),
        changed("this is the score of the likeliest action. Asked is the score of the action a that was taken.",
                score, inputs=lambda theta, x, a: (theta, x, np.argmax(theta * x))),
    ),
    hints=(
        "Write log π(a) as a difference of two terms. Each has a slope along θ.",
        "The slope of θ·x[a] is x[a]. The slope of log Σ_b exp(θ x_b) is Σ_b π(b) x_b, the mean of x under the policy.",
        "x[a] minus the mean of x under the policy. A mean with the weights pi is pi @ x.",
    ))


# Three lines.

def gradient(rho, grad_rho, r):
    """Σ_τ ρ(τ) · ∇ρ(τ)/ρ(τ) · r(τ), shape (d,)."""
    return rho @ (grad_rho / rho[:, None] * r[:, None])


def _trajectories(rng):
    n, d = rng.integers(3, 7), rng.integers(2, 4)
    slopes = rng.normal(0, 0.3, (n, d)).round(2)
    return rng.dirichlet(np.ones(n)), slopes - slopes.mean(axis=0), rng.integers(-5, 6, n) + 0.5


GRADIENT = Exercise(
    "05.2", gradient, inputs=_trajectories,
    mistakes=(
        negated(gradient),
        Mistake("ρ is missing in the sum, as in the erratum: every trajectory counts the same, however rare it is.",
                lambda rho, grad_rho, r: (grad_rho / rho[:, None]).T @ r),
        Mistake("this is Σ ρ ∇ρ r. With ρ in front, ∇log ρ must follow, and that is ∇ρ divided by ρ.",
                lambda rho, grad_rho, r: (grad_rho * rho[:, None]).T @ r),
        Mistake("the returns are missing. The mean score alone is zero, whatever the policy is.",
                lambda rho, grad_rho, r: grad_rho.sum(axis=0)),
        Mistake("∇ρ is multiplied by ρ where the score divides: ∇log ρ = ∇ρ / ρ.",
                lambda rho, grad_rho, r: (grad_rho * rho[:, None]**2).T @ r),
        divided(gradient, lambda rho, grad_rho, r: len(r), "n",
                "the result is n times too small, for n trajectories. The weights ρ already sum to one: add up, "
                "do not average once more."),
        Mistake("this is the plain mean of ∇log ρ · r. In an expectation each trajectory counts with its "
                "probability ρ.", lambda rho, grad_rho, r: (grad_rho / rho[:, None]).T @ r / len(r)),
    ),
    hints=(
        "Lines 3, 4 and 5 of section 3 are the three lines that are missing here.",
        "The score is ∇ρ / ρ; what is written down is the score times r; an expectation is a sum with the weights ρ.",
        "rho[:, None] has the shape (n, 1): divide grad_rho by it, multiply by r[:, None], and end with rho @ values.",
    ))


# A whole function.

def estimate(theta, x, pay, actions):
    """The mean of ∇log π(a_i) · pay[a_i] over the samples, and its standard error."""
    written = (x[actions] - softmax(theta * x) @ x) * pay[actions]
    return written.mean(), written.std(ddof=1) / np.sqrt(len(written))


def _samples(rng):
    k, theta = rng.integers(3, 6), rng.normal(0, 0.5)
    x, pay = rng.normal(0, 1, k).round(1), rng.integers(-5, 6, k) + 0.5
    return theta, x, pay, rng.choice(k, rng.integers(5, 20), p=softmax(theta * x))


def _with(written, spread=lambda w: w.std(ddof=1) / np.sqrt(len(w))):
    """A wrong estimate: other numbers are written down, or the spread is another."""
    def mistaken(theta, x, pay, actions):
        w = written(theta, x, pay, actions)
        return w.mean(), spread(w)
    return mistaken


def _right(theta, x, pay, actions):
    return (x[actions] - softmax(theta * x) @ x) * pay[actions]


def _error(text, error):
    """The right estimate with a wrong error(s, m), where s is the spread with ddof=1, and without."""
    return (Mistake(text, _with(_right, lambda w: error(w.std(ddof=1), len(w)))),
            Mistake(f"{text} Besides, a spread around a mean from the same samples needs ddof=1.",
                    _with(_right, lambda w: error(w.std(), len(w)))))


ESTIMATE = Exercise(
    "05.3", estimate, inputs=_samples,
    mistakes=(
        Mistake("the sign is turned: the estimate points down the hill.", _with(lambda *args: -_right(*args))),
        Mistake("the first result is a sum. Asked is a mean: divide by the number of samples m.",
                lambda *args: (_right(*args).sum(), estimate(*args)[1])),
        Mistake("each value is multiplied by π(a) once more. Likely actions already come more often: section 4.",
                _with(lambda theta, x, pay, actions:
                      _right(theta, x, pay, actions) * softmax(theta * x)[actions])),
        Mistake("this is the mean score times the mean pay. Asked is the mean of the products: multiply sample by "
                "sample, then average.",
                lambda theta, x, pay, actions: (_right(theta, x, 1 + 0 * pay, actions).mean() * pay[actions].mean(),
                                                estimate(theta, x, pay, actions)[1])),
        Mistake("the pay is missing: these are the scores alone. Their mean is about zero, whatever is paid.",
                _with(lambda theta, x, pay, actions: x[actions] - softmax(theta * x) @ x)),
        Mistake("the mean of x is taken over the samples. The score subtracts the mean under the policy, pi @ x.",
                _with(lambda theta, x, pay, actions: (x[actions] - x[actions].mean()) * pay[actions])),
        Mistake("the first result is the exact slope, a sum over all actions. Asked is its estimate from the samples.",
                lambda theta, x, pay, actions: (softmax(theta * x) @ _right(theta, x, pay, np.arange(len(x))),
                                                estimate(theta, x, pay, actions)[1])),
        *_error("the second result is the spread of single values. The standard error of their mean is smaller: "
                "divide by √m.", lambda s, m: s),
        *_error("the second result is the spread divided by m. The standard error of a mean is the spread divided by "
                "√m.", lambda s, m: s / m),
        *_error("the second result is the square of the standard error: the root is missing.",
                lambda s, m: s**2 / m),
        Mistake("the standard error is a little too small. A spread around a mean from the same samples needs ddof=1.",
                _with(_right, lambda w: w.std() / np.sqrt(len(w)))),
    ),
    hints=(
        "Section 1 did it for the coin: after each toss write down score · pay, then take mean and standard error.",
        "x[actions] and pay[actions] look up the number and the pay of every sample at once. The score of sample i is "
        "x[actions[i]] minus the mean of x under the policy.",
        "written = (x[actions] - pi @ x) * pay[actions]; return written.mean() and written.std(ddof=1) / √m.",
    ))

EXERCISES = (SCORE, GRADIENT, ESTIMATE)
