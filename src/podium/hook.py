"""A receiver of events, as it is configured and as it is sent to."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from podium.domain.errors import UsageError
from podium.web_address import checked_url


class Hook(BaseModel):
    """A receiver of events that rules name (docs/rules.md); its signing key is never in this file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret_env: str = ""
    secret_file: str = ""
    """Relative to the home; readable by its owner alone."""
    format: Literal["cloudevents", "flat"] = "cloudevents"
    allow_private: bool = False
    allow_http: bool = False
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @model_validator(mode="after")
    def _can_be_sent(self) -> "Hook":
        if bool(self.secret_env) == bool(self.secret_file):
            raise ValueError("give either secret_env (the name of an environment variable) or secret_file")
        try:
            checked_url(self.url, allow_http=self.allow_http)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return self
