"""Notebook 07: the product of two sums by hand, the estimate with its standard error, and a batch of steps."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated, times

# By hand.

def walker_3(p, q):
    """(Σ score)(Σ r) of climb, climb, walk with return -5: the two scores 1 - p, and -q, times -5."""
    return -10 * (1 - p), 5 * q


WALKER = Exercise(
    "07.1", walker_3, inputs=lambda rng: tuple(rng.uniform(0.1, 0.9, 2).round(2)),
    mistakes=(
        Mistake("this is a sum of products, each score times the reward of its own step. The first two steps pay 0, "
                "so they get no share of the fall. Add up the scores and the rewards first, then multiply.",
                lambda p, q: (0.0, 5 * q)),
        Mistake("walker 3 chose climb at the fork twice. How often must the score of that choice be added?",
                lambda p, q: (-5 * (1 - p), 5 * q)),
        Mistake("both signs are turned. The walker fell and has the return −5: his product points against his scores.",
                lambda p, q: (10 * (1 - p), -5 * q)),
        Mistake("on the ledge this is the score of climb. The walker chose walk there: the second row of scores for "
                "the ledge.", lambda p, q: (-10 * (1 - p), -5 * (1 - q))),
        Mistake("the second sign is turned. The score of walk is negative, and so is the return: what is minus times "
                "minus?", lambda p, q: (-10 * (1 - p), -5 * q)),
        Mistake("these are the two sums of scores. Multiply them by the return.", lambda p, q: (2 * (1 - p), -q)),
        Mistake("for walk on the ledge this takes −(1 − q). The slope of log (1 − q) along θ₂ is −q.",
                lambda p, q: (-10 * (1 - p), 5 * (1 - q))),
        Mistake("for climb at the fork this takes p. The slope of log p along θ₁ is 1 − p.",
                lambda p, q: (-10 * p, 5 * q)),
        Mistake("these are slopes of π. A score is the slope of log π, which is ∇π / π.",
                lambda p, q: (-10 * p * (1 - p), 5 * q * (1 - q))),
        Mistake("this is a mean over the three steps. The scores are added up; nothing is divided by T.",
                lambda p, q: (-10 * (1 - p) / 3, 5 * q / 3)),
        Mistake("p and 1 − p have changed places, and q and 1 − q. The score of an action that was taken is 1 minus "
                "its probability.", lambda p, q: (-10 * p, 5 * (1 - q))),
    ),
    hints=(
        "Write down one score for each of the three steps: a pair of numbers, the first for θ₁, the second for θ₂.",
        "The scores are (1 − p, 0), once more (1 − p, 0), and (0, −q). Add them up. Then add up the rewards.",
        "The sum of the scores is (2(1 − p), −q), the return is −5. Multiply each number of the pair by −5.",
    ))


# Three lines.

def estimate_gradient(scores, returns):
    """The mean of the m products, and its standard error s/√m, each (d,)."""
    products = scores * returns[:, None]
    return products.mean(axis=0), products.std(axis=0, ddof=1) / np.sqrt(len(products))


def _sums(rng):
    m, d = rng.integers(4, 9), rng.integers(2, 4)
    return rng.normal(0, 1, (m, d)).round(1), rng.integers(-5, 6, m) + 0.5


def _error(text, error):
    """The estimate is right, its standard error is error(products)."""
    return Mistake(text, lambda scores, returns: (estimate_gradient(scores, returns)[0],
                                                  error(scores * returns[:, None])))


def _of_spread(text, error):
    """The standard error is error(s, m), where s is the spread with ddof=1, and without."""
    return (_error(text, lambda g: error(g.std(axis=0, ddof=1), len(g))),
            _error(f"{text} Besides, a spread around a mean that comes from the same rows needs ddof=1.",
                   lambda g: error(g.std(axis=0), len(g))))


ESTIMATE = Exercise(
    "07.2", estimate_gradient, inputs=_sums,
    mistakes=(
        Mistake("the sign of the estimate is turned: it points down the hill.",
                lambda scores, returns: (-estimate_gradient(scores, returns)[0],
                                         estimate_gradient(scores, returns)[1])),
        Mistake("the first result is a sum over the trajectories. Asked is their mean.",
                lambda scores, returns: (scores.T @ returns, estimate_gradient(scores, returns)[1])),
        Mistake("the first result is the mean score times the mean return. Multiply trajectory by trajectory, then "
                "take the mean.", lambda scores, returns: (scores.mean(axis=0) * returns.mean(),
                                                           estimate_gradient(scores, returns)[1])),
        *_of_spread("the second result is the spread of a single product. The mean of m of them scatters less: what is "
                    "it divided by?", lambda s, m: s),
        *_of_spread("the second result is s / m. The variance of a mean falls as 1/m; what does its root do?",
                    lambda s, m: s / m),
        *_of_spread("the second result is the variance of the mean. The standard error is its square root.",
                    lambda s, m: s**2 / m),
        *_of_spread("the second result is the variance divided by √m. Divide the spread by it, the root of the "
                    "variance.", lambda s, m: s**2 / np.sqrt(m)),
        _error("the second result is a little too small. A spread around a mean that comes from the same rows needs "
               "ddof=1.", lambda g: g.std(axis=0) / np.sqrt(len(g))),
        _error("the second result mixes the parameters: without axis=0, std goes over all entries.",
               lambda g: g.std(ddof=1) / np.sqrt(len(g))),
    ),
    hints=(
        "Section 3 has all of it: one product for each trajectory, their mean, and the spread divided by √m.",
        "returns[:, None] is a column, so each row of scores meets its own return. Mean and spread go over the rows: "
        "axis=0.",
        "products = scores * returns[:, None]; the mean is products.mean(axis=0); the error is "
        "products.std(axis=0, ddof=1) divided by the root of m = len(products).",
    ))


# A whole function.

def batch_gradient(scores, rewards, episode):
    """1/m Σ_i (Σ_t score)(Σ_t r) from the N steps of m trajectories, (d,)."""
    return _over(episode, lambda i: scores[i].sum(axis=0) * rewards[i].sum()) / _m(episode)


def _m(episode):
    return episode.max() + 1


def _over(episode, value):
    """The sum over trajectories of value(indices of its steps)."""
    return sum(value(np.flatnonzero(episode == i)) for i in range(_m(episode)))


def _steps(rng):
    m, d = rng.integers(2, 4), rng.integers(2, 4)
    lengths = rng.integers(1, 4, m)
    lengths[rng.integers(m)] = 3                        # no mistake is hidden by trajectories of one step
    episode = np.repeat(np.arange(m), lengths)
    return rng.normal(0, 1, (len(episode), d)).round(1), rng.integers(-5, 6, len(episode)) + 0.5, episode


BATCH = Exercise(
    "07.3", batch_gradient, inputs=_steps,
    mistakes=(
        negated(batch_gradient),
        changed("the sum is divided by the number of steps. How many trajectories are there? (Section 7 says what it "
                "costs.)", batch_gradient, lambda g, scores, rewards, episode: g * _m(episode) / len(episode)),
        times(batch_gradient, lambda scores, rewards, episode: _m(episode), "m",
              "the result is m times too large: the sum over the trajectories is not yet divided by their number."),
        Mistake("this is a sum of products: each score meets only the reward of its own step. Add up the scores of a "
                "trajectory, and its rewards, before you multiply.",
                lambda scores, rewards, episode: rewards @ scores / _m(episode)),
        Mistake("all scores of the batch are added up, and all rewards, and then multiplied once. Each trajectory "
                "has a product of its own.",
                lambda scores, rewards, episode: scores.sum(axis=0) * rewards.sum() / _m(episode)),
        Mistake("the last trajectory is missing, and the sum is divided by m − 1. They are numbered 0, 1, …, m − 1, so "
                "m is one more than the largest number.",
                lambda scores, rewards, episode: batch_gradient(*(x[episode < episode.max()] for x in (
                    scores, rewards, episode)))),
        changed("the sum is divided by m − 1. The trajectories are numbered 0, 1, …, m − 1, so m is one more than the "
                "largest number.", batch_gradient,
                lambda g, scores, rewards, episode: g * _m(episode) / episode.max()),
        Mistake("each trajectory counts once for each of its steps. Go through the trajectories, not through the "
                "steps.", lambda scores, rewards, episode: _over(
                    episode, lambda i: len(i) * scores[i].sum(axis=0) * rewards[i].sum()) / _m(episode)),
        Mistake("this is the mean over all steps of score times reward. Add up the scores of a trajectory, and its "
                "rewards, before you multiply.", lambda scores, rewards, episode: rewards @ scores / len(episode)),
        Mistake("only the first trajectory is counted. Is there a return inside the loop?",
                lambda scores, rewards, episode: scores[episode == 0].sum(axis=0) * rewards[episode == 0].sum()
                / _m(episode)),
        Mistake("within a trajectory a mean is taken, of the scores or of the rewards. Both are added up: nothing is "
                "divided by the length of a trajectory.", lambda scores, rewards, episode: _over(
                    episode, lambda i: scores[i].mean(axis=0) * rewards[i].sum()) / _m(episode)),
        Mistake("this is the reward-to-go: each score meets the rewards from its step on. As an estimate it is good, "
                "even less noisy (notebook 09). Asked here is the product of the two whole sums.",
                lambda scores, rewards, episode: _over(
                    episode, lambda i: rewards[i][::-1].cumsum()[::-1] @ scores[i]) / _m(episode)),
        divided(batch_gradient, lambda scores, rewards, episode: _m(episode), "m",
                "the result is m times too small. Is it divided by the number of trajectories twice?"),
    ),
    hints=(
        "The steps of trajectory i are those where episode == i. How many trajectories are there?",
        "Go through i = 0, 1, …, m − 1. For each, add up the scores (over the rows), add up the rewards, multiply. "
        "Add the products up, and divide by m at the end.",
        "on = episode == i picks the steps of one trajectory; its product is scores[on].sum(axis=0) * "
        "rewards[on].sum(). There are m = episode.max() + 1 trajectories.",
    ))

EXERCISES = (WALKER, ESTIMATE, BATCH)
