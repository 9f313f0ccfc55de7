"""Names and passwords, and the tokens that are given for them."""

import hmac
import json
import time
from base64 import urlsafe_b64encode

import jwt
import pytest

from flightstream import ConfigError, Credentials, Identity, Unauthenticated

pytest_plugins = ["flightstream.testing"]

ADA = Identity("ada", {"analyst"}, {"region": ["eu", "us"]})
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def log_in(said):
    """Return a function that logs in by a Handshake, and returns credentials with the token."""

    def log_in(asked, name="ada", password="countess"):
        shown = said.basic(name, password)
        token = asked.issue_token(asked.authenticate(shown), shown)
        return said.bearer(token)

    return log_in


def test_token_of_a_login_tells_who_it_is(start, users, log_in):
    asked = start(basic={"file": str(users)})

    assert asked.authenticate(log_in(asked)) == ADA


def test_no_token_is_given_for_a_token(start, users, log_in):
    asked = start(basic={"file": str(users)})
    shown = log_in(asked)

    assert asked.issue_token(asked.authenticate(shown), shown) is None


def test_token_is_known_to_servers_that_share_the_key(start, users, log_in):
    one, other = (start(basic={"file": str(users), "key": KEY}) for _ in range(2))

    assert other.authenticate(log_in(one)) == ADA


def test_token_is_not_known_to_a_server_with_another_key(start, users, log_in):
    one, other = (start(basic={"file": str(users)}) for _ in range(2))

    with pytest.raises(Unauthenticated, match="the token is not accepted: log in again"):
        other.authenticate(log_in(one))


def test_token_ends_with_the_password_it_was_given_for(start, users, log_in):
    asked = start(basic={"file": str(users)})
    shown = log_in(asked)

    ada, grace = (line for line in users.read_text().splitlines() if "password" in line)
    users.write_text(users.read_text().replace(ada, grace))

    with pytest.raises(Unauthenticated, match="no longer accepted"):
        asked.authenticate(shown)


def test_token_ends_with_its_user(start, users, log_in):
    asked = start(basic={"file": str(users)})
    shown = log_in(asked)

    users.write_text(users.read_text().replace("users.ada", "users.eve"))

    with pytest.raises(Unauthenticated, match="no longer accepted"):
        asked.authenticate(shown)


def test_roles_of_a_token_are_those_of_now(start, users, log_in):
    asked = start(basic={"file": str(users)})
    shown = log_in(asked)

    users.write_text(users.read_text().replace("analyst", "guest"))

    assert asked.authenticate(shown).roles == {"guest"}


def test_expired_token_says_so(start, users, log_in):
    asked = start(basic={"file": str(users), "token_minutes": 1e-9})
    shown = log_in(asked)

    with pytest.raises(Unauthenticated, match="the token has expired: log in again"):
        asked.authenticate(shown)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_token_of_another_algorithm_is_refused(start, users, said, algorithm):
    asked = start(basic={"file": str(users), "key": KEY})
    claims = {"sub": "ada", "exp": int(time.time()) + 60, "pwd": ""}
    header = {"typ": "flightstream-login"}
    key = None if algorithm == "none" else KEY * 2
    forged = jwt.encode(claims, key, algorithm, headers=header)

    with pytest.raises(Unauthenticated):
        asked.authenticate(said.bearer(forged))


def test_token_that_another_program_signs_with_the_key_is_refused(start, users, said):
    asked = start(basic={"file": str(users), "key": KEY})
    claims = {"sub": "ada", "exp": int(time.time()) + 60}
    without = jwt.encode(claims, KEY, headers={"typ": "flightstream-login"})
    other_type = jwt.encode({**claims, "pwd": ""}, KEY)

    for token in (without, other_type):
        with pytest.raises(Unauthenticated):
            asked.authenticate(said.bearer(token))


def test_header_that_is_nested_too_deep_is_refused(start, users, said):
    deep = urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")
    asked = start(basic={"file": str(users)})

    with pytest.raises(Unauthenticated):
        asked.authenticate(said.bearer(f"{deep}.{deep}.x"))


def test_who_is_unknown_is_told_what_who_is_wrong_is_told(start, users, said):
    asked = start(basic={"file": str(users)})

    told = set()
    for name in ("ada", "nobody"):
        with pytest.raises(Unauthenticated) as caught:
            asked.authenticate(said.basic(name, "guess"))
        told.add(str(caught.value))

    assert told == {"the name or the password is wrong"}


def test_password_may_have_colons_and_any_letters(start, tmp_path, said):
    from flightstream_auth.passwords import hash_password

    file = tmp_path / "users.toml"
    file.write_text(f'[users."größe"]\npassword = "{hash_password("a:b:ü 🗝")}"\n')
    asked = start(basic={"file": str(file)})

    assert asked.authenticate(said.basic("größe", "a:b:ü 🗝")) == Identity("größe")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there are no users"),
        ("users = []", "there are no users"),
        ("[users.ada]", "users.ada: password is an argon2id hash"),
        ('[users.ada]\npassword = "zz-s3cr3t"', "users.ada: password is an argon2id hash"),
        ('[users.ada]\npassword = "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"', "argon2id"),
        (
            '[users.ada]\npassword = "$argon2id$v=19$m=9999999,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"',
            "more than 1 GiB",
        ),
        ('[users."a:b"]\npassword = ""', "a name has no colon"),
        ("[users.ada]\nrole = []", "unknown key 'role'"),
    ],
)
def test_what_is_wrong_in_the_file_stops_the_start(start, tmp_path, text, problem):
    file = tmp_path / "users.toml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=problem) as caught:
        start(basic={"file": str(file)})

    assert "zz-s3cr3t" not in caught.value.message


def test_weak_key_stops_the_start(start, users):
    with pytest.raises(ConfigError, match=r"auth.basic.key: is too short") as caught:
        start(basic={"file": str(users), "key": "zz-s3cr3t"})

    assert "zz-s3cr3t" not in caught.value.message


def test_no_plugin_of_ours_gives_a_token_to_others(start, users):
    asked = start(basic={"file": str(users)})

    assert asked.issue_token(Identity("ada"), Credentials()) is None


def test_signature_covers_type_and_claims(start, users, log_in, said):
    asked = start(basic={"file": str(users), "key": KEY})
    header, claims, signature = log_in(asked).headers["authorization"][0].split(" ")[1].split(".")
    forged = urlsafe_b64encode(json.dumps({"sub": "grace"}).encode()).decode().rstrip("=")
    signed = hmac.digest(b"guess", f"{header}.{forged}".encode(), "sha256")
    guessed = urlsafe_b64encode(signed).decode().rstrip("=")

    for token in (
        f"{header}.{forged}.{signature}",
        f"{header}.{forged}.{guessed}",
        f"{header}.{claims}.",
    ):
        with pytest.raises(Unauthenticated):
            asked.authenticate(said.bearer(token))
