"""The storage: its options, and the hooks that open ``abfs://`` and look whether it can be read."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field

from flightstream import (
    OpenedStores,
    Secret,
    Storage,
    hookimpl,
    is_endpoint,
    option,
    ranged_filesystem,
    service,
)
from flightstream_azure.objects import AzureObjects
from flightstream_azure.place import SCHEMES, Place
from flightstream_azure.settings import Settings


@service
class AzureStorage:
    """Opens ``abfs://container/prefix`` in Azure Blob Storage."""

    hooks_version: ClassVar[str] = "1.0"

    account: str | None = option(
        None,
        help="The storage account, where the URI does not name it; by default"
        " AZURE_STORAGE_ACCOUNT.",
    )
    endpoint: str | None = option(
        None,
        help="The URL of the account, or of an emulator, such as http://localhost:10000; by"
        " default Azure's.",
        validator=is_endpoint,
    )
    account_key: Secret | None = option(None, help="A key of the account.")
    sas_token: Secret | None = option(
        None, help="A shared access signature that may read and list, instead of a key."
    )
    tenant_id: str | None = option(
        None, help="The tenant of an application of Microsoft Entra that logs in."
    )
    client_id: str | None = option(None, help="The id of the application.")
    client_secret: Secret | None = option(None, help="A secret of the application.")
    anonymous: bool = option(
        False, help="Whether to read a public container, without any credentials."
    )
    retries: int = option(
        3, help="How often a request is sent again that failed.", minimum=0, maximum=8
    )
    request_timeout_seconds: float = option(
        20.0, help="How long the store may be silent.", minimum=0.1, maximum=3600
    )

    _stores: OpenedStores = field(factory=OpenedStores, init=False)

    @hookimpl
    def open_storage(self, uri: str, options: Mapping[str, Any]) -> Storage | None:
        """Open a container or a part of it; no request is sent yet.

        Raises:
            ConfigError: The URI is malformed, or the options contradict it or each other.
        """
        if uri.partition("://")[0] not in SCHEMES:
            return None
        place = Place.parse(uri)
        objects = AzureObjects(Settings.of(options, place), place)
        self._stores.add(uri, objects)
        return Storage(ranged_filesystem(objects), place.inside.path, objects)

    @hookimpl
    def on_startup(self) -> None:
        """Look whether every place can be listed.

        Raises:
            ConfigError: A place never can be as it is configured.
        """
        self._stores.check()

    @hookimpl
    def on_shutdown(self) -> None:
        """Close the connections."""
        self._stores.close()
