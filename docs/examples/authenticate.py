"""Bearer tokens, one for each subject."""

import hmac

from flightstream import Identity, Secret, Unauthenticated, hookimpl, option, service


@service
class TokensService:
    """Knows who asks by a token."""

    tokens: dict[str, Secret] = option(help="Each subject's token.")

    @hookimpl
    def authenticate(self, credentials):
        for value in credentials.headers.get("authorization", ()):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer":
                return self._judge(token)
        return None  # not my scheme: the next plugin is asked

    def _judge(self, token):
        for subject, expected in self.tokens.items():
            if hmac.compare_digest(token.encode(), expected.reveal().encode()):
                return Identity(subject)
        raise Unauthenticated("the token is not known")
