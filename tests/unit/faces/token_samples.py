"""Answers about credentials; see `samples`."""

from podium.operations.tokens import TokenCreateOutput, TokenListOutput, TokenRow
from tests.unit.faces.samples import NOW, Answer, plain


def token() -> Answer:
    made = TokenCreateOutput(id="1f0c9a2b", token="podium_1f0c9a2b_x", scope="read", name="ci", expires_at=NOW + 60)
    return plain(made)


def tokens(*, empty: bool = False) -> Answer:
    rows = [
        TokenRow(id=f"1f0c9a2{n}", name="ci", scope="read", created_at=NOW, expires_at=ends, revoked_at=over)
        for n, ends, over in ((1, None, None), (2, NOW - 1, None), (3, None, NOW))
    ]
    return plain(TokenListOutput(tokens=[] if empty else rows))
