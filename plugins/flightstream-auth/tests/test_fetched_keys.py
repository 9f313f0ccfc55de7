"""Keys that are fetched from an issuer that is slow, down, or changes them."""

import json
import time
from threading import Event

import pytest
from flightstream_auth.authorization import Authorization
from flightstream_auth.fetched_keys import FetchedKeys
from flightstream_auth.jwts import ClaimNames, Jwts

from flightstream import Unauthenticated, Unavailable

pytest_plugins = ["flightstream.testing"]

DEADLINE_SECONDS = 30


@pytest.fixture
def options(provider):
    return {
        "issuer": provider.issuer,
        "audience": ["flights"],
        "jwks_url": provider.url,
        "request_timeout_seconds": 2.0,
    }


@pytest.fixture
def jwts(provider):
    """Return a function that starts what knows JWTs, without a plugin around it."""
    started = []

    def jwts(pause_seconds):
        keys = FetchedKeys(provider.url, 3600, 2.0, pause_seconds)
        names = ClaimNames("sub", "roles", None)
        started.append(Jwts(keys, provider.issuer, ["flights"], ["RS256"], 30, names))
        started[-1].start()
        return lambda token: started[-1].identity(Authorization("bearer", token))

    yield jwts
    for one in started:
        one.stop()


def test_keys_are_fetched_once_and_kept_while_the_issuer_is_down(start, provider, options, said):
    asked = start(jwt=options)
    provider.stop()

    for kind in provider.keys:
        assert asked.authenticate(said.bearer(provider.token(kind))).subject == "ada"
    assert provider.asked == 1


def test_new_key_is_fetched_when_a_token_names_it(provider, jwts):
    identity = jwts(pause_seconds=0)
    provider.rotate("RS256")

    assert identity(provider.token()).subject == "ada"
    assert provider.asked == 2


def test_key_that_is_gone_is_no_longer_believed(provider, jwts):
    identity = jwts(pause_seconds=0)
    old = provider.token()
    provider.rotate("RS256")
    identity(provider.token())

    with pytest.raises(Unauthenticated):
        identity(old)


def test_invented_keys_do_not_make_the_server_fetch_without_end(start, provider, options, said):
    asked = start(jwt=options)

    for number in range(50):
        with pytest.raises(Unauthenticated, match="the token is not accepted"):
            asked.authenticate(said.bearer(provider.token(header={"kid": f"k{number}"})))

    assert provider.asked == 1


def test_server_starts_without_its_issuer_and_lets_nobody_in(
    start, provider, options, said, captured_logs
):
    provider.stop()

    asked = start(jwt=options)

    with pytest.raises(Unauthenticated, match="the credentials could not be checked"):
        asked.authenticate(said.bearer(provider.token()))
    [logged] = [one for one in captured_logs if one["event"] == "jwt_keys_not_fetched"]
    assert logged["problem"] == "it cannot be reached, or its certificate is not trusted"


def test_issuer_that_comes_back_is_noticed(provider, jwts):
    port = int(provider.url.split(":")[2].split("/")[0])
    provider.stop()
    identity = jwts(pause_seconds=0.05)
    with pytest.raises(Unavailable, match="the keys of the issuer cannot be had"):
        identity(provider.token())

    provider.start(port)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            assert identity(provider.token()).subject == "ada"
            break
        except Unavailable:
            assert time.monotonic() < deadline


def test_issuer_that_is_silent_holds_nobody_for_long(start, provider, options, said):
    released = Event()
    provider.answer = lambda _request: released.wait(DEADLINE_SECONDS)

    asked = start(jwt={**options, "request_timeout_seconds": 0.2})

    with pytest.raises(Unauthenticated, match="could not be checked"):
        asked.authenticate(said.bearer(provider.token()))
    released.set()


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b"zz-t0ld", "it answers with status 500"),
        (404, b"", "it answers with status 404"),
        (200, b"zz-t0ld", "it is no JWK set"),
        (200, b"\xff\xfe", "it is no JWK set"),
        (200, b'{"keys": []}', "it has no public key that can be used: RSA of 2048 bits"),
        (200, b" " * 2**21, "it answers with more than 1 MiB"),
    ],
)
def test_what_is_no_answer_is_told_to_the_operator(
    start, provider, options, answered, captured_logs, status, body, problem
):
    provider.answer = lambda request: answered(request, status, body)

    start(jwt=options)

    [logged] = [one for one in captured_logs if one["event"] == "jwt_keys_not_fetched"]
    assert logged["problem"].startswith(problem)
    assert logged["host"] == "127.0.0.1"
    assert "zz-t0ld" not in str(logged)


def test_answer_that_is_spoiled_later_changes_nothing(provider, jwts, answered):
    identity = jwts(pause_seconds=0)
    provider.answer = lambda request: answered(request, 200, b"{}")

    with pytest.raises(Unauthenticated):
        identity(provider.token(header={"kid": "new"}))

    assert identity(provider.token()).subject == "ada"


def test_redirect_to_where_there_is_no_tls_is_not_followed(
    start, provider, options, answered, captured_logs
):
    provider.answer = lambda request: answered(
        request, 302, b"", Location="http://keys.example.com/jwks.json"
    )

    start(jwt=options)

    [logged] = [one for one in captured_logs if one["event"] == "jwt_keys_not_fetched"]
    assert logged["problem"] == "it redirects to where there is no TLS"


def test_redirect_on_this_machine_is_followed(start, provider, options, said, answered):
    def redirected(request):
        if request.path == "/jwks.json":
            answered(request, 302, b"", Location="/keys")
        else:
            answered(request, 200, json.dumps(provider.jwks()).encode())

    provider.answer = redirected

    asked = start(jwt=options)

    assert asked.authenticate(said.bearer(provider.token())).subject == "ada"


def test_thread_ends_with_the_server(provider):
    keys = FetchedKeys(provider.url, refresh_seconds=3600, request_timeout_seconds=2)
    keys.start()
    thread = keys._thread

    keys.stop()

    assert thread is not None
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
