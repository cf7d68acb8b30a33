"""The variables through which the harness speaks to the programs that it starts."""

from __future__ import annotations

PAD = "HARNESS_PAD"
"""Padding of another length in each block, so that no run owes its answer to one memory layout."""
PHASES = "HARNESS_PHASES"
"""The file that a target's markers append their phases to; absent where no phases are asked for."""
METRICS = "HARNESS_METRICS"
"""The file that a target may write its own figures to, where some are declared."""
STEADY = "HARNESS_STEADY"
"""`READ,WRITE`: the pipes between the launcher and a steady driver. The launchers set it."""
STEP = "HARNESS_STEP"
"""What an agent is asked for: `think`, `implement` or `reflect`."""
AGENT_FOLDER = "HARNESS_AGENT_FOLDER"
"""The folder that an agent reads from and writes to."""
