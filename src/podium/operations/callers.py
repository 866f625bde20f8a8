"""Whose call it is: from a credential's text to a principal, through whichever face it comes (SEC-1)."""

import secrets

from podium import credential
from podium.credential import attempt_of_token
from podium.domain.access import OPERATOR, Principal, Scope
from podium.domain.errors import Unauthorized
from podium.operations.attempts import at_work
from podium.operations.context import Context
from podium.operations.tokens import principal_of


async def caller(context: Context, home_credential: str, presented: str) -> Principal:
    """Who presents this credential: the home's own user, an attempt whose lease is live, or a token's bearer.

    Raises `Unauthorized` for anything else.
    """
    if not presented:
        raise Unauthorized(
            "This call carries no credential. Programs send `Authorization: Bearer TOKEN` (`podium token create` "
            "makes one); for a browser `podium open` makes a link."
        )
    if secrets.compare_digest(presented.encode(), home_credential.encode()):
        return OPERATOR
    attempt = attempt_of_token(credential.key(home_credential, "attempt"), presented)
    if attempt is None:
        return await principal_of(context, presented)
    job = await context.store.read(lambda rows: at_work(rows, attempt))
    if job is None:
        raise Unauthorized(f"The attempt {attempt} has ended, and its credential with it.")
    return Principal(job.instance, Scope.ATTEMPT, attempt)
