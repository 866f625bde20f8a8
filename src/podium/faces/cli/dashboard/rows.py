"""A list whose rows keep their place: what is new is taken in without moving the cursor or the reader."""

from typing import Any, ClassVar, Final, NamedTuple

from rich.text import Text
from textual.widgets import DataTable

from podium.faces.cli.index import entries
from podium.faces.cli.markup import CELL, EMPTY, text
from podium.tables import beside

TOLD: Final[dict[str, Any]] = beside(__file__, "dashboard.toml")


class Subject(NamedTuple):
    """What a row is about, and which operations say more; a template gives these four words in the row's first cell."""

    kind: str
    id: str
    asks: str
    """Operations with a `+` between them."""
    about: str

    @property
    def acts(self) -> dict[str, str]:
        """Which operation a key calls."""
        return TOLD["kinds"][self.kind].get("acts", {})

    @property
    def template(self) -> str:
        """What shows the answers."""
        return TOLD["kinds"][self.kind].get("page", self.asks)


def call(operation: str, about: str) -> dict[str, Any]:
    """An operation's input that names what it is about."""
    field = entries()[operation].parameters[0]
    return {field.name: int(about) if field.kind == "int" else about}


class Rows(DataTable[Text]):
    """The rows of a page, as a template in the notation of `markup` has them; the first line is the head."""

    BINDINGS: ClassVar = [("j", "cursor_down", ""), ("k", "cursor_up", "")]

    def __init__(self) -> None:
        super().__init__(cursor_type="row")
        self._head: list[str] = []

    @property
    def subject(self) -> Subject | None:
        """What the row under the cursor is about."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or ""
        return Subject(*key.split(" "))

    def take(self, page: str) -> None:
        """Show these rows, or with an empty page none; the cursor stays on its row while there is one."""
        head, *lines = [line.split(CELL) for line in page.replace(EMPTY, "").split("\n") if line] or [[""]]
        if head != self._head:
            self.clear(columns=True)
            self._head = head
            for name in head[1:]:
                self.add_column(self._cell(name, name.rstrip(">")), key=name)
        names = head[1:]
        wanted = {key: [self._cell(*told) for told in zip(names, cells, strict=True)] for key, *cells in lines}
        if list(wanted) == [key.value for key in self.rows]:
            for key, cells in wanted.items():
                for name, cell in zip(names, cells, strict=True):
                    if self.get_cell(key, name) != cell:
                        self.update_cell(key, name, cell, update_width=True)
            return
        before, place, top = self.subject, self.cursor_row, self.scroll_y
        self.clear()
        for key, cells in wanted.items():
            self.add_row(*cells, key=key)
        kept = " ".join(before) if before else ""
        self.move_cursor(row=list(wanted).index(kept) if kept in wanted else min(place, len(wanted) - 1), scroll=False)
        self.scroll_to(y=top, animate=False)

    @staticmethod
    def _cell(name: str, cell: str) -> Text:
        made = text(cell)
        made.justify = "right" if name.endswith(">") else "left"
        return made
