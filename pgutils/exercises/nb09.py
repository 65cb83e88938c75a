"""Notebook 09: reward-to-go with γ, the best constant baseline from samples, and leaving one out."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated, times

# One line, then another.

def discounted_psi(rewards, gamma):
    """Ψ_t = Σ_{u≥t} γ^(u-1) r_u, (m, T)."""
    return _from_here_on(rewards * _powers(rewards, gamma))


def _powers(rewards, gamma):
    """γ^(t-1) for each step, (T,)."""
    return gamma ** np.arange(rewards.shape[1])


def _from_here_on(x):
    return np.cumsum(x[:, ::-1], axis=1)[:, ::-1]


def _rewards(rng):
    return rng.integers(-5, 6, rng.integers([2, 3], [4, 6])) + 0.5, rng.choice([0.5, 0.8, 0.9])


PSI = Exercise(
    "09.1", discounted_psi, inputs=_rewards,
    mistakes=(
        changed("this is the discounted reward-to-go, which starts anew at each step. The factor γ^(t−1) is missing: "
                "what does a reward in step u count in η?", discounted_psi,
                output=lambda psi, rewards, gamma: psi / _powers(rewards, gamma)),
        changed("the factor γ^(t−1) is there twice. Is it in your sum already when you multiply by it?",
                discounted_psi, output=lambda psi, rewards, gamma: psi * _powers(rewards, gamma)),
        Mistake("the sum runs forwards: each step has the rewards of the past, up to its own. Asked are those from the "
                "step on.", lambda rewards, gamma: np.cumsum(rewards * _powers(rewards, gamma), axis=1)),
        times(discounted_psi, lambda rewards, gamma: gamma, "γ",
              "every number has one γ too many. In step 1 nothing is discounted yet: which power of γ does it have?"),
        Mistake("the rewards are turned around before they are discounted, so that the last step counts most. Discount "
                "first, then add up from the end.",
                lambda rewards, gamma: np.cumsum(rewards[:, ::-1] * _powers(rewards, gamma), axis=1)[:, ::-1]),
        Mistake("γ is missing in the sum: this is γ^(t−1) times the plain reward-to-go.",
                lambda rewards, gamma: _powers(rewards, gamma) * _from_here_on(rewards)),
        Mistake("the sum goes over the trajectories. It must go along a row, over the steps: axis=1.",
                lambda rewards, gamma: np.cumsum((rewards * _powers(rewards, gamma))[::-1], axis=0)[::-1]),
        Mistake("these are the discounted rewards of single steps. They are not yet added up from each step on.",
                lambda rewards, gamma: rewards * _powers(rewards, gamma)),
        Mistake("the numbers are right, but each row is still turned around: the last step stands first. What has "
                "been turned must be turned back.",
                lambda rewards, gamma: discounted_psi(rewards, gamma)[:, ::-1]),
        Mistake("there is no γ in it: this is the plain reward-to-go. What does a reward in step u count in η?",
                lambda rewards, gamma: _from_here_on(rewards)),
        Mistake("every reward is multiplied by the same γ. That of step u has its own power, γ^(u−1).",
                lambda rewards, gamma: gamma * _from_here_on(rewards)),
        Mistake("this is one number for each trajectory, its whole return. Asked is one for each step: the rewards "
                "from there on.", lambda rewards, gamma: (rewards * _powers(rewards, gamma)).sum(axis=1)),
        Mistake("every step has the whole return. Asked are the rewards from the step on.",
                lambda rewards, gamma: discounted_psi(rewards, gamma)[:, :1] + 0 * rewards),
        Mistake("the sum begins one step too late. The reward of the step itself belongs to it.",
                lambda rewards, gamma: discounted_psi(rewards, gamma) - rewards * _powers(rewards, gamma)),
    ),
    hints=(
        "Multiply γ^(t−1) into the sum: γ^(t−1) γ^(u−t) is a power of γ that does not depend on t.",
        "Multiply each column of the rewards by its power of γ, 0, 1, …, T − 1. Then add up from each step on, as "
        "reward_to_go does in section 2.",
        "counted = rewards * gamma ** np.arange(rewards.shape[1]); then turn around, np.cumsum(…, axis=1), turn back.",
    ))


# Three lines.

def best_baseline(score, to_go):
    """E[XZ] / E[Z²] for each parameter, (d,)."""
    X, Z = _plain(score, to_go), score.sum(axis=1)
    return (X * Z).mean(axis=0) / (Z**2).mean(axis=0)


def _plain(score, to_go, axis=1):
    return (score * to_go[:, :, None]).sum(axis=axis)


def _over(score, to_go, below):
    """The mean of XZ over something that may be zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (_plain(score, to_go) * score.sum(axis=1)).mean(axis=0) / below


def _mean_of_quotients(score, to_go):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (_plain(score, to_go) / score.sum(axis=1)).mean(axis=0)


def _walks(rng):
    m, T, d = rng.integers([4, 2, 2], [7, 5, 4])
    on = np.arange(T) < rng.integers(1, T + 1, m)[:, None]
    on[0] = True                                        # no mistake is hidden by trajectories of one step
    rewards = (rng.integers(-5, 6, (m, T)) + 0.5) * on
    return rng.normal(0, 1, (m, T, d)).round(1) * on[:, :, None], _from_here_on(rewards)


def _covariance(X, Z):
    return (X * Z).mean(axis=0) - X.mean(axis=0) * Z.mean(axis=0)


BEST = Exercise(
    "09.2", best_baseline, inputs=_walks,
    mistakes=(
        negated(best_baseline, "the sign is turned. The parabola E[(X − bZ)²] has the slope −2E[XZ] + 2b E[Z²]: where "
                               "is it zero?"),
        Mistake("this is the mean return, the same for every parameter. It is a usual baseline, but not the one with "
                "the least variance.", lambda score, to_go: np.full(score.shape[2], to_go[:, 0].mean())),
        Mistake("this is the mean return, one number. It is a usual baseline, but not the one with the least "
                "variance, and that differs for each parameter.", lambda score, to_go: to_go[:, 0].mean()),
        Mistake("this is Cov(X, Z) / Var(X). What is multiplied by b, X or Z? By its square is divided.",
                lambda score, to_go: _covariance(_plain(score, to_go), score.sum(axis=1))
                / _plain(score, to_go).var(axis=0)),
        Mistake("X and Z have changed places: the square below must be that of Z, which is multiplied by b.",
                lambda score, to_go: (_plain(score, to_go) * score.sum(axis=1)).mean(axis=0)
                / (_plain(score, to_go)**2).mean(axis=0)),
        Mistake("this is Cov(X, Z) / Var(Z) of the sample. The mean of Z need not be estimated, it is known to be "
                "zero: use the plain means of XZ and of Z².",
                lambda score, to_go: _covariance(_plain(score, to_go), score.sum(axis=1))
                / score.sum(axis=1).var(axis=0)),
        Mistake("this is one number for all parameters together. Asked is one for each: which axis do the means go "
                "over?", lambda score, to_go: (_plain(score, to_go) * score.sum(axis=1)).mean()
                / (score.sum(axis=1)**2).mean()),
        Mistake("the scores are squared before they are added up. Z is the sum over a trajectory: add up, then square.",
                lambda score, to_go: (_plain(score, to_go) * score.sum(axis=1)).mean(axis=0)
                / (score**2).sum(axis=1).mean(axis=0)),
        changed("X is the estimate with the total return here. Given are the rewards-to-go: each score is multiplied "
                "by that of its own step.", best_baseline,
                inputs=lambda score, to_go: (score, np.repeat(to_go[:, :1], to_go.shape[1], axis=1))),
        changed("every score is multiplied by the sum of all rewards-to-go. Each score has the one of its own step.",
                best_baseline, inputs=lambda score, to_go: (score, to_go.sum(axis=1)[:, None] + 0 * to_go)),
        Mistake("above stands the mean of X times the mean of Z. E[XZ] is the mean of the products: multiply first.",
                lambda score, to_go: _plain(score, to_go).mean(axis=0) * score.sum(axis=1).mean(axis=0)
                / (score.sum(axis=1)**2).mean(axis=0)),
        Mistake("below stands the square of the mean of Z. E[Z²] is the mean of the squares: square first.",
                lambda score, to_go: _over(score, to_go, score.sum(axis=1).mean(axis=0)**2)),
        Mistake("below stands the mean of Z. Is there not a square in the formula?",
                lambda score, to_go: _over(score, to_go, score.sum(axis=1).mean(axis=0))),
        Mistake("this is the mean of the quotients, one for each trajectory. b* is the quotient of two means.",
                _mean_of_quotients),
        Mistake("Z and X are added up over the trajectories. A trajectory's own sum goes over its steps: which axis is "
                "that?", lambda score, to_go: (_plain(score, to_go, 0) * score.sum(axis=0)).mean(axis=0)
                / (score.sum(axis=0)**2).mean(axis=0)),
        times(best_baseline, lambda score, to_go: to_go.shape[1], "T",
              "the result is T times too large. Is Z a mean over the steps? Both Z and X are sums."),
    ),
    hints=(
        "Section 3 does it with the exact probabilities rho @ …. For samples such a sum becomes a mean over the rows.",
        "Z is the sum of the scores over the steps, axis 1. X is the same sum after each score is multiplied by its "
        "reward-to-go.",
        "X = (score * to_go[:, :, None]).sum(axis=1); then (X * Z).mean(axis=0), divided by the same with Z * Z.",
    ))


# A whole function.

def leave_one_out(Z, returns):
    """1/m Σ_i Zⁱ (rⁱ - mean of the others), (d,)."""
    return _terms(Z, returns).mean(axis=0)


def _terms(Z, returns):
    """The term of each trajectory, (m, d)."""
    return Z * (returns - _others(returns))[:, None]


def _others(returns):
    """The mean return of the others, (m,); 0 where there are none."""
    return (returns.sum() - returns) / max(len(returns) - 1, 1)


def _with(Z, returns, b):
    return (Z * (returns - b)[:, None]).mean(axis=0)


def _batch(rng):
    m, d = rng.choice([1, 2, 3, 5], p=[0.4, 0.2, 0.2, 0.2]), rng.integers(2, 4)
    return rng.normal(0, 1, (m, d)).round(1), rng.integers(-5, 6, m) + 0.5


def _nan_for_one(Z, returns):
    return leave_one_out(Z, returns) * (np.nan if len(returns) == 1 else 1)


ONE_OUT = Exercise(
    "09.3", leave_one_out, inputs=_batch,
    mistakes=(
        negated(leave_one_out),
        Mistake("this is the mean of the batch: each trajectory is part of its own baseline. On average only "
                "(m − 1)/m of the gradient is left, with m = 1 nothing.",
                lambda Z, returns: _with(Z, returns, returns.mean())),
        Mistake("the own return is left out of the baseline only for m = 1. Otherwise this is the mean of the batch.",
                lambda Z, returns: _with(Z, returns, returns.mean() if len(returns) > 1 else 0)),
        Mistake("the sum of the others is divided by m. How many others are there?",
                lambda Z, returns: _with(Z, returns, (returns.sum() - returns) / len(returns))),
        Mistake("every trajectory has the same baseline, the mean without the first one. Each must leave out itself: "
                "the baseline has the shape (m,).",
                lambda Z, returns: _with(Z, returns, returns[1:].mean() if len(returns) > 1 else 0)),
        Mistake("it is right for m > 1, but with m = 1 it divides by zero. Then there are no others, and no baseline.",
                _nan_for_one),
        Mistake("it is right for m > 1. With m = 1 nothing is left of the estimate: a return minus itself, or zero. "
                "Use no baseline there.", lambda Z, returns: leave_one_out(Z, returns) * (len(returns) > 1)),
        times(leave_one_out, lambda Z, returns: len(returns), "m",
              "the result is m times too large: the sum over the trajectories is not yet divided by their number."),
        divided(leave_one_out, lambda Z, returns: len(returns), "m",
                "the result is m times too small. Is it divided by the number of trajectories twice?"),
        Mistake("there is no baseline in it: this is the mean of Z times the return.",
                lambda Z, returns: _with(Z, returns, 0)),
        Mistake("the baseline is added. It is subtracted from the return.",
                lambda Z, returns: 2 * _with(Z, returns, 0) - leave_one_out(Z, returns)),
        Mistake("the baseline is the sum of the others. Asked is their mean: how many are they?",
                lambda Z, returns: _with(Z, returns, returns.sum() - returns)),
        Mistake("the baseline is right, but the sum over the trajectories is divided by m − 1. How many terms has it?",
                lambda Z, returns: leave_one_out(Z, returns) * len(returns) / max(len(returns) - 1, 1)),
        Mistake("only the first trajectory is in the result. Does return stand inside the loop?",
                lambda Z, returns: _terms(Z, returns)[0] / len(returns)),
        Mistake("this is one row for each trajectory. Asked is the mean of the rows, shape (d,).", _terms),
        Mistake("these are the baselines alone. Subtract them from the returns, and go on.",
                lambda Z, returns: _others(returns)),
    ),
    hints=(
        "The baseline is an array with one number for each trajectory. The sum of all others is the whole sum minus "
        "one's own.",
        "b = (sum of all returns − returns) / (m − 1), and 0 if m is 1. Then each row of Z times its return minus its "
        "b, and the mean over the rows.",
        "(Z * (returns - b)[:, None]).mean(axis=0), with b = (returns.sum() - returns) / (m - 1) where m > 1.",
    ))

EXERCISES = (PSI, BEST, ONE_OUT)
