"""Laws of credentials: what is kept of a token, and the record of who asked for what."""

from podium.domain.command import Audit, IssueToken, RevokeToken
from podium.domain.errors import Conflict
from podium.store.batch import Batch


def issue(batch: Batch, command: IssueToken) -> None:
    """Keep a token's digest, never the token."""
    row = (command.id, command.name, command.scope, command.digest, batch.wall, command.expires_wall)
    batch.writes["token_insert"].append(row)
    batch.emit("token.created", "", token=command.id, name=command.name, scope=command.scope, by=command.by)


def revoke(batch: Batch, command: RevokeToken) -> None:
    """From this commit on the token opens nothing."""
    row = batch.found("token_by_id", command.id, "token", "`podium token list` shows them.")
    if row[-1] is not None:
        raise Conflict(f"Token {command.id} is revoked already.")
    batch.writes["token_revoke"].append((batch.wall, command.id))
    batch.emit("token.revoked", "", token=command.id, by=command.by)


def audit(batch: Batch, command: Audit) -> None:
    """Put a call on record: who, what, why."""
    told = {"operation": command.operation, "by": command.by, "given": dict(command.given), "outcome": command.outcome}
    batch.emit("operation.called", "", **told, **({"attempt": command.attempt} if command.attempt else {}))
