"""A name and password once, and then a signed token."""

import base64
import hmac
import time

from flightstream import Identity, Secret, Unauthenticated, hookimpl, option, service

SECONDS = 3600


@service
class Sessions:
    """Knows who asks by a password, and by a token that was given for it."""

    key: Secret = option(help="What signs tokens; servers that share it know each other's.")
    passwords: dict[str, Secret] = option(help="Each subject's password.")

    @hookimpl
    def authenticate(self, credentials):
        scheme, value = _authorization(credentials)
        if scheme == "basic":
            name, _, password = base64.b64decode(value).decode().partition(":")
            return self._known(name, self.passwords.get(name), password)
        if scheme == "bearer":
            name, _, until = value.rpartition("~")[0].rpartition(".")
            return self._known(name, Secret(self._token(name, until)), value, until)
        return None

    @hookimpl
    def issue_token(self, identity, credentials):
        if _authorization(credentials)[0] != "basic":
            return None
        return self._token(identity.subject, str(int(time.time()) + SECONDS))

    def _known(self, name, expected, given, until="inf"):
        right = expected and hmac.compare_digest(expected.reveal().encode(), given.encode())
        if not right or float(until) < time.time():
            raise Unauthenticated("the name, password or token is not right")
        return Identity(name)

    def _token(self, name, until):
        content = f"{name}.{until}"
        signed = hmac.digest(self.key.reveal().encode(), content.encode(), "sha256")
        return f"{content}~{signed.hex()}"


def _authorization(credentials):
    for value in credentials.headers.get("authorization", ()):
        scheme, _, rest = value.partition(" ")
        return scheme.lower(), rest
    return "", ""
