"""Policies π_θ(a|s): probabilities, samples, and the score ∇_θ log π_θ(a|s)."""

import numpy as np

from pgutils import checks


class SoftmaxPolicy:
    """π_θ(a|s) = exp(h_θ(s,a)) / Σ_b exp(h_θ(s,b)) with preferences h_θ(s,a) = x(s,a)·θ.

    features       x: an array (S, k, d) for states 0 … S-1, or a function of states that returns (N, k, d)
    n_parameters   d; needed only where the features are a function

    Every method takes theta (d,) and states (N,), and raises ValueError where theta is not finite or has the
    wrong length, or where a state or an action is out of range.  Sutton & Barto (2018), eq. 13.2 and 13.3.
    """

    def __init__(self, features, n_parameters=None):
        self._function = features if callable(features) else None
        if self._function:
            if n_parameters is None:
                raise ValueError("n_parameters must be given where features is a function")
            self.n_parameters = checks.count("n_parameters", n_parameters)
            return
        shape = np.shape(features)
        if len(shape) != 3 or 0 in shape or n_parameters not in (None, shape[-1]):
            raise ValueError(f"features must have shape (S, k, d={n_parameters or 'd'}), got {shape}")
        self.features = checks.finite("features", checks.array("features", features, shape))
        self.n_parameters = shape[-1]

    @classmethod
    def tabular(cls, S, k):
        """One parameter for each state and action, d = S·k: h_θ(s, a) = theta[s·k + a]."""
        S, k = checks.count("S", S), checks.count("k", k)
        return cls(np.eye(S * k).reshape(S, k, S * k))

    def probs(self, theta, states):
        """π_θ(·|s), shape (N, k).  Rows sum to one."""
        _, rows, log_pi = self._evaluate(theta, states)
        return np.exp(log_pi[rows])

    def sample(self, theta, states, rng):
        """One action a ~ π_θ(·|s) for each state, shape (N,) int, by inverting the cumulative sum."""
        cumulative = np.cumsum(self.probs(theta, states), axis=1)
        u = checks.generator(rng).random((len(cumulative), 1))
        return (u >= cumulative[:, :-1]).sum(axis=1)

    def log_prob(self, theta, states, actions):
        """log π_θ(a|s), shape (N,).  Finite even where π itself underflows to 0."""
        x, rows, log_pi = self._evaluate(theta, states)
        return log_pi[rows, self._actions(actions, rows, x)]

    def score(self, theta, states, actions):
        """∇_θ log π_θ(a|s), the direction that makes the taken action likelier, shape (N, d).

        For the softmax: x(s,a) - Σ_b π_θ(b|s) x(s,b).  Sutton & Barto (2018), eq. 13.9.
        """
        x, rows, log_pi = self._evaluate(theta, states)
        expected = np.einsum("nk,nkd->nd", np.exp(log_pi), x)
        return (x - expected[:, None])[rows, self._actions(actions, rows, x)]

    def weighted_score(self, theta, states, actions, weights):
        """Σ_n w_n ∇_θ log π_θ(a_n|s_n), shape (d,), from weights (N,), without the (N, d) array of scores."""
        x, rows, log_pi = self._evaluate(theta, states)
        actions = self._actions(actions, rows, x)
        weights = checks.vector("weights", weights, len(rows))
        n, k, _ = x.shape
        w = np.bincount(rows * k + actions, weights, minlength=n * k).reshape(n, k)
        return np.einsum("nk,nkd->d", w - w.sum(axis=1, keepdims=True) * np.exp(log_pi), x)

    def _evaluate(self, theta, states):
        """The features, which row of them each state is, and log π_θ for every row."""
        x, rows = self._features(states)
        with np.errstate(over="ignore", invalid="ignore"):
            h = x @ checks.vector("theta", theta, self.n_parameters)
        checks.finite("features·theta", h)
        h = h - h.max(axis=1, keepdims=True)            # log-sum-exp: the largest exponent is 0
        return x, rows, h - np.log(np.exp(h).sum(axis=1, keepdims=True))

    def _features(self, states):
        """x (rows, k, d), and which row each state is: a table has S rows, a function gives one a state."""
        if self._function is None:
            x = self.features
            return x, checks.indices("states", states, len(x), np.shape(states)[:1] or (1,))
        if np.ndim(states) == 0:
            raise ValueError(f"states must be an array with one state a row, got {states!r}")
        x = np.asarray(self._function(states), dtype=float)
        if x.ndim != 3 or x.shape[::2] != (len(states), self.n_parameters):
            raise ValueError(f"features(states) must have shape ({len(states)}, k, {self.n_parameters}), "
                             f"got {x.shape}")
        return checks.finite("features(states)", x), np.arange(len(x))

    def _actions(self, actions, rows, x):
        return checks.indices("actions", actions, x.shape[1], rows.shape)
