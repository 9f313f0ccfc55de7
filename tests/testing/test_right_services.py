"""Services that are right keep every law of their kit."""

from service_cases import AuthenticatorCase, ObserverCase, RemoteStorageCase, StorageCase


class TestAuthenticator(AuthenticatorCase):
    pass


class TestStorage(StorageCase):
    pass


class TestRemoteStorage(RemoteStorageCase):
    pass


class TestObserver(ObserverCase):
    pass
