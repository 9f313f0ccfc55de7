"""Authenticators that each break one law."""

from typing import Any

import attrs
import structlog
from right_services import TokenAuthenticator
from service_cases import AuthenticatorCase

from flightstream import Credentials, Identity, Unauthenticated, hookimpl, service

log = structlog.get_logger()


class Judges(TokenAuthenticator):
    """Calls ``judged`` with the token of any header and scheme that there is."""

    header = "authorization"
    scheme = "bearer"

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Identity | None:
        for value in credentials.headers.get(self.header, ()):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == self.scheme:
                return self.judged(token)
        return None


class TestTakesOneForAnother(AuthenticatorCase):
    breaks = {"test_accepted_credentials_tell_who_asks": "expected Identity(subject='ada'"}

    @service
    class plugin(Judges):
        def judged(self, token):
            return Identity("grace")


class TestForgets(AuthenticatorCase):
    breaks = {"test_the_same_credentials_tell_the_same": "more than the credentials"}

    @service
    class plugin(Judges):
        times: int = attrs.field(default=0, init=False)

        def judged(self, token):
            self.times += 1
            return Identity(f"caller {self.times}")


class TestPassesOnWhatIsWrong(AuthenticatorCase):
    breaks = {"test_wrong_credentials_are_refused": "None would ask the next plugin"}

    @service
    class plugin(Judges):
        def judged(self, token):
            return Judges.judged(self, token) if token == self.token.reveal() else None


class TestComparesTheBeginning(AuthenticatorCase):
    breaks = {"test_tampered_credentials_are_refused": "were tampered with"}

    @service
    class plugin(Judges):
        def judged(self, token):
            if token[:3] == self.token.reveal()[:3]:
                return Identity("ada")
            raise Unauthenticated("no")


class TestLetsEverybodyIn(AuthenticatorCase):
    breaks = {
        "test_no_credentials_prove_nothing": "are none at all",
        "test_every_method_needs_credentials": "without credentials gives ok",
    }

    @service
    class plugin(Judges):
        @hookimpl
        def authenticate(self, credentials):
            return Judges.authenticate(self, credentials) or Identity("guest")


class TestRefusesWhatItDoesNotKnow(AuthenticatorCase):
    breaks = {"test_an_unknown_scheme_is_left_to_others": "another plugin may know them"}

    @service
    class plugin(Judges):
        @hookimpl
        def authenticate(self, credentials):
            found = Judges.authenticate(self, credentials)
            if found is None:
                raise Unauthenticated("only bearer tokens")
            return found


class TestLooksInEveryHeader(AuthenticatorCase):
    breaks = {"test_another_header_proves_nothing": "stand in the wrong header"}

    @service
    class plugin(Judges):
        @hookimpl
        def authenticate(self, credentials):
            values = [value for values in credentials.headers.values() for value in values]
            headers = {"authorization": tuple(values)}
            return Judges.authenticate(self, attrs.evolve(credentials, headers=headers))


class TestBreaksAtMalformedHeaders(AuthenticatorCase):
    breaks = {
        "test_malformed_headers_are_survived": "raise Unauthenticated, or return None",
        "test_any_headers_are_survived": "raise Unauthenticated, or return None",
    }

    @service
    class plugin(Judges):
        @hookimpl
        def authenticate(self, credentials):
            for value in credentials.headers.get("authorization", ()):
                _, token = value.split(" ")
                return self.judged(token)


class TestTellsTheToken(AuthenticatorCase):
    breaks = {"test_refusals_tell_nothing": "repeats its credentials"}

    @service
    class plugin(Judges):
        def judged(self, token):
            if token != self.token.reveal():
                raise Unauthenticated(f"the token {token} is not known")
            return Judges.judged(self, token)


class TestLogsTheToken(AuthenticatorCase):
    breaks = {
        "test_credentials_are_not_logged": "log who, not with what",
        "test_accepted_credentials_read_from_a_server": "the log of the server",
    }

    @service
    class plugin(Judges):
        def judged(self, token):
            log.info("judging", token=token)
            return Judges.judged(self, token)


class TestMakesTheTokenAClaim(AuthenticatorCase):
    breaks = {"test_identities_are_plain": "holds what its credentials consist of"}

    @service
    class plugin(Judges):
        def judged(self, token):
            return Identity("ada", claims={"token": token})


class TestHasClaimsThatAreNoJson(AuthenticatorCase):
    breaks = {"test_identities_are_plain": "are not JSON"}

    @service
    class plugin(Judges):
        def judged(self, token):
            return Identity("ada", claims={"teams": {"a", "b"}})


class TestIsConfusedByACrowd(AuthenticatorCase):
    breaks = {"test_sixteen_threads_authenticate": "of sixteen threads at once"}

    @service
    class plugin(Judges):
        inside: Any = attrs.field(factory=list, init=False)

        def judged(self, token):
            self.inside.append(token)
            return Identity(f"{len(self.inside)}")


class TestKeepsWhatItRefused(AuthenticatorCase):
    breaks = {"test_refused_calls_take_no_memory": "keep a bounded number"}

    @service
    class plugin(Judges):
        refused: Any = attrs.field(factory=list, init=False)

        def judged(self, token):
            self.refused.append(token)
            return Judges.judged(self, token)


class TestRefusesOverTheWire(AuthenticatorCase):
    breaks = {"test_accepted_credentials_read_from_a_server": "with right credentials gives"}

    @service
    class plugin(Judges):
        def judged(self, token):
            raise Unauthenticated("today nobody")
