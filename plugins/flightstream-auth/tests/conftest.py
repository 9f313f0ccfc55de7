"""Users, tokens and an identity provider."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import argon2
import jwt
import pytest
from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from flightstream_auth import AuthPlugin
from flightstream_auth.tokens import Token

from flightstream import Credentials, Identity
from flightstream.testing import FaultyAdapter

# As weak as argon2 allows, for tests are many.
HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ISSUER = "https://login.example.com/"
KINDS = {
    "RS256": lambda: new_rsa_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: new_ec_key(SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate,
}


class Said:
    """What calls bring along."""

    def __call__(self, authorization: str) -> Credentials:
        return Credentials({"authorization": (authorization,)}, peer="ipv4:127.0.0.1:50000")

    def basic(self, name: str, password: str) -> Credentials:
        return self("Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())

    def bearer(self, token: str) -> Credentials:
        return self(f"Bearer {token}")


@pytest.fixture
def said() -> Said:
    return Said()


@define(eq=False)
class IdentityProvider:
    """Signs tokens with a key of each kind, and answers with their public parts.

    Attributes:
        answer: Called with a request in place of the usual answer.
        asked: How often the keys were fetched.
    """

    issuer: str = field(default=ISSUER, init=False)
    keys: dict[str, tuple[str, Any]] = field(init=False)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = field(default=None, init=False)
    asked: int = field(default=0, init=False)
    stopped: Event = field(factory=Event, init=False)
    _server: ThreadingHTTPServer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.keys = {kind: (f"{kind}-0", new()) for kind, new in KINDS.items()}
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def start(self, port: int = 0) -> None:
        provider = self

        class Request(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                if provider.answer is not None:
                    provider.answer(self)
                    return
                send(self, 200, json.dumps(provider.jwks()).encode())

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Request)
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def jwks(self) -> dict[str, Any]:
        keys = [
            {**_jwk(kind, private.public_key()), "kid": id, "use": "sig"}
            for kind, (id, private) in self.keys.items()
        ]
        return {"keys": keys}

    def rotate(self, kind: str) -> None:
        self.keys[kind] = (f"{kind}-{time.monotonic_ns()}", KINDS[kind]())

    def token(
        self, kind: str = "RS256", *, header: Any = None, key: Any = None, **claims: Any
    ) -> str:
        """Return a token for ``ada``; a claim that is ``None`` is left out."""
        id, private = self.keys[kind]
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": "flights", "sub": "ada", "iat": now, "exp": now + 600}
        given = {name: value for name, value in (whole | claims).items() if value is not None}
        return jwt.encode(given, key or private, kind, headers={"kid": id, **(header or {})})


def send(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def _jwk(kind: str, public: Any) -> dict[str, Any]:
    algorithm = jwt.get_algorithm_by_name(kind)
    return {**algorithm.to_jwk(public, as_dict=True)}


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    yield provider
    provider.stop()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A file of users: ``ada`` has the password ``countess``, ``grace`` has ``admiral``."""
    file = tmp_path / "users.toml"
    file.write_text(
        f'[users.ada]\npassword = "{HASHER.hash("countess")}"\nroles = ["analyst"]\n'
        f'claims = {{ region = ["eu", "us"] }}\n[users.grace]\npassword = "{HASHER.hash("admiral")}"\n'
    )
    return file


@define(eq=False)
class TokenFile:
    path: Path

    def add(self, subject: str, *, expires: Any = None, **more: str) -> str:
        """Add a token, and return its text."""
        text, token = Token.new(Identity(subject))
        lines = ["[[tokens]]", f'id = "{token.id}"', f'sha256 = "{token.digest.hex()}"']
        lines += [f'subject = "{subject}"'] + [f"{key} = {value}" for key, value in more.items()]
        if expires is not None:
            lines.append(f"expires = {expires.isoformat()}")
        with self.path.open("a") as file:
            file.write("\n".join([*lines, ""]))
        return text


@pytest.fixture(scope="session")
def new_tokens() -> Callable[[Path], TokenFile]:
    """Return a function that begins a file of tokens in a folder."""

    def begin(folder: Path) -> TokenFile:
        file = TokenFile(folder / "tokens.toml")
        file.path.touch()
        return file

    return begin


@pytest.fixture
def tokens(new_tokens: Callable[[Path], TokenFile], tmp_path: Path) -> TokenFile:
    return new_tokens(tmp_path)


@pytest.fixture
def start(registry: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that starts the plugin with options, and returns what asks it."""

    def start(**options: Any) -> Any:
        config = {"plugins": {"enabled": [], "auth": options}, "sources": {}}
        return registry(AuthPlugin, FaultyAdapter, config=config).services

    return start


@pytest.fixture
def answered() -> Callable[..., None]:
    """Return the function that answers a request to the identity provider."""
    return send
