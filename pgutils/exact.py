"""The truth, computed: η(π_θ) and ∇η by dynamic programming, and by finite differences.

With a horizon T everything depends on the step, and the first axis of an array is time.  With
``mdp.horizon = None`` an episode runs until a terminal state is reached, nothing depends on the step, and the
same numbers solve a linear system.
"""

import numpy as np

from pgutils import checks
from pgutils.trajectories import policy_table


def expected_return(mdp, policy, theta, gamma=1.0):
    """η(π_θ) = E_τ[Σ_t γ^(t-1) r(s_t, a_t)] = Σ_s P(s_1 = s) V_1(s), a float.

    Raises ValueError for a bad theta or gamma, and for an episode that may never end (horizon None, γ = 1).
    """
    V = state_values(mdp, policy, theta, gamma)
    return float(mdp.p1 @ (V if mdp.horizon is None else V[0]))


def policy_gradient(mdp, policy, theta, gamma=1.0):
    """∇_θ η(π_θ) = Σ_t γ^(t-1) Σ_s P(s_t = s) Σ_a π_θ(a|s) ∇log π_θ(a|s) Q_t(s, a), shape (d,).

    Sutton et al. (2000), theorem 1, for the start-state objective.  Errors as ``expected_return``.
    """
    pi, Q = policy_table(mdp, policy, theta), action_values(mdp, policy, theta, gamma)
    if mdp.horizon is None:
        weights = _discounted_visits(mdp, pi, gamma)[:, None] * pi * Q
    else:
        d = state_visits(mdp, policy, theta) * gamma ** np.arange(mdp.horizon)[:, None]
        weights = np.einsum("ts,sa,tsa->sa", d, pi, Q)
    decides = np.flatnonzero(~mdp.terminal)
    states, actions = np.repeat(decides, mdp.n_actions), np.tile(np.arange(mdp.n_actions), len(decides))
    return policy.weighted_score(theta, states, actions, weights[decides].ravel())


def estimate_variance(mdp, policy, theta, weights="total", baseline=None, gamma=1.0):
    """Var[ĝ] for the estimate ĝ from one trajectory, a row of ``gradient_samples``, each parameter by itself: (d,).

    A step multiplies a vector v of sums over the rest of the trajectory by a matrix.  With z = ∂log π_θ(a|s)/∂θ_i,

        v = (1, G, X):  G = r + γG',  X = z(G - b) + γX'

    and ĝ = X for "reward_to_go"; for "total", v = (1, G, Z, B, ZG) with Z = z + Z', B = zb + B', and ĝ = ZG - B.
    So the second moments follow from those of the next state, E[v vᵀ|s] = Σ_a π(a|s) A (Σ_s' P(s'|s,a) E[v vᵀ|s']) Aᵀ,
    which is linear in them: T multiplications, or without a horizon one linear system.

    baseline   None, a number, or a function of states (N,) -> (N,)

    Raises ValueError for other weights or baselines, without a horizon for more than 1e5 steps on average, and as
    ``expected_return``; "total" needs an end with γ < 1 too, because γ does not discount the scores.
    """
    gamma, pi = checks.number("gamma", gamma, 0, 1), policy_table(mdp, policy, theta)
    if not isinstance(weights, str) or weights not in ("total", "reward_to_go"):
        raise ValueError(f'weights must be "total" or "reward_to_go", got {weights!r}')
    (S, k), decides = pi.shape, np.flatnonzero(~mdp.terminal)
    b, z = np.zeros(S), np.zeros((policy.n_parameters, S, k))
    b[decides] = _state_baseline(baseline, decides)
    states, actions = np.repeat(decides, k), np.tile(np.arange(k), len(decides))
    z[:, states, actions] = policy.score(theta, states, actions).T
    if mdp.horizon is None:
        visits = _discounted_visits(mdp, pi, gamma if weights == "reward_to_go" else 1.0)
        runs = visits > 0
        if visits.sum() > 1e5:      # squares of sums over so many steps: rounding errors of 1e-16 become 1e-6
            raise ValueError(f"an episode takes {visits.sum():.2g} steps on average, too many for the variance of a "
                             "sum of rounded numbers")
    variance = np.empty(len(z))
    for i, z_i in enumerate(z):
        A, pick = _step(z_i, mdp.r, b[:, None], weights, gamma)         # (S, k, n, n), and ĝ = pick·v
        n = len(pick)
        K = np.einsum("sa,saz,saij->sizj", pi, mdp.P, np.einsum("saij,sakl->saikjl", A, A).reshape(S, k, n * n, n * n))
        K, M = K.reshape(S * n * n, S * n * n), np.zeros((S, n * n))
        M[:, 0] = 1                                                     # after the end v = (1, 0, …)
        M = M.ravel()
        if mdp.horizon is None:
            free = np.outer(runs, np.arange(n * n) > 0).ravel()         # all that is not known to be 1 or 0
            M[free] = np.linalg.solve(np.eye(free.sum()) - K[np.ix_(free, free)], K[free] @ M)
        for _ in range(mdp.horizon or 0):
            M = K @ M
        M = np.einsum("s,sij->ij", mdp.p1, M.reshape(S, n, n))          # E[v vᵀ] at the start
        variance[i] = max(0.0, pick @ M @ pick - (M[0] @ pick) ** 2)    # rounding may leave -1e-16
    return variance


def state_values(mdp, policy, theta, gamma=1.0):
    """V_t(s), the expected return from step t on: (T+1, S) with V_{T+1} = 0, or (S,) without a horizon.

    Without a horizon and with γ = 1, a state that is never reached and never gets to the end has the value 0.
    """
    gamma, pi = checks.number("gamma", gamma, 0, 1), policy_table(mdp, policy, theta)
    P, r = np.einsum("sa,saz->sz", pi, mdp.P), (pi * mdp.r).sum(axis=1)
    if mdp.horizon is None:
        return _until_the_end(mdp, P, gamma, r)
    V = np.zeros((mdp.horizon + 1, mdp.n_states))
    for t in reversed(range(mdp.horizon)):
        V[t] = r + gamma * P @ V[t + 1]
    return V


def action_values(mdp, policy, theta, gamma=1.0):
    """Q_t(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V_{t+1}(s'): (T, S, k), or (S, k) without a horizon."""
    V = state_values(mdp, policy, theta, gamma)
    ahead = V if mdp.horizon is None else V[1:]
    return mdp.r + gamma * np.einsum("saz,...z->...sa", mdp.P, ahead)


def state_visits(mdp, policy, theta):
    """P(s_t = s): (T, S), each row a distribution.  Without a horizon, the expected number of visits, (S,).

    An ended episode stays in its terminal state; without a horizon that state's count is left at 0.
    """
    pi = policy_table(mdp, policy, theta)
    if mdp.horizon is None:
        return _discounted_visits(mdp, pi, 1.0)
    P, d = np.einsum("sa,saz->sz", pi, mdp.P), np.empty((mdp.horizon, mdp.n_states))
    d[0] = mdp.p1
    for t in range(1, mdp.horizon):
        d[t] = d[t - 1] @ P
    return d


def finite_difference(f, theta, step=1e-5):
    """∇f by central differences, (f(θ + h e_i) - f(θ - h e_i)) / 2h for each i, shape (d,).

    The error is h² f'''/6 from the formula plus about 1e-16 |f| / h from rounding.
    Raises ValueError where theta is not finite, or f(theta) is not one finite number.
    """
    theta = checks.vector("theta", theta, np.size(theta))
    step = checks.number("step", step, np.finfo(float).tiny)
    rise = [checks.number("f(theta)", f(theta + h)) - checks.number("f(theta)", f(theta - h))
            for h in step * np.eye(len(theta))]
    return np.array(rise) / (2 * step)


def _step(z, r, b, weights, gamma):
    """The matrix A with v = A v' for every state and action, (S, k, n, n), and how ĝ is read off v, (n,)."""
    zero, one = np.zeros_like(z), np.ones_like(z)
    if weights == "reward_to_go":                       # v = (1, G, X)
        rows = [[one, zero, zero], [r, gamma * one, zero], [z * (r - b), gamma * z, gamma * one]]
        pick = [0, 0, 1]
    else:                                               # v = (1, G, Z, B, ZG)
        rows = [[one, zero, zero, zero, zero], [r, gamma * one, zero, zero, zero], [z, zero, one, zero, zero],
                [z * b, zero, zero, one, zero], [z * r, gamma * z, r, zero, gamma * one]]
        pick = [0, 0, 0, -1, 1]
    return np.moveaxis(np.array(rows), (0, 1), (2, 3)), np.array(pick, dtype=float)


def _state_baseline(baseline, states):
    """b(s) for these states: 0, one number, or what a function says."""
    if callable(baseline):
        return checks.finite("baseline", checks.array("baseline(states)", baseline(states), np.shape(states)))
    try:
        return checks.number("baseline", 0 if baseline is None else baseline)
    except ValueError:
        raise ValueError(f"baseline must be None, a number, or a function of states, got {baseline!r}") from None


def _discounted_visits(mdp, pi, gamma):
    """Σ_t γ^(t-1) P(s_t = s) over all steps before the end, shape (S,)."""
    return _until_the_end(mdp, np.einsum("sa,saz->sz", pi, mdp.P), gamma, mdp.p1, transposed=True)


def _until_the_end(mdp, P, gamma, b, transposed=False):
    """x = (I - γP)⁻¹ b over the states from which the end is reached, 0 in the others; or with P transposed.

    Refused where an episode may get to a state without a way to the end, or takes so long that rounding
    errors of 1e-16 a step add up to more than 1e-6.
    """
    leads = np.linalg.matrix_power((P > 0) | np.eye(len(P), dtype=bool), len(P))
    reached = leads[mdp.p1 > 0].any(axis=0) & ~mdp.terminal
    ends = leads[:, mdp.terminal].any(axis=1) | (gamma < 1)
    if (reached & ~ends).any():
        stuck = mdp.state_names[int(np.argmax(reached & ~ends))]
        raise ValueError(f"from state {stuck} this policy never reaches the end: without a horizon and with "
                         "gamma = 1 the return has no expectation")
    runs = ends & ~mdp.terminal
    A, x = np.eye(len(P))[np.ix_(runs, runs)] - gamma * P[np.ix_(runs, runs)], np.zeros(len(P))
    try:
        length = np.linalg.solve(A, np.ones(len(A)))    # Σ_t γ^(t-1): how often an error of one step adds up
        x[runs] = np.linalg.solve(A.T if transposed else A, b[runs])
    except np.linalg.LinAlgError:
        length = np.full(len(A), np.inf)
    if not np.all((length > 0.9) & (length < 1e10)):
        raise ValueError("this policy hardly ever reaches the end: without a horizon an episode would take "
                         "more than 1e10 steps, too many for a sum of rounded numbers")
    return x
