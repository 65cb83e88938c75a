"""Notebook 08: one update, the loss of a library that descends, and REINFORCE from a blank cell."""

import numpy as np

from pgutils import exact
from pgutils.envs import TableEnv, corridor_features
from pgutils.exercises.exercise import Exercise, Mistake, changed, negated, times
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

# One line.

def update(theta, alpha, products):
    """θ + α ĝ, where ĝ is the mean of the m products, shape (d,)."""
    return theta + alpha * products.mean(axis=0)


def _round(rng):
    m, d = rng.integers(2, 6), rng.integers(2, 4)
    return rng.normal(0, 1, d).round(2), rng.integers(1, 10) / 20, rng.normal(0, 3, (m, d)).round(1)


UPDATE = Exercise(
    "08.1", update, inputs=_round,
    mistakes=(
        Mistake("this is a step of descent: θ moves down the hill. The gradient points up, and up is where we go.",
                lambda theta, alpha, products: theta - alpha * products.mean(axis=0)),
        Mistake("the step is m times too long: it goes along the sum of the products. ĝ is their mean.",
                lambda theta, alpha, products: theta + alpha * products.sum(axis=0)),
        Mistake("this is the step alone. Asked is where it leads: the new θ begins at the old one.",
                lambda theta, alpha, products: alpha * products.mean(axis=0)),
        Mistake("the step is the whole ĝ. Its length is set by the step size α.",
                lambda theta, alpha, products: theta + products.mean(axis=0)),
        Mistake("this is ĝ alone. Asked is the new θ: the old one, and a step along ĝ.",
                lambda theta, alpha, products: products.mean(axis=0)),
        Mistake("all parameters move by the same number: the mean must go over the trajectories alone, axis=0.",
                lambda theta, alpha, products: theta + alpha * products.mean()),
    ),
    hints=(
        "Two things happen here: ĝ is calculated from the products, then θ moves along it.",
        "ĝ is the mean over the trajectories, the rows. θ moves from where it is, by α times ĝ, uphill.",
        "The mean of the rows is products.mean(axis=0). Multiply it by alpha and add it to theta.",
    ))


# Three lines.

def batch_loss_of_steps(logits, actions, returns, m):
    """-1/m Σ_n log π(a_n|s_n) r_n over the N steps of m trajectories: its slope along θ is -ĝ."""
    return -(_log_softmax(logits)[np.arange(len(actions)), actions] * returns).sum() / m


def _log_softmax(h, axis=1):
    return h - np.log(np.exp(h).sum(axis=axis, keepdims=True))


def _flat_batch(rng):
    m, k = rng.integers(2, 4), rng.integers(2, 5)
    lengths = rng.integers(1, 4, m)
    lengths[rng.integers(m)] = 3                        # never as many steps as trajectories
    returns, N = np.repeat(rng.integers(-5, 6, m) + 0.5, lengths), lengths.sum()
    return rng.normal(0, 1, (N, k)).round(1), rng.integers(k, size=N), returns, int(m)


def _weighted(weigh):
    """Minus the mean over trajectories of Σ_t weigh(logits, steps, actions) r."""
    return lambda logits, actions, returns, m: -(weigh(logits, np.arange(len(actions)), actions) * returns).sum() / m


LOSS = Exercise(
    "08.2", batch_loss_of_steps, inputs=_flat_batch,
    mistakes=(
        negated(batch_loss_of_steps, "the minus in front is missing. Who descends this loss goes down the hill of η, "
                                     "and the agent learns to be as bad as it can."),
        changed("this is a mean over the steps, as .mean() takes it. How many trajectories are there? (Section 7 of "
                "notebook 07.)", batch_loss_of_steps,
                lambda loss, logits, actions, returns, m: loss * m / len(actions)),
        times(batch_loss_of_steps, lambda logits, actions, returns, m: m, "m",
              "the loss is m times too large: the sum is not yet divided by the number of trajectories."),
        Mistake("the softmax goes over the steps: the probabilities of a column sum to one. Those of a row, the "
                "actions in one state, must.",
                _weighted(lambda logits, steps, actions: _log_softmax(logits, axis=0)[steps, actions])),
        Mistake("the sum below goes over the whole table: all its probabilities together sum to one. Those of each "
                "row, the actions in one state, must.",
                _weighted(lambda logits, steps, actions: (logits - np.log(np.exp(logits).sum()))[steps, actions])),
        Mistake("log_pi[:, actions] takes all the actions in every row, a table (N, N). One number is asked from each "
                "row: row 0 with action 0, row 1 with action 1, and so on.",
                lambda logits, actions, returns, m: -(_log_softmax(logits)[:, actions] * returns).sum() / m),
        Mistake("each log π meets the return of every step, not of its own alone. Are the two added up before they are "
                "multiplied? Or is taken a column, (N, 1)?",
                _weighted(lambda logits, steps, actions: _log_softmax(logits)[steps, actions][:, None])),
        Mistake("the returns are missing: this is minus the sum of log π, divided by m.",
                lambda logits, actions, returns, m: batch_loss_of_steps(logits, actions, 1 + 0 * returns, m)),
        Mistake("here stands π, not log π. Its slope is π ∇log π, so rare actions hardly count (section 4, “1 − π”).",
                _weighted(lambda logits, steps, actions: np.exp(_log_softmax(logits))[steps, actions])),
        Mistake("this is log π of the likeliest action. Asked is the action that was taken: that one earned the "
                "return.", _weighted(lambda logits, steps, actions: _log_softmax(logits).max(axis=1))),
        Mistake("these are the logits themselves. log π is a logit minus the logarithm of the row's sum of "
                "exponentials.", _weighted(lambda logits, steps, actions: logits[steps, actions])),
    ),
    hints=(
        "Three steps: log π for all actions, log π of those that were taken, and the sum of log π times return.",
        "log π is h_a − log Σ_b exp(h_b), row by row: axis=1, and keepdims=True keeps a column. log_pi[steps, actions] "
        "picks one number from each row.",
        "log_pi = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)); taken = log_pi[np.arange(len(actions)), "
        "actions]; then minus the sum of taken * returns, divided by m.",
    ))


# A whole program, judged by the exact η that it reaches.

def learn(env, theta, alpha, m, iterations, rng):
    """REINFORCE: in each iteration m episodes with the same θ, and one step along ĝ.  θ is the logit of right."""
    for _ in range(iterations):
        theta = _ascend(theta, alpha, _play(env, theta, m, rng), None)
    return theta


class Corridor(TableEnv):
    """A corridor of three places, some of them swapped; a step costs what its place costs.

    It remembers what was played in it: ``episodes`` holds the actions and the rewards of each, ``left_early`` counts
    those that had not ended when the next began.  And it stops a program that would never end.
    """

    def __init__(self, swapped, costs=(1, 1, 1), limit=250_000):
        def after(s, a):
            return s + 1 if a != swapped[s] else max(s - 1, 0)

        P = {s: {a: [(1.0, after(s, a), -float(costs[s]), after(s, a) == 3)] for a in (0, 1)} for s in range(3)}
        super().__init__(P | {3: {a: [(1.0, 3, 0.0, True)] for a in (0, 1)}})
        self.begun, self.steps, self.limit, self.left_early = [], 0, limit, 0

    def reset(self, *, seed=None, options=None):
        self.left_early += bool(self.begun and self.begun[-1][0] and self.s != 3)
        self.s = 0
        self.begun.append(([], []))
        return 0, {}

    def step(self, action):
        if self.s in (None, 3):
            raise ValueError("no episode is running: call env.reset() before the first step of each")
        if np.ndim(action) or action not in (0, 1):
            raise ValueError(f"an action is 0 (left) or 1 (right), got {action!r}")
        if self.steps == self.limit:
            raise RuntimeError(f"{self.limit:,} steps were taken, far more than this exercise needs. Does each episode "
                               "end where terminated is true? Has p come so near to 0 or 1 that none ends?")
        ((_, self.s, reward, terminated),) = self.P[self.s][int(action)]
        self.steps += 1
        actions, rewards = self.begun[-1]
        actions.append(int(action))
        rewards.append(reward)
        return self.s, reward, terminated, False, {}

    @property
    def episodes(self):
        return [episode for episode in self.begun if episode[0]]


def _right(theta):
    """π(right)."""
    return 1 / (1 + np.exp(-theta))


def _play(env, theta, m, rng):
    """m episodes, each as its actions and its rewards."""
    p, batch = _right(theta), []
    for _ in range(m):
        env.reset()
        actions, rewards, terminated = [], [], False
        while not terminated:
            actions.append(int(rng.random() < p))
            _, reward, terminated, _, _ = env.step(actions[-1])
            rewards.append(reward)
        batch.append((actions, rewards))
    return batch


def _scores(theta, actions):
    return np.array(actions) - _right(theta)


def _mean(value, batch):
    return np.mean([value(np.array(actions), np.array(rewards)) for actions, rewards in batch])


# What a round makes of its batch: rule(theta, alpha, batch, start) -> the new θ.

def _rule(product):
    """A rule which moves along the mean of product(theta, actions, rewards) over the batch."""
    return lambda theta, alpha, batch, start: theta + alpha * _mean(
        lambda actions, rewards: product(theta, actions, rewards), batch)


_ascend = _rule(lambda theta, a, r: _scores(theta, a).sum() * r.sum())


def _steps_of(batch):
    return sum(len(actions) for actions, _ in batch)


def _greedy(theta, actions):
    return _scores(theta, np.full(len(actions), theta > 0))


def _goes_on(theta, alpha, batch, start):
    """The sums of an episode begin with those of the one before."""
    scores = np.cumsum([_scores(theta, actions).sum() for actions, _ in batch])
    return theta + alpha * np.mean(scores * np.cumsum([sum(rewards) for _, rewards in batch]))


def _one_by_one(share):
    def rule(theta, alpha, batch, start):
        for episode in batch:
            theta = _ascend(theta, alpha * share(len(batch)), [episode], start)
        return theta
    return rule


_NO_PLAY = ("nothing is played: env.step is never called. θ must be learnt from episodes in env; the check will use "
            "another corridor, where other numbers are right.")
_ONE_BATCH = ("m episodes are played in all. Is there a return inside the loop over the iterations? Or does one batch "
              "serve for all of them? After the first update it comes from an old θ: run again in each iteration.")
_RETURNS_P = "this is p, the probability of right. Asked is θ itself."
_MOVES_EARLY = ("θ moves after each episode, m times in an iteration. Play all m episodes with the same θ, and "
                "then take one step along the mean.")
_RULES = (
    ("θ comes back as it was given. Episodes are played, but theta never gets a new value.",
     lambda theta, alpha, batch, start: theta),
    ("θ moves in the opposite direction, down the hill. Look at the sign in the update, or in the score.",
     lambda theta, alpha, batch, start: 2 * theta - _ascend(theta, alpha, batch, start)),
    ("ĝ is divided by the number of steps. Where each costs 1, hardly anything is left of it then (section 7 of "
     "notebook 07). Divide by m.",
     lambda theta, alpha, batch, start: _ascend(theta, alpha * len(batch) / _steps_of(batch), batch, start)),
    ("ĝ is a sum over the m episodes. Asked is their mean.",
     lambda theta, alpha, batch, start: _ascend(theta, alpha * len(batch), batch, start)),
    ("the score belongs to the likelier action. Asked is the score of the action that was taken: 1 − p for right, "
     "−p for left.", _rule(lambda theta, a, r: _greedy(theta, a).sum() * r.sum())),
    ("every step gets the score of right, 1 − p. Where left was taken, the score is −p.",
     _rule(lambda theta, a, r: _scores(theta, 1 + 0 * a).sum() * r.sum())),
    ("the scores of the two actions are exchanged. Right, action 1, has 1 − p; left, action 0, has −p.",
     _rule(lambda theta, a, r: _scores(theta, 1 - a).sum() * r.sum())),
    ("left has the score p here. When θ grows left gets less likely, so its score is −p.",
     _rule(lambda theta, a, r: abs(_scores(theta, a)).sum() * r.sum())),
    ("this is log π, summed up, where its slope is asked: 1 − p for right, −p for left.",
     _rule(lambda theta, a, r: np.log(np.where(a, _right(theta), 1 - _right(theta))).sum() * r.sum())),
    ("the rewards are missing: these are the scores alone. Multiply their sum by the sum of the rewards.",
     _rule(lambda theta, a, r: _scores(theta, a).sum())),
    ("the two sums go on from one episode to the next. Set both to 0 where an episode begins.", _goes_on),
    ("only the last episode of each batch is left in ĝ. Add up the products: += and not =.",
     lambda theta, alpha, batch, start: _ascend(theta, alpha / len(batch), batch[-1:], start)),
    ("this is ∇π, summed up, where ∇log π is asked. The slope of log p is 1 − p, that of log (1 − p) is −p; no π in "
     "front.", _rule(lambda theta, a, r: (_scores(theta, a) * np.where(a, _right(theta), 1 - _right(theta))).sum()
                     * r.sum())),
    ("within an episode the mean of the scores is taken. They are added up; nothing is divided by T.",
     _rule(lambda theta, a, r: _scores(theta, a).mean() * r.sum())),
    ("each score meets only the reward of its own step. Add up all scores and all rewards of an episode, and then "
     "multiply.", _rule(lambda theta, a, r: _scores(theta, a) @ r)),
    ("the scores of all m episodes are added up, and so are all rewards, before they are multiplied. Each episode "
     "has a product of its own.",
     lambda theta, alpha, batch, start: theta + alpha * len(batch) * _mean(
         lambda a, r: _scores(theta, a).sum(), batch) * _mean(lambda a, r: r.sum(), batch)),
    ("the step begins at 0, not at θ: the new θ is θ plus the step.",
     lambda theta, alpha, batch, start: _ascend(theta, alpha, batch, start) - theta),
    ("p belongs to the first θ all the time. It must be computed again in each iteration, from the new θ.",
     lambda theta, alpha, batch, start: theta + _ascend(start, alpha, batch, start) - start),
    (_MOVES_EARLY, _one_by_one(lambda m: 1 / m)),
    (_MOVES_EARLY, _one_by_one(lambda m: 1)),
)


def _program(rule, stale=False):
    """A whole program with another rule; ``stale`` plays with the first θ all the time."""
    def learns(env, theta, alpha, m, iterations, rng):
        start = theta
        for _ in range(iterations):
            theta = rule(theta, alpha, _play(env, start if stale else theta, m, rng), start)
        return theta
    return learns


def _reuses(env, theta, alpha, m, iterations, rng):
    batch = _play(env, theta, m, rng)
    for _ in range(iterations):
        theta = _ascend(theta, alpha, batch, None)
    return theta


# (swapped places, p at the start, α, m, iterations, η asked, the best η).  The second has its best p at 0.28, so no
# one θ will do for both.
_BOOK = (0, 1, 0)
_TASKS = (("The short corridor", _BOOK, 0.05, 0.005, 50, 100, -13.0, -11.66),
          ("A corridor in which the last two places are swapped", (0, 1, 1), 0.6, 0.01, 50, 60, -10.0, -8.82))


class _Stopped(str):
    """Why a program that took too many steps did so."""


def _run(answer, env, start, alpha, m, iterations, rng, note=""):
    """What the program returns, or _Stopped, where more can be said than that it took too many steps."""
    try:
        return answer(env, start, alpha, m, iterations, np.random.default_rng(rng.integers(2**32)))
    except Exception:
        more = note or _played_otherwise(env, start, m)
        if env.steps < env.limit or not more:
            raise                                       # reported as any other error
        return _Stopped(f"the program was stopped after {env.limit:,} steps: its episodes hardly ever end.{more}")


def _learns(answer, rng):
    """First three iterations, whose θ follows from the episodes that were played; then the exact η after many."""
    start, alpha, m = -rng.uniform(0.1, 0.5), 0.001, int(rng.integers(4, 7))    # below 0: right is not the likelier
    env = Corridor(_BOOK, costs=(1, 2, 3))              # other costs, so that no two mistakes look the same
    theta = _run(answer, env, start, alpha, m, 3, rng)
    if isinstance(theta, _Stopped):
        return f"in a first test, from p = {_right(start):.2f}, {theta}"
    wrong, note = _first_rounds(env, start, alpha, m, theta)
    if wrong:
        return wrong
    reached = []
    for name, swapped, p, alpha, m, iterations, asked, best in _TASKS:
        env = Corridor(swapped)
        start = np.log(p / (1 - p)) + rng.uniform(-0.05, 0.05)
        begin = f"{name}, from p = {_right(start):.2f}:"
        theta = _run(answer, env, start, alpha, m, iterations, rng, note)
        if isinstance(theta, _Stopped):
            return f"{begin} {theta}"
        if wrong := _not_a_number(theta):
            return wrong
        theta, more = float(np.ravel(theta)[0]), note or _played_otherwise(env, start, m)
        if abs(theta) > 15:
            return f"{begin} θ ends at {theta:.3g}. Its episodes hardly ever end.{more}"
        mdp, policy = TabularMDP.from_gymnasium(env), SoftmaxPolicy(corridor_features())
        before, eta = (exact.expected_return(mdp, policy, [x]) for x in (start, theta))
        if eta < asked:
            return (f"{begin} the exact η goes from {before:.2f} to {eta:.2f} in "
                    f"{iterations} iterations of {m} episodes. Asked is at least {asked:g}; the best is {best}.{more}")
        reached.append(f"from {before:.2f} to {eta:.2f} (best {best})")
    return True, f"Right. Exact η in the two corridors: {' and '.join(reached)}."


def _not_a_number(theta):
    try:
        number = np.asarray(theta, dtype=float)
    except (TypeError, ValueError):
        number = np.zeros(0)
    if number.size != 1:
        return "return one number, the last θ."
    return "" if np.isfinite(number).all() else f"θ is {theta} at the end, no finite number."


def _played_otherwise(env, start, m):
    """What is odd about the first m episodes that were played: left early, or not with p."""
    if not env.episodes:
        return ""
    if env.left_early:
        return ("\nEpisodes were left before they had ended. Go on with env.step until terminated is true, and only "
                "then call env.reset().")
    actions, p = np.concatenate([actions for actions, _ in env.episodes[:m]]), _right(start)
    if abs(actions.mean() - p) < 6 * np.sqrt(p * (1 - p) / len(actions)):
        return ""
    return (f"\nIn its first iteration right was chosen in {actions.mean():.0%} of the steps. With p = {p:.2f} it "
            f"should be about {p:.0%}: draw each action with rng.random() < p.")


def _first_rounds(env, start, alpha, m, theta):
    """What is wrong, as far as the θ that came back and the episodes that were played tell it; and a note, where θ
    is neither right nor that of a known mistake.  (It may be a better program: with a baseline, say.)"""
    episodes = env.episodes
    wrong = _not_a_number(theta) if episodes else _NO_PLAY
    if not wrong and len(episodes) != 3 * m:
        wrong = (_ONE_BATCH if len(episodes) == m else
                 f"{len(episodes)} episodes are played in 3 iterations with m = {m}. It should be {3 * m}.")
    if wrong:
        return wrong, ""

    def after(rule, rounds=3):
        x = start
        for i in range(0, rounds * m, m):
            x = rule(x, alpha, episodes[i:i + m], start)
        return x

    if np.isclose(theta, [_right(after(_ascend, rounds)) for rounds in (2, 3)], rtol=1e-7, atol=1e-9).any():
        return _RETURNS_P, ""

    def is_by(rule):
        return np.isclose(theta, after(rule), rtol=1e-7, atol=1e-9).all()
    note = "" if is_by(_ascend) else (
        f"\nIn a first test, 3 iterations of {m} episodes, your θ went from {start:.6f} to "
        f"{float(np.ravel(theta)[0]):.6f}. The blog's loop makes {after(_ascend):.6f} of the same episodes.")
    return next((text for text, rule in _RULES if note and is_by(rule)), ""), note


REINFORCE = Exercise(
    "08.3", learn, judge=_learns,
    mistakes=(
        Mistake(_NO_PLAY, lambda env, theta, alpha, m, iterations, rng: rng.normal()),
        Mistake(_ONE_BATCH, _reuses),
        Mistake(_RETURNS_P, lambda *args: _right(learn(*args))),
        *(Mistake(text, _program(rule, stale=text.startswith("p belongs"))) for text, rule in _RULES[:-2]),
        Mistake(_MOVES_EARLY, lambda env, theta, alpha, m, iterations, rng:
                learn(env, theta, alpha / m, 1, m * iterations, rng)),
    ),
    hints=(
        "Three loops, one in the other: over the iterations, over the m episodes, over the steps of an episode. Which "
        "sums begin at 0 in each episode?",
        "In each iteration compute p from θ. In each episode add up the scores (a − p, with a = 1 for right) and the "
        "rewards; at its end their product is a share of ĝ. After m episodes take one step.",
        "a = int(rng.random() < p); _, reward, terminated, _, _ = env.step(a); score += a - p; r += reward. After the "
        "episode g_hat += score * r / m, after the m episodes theta = theta + alpha * g_hat.",
    ))

EXERCISES = (UPDATE, LOSS, REINFORCE)
