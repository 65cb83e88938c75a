"""A Markov decision process as arrays: small enough that every expectation can be computed exactly."""

from dataclasses import dataclass, fields

import numpy as np

from pgutils import checks


@dataclass(frozen=True, eq=False)
class TabularMDP:
    """An environment with S states and k actions, written down completely.

    P           (S, k, S) float   P[s, a, s'] = P(s_{t+1} = s' | s_t = s, a_t = a)
    r           (S, k) float      r[s, a] = r(s, a)
    p1          (S,) float        p1[s] = P(s_1 = s)
    terminal    (S,) bool         True where the episode is over; such a state leads to itself and pays 0
    horizon     int or None       T, the number of steps; None: until a terminal state is reached
    state_names, action_names     used in tables and figures; numbers where none are given

    Raises ValueError where an array has the wrong shape or a value that is not finite, where a row of
    probabilities does not sum to one (it names the state and the action), where a terminal state can be
    left, pays a reward or starts an episode, and where T < 1.
    """

    P: np.ndarray
    r: np.ndarray
    p1: np.ndarray
    terminal: np.ndarray
    horizon: int | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None

    def __post_init__(self):
        shape = np.shape(self.P)
        if len(shape) != 3 or shape[0] != shape[2] or 0 in shape:
            raise ValueError(f"P must have shape (S, k, S), got {shape}")
        S, k, _ = shape
        values = {
            "P": checks.array("P", self.P, (S, k, S)),
            "r": checks.finite("r", checks.array("r", self.r, (S, k))),
            "p1": checks.distributions("p1", checks.array("p1", self.p1, (S,))),
            "terminal": np.asarray(self.terminal),
            "horizon": None if self.horizon is None else checks.count("horizon", self.horizon),
            "state_names": _names("state_names", self.state_names, S),
            "action_names": _names("action_names", self.action_names, k),
        }
        if values["terminal"].shape != (S,) or values["terminal"].dtype != bool:
            raise ValueError(f"terminal must be {S} booleans, got {self.terminal!r}")
        for field in fields(self):
            value = values[field.name]
            if isinstance(value, np.ndarray):
                value = value.copy()
                value.flags.writeable = False
            object.__setattr__(self, field.name, value)
        self._check_rows()

    def _check_rows(self):
        if self.p1[self.terminal].any():
            raise ValueError("p1 must be 0 in terminal states: an episode has at least one step")
        for s, state in enumerate(self.state_names):
            for a, action in enumerate(self.action_names):
                checks.distributions(f"P(· | s={state}, a={action}), row P[{s}, {a}],", self.P[s, a])
            if self.terminal[s] and not (np.all(self.P[s, :, s] == 1) and np.all(self.r[s] == 0)):
                raise ValueError(f"terminal state {state} must lead to itself with probability 1 and pay 0")

    @property
    def n_states(self):
        """S, the terminal states included."""
        return self.P.shape[0]

    @property
    def n_actions(self):
        """k."""
        return self.P.shape[1]

    @classmethod
    def from_gymnasium(cls, env, horizon=None):
        """Read the table ``P[s][a] = [(probability, s', reward, terminated), …]`` of a toy-text environment.

        env       a Gymnasium environment with the attributes ``P`` and ``initial_state_distrib``
        horizon   T; None takes the time limit of ``env`` (none: until a terminal state is reached)

        Where the reward also depends on s' (FrozenLake pays on arrival), r(s, a) is its mean
        Σ_s' P(s'|s,a) r(s,a,s').  η and ∇η stay the same, because both are linear in r; a single
        episode's r(τ) does not.

        Raises ValueError without such a table, or where a state ends the episode only sometimes.
        """
        base = getattr(env, "unwrapped", env)
        table, p1 = getattr(base, "P", None), getattr(base, "initial_state_distrib", None)
        if table is None or p1 is None:
            raise ValueError(f"{env} has no table of probabilities: from_gymnasium needs attributes P and "
                             "initial_state_distrib that toy-text environments such as FrozenLake-v1 have")
        S, k = len(table), len(table[0])
        P, r, ends = np.zeros((S, k, S)), np.zeros((S, k)), np.zeros((S, 2), dtype=bool)
        moves = [(s, a, *move) for s in range(S) for a in range(k) for move in table[s][a]]
        for s, a, probability, s_next, reward, terminated in moves:
            P[s, a, s_next] += probability
            r[s, a] += probability * reward
            ends[s_next, int(terminated)] |= probability > 0
        terminal = ends[:, 1]
        # Rows that are never used say nothing: those of terminal states, and of states never visited.
        visited, found = np.zeros(S, dtype=bool), np.asarray(p1) > 0
        while (found > visited).any():
            visited = found
            found = found | (P[visited & ~terminal] > 0).any(axis=(0, 1))
        mixed = {s_next for s, _, p, s_next, _, end in moves
                 if p > 0 and terminal[s_next] and not end and visited[s] and not terminal[s]}
        if mixed:
            raise ValueError(f"state {min(mixed)} of {env} ends the episode on some ways in, not on others")
        P[terminal], r[terminal] = np.eye(S)[terminal][:, None, :], 0.0
        spec = getattr(env, "spec", None)
        if horizon is None and spec is not None:
            horizon = spec.max_episode_steps
        return cls(P, r, p1, terminal, horizon,
                   getattr(base, "state_names", None), getattr(base, "action_names", None))


def _names(what, names, n):
    names = tuple(str(i) for i in range(n)) if names is None else tuple(names)
    if len(names) != n or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{what} must be {n} strings, got {names!r}")
    return names
