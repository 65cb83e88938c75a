"""One function for each widget of the series; each returns a ``LiveFigure`` and has a file of its own."""

from pgutils.explorers.baseline import explore_baseline
from pgutils.explorers.cartpole import explore_cartpole
from pgutils.explorers.corridor import explore_corridor
from pgutils.explorers.dynamics import explore_dynamics
from pgutils.explorers.estimator import explore_estimator
from pgutils.explorers.expected_return import explore_return
from pgutils.explorers.landscape import explore_landscape
from pgutils.explorers.log_derivative import explore_log_derivative
from pgutils.explorers.policy import explore_policy
from pgutils.explorers.reinforce import explore_reinforce
from pgutils.explorers.theorem import explore_theorem
from pgutils.explorers.trajectory import explore_trajectory
from pgutils.explorers.zoo import explore_zoo

ALL = (explore_policy, explore_trajectory, explore_return, explore_corridor, explore_landscape,
       explore_log_derivative, explore_dynamics, explore_estimator, explore_reinforce, explore_baseline,
       explore_cartpole, explore_theorem, explore_zoo)
"""Every explorer, in the order of the notebooks."""
