"""Lets in whoever says a name, so that the log tells clients apart."""

from flightstream import Identity, Unauthenticated, hookimpl, service


@service
class Names:
    """Takes any bearer token for the name of who brings it."""

    @hookimpl
    def authenticate(self, credentials):
        scheme, _, name = credentials.headers.get("authorization", ("",))[0].partition(" ")
        if scheme != "Bearer" or not name:
            raise Unauthenticated("say who you are: authorization: Bearer NAME")
        return Identity(name)
