"""The plugin: which schemes are on, in which order a call is looked at, and what policies say."""

from collections.abc import Iterator
from typing import ClassVar, Protocol

from attrs import field

from flightstream import (
    ConfigError,
    Credentials,
    Grant,
    Identity,
    ServerInfo,
    hookimpl,
    option,
    service,
)
from flightstream_auth.authorization import Authorization
from flightstream_auth.options import (
    AnonymousTable,
    BasicTable,
    JwtTable,
    MtlsTable,
    TokensTable,
)
from flightstream_auth.policies import Policies, Policy
from flightstream_auth.users import Users


class Scheme(Protocol):
    """A way to log in by an ``Authorization`` header."""

    def start(self) -> None:
        """Read what it needs."""

    def stop(self) -> None:
        """Let go of what it holds."""

    def knows(self, sent: Authorization) -> bool:
        """Tell whether a header is of this scheme, right or wrong."""

    def identity(self, sent: Authorization) -> Identity:
        """Return who it is; raise if it is wrong."""


@service
class AuthPlugin:
    """Knows who asks by tokens, passwords, JWTs and certificates, and what each may see."""

    hooks_version: ClassVar[str] = "1.0"

    tokens: TokensTable | None = option(None, help="Static bearer tokens: the file of them.")
    basic: BasicTable | None = option(
        None, help="Names and passwords: the file of users, and how long a login lasts."
    )
    jwt: JwtTable | None = option(
        None, help="JWTs of an identity provider: its issuer, audience and keys."
    )
    mtls: MtlsTable | None = option(None, help="Client certificates: the roles of their subjects.")
    anonymous: AnonymousTable | None = option(
        None, help="Who brings no credentials at all: their roles."
    )
    policies: tuple[Policy, ...] = option(
        (), help="Who may see which flights; once there is one, nothing else is allowed."
    )

    _schemes: tuple[Scheme, ...] = field(init=False)
    _users: Users | None = field(init=False)
    _policies: Policies = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._users = None if self.basic is None else self.basic.scheme()
        tables = (self.tokens, self.jwt)
        others: Iterator[Scheme] = (table.scheme() for table in tables if table is not None)
        # The tokens of a login are JWTs too, and tell them apart by their type.
        self._schemes = (*([] if self._users is None else [self._users]), *others)
        self._policies = Policies(self.policies)

    @hookimpl
    def on_startup(self, server: ServerInfo) -> None:
        """Read the files, and begin to fetch keys.

        Raises:
            ConfigError: A file is wrong, or the schemes do not fit the server.
        """
        has_scheme = self._schemes or self.mtls is not None or self.anonymous is not None
        if not has_scheme and not self.policies:  # with policies, another plugin may know people
            raise ConfigError(
                "plugins.auth has no scheme, so nobody could log in: set tokens, basic, jwt or mtls"
            )
        if self.mtls is not None and not server.requires_client_certificate:
            raise ConfigError(
                "plugins.auth.mtls needs certificates: set server.tls.client_ca and"
                " server.tls.require_client_certificate = true"
            )
        has_handshake = self.basic is not None and self.basic.handshake
        if has_handshake and server.requires_client_certificate:
            raise ConfigError(
                "plugins.auth.basic gives tokens for a Handshake, and there is none where client"
                " certificates are required: set plugins.auth.basic.handshake = false, and clients"
                " send name and password with each call"
            )
        for scheme in self._schemes:
            scheme.start()

    @hookimpl
    def on_shutdown(self) -> None:
        """Fetch no more keys."""
        for scheme in self._schemes:
            scheme.stop()

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Identity | None:
        """Return who asks; a header counts before a certificate.

        Raises:
            Unauthenticated: The credentials are of a scheme that is on, and wrong.
        """
        sent = Authorization.of(credentials)
        if sent is not None:
            scheme = next((one for one in self._schemes if one.knows(sent)), None)
            return None if scheme is None else scheme.identity(sent)
        if self.mtls is not None and credentials.peer_identity:
            subject = credentials.peer_identity
            return Identity(subject, {*self.mtls.roles, *self.mtls.subjects.get(subject, ())})
        if self.anonymous is not None and not credentials.peer_identity:
            return Identity(Identity.ANONYMOUS.subject, self.anonymous.roles)
        return None

    @hookimpl
    def issue_token(self, identity: Identity, credentials: Credentials) -> str | None:
        """Return a token for a name and password; for another token there is none."""
        sent = Authorization.of(credentials)
        if self._users is None or sent is None or sent.scheme != "basic":
            return None
        return self._users.issue(identity.subject)

    @hookimpl
    def authorize(self, identity: Identity, path: tuple[str, ...], operation: str) -> Grant | None:
        """Return what the first policy that is about it allows; ``None`` without policies.

        Raises:
            PermissionDenied: No policy allows it.
        """
        return self._policies.grant(identity, path, operation)
