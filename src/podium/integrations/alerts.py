"""Alerts of a Prometheus Alertmanager, as it posts them: each that fires asks for one more instance (GIT-2)."""

from collections.abc import Mapping
from typing import Any, Final

from podium.integrations.github.deliveries import Asked, at, text

ALERTS_MAX: Final = 100
"""Of one notification; the rest comes with its repetition."""


def read(payload: Mapping[str, Any]) -> dict[str, Asked]:
    """What a notification asks for, under keys that are the same however often Alertmanager repeats it.

    The label `podium_workflow` says which workflow is short of hands; development where there is none.
    """
    found: dict[str, Asked] = {}
    alerts: list[Any] = at(payload, "alerts.*") or []
    for alert in alerts[:ALERTS_MAX]:
        name, status = text(alert, "labels.alertname") or "an alert", text(alert, "status")
        facts = {"title": text(alert, "labels.podium_workflow"), "text": text(alert, "annotations.summary") or name}
        key = ":".join(("alertmanager", text(alert, "fingerprint") or name, text(alert, "startsAt"), status))[:300]
        effect = "scale" if status == "firing" else "ignored"
        found[key] = Asked(effect, f"{name} is {status[:20]}", sender="alertmanager", facts=facts)
    return found
