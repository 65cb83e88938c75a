"""Policies π_θ(a|s): probabilities, samples, and the score ∇_θ log π_θ(a|s)."""

import numpy as np

from pgutils import checks


class Policy:
    """What every policy with k actions shares, whatever makes its preferences: they go through one softmax.

    Every method takes theta (d,) and N states, and raises ValueError where theta is not finite or has the
    wrong length, or where a state or an action is out of range.
    """

    def probs(self, theta, states):
        """π_θ(·|s), shape (N, k).  Rows sum to one."""
        return np.exp(self._log_probs(theta, states))

    def sample(self, theta, states, rng):
        """One action a ~ π_θ(·|s) for each state, shape (N,) int, by inverting the cumulative sum."""
        pi = self.probs(theta, states)
        u, a = checks.generator(rng).random(len(pi)), np.zeros(len(pi), dtype=int)
        for cumulative in pi.cumsum(axis=1).T[:-1]:
            a += u >= cumulative
        return a

    def log_prob(self, theta, states, actions):
        """log π_θ(a|s), shape (N,).  Finite even where π itself underflows to 0."""
        log_pi = self._log_probs(theta, states)
        return log_pi[np.arange(len(log_pi)), _actions(actions, log_pi.shape)]


class SoftmaxPolicy(Policy):
    """π_θ(a|s) = exp(h_θ(s,a)) / Σ_b exp(h_θ(s,b)) with preferences h_θ(s,a) = x(s,a)·θ.

    features       x: an array (S, k, d) for states 0 … S-1, or a function of states that returns (N, k, d)
    n_parameters   d; needed only where the features are a function

    Sutton & Barto (2018), eq. 13.2 and 13.3.
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

    def score(self, theta, states, actions):
        """∇_θ log π_θ(a|s), the direction that makes the taken action likelier, shape (N, d).

        For the softmax: x(s,a) - Σ_b π_θ(b|s) x(s,b).  Sutton & Barto (2018), eq. 13.9.
        """
        x, rows, log_pi = self._evaluate(theta, states)
        expected = np.einsum("nk,nkd->nd", np.exp(log_pi), x)
        return (x - expected[:, None])[rows, _actions(actions, (len(rows), x.shape[1]))]

    def weighted_score(self, theta, states, actions, weights):
        """Σ_n w_n ∇_θ log π_θ(a_n|s_n), shape (d,), from weights (N,), without the (N, d) array of scores."""
        x, rows, log_pi = self._evaluate(theta, states)
        actions = _actions(actions, (len(rows), x.shape[1]))
        weights = checks.vector("weights", weights, len(rows))
        n, k, _ = x.shape
        w = np.bincount(rows * k + actions, weights, minlength=n * k).reshape(n, k)
        return np.einsum("nk,nkd->d", w - w.sum(axis=1, keepdims=True) * np.exp(log_pi), x)

    def _log_probs(self, theta, states):
        _, rows, log_pi = self._evaluate(theta, states)
        return log_pi[rows]

    def _evaluate(self, theta, states):
        """The features, which row of them each state is, and log π_θ for every row."""
        x, rows = self._features(states)
        with np.errstate(over="ignore", invalid="ignore"):
            h = x @ checks.vector("theta", theta, self.n_parameters)
        checks.finite("features·theta", h)
        return x, rows, _log_softmax(h)

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


class MLPPolicy(Policy):
    """A neural network π_θ(·|s): layers of tanh units, and a softmax over the k outputs.

        z_0 = s,   z_l = tanh(z_{l-1} W_l + b_l),   π_θ(·|s) = softmax(z_{L-1} W_L + b_L)

    sizes   (n, …, k): the numbers that describe a state, the units of each hidden layer (there may be none),
            the actions
    theta   (d,) holds W_1 (n × units, row by row), b_1, W_2, b_2, …

    States have shape (N, n).  ValueError for sizes that are not at least two whole numbers, and as ``Policy``.
    Gradients by backpropagation: Rumelhart, Hinton & Williams (1986).
    """

    def __init__(self, sizes):
        if np.ndim(sizes) != 1 or len(sizes) < 2:
            raise ValueError(f"sizes must be two or more whole numbers, (n, hidden layers, k), got {sizes!r}")
        self.sizes = tuple(checks.count(f"sizes[{i}]", size) for i, size in enumerate(sizes))
        self.n_parameters, self._places = 0, []         # where each W and b is in theta, and its shape
        for n, units in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            for shape in ((n, units), (units,)):
                start, self.n_parameters = self.n_parameters, self.n_parameters + int(np.prod(shape))
                self._places.append((slice(start, self.n_parameters), shape))

    def initial(self, rng):
        """A theta to start from: hidden weights from N(0, 1/inputs), all else 0, so that π is uniform; shape (d,)."""
        theta = np.zeros(self.n_parameters)
        for W in self.layers(theta)[:-2:2]:
            W[:] = checks.generator(rng).normal(size=W.shape) / np.sqrt(len(W))
        return theta

    def layers(self, theta):
        """W_1, b_1, W_2, b_2, … as views into theta: no copies."""
        return [theta[place].reshape(shape) for place, shape in self._places]

    def score(self, theta, states, actions):
        """∇_θ log π_θ(a|s), shape (N, d)."""
        parts = []
        for z, delta in self._backward(theta, states, actions):
            parts[:0] = [(z[:, :, None] * delta[:, None, :]).reshape(len(z), -1), delta]
        return np.concatenate(parts, axis=1)

    def weighted_score(self, theta, states, actions, weights):
        """Σ_n w_n ∇_θ log π_θ(a_n|s_n), shape (d,), from weights (N,), without the (N, d) array of scores."""
        parts = []
        for z, delta in self._backward(theta, states, actions, weights):
            parts[:0] = [(z.T @ delta).ravel(), delta.sum(axis=0)]
        return np.concatenate(parts)

    def _log_probs(self, theta, states):
        return _log_softmax(self._forward(self._layers(theta), states)[-1])

    def _forward(self, layers, states):
        """z_0, z_1, …, z_{L-1}, and the preferences, each (N, units)."""
        z = np.asarray(states, dtype=float)
        if z.ndim != 2 or z.shape[1] != self.sizes[0]:
            raise ValueError(f"states must have shape (N, {self.sizes[0]}), got {z.shape}")
        outputs = [checks.finite("states", z)]
        with np.errstate(over="ignore", invalid="ignore"):
            for W, b in zip(layers[::2], layers[1::2], strict=True):
                outputs.append(outputs[-1] @ W + b)
                if len(outputs) < len(self.sizes):
                    np.tanh(outputs[-1], out=outputs[-1])
        checks.finite("preferences", outputs[-1])
        return outputs

    def _backward(self, theta, states, actions, weights=None):
        """From the last layer to the first: its input z (N, inputs), and ∂(w log π)/∂(z W + b) (N, units)."""
        layers = self._layers(theta)
        *inputs, h = self._forward(layers, states)
        delta = -np.exp(_log_softmax(h))
        delta[np.arange(len(h)), _actions(actions, h.shape)] += 1
        if weights is not None:
            delta *= checks.vector("weights", weights, len(h))[:, None]
        for z, W in zip(reversed(inputs), layers[-2::-2], strict=True):
            yield z, delta
            delta = delta @ W.T * (1 - z**2)            # tanh' = 1 - tanh²; after the first layer it is not used

    def _layers(self, theta):
        return self.layers(checks.vector("theta", theta, self.n_parameters))


def _log_softmax(h):
    """log of the softmax of each row; the largest exponent is 0, so that none overflows."""
    h = h - h.max(axis=1, keepdims=True)
    return h - np.log(np.exp(h).sum(axis=1, keepdims=True))


def _actions(actions, shape):
    """Actions for N states, from 0 … k-1, where shape = (N, k)."""
    return checks.indices("actions", actions, shape[1], shape[:1])
