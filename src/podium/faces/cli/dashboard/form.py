"""What is asked before an operation is called: its fields, what it would touch, and the same call as a command line."""

import json
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from podium.domain.errors import PodiumError, Unavailable
from podium.faces.cli.confirmation import told
from podium.faces.cli.index import Entry, Parameter

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
PLAIN: Final = frozenset({"reason", "notes", "title", "brief", "feature", "features", "instance"})
"""What is asked for beside what is required."""


class Find(ModalScreen[str]):
    """Asks for words. Escape leaves all as it is."""

    BINDINGS: ClassVar = [("escape", "dismiss", "leave it")]

    def compose(self) -> ComposeResult:
        """One line."""
        yield Input(id="find", placeholder="find in the log")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter looks for them."""
        self.dismiss(event.value)


class Form(ModalScreen[str]):
    """Asks for an operation's fields; what was done is its result. Escape leaves all as it is."""

    BINDINGS: ClassVar = [("escape", "dismiss", "leave it")]

    def __init__(self, entry: Entry, given: Mapping[str, Any], ask: Ask) -> None:
        super().__init__()
        self._entry = entry
        self._given = dict(given)
        self._ask = ask
        self._fields = [p for p in entry.parameters if p.name not in given and (p.required or p.name in PLAIN)]

    def compose(self) -> ComposeResult:
        """Fields, then the button."""
        with VerticalScroll(id="form"):
            yield Label(self._entry.name, id="title")
            yield Static(self._entry.summary, classes="quiet")
            yield Static(id="touched")
            for field in self._fields:
                yield Label(field.name + (" (needed)" if field.required else ""))
                yield Input(id=f"field-{field.name}", placeholder=field.help, compact=True)
            yield Static(id="typed", classes="quiet")
            yield Static(id="said")
            yield Button(self._entry.name, variant="error" if self._entry.safety == "destructive" else "primary")

    async def on_mount(self) -> None:
        """Say what it would touch."""
        self.on_input_changed()
        self.query("Input, Button").first().focus()
        if self._entry.safety == "destructive":
            try:
                asked = {"operation": self._entry.name, "asked": json.dumps(self._given)}
                found = await self._ask("preview", asked)
                self._say("touched", f"! {found['verb']} {told(found['counts'].items())}." if found["counts"] else "")
            except Unavailable as error:
                self._say("said", f"! {error}")
            except PodiumError:  # something is still to be filled in
                return

    def _filled(self) -> dict[str, Any]:
        typed = [(field, self.query_one(f"#field-{field.name}", Input).value.strip()) for field in self._fields]
        return self._given | {field.name: value(field, words) for field, words in typed if words}

    def _words(self) -> Iterator[str]:
        filled = self._filled()
        for name, flags, *_ in self._entry.parameters:
            given = filled.get(name, [])
            for one in cast("list[object]", given) if isinstance(given, list) else [given]:
                yield from (*flags[:1], shlex.quote(str(one)))

    def _say(self, where: str, words: str) -> None:
        self.query_one(f"#{where}", Static).update(Text(words))

    def on_input_changed(self) -> None:
        """Show the same call on the command line."""
        try:
            self._say("typed", " ".join(["podium", self._entry.name, *self._words()]))
        except ValueError as error:
            self._say("typed", str(error))

    def on_input_submitted(self) -> None:
        """Enter goes on to the next field, and to the button at last."""
        self.focus_next()

    async def on_button_pressed(self) -> None:
        """Do it; what is wrong stays on the form."""
        try:
            await self._ask(self._entry.name, self._filled())
        except (PodiumError, ValueError) as error:
            self._say("said", f"! {error}")
        else:
            self.dismiss(self._entry.name)


def value(field: Parameter, words: str) -> Any:
    """What was typed, as the operation takes it; raises `ValueError`."""
    kinds: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "many": lambda text: [text]}
    return kinds.get(field.kind, str)(words)
