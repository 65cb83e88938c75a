"""Notebook 11 on two hundred random MDPs: the functions of its cells against the list of all trajectories."""

import ast

import nbformat
import numpy as np
import pytest
from random_mdps import case, relative_error
from run_notebooks import NOTEBOOKS

from pgutils import exact
from pgutils.trajectories import enumerate_all, log_prob

NAMES = {"values", "visits", "policy_slopes", "value_gradients", "unrolled", "theorem", "visit_gradients"}


@pytest.fixture(scope="module")
def notebook():
    """The functions that notebook 11 defines, by name."""
    nb, scope = nbformat.read(NOTEBOOKS / "11_policy_gradient_theorem.ipynb", as_version=4), {"np": np}
    for cell in nb.cells:
        if cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef) and node.name in NAMES:
                    exec(ast.unparse(node), scope)
    assert set(scope) >= NAMES
    return scope


def listed(seed):
    """A random problem, all its trajectories, their ρ, and their scores, (m, T, d), 0 after the end."""
    mdp, policy, theta, gamma = case(seed)
    trajs = enumerate_all(mdp)
    scores = policy.score(theta, trajs.states.ravel(), trajs.actions.ravel()).reshape(*trajs.mask.shape, -1)
    scores *= trajs.mask[:, :, None]
    return mdp, policy, theta, gamma, trajs, np.exp(log_prob(mdp, policy, theta, trajs)), scores


@pytest.mark.parametrize("seed", range(200))
def test_the_theorem_is_the_blogs_vector(notebook, seed):
    mdp, policy, theta, gamma, trajs, rho, scores = listed(seed)
    by_list = np.einsum("i,itd,i->d", rho, scores, trajs.returns(gamma))
    by_theorem = notebook["theorem"](mdp, policy, theta, gamma)
    numerical = exact.finite_difference(lambda x: exact.expected_return(mdp, policy, x, gamma), theta)
    assert abs(by_theorem - by_list).max() < 1e-10
    assert abs(by_theorem - exact.policy_gradient(mdp, policy, theta, gamma)).max() < 1e-10
    assert relative_error(by_theorem, numerical) < 1e-7


@pytest.mark.parametrize("seed", range(200))
def test_each_unrolling_is_an_equality(notebook, seed):
    mdp, policy, theta, gamma, trajs, rho, scores = listed(seed)
    by_list = np.einsum("i,itd,i->d", rho, scores, trajs.returns(gamma))
    pi, slopes = notebook["policy_slopes"](policy, theta, mdp.n_states, mdp.n_actions)
    V, Q = notebook["values"](mdp, pi, gamma)
    g = np.einsum("sad,tsa->tsd", slopes, Q)
    d, grad_V = notebook["visits"](mdp, pi), notebook["value_gradients"](mdp, pi, g, gamma)
    for n in range(mdp.horizon + 1):
        partial, left = notebook["unrolled"](d, g, grad_V, n, gamma)
        assert abs(partial + left - by_list).max() < 1e-10
    assert np.all(left == 0)
    assert abs(mdp.p1 @ V[0] - rho @ trajs.returns(gamma)) < 1e-10


@pytest.mark.parametrize("seed", range(200))
def test_with_the_rewards_alone_the_visits_make_up_for_the_future(notebook, seed):
    """Σ d ∇π r + Σ ∇d π r is ∇η; with Q in the place of r the second term would be counted twice."""
    mdp, policy, theta, gamma, trajs, rho, scores = listed(seed)
    by_list = np.einsum("i,itd,i->d", rho, scores, trajs.returns(gamma))
    pi, slopes = notebook["policy_slopes"](policy, theta, mdp.n_states, mdp.n_actions)
    discount = gamma ** np.arange(mdp.horizon)
    d, grad_d = notebook["visits"](mdp, pi)[:-1], notebook["visit_gradients"](mdp, pi, slopes)
    this_reward = np.einsum("t,ts,sad,sa->d", discount, d, slopes, mdp.r)
    other_visits = np.einsum("t,tsd,sa,sa->d", discount, grad_d, pi, mdp.r)
    assert abs(this_reward + other_visits - by_list).max() < 1e-10
    Q = notebook["values"](mdp, pi, gamma)[1]
    future = np.einsum("t,ts,sad,tsa->d", discount, d, slopes, Q - mdp.r)
    assert abs(future - other_visits).max() < 1e-10


@pytest.mark.parametrize("seed", range(0, 200, 5))
def test_reward_to_go_is_a_sample_of_q(notebook, seed):
    mdp, policy, theta, gamma, trajs, rho, _ = listed(seed)
    pi, _ = notebook["policy_slopes"](policy, theta, mdp.n_states, mdp.n_actions)
    Q, to_go = notebook["values"](mdp, pi, gamma)[1], trajs.rewards_to_go(gamma)
    for t, s, a in np.ndindex(Q.shape):
        weight = rho * (trajs.mask[:, t] & (trajs.states[:, t] == s) & (trajs.actions[:, t] == a))
        if weight.sum() > 0:
            assert abs(weight @ to_go[:, t] / weight.sum() - Q[t, s, a]) < 1e-10
