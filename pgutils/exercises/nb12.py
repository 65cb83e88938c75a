"""Notebook 12: a test that finds a reward-to-go that looks back, and a program with two bugs."""

import numpy as np

from pgutils.exercises.exercise import Exercise, Mistake, changed, negated

# Two gaps: a test, judged by what it says of right and of broken functions.


def depends_on_the_past(to_go, T):
    """Whether any number of to_go(rewards) depends on the reward of an earlier step."""
    return _looks(to_go, T, lambda k: slice(k + 1, T))


def _changed(before, after):
    return not np.allclose(before, after)


def _looks(to_go, T, compared, moved=_changed, changes=None, new=7.0):
    """Whether a new reward at a step k changes the numbers of the steps compared(k)."""
    for k in changes or range(T - 1):
        rewards, other = np.ones(T), np.ones(T)
        other[k] = new
        before, after = to_go(rewards), to_go(other)
        if moved(before[compared(k)], after[compared(k)]):
            return True
    return False


def _all_close(before, after):
    return np.allclose(before, after)


def _all_changed(before, after):
    return not np.isclose(before, after).any()


def _risen(before, after):
    return bool((after > before + 1e-9).any())


def _matrix(weights):
    """The function rewards -> weights @ rewards: entry (t, u) says how much reward u counts at step t."""
    return lambda rewards: weights @ np.asarray(rewards, float)


def _functions(T, gamma):
    """(what it is, the function, does it look back) for T steps."""
    t, u = np.indices((T, T))
    power = gamma ** abs(u - t)
    late = np.where(u >= t, power, 0)
    late[-1, -2] = 0.5
    early = np.where(u >= t, power, 0)
    early[1, 0] = 0.5
    return [("adds up the discounted rewards from each step on", _matrix(np.where(u >= t, power, 0)), False),
            ("adds up the rewards until each step", _matrix(np.where(u <= t, power, 0)), True),
            ("gives each step its own reward", _matrix(1.0 * (u == t)), False),
            ("gives each step the reward of the step before", _matrix(1.0 * (u == t - 1)), True),
            ("gives each step the reward of the next step", _matrix(1.0 * (u == t + 1)), False),
            ("gives each step the whole return", _matrix(1.0 + 0 * t), True),
            ("is right, but for the last step, which counts the step before it, too", _matrix(late), True),
            ("is right, but for step 2, which counts step 1, too", _matrix(early), True),
            ("gives each step the reward of two steps before", _matrix(1.0 * (u == t - 2)), True),
            ("is right, but takes away the reward of the step before",
             _matrix(np.where(u >= t, power, 0) - (u == t - 1)), True)]


def _judge_test(test, rng):
    T, gamma = int(rng.integers(4, 8)), rng.uniform(0.5, 0.95)
    functions = _functions(T, gamma)
    said = []
    for _, to_go, _ in functions:
        answer = test(to_go, T)
        if not isinstance(answer, bool | np.bool_):
            return f"your function must return True or False, but returns {answer!r:.60}"
        said.append(bool(answer))
    if said == [right for *_, right in functions]:
        return True, f"Right on {len(functions)} functions, three that do not look back and seven that do."
    for mistake in LOOKS_BACK.mistakes:
        if said == [mistake.function(to_go, T) for _, to_go, _ in functions]:
            return mistake.text
    what, _, right = next(f for f, answer in zip(functions, said, strict=True) if answer != f[2])
    return f"for a to_go that {what} (T = {T}), your function says {not right}. It must say {right}."


LOOKS_BACK = Exercise(
    "12.1", depends_on_the_past, judge=_judge_test,
    mistakes=(
        Mistake("your function never finds anything. Is the new reward really another one? All rewards are 1 before. "
                "And are the numbers of the later steps compared?", lambda to_go, T: False),
        Mistake("your function says True of every function. Are the numbers of all steps compared? Those of the steps "
                "up to k may well change: they contain the reward of step k. Or is more than that one reward changed?",
                lambda to_go, T: _looks(to_go, T, lambda k: slice(T))),
        Mistake("the number of step k itself is compared, too. It may depend on its own reward. Where does “later” "
                "begin?", lambda to_go, T: _looks(to_go, T, lambda k: slice(k, T))),
        Mistake("only the number of the first step is compared. No reward lies before the first step, so it cannot "
                "show what you look for.", lambda to_go, T: _looks(to_go, T, lambda k: slice(1))),
        Mistake("the numbers of the earlier steps are compared: they may change, as the reward of step k is still to "
                "come there. Compare those of the later steps.",
                lambda to_go, T: _looks(to_go, T, lambda k: slice(k), changes=range(1, T))),
        Mistake("only the reward of the first step is changed. A function may look back at a later place only: change "
                "each reward in turn.", lambda to_go, T: _looks(to_go, T, lambda k: slice(1, T), changes=[0])),
        Mistake("True and False are turned round: True means that it looks back.",
                lambda to_go, T: not depends_on_the_past(to_go, T)),
        Mistake("the comparison is turned round: np.allclose is True where nothing has changed. What is asked is "
                "whether something has.", lambda to_go, T: _looks(to_go, T, lambda k: slice(k + 1, T), _all_close)),
        Mistake("only the number of the next step is compared. A function may look back further: compare those of all "
                "later steps.", lambda to_go, T: _looks(to_go, T, lambda k: slice(k + 1, k + 2))),
        Mistake("only the number of the last step is compared. A function may look back at another step: compare "
                "those of all later steps.", lambda to_go, T: _looks(to_go, T, lambda k: slice(T - 1, T))),
        Mistake("True comes only if all later numbers have changed. One is enough.",
                lambda to_go, T: _looks(to_go, T, lambda k: slice(k + 1, T), _all_changed)),
        Mistake("True comes only if a number has moved one way. A number may fall as well as rise: compare whether it "
                "is another one.", lambda to_go, T: _looks(to_go, T, lambda k: slice(k + 1, T), _risen)),
    ),
    hints=(
        "The test changes one reward and looks at the numbers of the steps after it. Only these must stay.",
        "Any number but 1 will do as the other reward. Then compare before[k + 1:] with after[k + 1:].",
        "other[k] = 7.0, and moved = not np.allclose(before[k + 1:], after[k + 1:]).",
    ))


# A whole function.

def mended(scores, rewards, mask, gamma, b):
    """1/m Σ_i Σ_t γ^(t-1) (to-go - b) score over the steps that were taken, (d,)."""
    return _mean(scores, mask * _discount(rewards, gamma) * (_to_go(rewards, gamma) - b))


def _to_go(rewards, gamma):
    G, total = np.zeros(rewards.shape), 0.0
    for t in reversed(range(rewards.shape[1])):
        total = rewards[:, t] + gamma * total
        G[:, t] = total
    return G


def _discount(rewards, gamma):
    return gamma ** np.arange(rewards.shape[1])


def _mean(scores, weights):
    return (weights[:, :, None] * scores).sum(axis=1).mean(axis=0)


def _stored(rewards, gamma):
    """Discounted when they are stored, and once more when they are added up."""
    return _to_go(_discount(rewards, gamma) * rewards, gamma)


def _batch(rng):
    m, T, d = rng.integers(2, 4), rng.integers(3, 5), rng.integers(2, 4)
    lengths = rng.integers(2, T, m)
    lengths[0] = T                                      # one of full length, the others padded
    mask = np.arange(T) < lengths[:, None]
    rewards = np.where(mask, rng.integers(1, 6, (m, T)) * rng.choice([-1, 1], (m, T)), 0) + 0.0
    return (rng.normal(0, 1, (m, T, d)).round(1), rewards, mask,
            rng.choice([0.5, 0.6, 0.8]), rng.choice([-2.0, 1.0, 3.0]))


MENDED = Exercise(
    "12.2", mended, inputs=_batch,
    mistakes=(
        Mistake("this is the broken function as it was. Compare each line with section 2: which rewards go into the "
                "sum, and which steps count?",
                lambda scores, rewards, mask, gamma, b: _mean(
                    scores, _discount(rewards, gamma) * (_stored(rewards, gamma) - b))),
        Mistake("the double discount is mended, the other bug is not. What weight does a padded place get?",
                lambda scores, rewards, mask, gamma, b: _mean(
                    scores, _discount(rewards, gamma) * (_to_go(rewards, gamma) - b))),
        Mistake("the mask is there, the other bug is not mended. How often is a reward discounted on its way into G?",
                lambda scores, rewards, mask, gamma, b: _mean(
                    scores, mask * _discount(rewards, gamma) * (_stored(rewards, gamma) - b))),
        Mistake("the factor γ^(t−1) in front is gone. It is no second discount, but part of the weight: the gradient "
                "of the discounted η needs it.",
                lambda scores, rewards, mask, gamma, b: _mean(scores, mask * (_to_go(rewards, gamma) - b))),
        Mistake("the factor γ^(t−1) in front is gone, which is no second discount but part of the weight. And the "
                "other bug is still there: what weight does a padded place get?",
                lambda scores, rewards, mask, gamma, b: _mean(scores, _to_go(rewards, gamma) - b)),
        Mistake("the wrong discount was taken out: that in front belongs to the weight. The rewards are still "
                "discounted twice on their way into G.",
                lambda scores, rewards, mask, gamma, b: _mean(scores, mask * (_stored(rewards, gamma) - b))),
        Mistake("the rewards are discounted as they should be, but b is not: the factor γ^(t−1) belongs to the whole "
                "bracket, G − b.", lambda scores, rewards, mask, gamma, b: _mean(
                    scores, mask * (_discount(rewards, gamma) * _to_go(rewards, gamma) - b))),
        Mistake("mask and factor reach G only, and b is subtracted afterwards: they belong to the whole bracket, "
                "G − b.", lambda scores, rewards, mask, gamma, b: _mean(
                    scores, mask * _discount(rewards, gamma) * _to_go(rewards, gamma) - b)),
        Mistake("the loop runs forwards, so that G adds up what came before. It begins at the last step.",
                lambda scores, rewards, mask, gamma, b: _mean(scores, mask * _discount(rewards, gamma) * (
                    _to_go(rewards[:, ::-1], gamma)[:, ::-1] - b))),
        Mistake("only the padded places are counted: the mask is 1 where a step was taken.",
                lambda scores, rewards, mask, gamma, b: _mean(
                    scores, ~mask * _discount(rewards, gamma) * (_to_go(rewards, gamma) - b))),
        Mistake("the loop adds up stored rewards without γ, but then the factor in front discounts them once more. "
                "Where do raw rewards belong?",
                lambda scores, rewards, mask, gamma, b: _mean(scores, mask * _discount(rewards, gamma) * (
                    _to_go(_discount(rewards, gamma) * rewards, 1.0) - b))),
        Mistake("the baseline is missing. It is subtracted from each reward-to-go before the mask and the discount.",
                lambda scores, rewards, mask, gamma, b: mended(scores, rewards, mask, gamma, 0.0)),
        changed("the sum is divided by the number of steps. How many episodes are there?", mended,
                lambda g, scores, rewards, mask, gamma, b: g * len(mask) / mask.sum()),
        changed("the result is a sum over the episodes. Asked is their mean.", mended,
                lambda g, scores, rewards, mask, gamma, b: g * len(mask)),
        negated(mended),
    ),
    hints=(
        "Go through the eight animals, and look for each in the function: two of them touch the weights only.",
        "Rewards that are stored with a discount are discounted again in the loop. And a padded place has G = 0, but "
        "G − b is not zero there.",
        "Let the loop use rewards[:, t], and multiply the weights by mask, after b is subtracted.",
    ))

EXERCISES = (LOOKS_BACK, MENDED)
