"""``[server.tls]``: what is wrong with it is told before the server listens."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from flightstream.config import load_config, load_mapping

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture(scope="module")
def good(ca):
    return ca.issue_cert("localhost")


@pytest.fixture
def problems(tmp_path):
    """Return a function that writes files, and tells what is wrong with a table of their names."""

    def check(files=None, /, **tls):
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(content)
        loaded = load_mapping({"server": {"tls": tls}}, working_folder=tmp_path)
        return {
            problem.key.removeprefix("server.tls."): problem.message for problem in loaded.problems
        }

    return check


def chain(*leaves):
    return "".join(blob.bytes().decode() for leaf in leaves for blob in leaf.cert_chain_pems)


def key(leaf):
    return leaf.private_key_pem.bytes().decode()


def pair(leaf):
    return {"cert": chain(leaf), "key": key(leaf)}


def test_a_certificate_and_its_key_are_right(problems, good):
    assert problems(pair(good), certificate="cert", key="key") == {}


def test_a_chain_behind_the_certificate_is_right(problems, ca):
    leaf = ca.create_child_ca().issue_cert("localhost")

    assert len(leaf.cert_chain_pems) == 2
    assert problems(pair(leaf), certificate="cert", key="key") == {}


def test_half_a_configuration_names_the_other_half(problems, good, ca):
    problems(pair(good) | {"ca": ca.cert_pem.bytes().decode()})

    assert problems(certificate="cert") == {"key": "required for TLS, but not set"}
    assert problems(key="key") == {"certificate": "required for TLS, but not set"}
    assert problems(client_ca="ca", require_client_certificate=True) == {
        "certificate": "required for TLS, but not set"
    }
    assert problems(certificate="cert", key="key", require_client_certificate=True) == {
        "client_ca": "required with require_client_certificate, but not set"
    }


def test_optional_certificates_of_clients_are_refused(problems, good, ca):
    found = problems(
        pair(good) | {"ca": ca.cert_pem.bytes().decode()},
        certificate="cert",
        key="key",
        client_ca="ca",
    )

    assert found == {
        "client_ca": "certificates of clients are required or not looked at, for Flight cannot"
        " only ask for them: set require_client_certificate = true, or remove client_ca"
    }


def test_files_that_cannot_be_read_are_all_named(problems):
    assert problems(certificate="nope.pem", key="none.key") == {
        "certificate": "the file 'nope.pem' cannot be read: no such file or directory",
        "key": "the file 'none.key' cannot be read: no such file or directory",
    }


def test_files_without_pem_are_named(problems):
    files = {"cert": "hello", "key": "world"}

    assert problems(files, certificate="cert", key="key") == {
        "certificate": "there is no certificate in it: one begins with -----BEGIN CERTIFICATE-----",
        "key": "there is no key in it: one begins with -----BEGIN PRIVATE KEY-----",
    }


def test_garbled_pem_is_named(problems, good):
    garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"

    assert problems({"cert": garbled, "key": key(good)}, certificate="cert", key="key") == {
        "certificate": "certificate 1 in it is none"
    }
    (found,) = problems({"cert": chain(good), "key": no_key}, certificate="cert", key="key").items()
    assert found[0] == "key"
    assert found[1].startswith("it cannot be used: ")


def test_an_encrypted_key_is_named(problems, good, tmp_path):
    problems(pair(good))
    command = ["openssl", "pkey", "-in", tmp_path / "key", "-aes256", "-passout", "pass:x"]
    encrypted = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert problems({"key": encrypted}, certificate="cert", key="key") == {
        "key": "it is encrypted: write it without a passphrase, openssl pkey -in FILE"
    }


@pytest.mark.parametrize("key_type", trustme.KeyType)
def test_the_key_of_another_certificate_is_refused(problems, ca, key_type):
    one, other = ca.issue_cert("localhost"), ca.issue_cert("localhost", key_type=key_type)
    files = {"cert": chain(one), "key": key(other)}

    assert problems(files, certificate="cert", key="key") == {
        "key": "it is not the key of server.tls.certificate"
    }


def test_certificates_out_of_order_are_refused(problems, ca):
    leaf = ca.create_child_ca().issue_cert("localhost")
    own, issuer = (blob.bytes().decode() for blob in leaf.cert_chain_pems)
    unrelated = trustme.CA().cert_pem.bytes().decode()

    def found(text):
        return problems({"cert": text, "key": key(leaf)}, certificate="cert", key="key")

    assert found(issuer + own) == {
        "certificate": "the key is that of certificate 2 in it: put the server's own first"
    }
    assert found(own + unrelated + issuer) == {
        "certificate": "certificate 2 in it is not that of the issuer of the one before it: put"
        " the server's own first, and behind each that of its issuer"
    }


def test_certificates_out_of_their_time_are_refused(problems, ca):
    def found(begins, ends):
        leaf = ca.issue_cert("localhost", not_before=begins, not_after=ends)
        return problems(pair(leaf), certificate="cert", key="key")["certificate"]

    assert found(NOW - 2 * WEEK, NOW - WEEK).startswith("it has expired on ")
    assert found(NOW + WEEK, NOW + 2 * WEEK).startswith("it is not valid before ")


def test_a_client_ca_has_certificates_of_cas(problems, good):
    files = pair(good) | {"none": "nothing"}

    def found(name):
        return problems(
            files, certificate="cert", key="key", client_ca=name, require_client_certificate=True
        )["client_ca"]

    assert found("none").startswith("there is no certificate in it")
    assert found("cert") == "certificate 1 in it is not that of a CA"


def test_pem_may_come_from_the_environment(good, tmp_path):
    environ = {
        "SERVER_KEY": key(good),
        "FLIGHTSTREAM__SERVER__TLS__CERTIFICATE": chain(good),
        "FLIGHTSTREAM__SERVER__TLS__KEY": '{ env = "SERVER_KEY" }',
    }
    loaded = load_config(environ=environ, working_folder=tmp_path)
    shown = {row.key: row.shown for row in loaded.describe()}

    assert loaded.problems == ()
    assert loaded.config.server.tls.key.reveal() == key(good)
    assert shown["server.tls.key"] == shown["server.tls.certificate"] == '"***"'
    assert "BEGIN" not in f"{loaded.config!r}"


def test_a_file_is_shown_by_its_path(problems, good, tmp_path):
    problems(pair(good))
    tls = {"certificate": "cert", "key": "key"}
    loaded = load_mapping({"server": {"tls": tls}}, working_folder=tmp_path)
    shown = {row.key: row.shown for row in loaded.describe()}

    assert shown["server.tls.key"] == f'"{tmp_path}/key"'
    assert load_mapping(loaded.config.to_mapping()).config == loaded.config
