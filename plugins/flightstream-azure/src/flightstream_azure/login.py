"""Who asks: tokens of Microsoft Entra, from a client's secret or from what is around."""

import logging
from typing import Any

from attrs import define
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import (
    ClientSecretCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
    EnvironmentCredential,
)

from flightstream import Secret
from flightstream_azure.failures import (
    MALFORMED_LOGIN,
    NO_CREDENTIALS,
    LoginFailed,
    failure_of_login,
)


@define(eq=False)
class Login:
    """Gives tokens, of the first credential that has any; for clients of Azure."""

    _credentials: tuple[Any, ...]

    @classmethod
    def with_secret(
        cls, tenant_id: str, client_id: str, client_secret: Secret, limits: dict[str, Any]
    ) -> "Login":
        """Log in as an application.

        Args:
            tenant_id: Its tenant.
            client_id: Its name.
            client_secret: Its password.
            limits: How long and how often Entra is asked.
        """
        secret = client_secret.reveal()
        return cls((ClientSecretCredential(tenant_id, client_id, secret, **limits),))

    @classmethod
    def around(cls, limits: dict[str, Any]) -> "Login":
        """Look for a login as Azure's own tools do.

        Those of people's editors are left out: each would start a program, and ``az``
        is what they log in with.

        Raises:
            LoginFailed: The environment has one that cannot be.
        """
        try:
            environment = EnvironmentCredential(**limits)
            default = DefaultAzureCredential(
                exclude_developer_cli_credential=True,
                exclude_powershell_credential=True,
                exclude_shared_token_cache_credential=True,
                exclude_visual_studio_code_credential=True,
                process_timeout=max(1, int(limits["read_timeout"])),
                **limits,
            )
        except ValueError:
            raise LoginFailed(MALFORMED_LOGIN) from None
        # Alone, for in the chain nobody can tell a refused login from none.
        return cls((environment, default))

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, as clients ask for it.

        Raises:
            LoginFailed: There is none.
        """
        # They would tell of it besides, with what Entra says.
        logger = logging.getLogger("azure.identity")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR)
        for credential in self._credentials:
            try:
                token: AccessToken = credential.get_token(*scopes, **options)
            except CredentialUnavailableError:
                continue
            except AzureError as exc:
                raise LoginFailed(failure_of_login(exc)) from None
            return token
        raise LoginFailed(NO_CREDENTIALS)

    def close(self) -> None:
        """Close the connections."""
        for credential in self._credentials:
            credential.close()
