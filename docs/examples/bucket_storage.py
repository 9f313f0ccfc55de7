"""A storage of an object store: ``web://bucket/prefix`` on a store that speaks JSON."""

import json
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from attrs import field, frozen

from flightstream import (
    BucketPath,
    OpenedStores,
    Secret,
    Storage,
    StoredObject,
    StoreFailure,
    hookimpl,
    is_endpoint,
    is_usable_key,
    option,
    ranged_filesystem,
    service,
)

SCHEME = "web://"
DENIED = StoreFailure("the store refuses the token", "check token", is_certain=True)
MEANINGS = {401: DENIED, 403: DENIED, 404: StoreFailure.NO_BUCKET, 412: StoreFailure.CHANGED}
PASSING = {StoreFailure.BUSY, StoreFailure.SILENT, StoreFailure.UNREACHABLE}


class Failed(Exception):
    """A request failed; the argument is the failure."""


@frozen(eq=False)
class WebObjects:
    """Lists and reads a bucket. It keeps nothing, so any number of threads may use it."""

    place: BucketPath
    endpoint: str
    token: Secret | None
    retries: int
    request_timeout_seconds: float

    def find(self, path):
        folder = path.rpartition("/")[0]
        return next((one for one in self.list_below(folder, deep=False) if one.path == path), None)

    def list_below(self, folder, *, deep):
        bucket, _, key = folder.partition("/")
        prefix = f"{key}/" if key else ""
        try:
            answer = self.ask(f"{bucket}?prefix={quote(prefix)}", self.retries)
        except Failed as exc:
            raise exc.args[0].told() from None
        for found in json.loads(answer):
            is_below = deep or "/" not in found["name"].removeprefix(prefix)
            if is_below and is_usable_key(found["name"]):
                yield StoredObject(f"{bucket}/{found['name']}", found["size"], found["etag"])

    def read(self, stored, start, length):
        headers = {"Range": f"bytes={start}-{start + length - 1}", "If-Match": stored.version}
        try:
            return self.ask(quote(stored.path), self.retries, headers)
        except Failed as exc:
            is_gone = exc.args[0] is StoreFailure.NO_BUCKET
            raise (StoreFailure.CHANGED if is_gone else exc.args[0]).told() from None

    def problem(self):
        try:
            self.ask(f"{self.place.bucket}?prefix={quote(self.place.key)}", retries=0)
        except Failed as exc:
            return exc.args[0]
        return None

    def close(self):
        pass  # no connection is kept

    def ask(self, path, retries, headers=()):
        failure = None
        for attempt in range(retries + 1):
            time.sleep(0.1 * (2**attempt - 1))
            request = Request(f"{self.endpoint}/{path}", headers=dict(headers))
            if self.token is not None:
                request.add_header("Authorization", f"Bearer {self.token.reveal()}")
            try:
                with urlopen(request, timeout=self.request_timeout_seconds) as answer:
                    return answer.read()
            except HTTPError as exc:
                unknown = StoreFailure.BUSY if exc.code >= 500 else StoreFailure.STRANGE
                failure = MEANINGS.get(exc.code, unknown)
                exc.close()
            except TimeoutError:
                failure = StoreFailure.SILENT
            except (OSError, HTTPException):
                failure = StoreFailure.UNREACHABLE
            if failure not in PASSING:
                break
        raise Failed(failure)


@service
class WebStorage:
    """Opens ``web://`` URIs."""

    endpoint: str = option(help="Where the store is.", validator=is_endpoint)
    token: Secret | None = option(None, help="What proves who asks.")
    retries: int = option(3, help="How often a request that fails is sent again.", minimum=0)
    request_timeout_seconds: float = option(20.0, help="How long it may be silent.", minimum=0.1)

    _stores: OpenedStores = field(factory=OpenedStores, init=False)

    @hookimpl
    def open_storage(self, uri, options):
        if not uri.startswith(SCHEME):
            return None
        place = BucketPath.parse(uri, "set the option token")
        objects = WebObjects(place, **options)
        self._stores.add(uri, objects)
        return Storage(ranged_filesystem(objects), place.path, objects)

    @hookimpl
    def on_startup(self):
        self._stores.check()

    @hookimpl
    def on_shutdown(self):
        self._stores.close()
