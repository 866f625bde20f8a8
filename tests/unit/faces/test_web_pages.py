import asyncio
import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from podium.domain.access import OPERATOR
from podium.faces.web.routes import Dashboard
from tests.unit.operations.desktop import Desktop


def drawn(desktop: Desktop, path: str) -> str:
    """A screen's page as its reader gets it, on one line."""
    routes = {route.path: route for route in Dashboard(desktop.context).routes() if isinstance(route, Route)}
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    answer = asyncio.run(routes[path].endpoint(Request({**scope, "path_params": {}, "state": {"principal": OPERATOR}})))
    assert answer.status_code == 200
    return " ".join(bytes(answer.body).decode().split())


def etas(page: str) -> list[str]:
    return re.findall(r"ETA <b>([^<]*)</b>", page)


def test_nothing_that_waits_has_no_eta_and_what_waits_has_one(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    desktop.desk.muster()
    assert etas(drawn(desktop, "/")) == ["–", "–", "–"]
    desktop.desk.submit("p")
    genesis, *others = etas(drawn(desktop, "/"))
    assert genesis != "–"
    assert others == ["–", "–"]
    desktop.clock.close()
    desktop.desk.store.close()
