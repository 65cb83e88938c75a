"""pgutils: the small helper package of the series.

Read the modules from the ground up: ``mdp``, ``envs``, ``policies``, ``trajectories``, ``exact``,
``estimators``, ``reinforce``, ``plots``, ``live``, ``explorers``.  Each imports only from those before it.
``quiz`` and ``exercises`` ask the reader; no other module needs them.

Letters of every shape: m trajectories, T steps, S states, k actions, d parameters, N rows of any kind.
"""

from pgutils import envs as _envs

_envs.register()
