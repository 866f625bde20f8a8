"""All operations: importing this module registers every one of them."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from podium import operations
from podium.domain.access import Principal
from podium.domain.errors import NotFound
from podium.operations.context import Context
from podium.operations.invoke import invoke
from podium.operations.operation import REGISTRY, Operation, understood

for _found in pkgutil.iter_modules(operations.__path__):
    import_module(f"{operations.__name__}.{_found.name}")


def operation_named(name: str) -> Operation:
    """The operation of that name; raises `NotFound`."""
    try:
        return REGISTRY[name]
    except KeyError:
        raise NotFound(f"There is no operation {name!r}. Known: {', '.join(sorted(REGISTRY))}.") from None


async def answered(name: str, context: Context, asked: Mapping[str, Any] | bytes, principal: Principal) -> Any:
    """An operation's answer to fields or to JSON, as every face asks for it; raises `PodiumError`."""
    operation = operation_named(name)
    return await invoke(operation, context, understood(operation, asked), principal)
