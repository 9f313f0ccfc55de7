"""JWTs: what an identity provider has signed is believed, and nothing else."""

import json
import time
from base64 import urlsafe_b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flightstream import ConfigError, Unauthenticated

pytest_plugins = ["flightstream.testing"]


@pytest.fixture
def options(provider, tmp_path):
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(provider.jwks()))
    return {"issuer": provider.issuer, "audience": ["flights"], "keys": str(keys)}


@pytest.fixture
def believed(start, options, said):
    """Return a function that tells as whom the bearer of a token is let in."""

    def believed(token, **more):
        return start(jwt={**options, **more}).authenticate(said.bearer(token))

    return believed


@pytest.mark.parametrize("kind", ["RS256", "ES256", "EdDSA"])
def test_token_of_each_kind_of_key_is_believed(believed, provider, kind):
    found = believed(provider.token(kind, roles=["analyst"], region="eu"))

    assert (found.subject, found.roles, found.claims["region"]) == ("ada", {"analyst"}, "eu")


@pytest.mark.parametrize("key", [True, False])
def test_key_may_be_pem(start, provider, said, tmp_path, key):
    pem = tmp_path / "issuer.pem"
    public = provider.keys["ES256" if key else "RS256"][1].public_key()
    pem.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    table = {"issuer": provider.issuer, "audience": ["flights"], "keys": str(pem)}
    asked = start(jwt=table)

    assert asked.authenticate(said.bearer(provider.token("ES256" if key else "RS256")))
    with pytest.raises(Unauthenticated):
        asked.authenticate(said.bearer(provider.token("RS256" if key else "ES256")))


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token lacks a claim"),
        ({"nbf": 2**40}, "the token is not valid yet"),
        ({"iat": 2**40}, "the token is not valid yet"),
        ({"aud": "other"}, "the token is for another audience"),
        ({"aud": None}, "the token lacks a claim"),
        ({"aud": []}, "the token lacks a claim"),
        ({"iss": "https://evil.example.com/"}, "the token is of another issuer"),
        ({"iss": None}, "the token lacks a claim"),
        ({"sub": None}, "no claim 'sub' that names somebody"),
        ({"sub": ""}, "no claim 'sub' that names somebody"),
        ({"sub": "a\nb"}, "no claim 'sub' that names somebody"),
    ],
)
def test_token_that_is_not_right_is_refused_with_the_reason(believed, provider, claims, told):
    with pytest.raises(Unauthenticated, match=told):
        believed(provider.token(**claims))


def test_what_is_not_signed_is_told_nothing(believed, provider):
    other = generate_private_key(public_exponent=65537, key_size=2048)

    with pytest.raises(Unauthenticated, match=r"^the token is not accepted$"):
        believed(provider.token(key=other, exp=1))


def test_leeway_is_for_clocks_that_differ(believed, provider):
    token = provider.token(exp=int(time.time()) - 10)

    assert believed(token, leeway_seconds=30).subject == "ada"
    with pytest.raises(Unauthenticated, match="expired"):
        believed(token, leeway_seconds=0)


class TestAttacks:
    def forged(self, provider, header, claims=None, signature=""):
        given = {
            "iss": provider.issuer,
            "aud": "flights",
            "sub": "eve",
            "exp": int(time.time()) + 60,
        }
        parts = [json.dumps(one).encode() for one in (header, {**given, **(claims or {})})]
        return ".".join(
            [*(urlsafe_b64encode(one).decode().rstrip("=") for one in parts), signature]
        )

    @pytest.mark.parametrize("name", ["none", "None", "NONE", "", None, 7, ["RS256"], {}])
    def test_token_without_a_signature_is_refused(self, believed, provider, name):
        for header in ({"alg": name}, {"alg": name, "kid": "RS256-0"}):
            with pytest.raises(Unauthenticated):
                believed(self.forged(provider, header))

    def test_public_key_is_no_secret_to_sign_with(self, believed, provider):
        public = provider.keys["RS256"][1].public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        header = {"alg": "HS256", "kid": "RS256-0"}
        unsigned = self.forged(provider, header).rstrip(".")
        signature = urlsafe_b64encode(algorithm.sign(unsigned.encode(), pem)).decode().rstrip("=")

        with pytest.raises(Unauthenticated):
            believed(f"{unsigned}.{signature}")

    def test_symmetric_key_in_a_set_is_used_for_nothing(self, start, options, provider, said):
        secret = "0123456789abcdef0123456789abcdef"
        encoded = urlsafe_b64encode(secret.encode()).decode().rstrip("=")
        with open(options["keys"], "w") as file:
            oct_key = {"kty": "oct", "k": encoded, "kid": "o", "alg": "HS256"}
            json.dump({"keys": [oct_key, *provider.jwks()["keys"]]}, file)
        claims = {"iss": provider.issuer, "aud": "flights", "sub": "eve", "exp": 2**31}
        asked = start(jwt=options)

        with pytest.raises(Unauthenticated):
            asked.authenticate(said.bearer(jwt.encode(claims, secret, headers={"kid": "o"})))

    def test_key_of_another_kind_than_the_token_says_is_not_used(self, believed, provider):
        token = provider.token("ES256", header={"kid": "RS256-0"})

        with pytest.raises(Unauthenticated):
            believed(token)

    @pytest.mark.parametrize(
        "kid",
        ["../../etc/passwd", "' OR 1=1 --", "http://evil.example.com/k", "x" * 5000, "\0", ""],
    )
    def test_name_of_a_key_is_only_compared(self, believed, provider, kid):
        with pytest.raises(Unauthenticated):
            believed(provider.token(header={"kid": kid}))

    def test_key_that_a_token_brings_along_is_not_used(self, believed, provider):
        own = generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
        header = {"jwk": public, "jku": "http://evil.example.com/", "x5u": "http://evil/"}

        with pytest.raises(Unauthenticated):
            believed(provider.token(key=own, header=header))

    def test_extension_that_has_to_be_understood_is_not(self, believed, provider):
        with pytest.raises(Unauthenticated):
            believed(provider.token(header={"crit": ["exp"], "exp": 1}))

    def test_algorithm_that_is_not_allowed_is_refused(self, believed, provider):
        with pytest.raises(Unauthenticated):
            believed(provider.token("RS256"), algorithms=["ES256"])

    def test_token_that_is_cut_or_changed_is_refused(self, believed, provider):
        header, claims, signature = provider.token().split(".")
        other = provider.token(sub="eve").split(".")[1]

        for parts in [
            (header, other, signature),
            (header, claims, signature[:-2]),
            (header, claims, ""),
            ("", claims, signature),
            (header, "", signature),
            (header, claims + "=", signature),
        ]:
            with pytest.raises(Unauthenticated):
                believed(".".join(parts))


@pytest.mark.parametrize(
    ("claims", "more", "roles"),
    [
        ({"roles": ["a", "b"]}, {}, {"a", "b"}),
        ({"roles": "a b"}, {}, {"a", "b"}),
        ({}, {}, set()),
        ({"roles": {"a": 1}}, {}, set()),
        ({"roles": ["a", 7, None, "b\nc", ""]}, {}, {"a"}),
        ({"realm_access": {"roles": ["a"]}}, {"roles_claim": "realm_access.roles"}, {"a"}),
        ({"https://x.org/roles": ["a"]}, {"roles_claim": "https://x.org/roles"}, {"a"}),
        ({"realm_access": ["a"]}, {"roles_claim": "realm_access.roles"}, set()),
        ({"roles": ["g1", "g2"]}, {"roles": {"g1": "analyst", "g3": "admin"}}, {"analyst"}),
        ({"roles": ["admin"]}, {"roles": {}}, set()),
    ],
)
def test_roles_come_from_a_claim(believed, provider, claims, more, roles):
    assert believed(provider.token(**claims), **more).roles == roles


def test_subject_comes_from_a_claim(believed, provider):
    token = provider.token(email="ada@example.com")

    assert believed(token, subject_claim="email").subject == "ada@example.com"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"keys": None}, "set jwks_url, or keys for a file of them, and not both"),
        ({"jwks_url": "https://x.org/"}, "set jwks_url, or keys for a file of them, and not both"),
        ({"jwks_url": "http://x.org/", "keys": None}, "is no https:// URL"),
        ({"jwks_url": "file:///etc/passwd", "keys": None}, "is no https:// URL"),
        ({"audience": []}, "auth.jwt.audience"),
        ({"issuer": None}, "auth.jwt.issuer"),
        ({"algorithms": ["HS256"]}, "auth.jwt.algorithms"),
        ({"algorithms": ["none"]}, "auth.jwt.algorithms"),
        ({"algorithms": []}, "auth.jwt.algorithms"),
        ({"keys": "missing.json"}, "missing.json: cannot be read"),
    ],
)
def test_what_is_wrong_in_the_configuration_stops_the_start(start, options, change, problem):
    table = {key: value for key, value in {**options, **change}.items() if value is not None}

    with pytest.raises(ConfigError, match=problem):
        start(jwt=table)


@pytest.mark.parametrize(
    "content",
    [
        "", "{}", "[]", "7", '{"keys": {}}', '{"keys": []}', '{"keys": [7, {}, {"kty": "x"}]}',
        "[" * 50_000, "-----BEGIN PUBLIC KEY-----", "-----BEGIN PRIVATE KEY-----\nzz-s3cr3t",
    ],
)  # fmt: skip
def test_file_without_a_key_that_can_be_used_stops_the_start(start, options, content):
    with open(options["keys"], "w") as file:
        file.write(content)

    with pytest.raises(ConfigError, match=r"jwks.json: (is no|has no)") as caught:
        start(jwt=options)

    assert "zz-s3cr3t" not in caught.value.message


def test_weak_and_private_keys_are_used_for_nothing(start, options, provider):
    weak = generate_private_key(public_exponent=65537, key_size=1024)
    private = generate_private_key(public_exponent=65537, key_size=2048)
    to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
    listed = [to_jwk(weak.public_key(), as_dict=True), to_jwk(private, as_dict=True)]
    listed.append({**provider.jwks()["keys"][0], "use": "enc"})
    with open(options["keys"], "w") as file:
        json.dump({"keys": listed}, file)

    with pytest.raises(ConfigError, match="has no public key that can be used"):
        start(jwt=options)


def test_file_of_keys_is_read_again(start, options, provider, said):
    asked = start(jwt=options)
    provider.rotate("RS256")
    token = provider.token()
    with pytest.raises(Unauthenticated):
        asked.authenticate(said.bearer(token))

    with open(options["keys"], "w") as file:
        json.dump(provider.jwks(), file)

    assert asked.authenticate(said.bearer(token)).subject == "ada"
