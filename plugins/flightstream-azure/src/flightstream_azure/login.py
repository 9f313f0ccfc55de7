"""Who asks: tokens of Microsoft Entra, for an application or from what is around."""

import logging
from typing import Any, Self

from attrs import define
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import (
    ClientSecretCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
    EnvironmentCredential,
)

from flightstream_azure.failures import (
    MALFORMED_LOGIN,
    NO_CREDENTIALS,
    LoginFailed,
    failure_of_login,
)


@define(eq=False)
class Login:
    """Gives tokens to clients of Azure.

    Args:
        own: What proves who asks, if it is there.
        others: What is tried then; where none of these works, there are no credentials.
    """

    own: ClientSecretCredential | EnvironmentCredential
    others: DefaultAzureCredential | None = None

    @classmethod
    def around(cls, limits: dict[str, Any]) -> Self:
        """Look for a login as Azure's own tools do.

        Those of people's editors are left out: each would start a program, and ``az``
        is what they log in with.

        Args:
            limits: How long and how often Entra is asked.

        Raises:
            LoginFailed: The environment has one that cannot be.
        """
        try:
            # Apart, for the others do not tell one that is refused from none.
            own = EnvironmentCredential(**limits)
            others = DefaultAzureCredential(
                exclude_developer_cli_credential=True,
                exclude_powershell_credential=True,
                exclude_shared_token_cache_credential=True,
                exclude_visual_studio_code_credential=True,
                process_timeout=max(1, int(limits["read_timeout"])),
                **limits,
            )
        except ValueError:
            raise LoginFailed(MALFORMED_LOGIN) from None
        return cls(own, others)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, as clients ask for it.

        Raises:
            LoginFailed: There is none.
        """
        # It would log besides what Entra says.
        logger = logging.getLogger("azure.identity")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR)
        try:
            return self.own.get_token(*scopes, **options)
        except CredentialUnavailableError:
            pass
        except AzureError as exc:
            raise LoginFailed(failure_of_login(exc)) from None
        try:
            if self.others is not None:
                return self.others.get_token(*scopes, **options)
        except AzureError:
            pass
        raise LoginFailed(NO_CREDENTIALS)

    def close(self) -> None:
        """Close the connections."""
        self.own.close()
        if self.others is not None:
            self.others.close()
