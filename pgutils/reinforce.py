"""REINFORCE, the loop of the series: run the policy, calculate ĝ, update θ; then again."""

from typing import NamedTuple

import numpy as np

from pgutils import checks
from pgutils.estimators import mean_gradient
from pgutils.trajectories import Trajectories


class Update(NamedTuple):
    """One round of the loop: run, calculate, update.

    iteration  0, 1, …
    theta      (d,) θ as it was run: ``trajs`` are its trajectories, ``gradient`` its estimate
    trajs      m trajectories τ ~ ρ_θ
    gradient   (d,) ĝ, an estimate of ∇η at ``theta``
    new_theta  (d,) θ + α ĝ (or what the optimizer makes of ĝ), which the next iteration runs
    """

    iteration: int
    theta: np.ndarray
    trajs: Trajectories
    gradient: np.ndarray
    new_theta: np.ndarray


class Adam:
    """Steps of much the same size for each parameter, whatever the scale of its gradient; ``adam(ĝ)`` is the direction.

        μ ← β₁ μ + (1-β₁) ĝ,   ν ← β₂ ν + (1-β₂) ĝ²,   direction = μ/(1-β₁ⁿ) / (√(ν/(1-β₂ⁿ)) + ε)   at call n

    All operations entry by entry.  Kingma & Ba (2015), algorithm 1, with a plus: it climbs.
    """

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.beta1, self.beta2 = (checks.number(name, beta, 0, 1 - 1e-12)
                                  for name, beta in (("beta1", beta1), ("beta2", beta2)))
        self.epsilon = checks.number("epsilon", epsilon, 0)
        self.mean = self.square = 0.0
        self.n = 0

    def __call__(self, gradient):
        self.n += 1
        self.mean = self.beta1 * self.mean + (1 - self.beta1) * gradient
        self.square = self.beta2 * self.square + (1 - self.beta2) * gradient**2
        scale = np.sqrt(self.square / (1 - self.beta2**self.n)) + self.epsilon
        return self.mean / (1 - self.beta1**self.n) / scale


def reinforce(sampler, policy, theta, step_size, m, iterations, rng, weights="total", baseline=None, gamma=1.0,
              optimizer=None):
    """Climb η: θ ← θ + α ĝ, again and again.  A generator with one ``Update`` an iteration; stop when you like.

    sampler    called as ``sampler(policy, theta, m, rng)``, returns ``Trajectories``:
               ``partial(trajectories.sample, mdp)`` or ``partial(trajectories.rollout, env)``
    theta      (d,) where to start; the caller's array is never changed
    step_size  α > 0
    m          trajectories an iteration
    weights, baseline, gamma   as in ``gradient_samples``
    optimizer  None for θ + α ĝ; or a function, such as ``Adam``, called once at the start, which returns one that
               turns each ĝ into a direction for θ + α direction

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
    if optimizer is not None and not callable(optimizer):
        raise ValueError(f"optimizer must be None or a function that makes one, such as Adam, got {optimizer!r}")
    return _updates(sampler, policy, theta, step_size, m, iterations, checks.generator(rng),
                    (weights, baseline, gamma), optimizer)


def _updates(sampler, policy, theta, step_size, m, iterations, rng, how, optimizer):
    direction = optimizer() if optimizer else lambda gradient: gradient
    for i in range(iterations):
        theta.flags.writeable = False                   # what was yielded stays as it was
        trajs = sampler(policy, theta, m, rng)                                          # run
        if not isinstance(trajs, Trajectories):
            raise ValueError(f"sampler must return Trajectories, got {type(trajs).__name__}")
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = mean_gradient(policy, theta, trajs, *how)                        # calculate
            new_theta = theta + step_size * direction(gradient)                         # update
        if not np.isfinite(new_theta).all():
            raise ValueError(f"theta is no longer finite after iteration {i}: step_size = {step_size:g} is too large "
                             f"for a gradient estimate of size {np.abs(gradient).max():.3g}")
        new_theta.flags.writeable = False
        yield Update(i, theta, trajs, gradient, new_theta)
        theta = new_theta
