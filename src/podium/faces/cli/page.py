"""The terminal, file or pipe that a page is printed on, which its reader may close at any time."""

from rich.console import Console

from podium.faces.cli import outlet


class Page(Console):
    """A console that hands a closed pipe to its caller, or goes on in silence when there is more to do than to tell."""

    def __init__(self, *, silent_when_closed: bool = False) -> None:
        super().__init__(highlight=False)
        self._silent_when_closed = silent_when_closed

    def on_broken_pipe(self) -> None:
        """Rich would end the process here."""
        if not self._silent_when_closed:
            raise BrokenPipeError
        self.quiet = True
        outlet.drop_output()
