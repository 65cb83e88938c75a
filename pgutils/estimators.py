"""Estimates of ∇η from sampled trajectories, one row per trajectory, so that the noise can be seen."""

import numpy as np

from pgutils import checks


def gradient_samples(policy, theta, trajs, weights="total", baseline=None, gamma=1.0):
    """One estimate of ∇_θ η(π_θ) from each trajectory, shape (m, d); its mean over rows is ĝ.

        ĝ_i = Σ_t ∇log π_θ(a_t^i | s_t^i) · Ψ_t^i

    weights    "total":         Ψ_t = r(τ) - b,  the blog's product of two sums
               "reward_to_go":  Ψ_t = γ^(t-1) (Σ_{u≥t} γ^(u-t) r_u - b)
    baseline   b: None for 0, a number, one number a step (T,), an array (m, T), a function of states (N,), or
               "per_step": at each step the mean reward-to-go of the m trajectories, 0 for those that have ended
    gamma      γ in [0, 1]

    Unbiased for any baseline that does not depend on a_t or on what follows it.  With "per_step" a trajectory is
    part of its own baseline: the mean of ĝ is then (m-1)/m ∇η, a shorter step in the same direction.
    Raises ValueError for other weights, a baseline of another shape, or a bad theta or gamma.
    Sutton & Barto (2018), section 13.3; Williams (1992).
    """
    psi = _weights(trajs, weights, baseline, gamma)
    g, longest_first = np.zeros((len(trajs), policy.n_parameters)), np.argsort(-trajs.lengths, kind="stable")
    for t in range(trajs.lengths.max()):
        on = longest_first[:trajs.mask[:, t].sum()]     # the episodes that still run: no others decide
        scores = policy.score(theta, trajs.states[on, t], trajs.actions[on, t])
        scores *= psi[on, t, None]
        g[:len(on)] += scores
    return g[np.argsort(longest_first)]


def mean_gradient(policy, theta, trajs, weights="total", baseline=None, gamma=1.0):
    """ĝ = 1/m Σ_i ĝ_i, shape (d,): the mean of ``gradient_samples``, without its (m, d) array."""
    psi, on = _weights(trajs, weights, baseline, gamma), trajs.mask
    return policy.weighted_score(theta, trajs.states[on], trajs.actions[on], psi[on]) / len(trajs)


def estimate(policy, theta, trajs, weights="total", baseline=None, gamma=1.0):
    """ĝ = 1/m Σ_i ĝ_i and its standard error s/√m, both shape (d,).

    m counts trajectories, not steps.  Raises ValueError for m < 2, where no spread can be seen, and as
    ``gradient_samples``.
    """
    m = checks.count("m, the number of trajectories,", len(trajs), least=2)
    g = gradient_samples(policy, theta, trajs, weights, baseline, gamma)
    return g.mean(axis=0), g.std(axis=0, ddof=1) / np.sqrt(m)


def _weights(trajs, weights, baseline, gamma):
    """Ψ, shape (m, T)."""
    T = trajs.actions.shape[1]
    b = _baseline(trajs, baseline, gamma)
    kind = weights if isinstance(weights, str) else None
    if kind == "total":
        return trajs.returns(gamma)[:, None] - b
    if kind == "reward_to_go":
        return gamma ** np.arange(T) * (trajs.rewards_to_go(gamma) - b)
    raise ValueError(f'weights must be "total" or "reward_to_go", got {weights!r}')


def _baseline(trajs, baseline, gamma):
    """b for every step, (m, T)."""
    m, T = trajs.actions.shape
    if isinstance(baseline, str):
        if baseline != "per_step":
            raise ValueError(f'baseline must be numbers, a function of states, or "per_step", got {baseline!r}')
        b = trajs.rewards_to_go(gamma).mean(axis=0)
    elif callable(baseline):
        b, on = np.zeros((m, T)), trajs.mask
        b[on] = checks.array("baseline(states)", baseline(trajs.states[on]), (int(on.sum()),))
    else:
        b = np.asarray(0.0 if baseline is None else baseline, dtype=float)
        if b.shape not in ((), (T,), (m, T)):
            raise ValueError(f"baseline must be a number, or have shape ({T},) or ({m}, {T}), got {b.shape}")
    return checks.finite("baseline", np.broadcast_to(b, (m, T)))
