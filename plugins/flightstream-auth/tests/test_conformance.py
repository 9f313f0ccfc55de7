"""Each scheme keeps the laws of every authenticator."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flightstream_auth import AuthPlugin

from flightstream import Identity
from flightstream.testing import AuthenticatorConformance, Logins

pytest_plugins = ["flightstream.testing"]


class TestTokens(AuthenticatorConformance):
    plugin = AuthPlugin

    @pytest.fixture
    def sample(self, tokens: Any, said: Any) -> Logins:
        ada = tokens.add("ada", roles='["analyst"]', claims='{ region = "eu" }')
        grace = tokens.add("grace", expires=datetime.now(UTC) + timedelta(days=1))
        past = tokens.add("past", expires=datetime.now(UTC) - timedelta(days=1))
        accepted = [
            (said.bearer(ada), Identity("ada", {"analyst"}, {"region": "eu"})),
            (said.bearer(grace), Identity("grace")),
        ]
        refused = [said.bearer(one) for one in (past, "fst_00000000_guess", f"{ada}x", f"{ada}=")]
        return Logins(accepted, refused, {"tokens": {"file": str(tokens.path)}})


class TestPasswords(AuthenticatorConformance):
    plugin = AuthPlugin

    @pytest.fixture
    def sample(self, users: Any, said: Any) -> Logins:
        accepted = [
            (
                said.basic("ada", "countess"),
                Identity("ada", {"analyst"}, {"region": ["eu", "us"]}),
            ),
            (said.basic("grace", "admiral"), Identity("grace")),
        ]
        wrong = [
            ("ada", "admiral"),
            ("nobody", "countess"),
            ("", ""),
            ("ada", ""),
            ("ada", "x" * 5000),
        ]
        refused = [said.basic(*one) for one in wrong]
        return Logins(accepted, refused, {"basic": {"file": str(users)}})


class TestJwts(AuthenticatorConformance):
    plugin = AuthPlugin

    @pytest.fixture
    def sample(self, provider: Any, said: Any) -> Logins:
        tokens = {kind: provider.token(kind, roles=["analyst"]) for kind in provider.keys}
        accepted = []
        for token in tokens.values():
            claims = jwt.decode(token, options={"verify_signature": False})
            accepted.append((said.bearer(token), Identity("ada", {"analyst"}, claims)))
        refused = [
            said.bearer(one)
            for one in (provider.token(aud="other"), provider.token(exp=1), "a.b.c", "e30.e30.")
        ]
        options = {"issuer": provider.issuer, "audience": ["flights"], "jwks_url": provider.url}
        return Logins(accepted, refused, {"jwt": options})
