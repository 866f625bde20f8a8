"""What a step is given to act with: the clone, the messages to Podium, and the troubles to rehearse."""

import time
from dataclasses import dataclass

from podium.agents.rehearsal.clone import Clone
from podium.agents.rehearsal.protocol import Messages
from podium.agents.rehearsal.troubles import Troubles


@dataclass(slots=True)
class Stage:
    """The effects a step may have; progress is also where a rehearsal takes its time."""

    clone: Clone
    messages: Messages
    troubles: Troubles
    _reached: float = 0.0

    def progress(self, fraction: float, text: str) -> None:
        """Tell progress, at the pace that the document asks for."""
        time.sleep(self.troubles.seconds * max(fraction - self._reached, 0.0))
        self._reached = fraction
        self.messages.progress(fraction, text)

    def write(self, path: str, text: str) -> bool:
        """Write a file, and say so in the log when somebody else's file was left alone."""
        written = self.clone.write(path, text)
        if not written:
            self.messages.log(f"{path} is not of a rehearsal's making, so it stays as it is.", "warning")
        return written
