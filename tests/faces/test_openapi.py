"""Whatever the description of the API allows, and much that it forbids, asked of a live Podium by seed (API-1)."""

from collections.abc import Iterator
from typing import Any, Final, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from podium.faces.rest.routes import carried, in_path, path_of
from podium.operations.operation import Operation
from tests.faces.rest_home import RestHome, served

EXAMPLES_MAX: Final = 25
"""Of each route and each mode: the whole of it in less than a minute."""
SEED: Final = 20_251
CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


def route_of(operation: Operation) -> str:
    """As the description names it."""
    method = "GET" if operation.safety == "read" else "POST"
    return f"{method} {path_of(operation).replace(':path}', '}')}"


def can_be_wrong(operation: Operation) -> bool:
    """Whether there is anything to say that the description forbids; any text may stand in a path."""
    fields = operation.input.model_fields
    texts = {name for name in in_path(operation) if fields[name].annotation is str}
    return operation.safety != "read" or bool(fields.keys() - texts)


ROUTES: Final = ["GET /healthz", "GET /readyz", *map(route_of, carried())]
ASKED: Final = [(GenerationMode.POSITIVE, route) for route in ROUTES] + [
    (GenerationMode.NEGATIVE, route_of(operation)) for operation in carried() if can_be_wrong(operation)
]


SHORT: Final = {"hours": 0.1, "per_hour": 1.0, "burst": 1, "features": 1}
"""A simulation that takes no longer than a client waits."""


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestHome]:
    with served(tmp_path_factory.mktemp("openapi")) as home:
        yield home


@pytest.fixture(scope="module")
def described(rest: RestHome) -> dict[str, Any]:
    document = rest.ask("GET", "/openapi.json").json()
    del document["components"]["securitySchemes"]  # which credential opens what: test_rest
    for methods in document["paths"].values():
        for said in methods.values():
            del said["security"]
    schema: Any = schemathesis.openapi.from_dict(document)
    schema.validate()
    return {found.label: found for found in (result.ok() for result in schema.get_all_operations())}


def test_every_route_is_described(described: dict[str, Any]) -> None:
    assert sorted(described) == sorted(ROUTES)


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize(("mode", "route"), ASKED, ids=lambda value: getattr(value, "value", value))
def test_an_answer_is_as_described_and_never_a_defect(
    rest: RestHome, described: dict[str, Any], route: str, mode: GenerationMode
) -> None:
    operation, known = described[route], cast("Any", schemathesis).checks.CHECKS
    checks = known.get_by_names(list(CHECKED))
    headers = {"Authorization": f"Bearer {rest.bearers['home']}"}

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if route == "POST /v1/submit" and isinstance(case.body, dict) and mode is GenerationMode.POSITIVE:
            case.body["not_before"] = "1d"  # nothing that chance has written is begun
        if route == "GET /v1/simulate" and mode is GenerationMode.POSITIVE:
            case.query = {**(case.query or {}), **SHORT}
        answer = case.call(base_url=rest.url, headers=headers)
        case.validate_response(answer, checks=checks)

    ask()
