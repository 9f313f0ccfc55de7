"""An action that tells clients who the server takes them for."""

import json

from flightstream import Action, hookimpl, service


@service
class WhoAmIService:
    """Offers the action ``who-am-i``."""

    @hookimpl
    def list_actions(self):
        yield Action("who-am-i", "Tell who the server takes you for", _who)


def _who(identity, body):
    yield json.dumps({"subject": identity.subject, "roles": sorted(identity.roles)}).encode()
