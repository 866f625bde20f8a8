"""Whose call it is: from a credential's text to a principal, through whichever face it comes (SEC-1)."""

import re
import secrets
from typing import Final

from podium import credential
from podium.domain.access import OPERATOR, Principal, Scope, attempt_of_token
from podium.domain.errors import Unauthorized
from podium.domain.job import Job
from podium.operations.context import Context
from podium.operations.tokens import principal_of
from podium.store.rows import Rows

_ATTEMPT: Final = re.compile(r"(?P<project>.{1,100})/(?P<job>[0-9]{1,18})\.a(?P<number>[0-9]{1,9})", re.ASCII)


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
    if not await context.store.read(lambda rows: _is_live(rows, attempt)):
        raise Unauthorized(f"The attempt {attempt} has ended, and its credential with it.")
    return Principal(f"attempt {attempt}", Scope.ATTEMPT, attempt)


def _is_live(rows: Rows, attempt: str) -> bool:
    """Whether the attempt holds its job's lease now."""
    told = _ATTEMPT.fullmatch(attempt)
    row = rows.one("job_by_id", (int(told["job"]),)) if told is not None else None
    if told is None or row is None:
        return False
    job = Job._make(row)
    return (job.project, job.attempt, job.state) == (told["project"], int(told["number"]), "running")
