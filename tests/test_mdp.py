"""mdp: what TabularMDP reads from Gymnasium, and what it refuses."""

from dataclasses import FrozenInstanceError, replace

import gymnasium as gym
import numpy as np
import pytest
from random_mdps import fork, random_mdp, table_env

from pgutils.mdp import TabularMDP

HOLES_AND_GOAL = [i for i, letter in enumerate("SFFF" "FHFH" "FFFH" "HFFG") if letter in "HG"]


def test_fork():
    mdp, _, _ = fork(wind=0.3)
    walk, climb = 0, 1
    P = np.zeros((3, 2, 3))
    P[0, walk, 2] = P[1, :, 2] = P[2, :, 2] = 1
    P[0, climb] = [0.3, 0.7, 0]
    assert np.array_equal(mdp.P, P)
    assert np.array_equal(mdp.r, [[1, 0], [-5, 5], [0, 0]])
    assert np.array_equal(mdp.p1, [1, 0, 0]) and np.array_equal(mdp.terminal, [False, False, True])
    assert (mdp.horizon, mdp.n_states, mdp.n_actions) == (3, 3, 2)
    assert mdp.state_names == ("fork", "ledge", "end") and mdp.action_names == ("walk", "climb")


@pytest.mark.parametrize(("name", "options", "horizon", "terminal"), [
    ("FrozenLake-v1", {"map_name": "4x4"}, 100, HOLES_AND_GOAL),
    ("FrozenLake-v1", {"map_name": "8x8"}, 100, [19, 29, 35, 41, 42, 46, 49, 52, 54, 59, 63]),
    ("FrozenLake-v1", {"is_slippery": False}, 100, HOLES_AND_GOAL),
    ("CliffWalking-v1", {}, None, [47]),
    ("CliffWalking-v1", {"is_slippery": True}, None, [47]),
    ("Taxi-v4", {}, 200, [0, 85, 410, 475]),
    ("pgutils/ShortCorridor-v0", {}, None, [3]),
])
def test_from_gymnasium(name, options, horizon, terminal):
    """Every row of the table, one move at a time; in terminal states nothing can be done."""
    env = gym.make(name, **options)
    mdp = TabularMDP.from_gymnasium(env)
    assert mdp.horizon == horizon
    assert np.flatnonzero(mdp.terminal).tolist() == terminal
    assert np.array_equal(mdp.p1, env.unwrapped.initial_state_distrib)
    P, r = np.zeros_like(mdp.P), np.zeros_like(mdp.r)
    for s, a in np.ndindex(r.shape):
        for p, s_next, reward, _ in [(1.0, s, 0.0, True)] if s in terminal else env.unwrapped.P[s][a]:
            P[s, a, s_next] += p
            r[s, a] += p * reward
    assert np.abs(mdp.P - P).max() < 1e-12 and np.abs(mdp.r - r).max() < 1e-12


def test_horizon_of_from_gymnasium():
    env = gym.make("FrozenLake-v1")
    assert TabularMDP.from_gymnasium(env, horizon=7).horizon == 7
    assert TabularMDP.from_gymnasium(gym.make("FrozenLake-v1", max_episode_steps=5)).horizon == 5
    assert TabularMDP.from_gymnasium(gym.make("FrozenLake-v1", max_episode_steps=-1)).horizon is None


def test_arrays_are_copied_and_cannot_be_written():
    P = np.array(fork()[0].P)
    mdp = replace(fork()[0], P=P)
    P[0, 0] = 7
    assert mdp.P.sum() == 6
    for x in (mdp.P, mdp.r, mdp.p1, mdp.terminal):
        with pytest.raises(ValueError, match="read-only"):
            x[0] = 1
    with pytest.raises(FrozenInstanceError):
        mdp.r = np.zeros((3, 2))


def test_lists_are_converted_and_names_are_numbers():
    mdp = TabularMDP([[[0, 1]], [[0, 1]]], [[2], [0]], [1, 0], [False, True])
    assert mdp.P.dtype == float and mdp.horizon is None
    assert mdp.state_names == ("0", "1") and mdp.action_names == ("0",)


FORK = fork()[0]


def changed(name, place, value):
    x = np.array(getattr(FORK, name))
    x[place] = value
    return lambda: replace(FORK, **{name: x})


END = [(1.0, 1, 0.0, True)]


def read(*rows):
    """A table with one action, which starts in state 0."""
    return TabularMDP.from_gymnasium(table_env({s: {0: row} for s, row in enumerate(rows)}, np.eye(len(rows))[0]))


BAD = {
    "row of 0.9": (changed("P", (0, 1, 1), 0.7), r"s=fork, a=climb.*P\[0, 1\].*sums to 0\.9, not to 1"),
    "row of 1.2": (changed("P", (1, 0, 0), 0.2), r"s=ledge, a=walk.*P\[1, 0\].*sums to 1\.2, not to 1"),
    "row of zeros": (changed("P", (1, 1), 0), r"s=ledge, a=climb.*sums to 0, not to 1"),
    "row barely off": (changed("P", (1, 1, 2), 1 + 1e-6), r"s=ledge, a=climb.*sums to 1\.000001, not to 1"),
    "negative row": (changed("P", (0, 0), [-0.5, 0.5, 1]), r"s=fork, a=walk.*negative probability"),
    "NaN row": (changed("P", (0, 1, 0), np.nan), r"s=fork, a=climb.*must be finite"),
    "P flat": (lambda: replace(FORK, P=np.eye(3)), r"P must have shape \(S, k, S\), got \(3, 3\)"),
    "P not square": (lambda: replace(FORK, P=np.ones((3, 2, 2))), r"P must have shape \(S, k, S\), got \(3, 2, 2\)"),
    "P empty": (lambda: replace(FORK, P=np.ones((3, 0, 3))), r"P must have shape \(S, k, S\), got \(3, 0, 3\)"),
    "P words": (lambda: TabularMDP([[["a"]]], [[0]], [1], [False]), "P must be numbers of shape"),
    "r NaN": (changed("r", (1, 0), np.nan), r"r must be finite, but r\[1, 0\] is nan"),
    "r inf": (changed("r", (0, 1), np.inf), r"r must be finite, but r\[0, 1\] is inf"),
    "r of states": (lambda: replace(FORK, r=np.ones((3, 1))), r"r must have shape \(3, 2\), got \(3, 1\)"),
    "r of s, a, s'": (lambda: replace(FORK, r=np.ones((3, 2, 3))), r"r must have shape \(3, 2\), got \(3, 2, 3\)"),
    "p1 of 0.5": (lambda: replace(FORK, p1=[0.5, 0, 0]), r"p1 sums to 0\.5, not to 1"),
    "p1 negative": (lambda: replace(FORK, p1=[1.5, -0.5, 0]), "p1 has a negative probability"),
    "p1 NaN": (lambda: replace(FORK, p1=[np.nan, 1, 0]), r"p1\[0\] is nan"),
    "p1 too short": (lambda: replace(FORK, p1=[1, 0]), r"p1 must have shape \(3,\), got \(2,\)"),
    "p1 a column": (lambda: replace(FORK, p1=[[1], [0], [0]]), r"p1 must have shape \(3,\), got \(3, 1\)"),
    "p1 at the end": (lambda: replace(FORK, p1=[0.5, 0, 0.5]), "p1 must be 0 in terminal states"),
    "terminal numbers": (lambda: replace(FORK, terminal=[0, 0, 1]), "terminal must be 3 booleans"),
    "terminal too short": (lambda: replace(FORK, terminal=[False, True]), "terminal must be 3 booleans"),
    "terminal that can be left": (lambda: replace(FORK, terminal=[False, True, True]),
                                  "terminal state ledge must lead to itself with probability 1 and pay 0"),
    "terminal that pays": (changed("r", (2, 0), 1), "terminal state end must lead to itself.* and pay 0"),
    "T = 0": (lambda: replace(FORK, horizon=0), "horizon must be at least 1, got 0"),
    "T = -1": (lambda: replace(FORK, horizon=-1), "horizon must be at least 1, got -1"),
    "T = 3.0": (lambda: replace(FORK, horizon=3.0), "horizon must be a whole number, got 3.0"),
    "T = inf": (lambda: replace(FORK, horizon=np.inf), "horizon must be a whole number, got inf"),
    "T = True": (lambda: replace(FORK, horizon=True), "horizon must be a whole number, got True"),
    "two state names": (lambda: replace(FORK, state_names=("a", "b")), "state_names must be 3 strings"),
    "numbers as names": (lambda: replace(FORK, action_names=(1, 2)), "action_names must be 2 strings"),
    "no table": (lambda: TabularMDP.from_gymnasium(gym.make("CartPole-v1")),
                 "CartPole.* has no table of probabilities"),
    "no env": (lambda: TabularMDP.from_gymnasium("FrozenLake-v1"), "FrozenLake-v1 has no table of probabilities"),
    "table, T = 0": (lambda: TabularMDP.from_gymnasium(gym.make("FrozenLake-v1"), horizon=0),
                     "horizon must be at least 1"),
    "table off": (lambda: read([(0.9, 1, 0.0, True)], END), "s=0, a=0.*sums to 0.9, not to 1"),
    "table with NaN": (lambda: read([(1.0, 1, np.nan, True)], END), r"r\[0, 0\] is nan"),
    "sometimes an end": (lambda: read([(0.5, 1, 0.0, True), (0.5, 1, 0.0, False)], [(1.0, 0, 0.0, False)]),
                         "state 1 of .* ends the episode on some ways in"),
    "sometimes an end, seen late": (
        lambda: read([(0.5, 1, 0.0, False), (0.5, 2, 0.0, True)], [(1.0, 2, 0.0, False)], [(1.0, 0, 0.0, False)]),
        "state 2 of .* ends the episode on some ways in"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_rows_that_are_never_used_may_disagree():
    """Taxi has such: from a state that no episode visits, a way into a terminal state that does not end there."""
    assert read(END, END, [(1.0, 1, 0.0, False)]).terminal.tolist() == [False, True, False]


def test_random_mdps_differ_in_every_respect():
    """The tests stand on these: some without an end, some with two, some rows sparse."""
    mdps = [random_mdp(seed) for seed in range(200)]
    assert {int(m.terminal.sum()) for m in mdps} == {0, 1, 2} and {m.n_actions for m in mdps} == {2, 3}
    assert sum(bool((m.P[~m.terminal] == 0).any()) for m in mdps) > 100
    assert sum((m.p1 > 0).sum() > 1 for m in mdps) > 100
