"""Static tokens, and the file that they are in."""

from datetime import UTC, datetime, timedelta

import pytest

from flightstream import ConfigError, Credentials, Identity, Unauthenticated

pytest_plugins = ["flightstream.testing"]

ID = 'id = "a1"'
DIGEST = f'sha256 = "{"0" * 64}"'
SUBJECT = 'subject = "ada"'


def test_token_that_is_added_is_known_at_once(start, tokens, said):
    asked = start(tokens={"file": str(tokens.path)})

    token = tokens.add("ada", roles='["analyst"]')

    assert asked.authenticate(said.bearer(token)) == Identity("ada", {"analyst"})


def test_token_that_is_removed_is_refused_at_once(start, tokens, said):
    token = tokens.add("ada")
    asked = start(tokens={"file": str(tokens.path)})
    assert asked.authenticate(said.bearer(token)) == Identity("ada")

    tokens.path.write_text("")

    with pytest.raises(Unauthenticated, match="the token is not known"):
        asked.authenticate(said.bearer(token))


def test_expired_token_says_so_only_to_who_has_it(start, tokens, said):
    token = tokens.add("ada", expires=datetime.now(UTC) - timedelta(seconds=1))
    asked = start(tokens={"file": str(tokens.path)})

    with pytest.raises(Unauthenticated, match="the token has expired"):
        asked.authenticate(said.bearer(token))
    with pytest.raises(Unauthenticated, match="the token is not known"):
        asked.authenticate(said.bearer(token[:-1] + "!"))


def test_file_that_is_spoiled_changes_nothing_and_is_told_once(start, tokens, said, captured_logs):
    token = tokens.add("ada")
    asked = start(tokens={"file": str(tokens.path)})

    with tokens.path.open("a") as file:
        file.write('[[tokens]]\nid = "zz-s3cr3t\n')

    for _ in range(3):
        assert asked.authenticate(said.bearer(token)) == Identity("ada")
    [logged] = [one for one in captured_logs if one["event"] == "auth_file_not_read"]
    assert logged["log_level"] == "error"
    assert logged["problem"] == "is not TOML: see line 6, column 16"


def test_file_that_comes_back_is_read(start, tokens, said):
    token = tokens.add("ada")
    asked = start(tokens={"file": str(tokens.path)})
    kept = tokens.path.rename(tokens.path.with_suffix(".old"))
    assert asked.authenticate(said.bearer(token)) == Identity("ada")

    new = tokens.add("grace")

    assert asked.authenticate(said.bearer(new)) == Identity("grace")
    with pytest.raises(Unauthenticated):
        asked.authenticate(said.bearer(token))
    assert kept.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tokens = 7", "tokens is a list of tables"),
        ("[[token]]", "unknown key 'token': there are tokens"),
        ("tokens = [7]", r"tokens\[0\]: is no table"),
        (f"[[tokens]]\n{ID}\n{DIGEST}", "is no subject"),
        (f"[[tokens]]\n{ID}\n{SUBJECT}", "sha256 is 64 hexadecimal digits"),
        (f"[[tokens]]\n{DIGEST}\n{SUBJECT}", "id is up to 32 letters and digits"),
        (f"[[tokens]]\n{ID}\n{DIGEST}\n{SUBJECT}\nexpires = 2030-01-01", "expires is a time with"),
        (f"[[tokens]]\n{ID}\n{DIGEST}\n{SUBJECT}\nroles = 'a'", "roles is a list"),
        (f"[[tokens]]\n{ID}\n{DIGEST}\n{SUBJECT}\nclaims.x = 2030-01-01", "claims is a table of"),
        (f"[[tokens]]\n{ID}\n{DIGEST}\n{SUBJECT}\nrole = []", "unknown key 'role'"),
        (f"[[tokens]]\n{ID}\n{DIGEST}\n{SUBJECT}\n" * 2, r"tokens\[1\]: the id 'a1' is another"),
        ("x = " + "[" * 5000, "is (not TOML|nested too deep)"),
    ],
)
def test_what_is_wrong_in_the_file_stops_the_start(start, tokens, text, problem):
    tokens.path.write_text(text)

    with pytest.raises(ConfigError, match=problem):
        start(tokens={"file": str(tokens.path)})


def test_missing_file_stops_the_start(start, tmp_path):
    with pytest.raises(ConfigError, match=r"tokens\.toml: cannot be read: no such file"):
        start(tokens={"file": str(tmp_path / "tokens.toml")})


def test_two_headers_are_refused_and_one_twice_is_one(start, tokens, said):
    ada, grace = tokens.add("ada"), tokens.add("grace")
    asked = start(tokens={"file": str(tokens.path)})
    same = Credentials({"authorization": (f"Bearer {ada}",) * 2})
    two = Credentials({"authorization": (f"Bearer {ada}", f"Bearer {grace}")})

    assert asked.authenticate(same) == Identity("ada")
    with pytest.raises(Unauthenticated, match="several authorization headers"):
        asked.authenticate(two)


def test_without_a_scheme_the_server_does_not_start(start):
    with pytest.raises(ConfigError, match="has no scheme, so nobody could log in"):
        start()


def test_who_brings_nothing_is_anonymous_only_if_that_is_on(start, tokens, said):
    asked = start(tokens={"file": str(tokens.path)}, anonymous={"roles": ["guest"]})

    assert asked.authenticate(Credentials()) == Identity("anonymous", {"guest"})
    for wrong in (said.bearer("fst_a_b"), said("Basic !"), said("Negotiate x"), said("")):
        with pytest.raises(Unauthenticated):
            asked.authenticate(wrong)
    with pytest.raises(Unauthenticated):
        asked.authenticate(Credentials(peer_identity="a machine"))
