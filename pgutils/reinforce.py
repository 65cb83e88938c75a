"""REINFORCE, the loop of the series: run the policy, calculate ĝ, update θ; then again."""

from typing import NamedTuple

import numpy as np

from pgutils import checks
from pgutils.estimators import gradient_samples
from pgutils.trajectories import Trajectories


class Update(NamedTuple):
    """One round of the loop: run, calculate, update.

    iteration  0, 1, …
    theta      (d,) θ as it was run: ``trajs`` are its trajectories, ``gradient`` its estimate
    trajs      m trajectories τ ~ ρ_θ
    gradient   (d,) ĝ, an estimate of ∇η at ``theta``
    new_theta  (d,) θ + α ĝ, which the next iteration runs
    """

    iteration: int
    theta: np.ndarray
    trajs: Trajectories
    gradient: np.ndarray
    new_theta: np.ndarray


def reinforce(sampler, policy, theta, step_size, m, iterations, rng, weights="total", baseline=None, gamma=1.0):
    """Climb η: θ ← θ + α ĝ, again and again.  A generator with one ``Update`` an iteration; stop when you like.

    sampler    called as ``sampler(policy, theta, m, rng)``, returns ``Trajectories``:
               ``partial(trajectories.sample, mdp)`` or ``partial(trajectories.rollout, env)``
    theta      (d,) where to start; the caller's array is never changed
    step_size  α > 0
    m          trajectories an iteration
    weights, baseline, gamma   as in ``gradient_samples``

    Raises ValueError at once for bad input, and later, naming the iteration, where θ is no longer finite.
    Williams (1992); Sutton & Barto (2018), section 13.3, with θ kept fixed during an episode.
    """
    if not callable(sampler):
        raise ValueError(f"sampler must be callable as sampler(policy, theta, m, rng), got {sampler!r}")
    theta = checks.vector("theta", np.copy(theta), policy.n_parameters)
    step_size = checks.number("step_size", step_size, np.finfo(float).tiny)
    m, iterations = checks.count("m", m), checks.count("iterations", iterations)
    checks.number("gamma", gamma, 0, 1)
    if weights not in ("total", "reward_to_go"):
        raise ValueError(f'weights must be "total" or "reward_to_go", got {weights!r}')
    return _updates(sampler, policy, theta, step_size, m, iterations, checks.generator(rng), (weights, baseline, gamma))


def _updates(sampler, policy, theta, step_size, m, iterations, rng, how):
    for i in range(iterations):
        theta.flags.writeable = False                   # what was yielded stays as it was
        trajs = sampler(policy, theta, m, rng)                                          # run
        if not isinstance(trajs, Trajectories):
            raise ValueError(f"sampler must return Trajectories, got {type(trajs).__name__}")
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = gradient_samples(policy, theta, trajs, *how).mean(axis=0)        # calculate
            new_theta = theta + step_size * gradient                                    # update
        if not np.isfinite(new_theta).all():
            raise ValueError(f"theta is no longer finite after iteration {i}: step_size = {step_size:g} is too large "
                             f"for a gradient estimate of size {np.abs(gradient).max():.3g}")
        new_theta.flags.writeable = False
        yield Update(i, theta, trajs, gradient, new_theta)
        theta = new_theta
