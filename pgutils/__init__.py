"""pgutils: the small helper package of the series.

Read the modules from the ground up: ``mdp``, ``envs``, ``policies``, ``trajectories``, ``exact``,
``estimators``, ``reinforce``, ``plots``.  Each imports only from those before it.

Letters of every shape: m trajectories, T steps, S states, k actions, d parameters, N rows of any kind.
"""

from pgutils import envs as _envs

_envs.register()
