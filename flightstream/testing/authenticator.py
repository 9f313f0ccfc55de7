"""The conformance kit for plugins that tell who asks."""

import base64
import json
from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import strategies as st
from pyarrow import flight
from structlog.testing import capture_logs

from flightstream.errors import LimitExceeded, Unauthenticated, Unavailable
from flightstream.models import Credentials, Identity
from flightstream.registry import Registry
from flightstream.registry.hooks import implementation
from flightstream.testing.examples import for_all
from flightstream.testing.logins import methods, refusal, secrets, sent_headers, shown, tampered
from flightstream.testing.memory import growth
from flightstream.testing.plugin_laws import ServiceLaws
from flightstream.testing.sample import Logins
from flightstream.testing.serve import Served
from flightstream.testing.strategies import credentials as any_credentials
from flightstream.testing.threads import at_once

_UNKNOWN = Credentials({"authorization": ("Zz-Unknown YWRhOmxvdmVsYWNl",)})
_MALFORMED = (
    "", " ", "Bearer", "Bearer ", "Bearer  ", "Bearer a b", "Bearer \0", "Bearer größe", "Basic",
    "Basic !!!", "Basic YQ", "Basic " + base64.b64encode(b"no colon").decode(),
    "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Basic " + base64.b64encode(b":").decode(),
    "Bearer ..", "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer " + "x" * 100_000,
)  # fmt: skip
_ATTEMPTS = 500


class AuthenticatorConformance(ServiceLaws):
    """The laws that every plugin with ``authenticate`` keeps.

    ::

        class TestTokens(AuthenticatorConformance):
            plugin = TokenAuthenticator
            options = {"token": "s3cr3t", "subject": "ada"}

            @pytest.fixture
            def sample(self):
                good, bad = ({"authorization": (f"Bearer {t}",)} for t in ("s3cr3t", "guess"))
                return Logins([(Credentials(good), Identity("ada"))], [Credentials(bad)])

    Attributes:
        plugin: The class under test.
        options: Its options, as in ``[plugins.NAME]``.
        services: Service plugins that it needs.
        memory_limit_bytes: By how much it may grow with 500 refused calls.

    .. versionadded:: 0.1
    """

    memory_limit_bytes: ClassVar[int] = 256 * 1024

    @pytest.fixture
    def sample(self) -> Logins:
        """Return credentials that are accepted, and others that are refused."""
        pytest.fail("give a fixture `sample` that returns Logins(accepted, refused)")

    def use(self, registry: Registry, sample: Logins) -> None:
        """Judge every example."""
        for credentials, _ in sample.accepted:
            self.judged(registry, credentials)
        for credentials in sample.refused:
            self.judged(registry, credentials)

    def judged(
        self, registry: Registry, credentials: Credentials
    ) -> Identity | Unauthenticated | None:
        """Return what the plugin answers, or the refusal that it raises."""
        ask = implementation(registry.services.manager, self.mine(registry), "authenticate")
        assert ask is not None, "the plugin has no hook `authenticate`"
        try:
            answer = ask(credentials=credentials)
        except Unauthenticated as exc:
            return exc
        except (Unavailable, LimitExceeded):
            return Unauthenticated("refused for now")
        except Exception as exc:
            raise AssertionError(
                f"authenticate raises {exc!r} for {shown(credentials)}: raise Unauthenticated,"
                " or return None if they are not of your scheme"
            ) from exc
        assert answer is None or isinstance(answer, Identity), (
            f"authenticate returns {answer!r}: it returns an Identity or None"
        )
        return answer

    def test_accepted_credentials_tell_who_asks(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Right credentials give the expected identity."""
        registry = start()
        assert sample.accepted, "give the sample credentials that are accepted"
        for credentials, identity in sample.accepted:
            found = self.judged(registry, credentials)
            assert found == identity, f"{shown(credentials)} give {found!r}, expected {identity!r}"

    def test_the_same_credentials_tell_the_same(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Asked again, and of another server, the identity is the same."""
        one, other = start(), start()
        for credentials, _ in sample.accepted:
            answers = [self.judged(registry, credentials) for registry in (one, one, other)]
            assert answers[0] == answers[1] == answers[2], (
                f"{shown(credentials)} give {answers}: it depends on more than the credentials"
            )

    def test_wrong_credentials_are_refused(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Wrong credentials of the plugin's own scheme raise ``Unauthenticated``."""
        registry = start()
        assert sample.refused, "give the sample credentials that are refused"
        for credentials in sample.refused:
            found = self.judged(registry, credentials)
            assert isinstance(found, Unauthenticated), (
                f"{shown(credentials)} are wrong and give {found!r}: raise Unauthenticated; None"
                " would ask the next plugin"
            )

    def test_tampered_credentials_are_refused(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Right credentials with one letter changed prove nothing."""
        registry = start()
        for credentials in tampered(sample):
            self._check_unproven(registry, credentials, "were tampered with")

    def test_no_credentials_prove_nothing(self, start: Callable[..., Registry]) -> None:
        """A call without credentials is nobody's."""
        self._check_unproven(start(), Credentials(), "are none at all")

    def test_an_unknown_scheme_is_left_to_others(self, start: Callable[..., Registry]) -> None:
        """Credentials of a scheme that is not the plugin's own give ``None``."""
        found = self.judged(start(), _UNKNOWN)
        assert found is None, (
            f"{shown(_UNKNOWN)} give {found!r}: return None, for another plugin may know them"
        )

    def test_another_header_proves_nothing(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Right credentials in a header of another name prove nothing."""
        registry = start()
        for credentials, _ in sample.accepted:
            headers = {f"x-other-{name}": values for name, values in credentials.headers.items()}
            moved = attrs.evolve(credentials, headers=headers, peer_identity="")
            self._check_unproven(registry, moved, "stand in the wrong header")

    def test_malformed_headers_are_survived(self, start: Callable[..., Registry]) -> None:
        """Headers that are cut off, garbled or huge are refused, and nothing breaks."""
        registry = start()
        for values in [(), *((value,) for value in _MALFORMED)]:
            self._check_unproven(registry, Credentials({"authorization": values}), "are malformed")

    def test_any_headers_are_survived(self, start: Callable[..., Registry]) -> None:
        """Whatever headers a client sends, they prove nothing and break nothing."""
        registry = start()

        def check(data: st.DataObject) -> None:
            credentials = data.draw(any_credentials(), "credentials")
            self._check_unproven(registry, credentials, "were made up")

        for_all(check)

    def test_refusals_tell_nothing(self, start: Callable[..., Registry], sample: Logins) -> None:
        """What a refused client is told holds nothing of the credentials."""
        registry = start()
        for credentials in [*sample.refused, *tampered(sample)]:
            found = self.judged(registry, credentials)
            told = str(found) if isinstance(found, Unauthenticated) else ""
            assert not any(secret in told for secret in secrets(credentials)), (
                f"a client is told {told!r}, which repeats its credentials: say less"
            )

    def test_credentials_are_not_logged(
        self,
        start: Callable[..., Registry],
        sample: Logins,
        caplog: Any,
    ) -> None:
        """Nothing of any credentials is logged, right ones and wrong ones alike."""
        with caplog.at_level("DEBUG"), capture_logs() as events:
            self.use(start(), sample)
        logged = f"{events} {caplog.text}"
        for credentials in [*sample.refused, *(one for one, _ in sample.accepted)]:
            assert not any(secret in logged for secret in secrets(credentials)), (
                f"the log has what {shown(credentials)} consist of: log who, not with what"
            )

    def test_identities_are_plain(self, start: Callable[..., Registry], sample: Logins) -> None:
        """A subject and roles are printable text, and claims are JSON, without any secret."""
        registry = start()
        for credentials, _ in sample.accepted:
            found = self.judged(registry, credentials)
            assert isinstance(found, Identity)
            for text in (found.subject, *found.roles):
                assert isinstance(text, str), f"{text!r} is no text"
                assert text.isprintable(), f"{text!r} is not printable: logs would show it"
                assert text, "an identity has an empty subject or role"
            try:
                claims = json.dumps(dict(found.claims))
            except (TypeError, ValueError) as exc:
                raise AssertionError(f"the claims of {found!r} are not JSON: {exc}") from exc
            shown = f"{found.subject} {sorted(found.roles)} {claims}"
            assert not any(secret in shown for secret in secrets(credentials)), (
                f"the identity {found.subject!r} holds what its credentials consist of"
            )

    def test_sixteen_threads_authenticate(
        self, start: Callable[..., Registry], sample: Logins
    ) -> None:
        """Sixteen calls at once each get their answer."""
        registry = start()
        for credentials, identity in sample.accepted:
            for found in at_once(lambda: self.judged(registry, credentials)):  # noqa: B023
                assert found == identity, f"one of sixteen threads at once got {found!r}"

    def test_refused_calls_take_no_memory(self, start: Callable[..., Registry]) -> None:
        """Many wrong credentials, from many peers, are not kept."""
        registry = start()

        def attempt(number: int) -> None:
            guess = f"{number:08}" * 256
            headers = {"authorization": (f"Bearer {guess}",)}
            self.judged(
                registry,
                Credentials(headers, peer=f"ipv4:10.0.{number // 256}.{number % 256}:50000"),
            )

        grown = growth(attempt, _ATTEMPTS)
        assert grown <= self.memory_limit_bytes, (
            f"{_ATTEMPTS} refused calls took {grown} bytes that are not freed: keep a bounded"
            " number of them"
        )

    def test_every_method_needs_credentials(self, served: Callable[..., Served]) -> None:
        """Without credentials, each method of a real server is refused."""
        with flight.connect(served().uri) as client:
            for method, call in methods(client, flight.FlightCallOptions()):
                code = refusal(call)
                # What GetSchema raises, Arrow sends without its code.
                assert code == "unauthenticated" or (code == "" and method == "GetSchema"), (
                    f"{method} without credentials gives {code or 'no code'}, not unauthenticated"
                )

    def test_accepted_credentials_read_from_a_server(
        self, served: Callable[..., Served], sample: Logins
    ) -> None:
        """With right credentials each method of a real server answers."""
        started = served()
        with flight.connect(started.uri) as client:
            for headers in sent_headers(sample):
                for method, call in methods(client, flight.FlightCallOptions(headers=headers)):
                    try:
                        call()
                    except flight.FlightError as exc:
                        raise AssertionError(
                            f"{method} with right credentials gives {exc}"
                        ) from exc
        text = started.server.log_text()
        for credentials, _ in sample.accepted:
            assert not any(secret in text for secret in secrets(credentials)), (
                "the log of the server has what credentials consist of"
            )

    def _check_unproven(self, registry: Registry, credentials: Credentials, what: str) -> None:
        found = self.judged(registry, credentials)
        assert not isinstance(found, Identity), f"{shown(credentials)} {what}, and give {found!r}"
