"""`python -m podium.simulation`: scenarios as JSON in, what comes of them as JSON out; a process with own bounds."""

import os
import resource
import sys
from typing import Final

from pydantic import TypeAdapter

from podium.simulation.play import play
from podium.simulation.scenario import Scenario, SimulatedRun

CPU_SECONDS_MAX: Final = 60
MEMORY_BYTES_MAX: Final = 2 << 30

os.nice(5)  # agents at work come first
resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
asked = TypeAdapter(list[Scenario]).validate_json(sys.stdin.buffer.read())
sys.stdout.buffer.write(TypeAdapter(list[SimulatedRun]).dump_json(list(map(play, asked))))
