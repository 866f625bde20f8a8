"""Credentials: tokens for programs and people, and whose call it is that carries one, through whichever face (SEC-1).

Tokens are made, listed and revoked, never for an agent: no MCP server carries these operations.
"""

import secrets
from typing import Any, Literal

from podium import credential
from podium.credential import attempt_of_token, token_hash, token_id, token_text
from podium.domain.access import OPERATOR, Principal, Scope
from podium.domain.command import IssueToken, RevokeToken
from podium.domain.errors import Unauthorized
from podium.operations.attempts import at_work
from podium.operations.context import Context
from podium.operations.operation import Change, Nothing, Output, argument, of_store, operation, option, question
from podium.refusals import refusal
from podium.store.rows import Rows

DAY_SECONDS = 86_400.0


class TokenCreateInput(Change):
    """What the token is for."""

    scope: Literal["read", "operate", "admin", "webhook"] = "read"
    """What it opens."""
    name: str = option("", max_length=100)
    """What it is for, to tell it from others."""
    days: float | None = option(None, gt=0, le=3650)
    """How long it lives; for ever by default."""


class TokenCreateOutput(Output):
    """The token, which is shown this once."""

    id: str
    token: str
    scope: str
    name: str
    expires_at: float | None


class TokenRow(Output):
    """What is kept of a token."""

    id: str
    name: str
    scope: str
    created_at: float
    expires_at: float | None
    revoked_at: float | None


class TokenListOutput(Output):
    """Tokens, the newest first."""

    tokens: list[TokenRow]


class TokenRevokeInput(Change):
    """Which token."""

    id: str = argument(max_length=8)
    """The token's id, as `podium token list` shows it."""


class TokenRevokeOutput(Output):
    """What was revoked."""

    id: str


@operation("token create")
async def token_create(context: Context, asked: TokenCreateInput) -> TokenCreateOutput:
    """Make a token and show it this once; it is used as `Authorization: Bearer ...` everywhere."""
    id_ = secrets.token_hex(4)
    text = token_text(id_, secrets.token_urlsafe(32))
    expires = context.clock.wall() + asked.days * DAY_SECONDS if asked.days is not None else None
    await context.submit(IssueToken(id_, asked.name, asked.scope, token_hash(text), context.principal.name, expires))
    return TokenCreateOutput(id=id_, token=text, scope=asked.scope, name=asked.name, expires_at=expires)


@question("token list")
def token_list(rows: Rows, context: Context, asked: Nothing) -> TokenListOutput:
    """List tokens; what they open, and whether they still do."""
    return TokenListOutput(tokens=[TokenRow.of((*row[:3], *row[4:])) for row in rows.all("tokens_all")])  # no hash


def _one_token(rows: Rows, context: Context, asked: TokenRevokeInput) -> dict[str, int]:
    row = rows.one("token_by_id", (asked.id,))
    return {"token": int(row is not None and row[6] is None)}


@operation("token revoke", of_store(_one_token))
async def token_revoke(context: Context, asked: TokenRevokeInput) -> TokenRevokeOutput:
    """Revoke a token at once."""
    await context.submit(RevokeToken(asked.id, context.principal.name))
    return TokenRevokeOutput(id=asked.id)


async def caller(context: Context, home_credential: str, presented: str) -> Principal:
    """Who presents this credential: the home's own user, an attempt whose lease is live, or a token's bearer.

    Raises `Unauthorized` for anything else.
    """
    if not presented:
        raise Unauthorized(refusal("no credential"))
    if secrets.compare_digest(presented.encode(), home_credential.encode()):
        return OPERATOR
    attempt = attempt_of_token(credential.key(home_credential, "attempt"), presented)
    if attempt is None:
        return await _bearer(context, presented)
    job = await context.store.read(lambda rows: at_work(rows, attempt))
    if job is None:
        raise Unauthorized(f"The attempt {attempt} has ended, and its credential with it.")
    return Principal(job.instance, Scope.ATTEMPT, attempt)


async def _bearer(context: Context, token: str) -> Principal:
    """Who bears a token; raises `Unauthorized` for one that is unknown, expired or revoked, all in the same words."""
    row: Any = await context.store.read(lambda rows: rows.one("token_by_id", (token_id(token) or "",)))
    now, digest = context.clock.wall(), token_hash(token)
    if row is None or row[6] is not None or now > (row[5] or now) or not secrets.compare_digest(row[3], digest):
        raise Unauthorized(refusal("bad token"))
    return Principal(f"token {row[0]} ({row[1]})" if row[1] else f"token {row[0]}", Scope(row[2]))
