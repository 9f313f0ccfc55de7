"""Real servers, and the clients that people log in with."""

import json
import os
import re
import stat
import subprocess
import sysconfig
from pathlib import Path

import adbc_driver_manager
import pytest
import trustme
from adbc_driver_flightsql import dbapi
from flightstream_auth import AuthPlugin
from pyarrow import flight

import flightstream
from flightstream import ConfigError, Unauthenticated
from flightstream.testing import FaultyAdapter, options_table

pytest_plugins = ["flightstream.testing"]

NUMBERS = flight.FlightDescriptor.for_path("numbers")
PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")


@pytest.fixture
def served(serve):
    """Return a function that starts a server with options of the plugin."""

    def served(server=None, **options):
        config = {
            "plugins": {"enabled": [], "auth": options, "faulty": {}},
            "server": server or {},
        }
        return serve(AuthPlugin, FaultyAdapter, config=config)

    return served


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


def subjects(started):
    """Return as whom calls were answered, in order."""
    calls = [line for line in started.server.log_lines() if line["event"] == "call_finished"]
    return [line["subject"] for line in calls if line["code"] == "ok"]


class TestPasswords:
    def test_pyarrow_logs_in_once_and_calls_with_the_token(self, served, users):
        started = served(basic={"file": str(users)})
        with flight.connect(started.uri) as client:
            header = client.authenticate_basic_token("ada", "countess")
            options = flight.FlightCallOptions(headers=[header])

            assert client.get_flight_info(NUMBERS, options).endpoints
            assert header[0] == b"authorization"
            assert header[1].startswith(b"Bearer ")
        assert subjects(started) == ["ada", "ada"]
        assert "countess" not in started.server.log_text()
        assert header[1].decode().split(" ")[1] not in started.server.log_text()

    def test_pyarrow_with_a_wrong_password_is_refused(self, served, users):
        started = served(basic={"file": str(users)})
        with flight.connect(started.uri) as client:
            for name in ("ada", "nobody"):
                with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                    client.authenticate_basic_token(name, "zz-guess")
                assert "the name or the password is wrong" in str(caught.value)
        assert "zz-guess" not in started.server.log_text()

    def test_our_client_logs_in(self, served, users):
        started = served(basic={"file": str(users)})
        with flightstream.connect(started.uri, username="ada", password="countess") as client:
            assert client.read("numbers").num_rows
        with (
            flightstream.connect(started.uri, username="ada", password="zz-guess") as client,
            pytest.raises(Unauthenticated, match="the name or the password is wrong"),
        ):
            client.read("numbers")

    def test_driver_of_adbc_logs_in(self, served, users):
        """It logs in when it connects; what it then asks is Flight SQL."""
        started = served(basic={"file": str(users)})

        def connect(password):
            login = {"username": "ada", "password": password}
            return dbapi.connect(started.uri, db_kwargs=login, autocommit=True)

        connect("countess").close()
        assert "ada" in subjects(started)
        with pytest.raises(adbc_driver_manager.Error, match="the name or the password is wrong"):
            connect("zz-guess")

    def test_login_lasts_on_another_server_that_has_the_key(self, served, users, tmp_path):
        (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef\n")
        options = {"file": str(users), "key": {"file": str(tmp_path / "key")}}
        one, other = served(basic=options), served(basic=options)
        with flight.connect(one.uri) as client:
            header = client.authenticate_basic_token("ada", "countess")

        with flight.connect(other.uri) as client:
            client.get_flight_info(NUMBERS, flight.FlightCallOptions(headers=[header]))

        assert subjects(other) == ["ada"]


def test_every_scheme_is_on_at_once(served, users, tokens, provider):
    started = served(
        tokens={"file": str(tokens.path)},
        basic={"file": str(users)},
        jwt={"issuer": provider.issuer, "audience": ["flights"], "jwks_url": provider.url},
        anonymous={"roles": ["guest"]},
    )

    for token in (tokens.add("grace"), provider.token("ES256", sub="emmy")):
        with flightstream.connect(started.uri, token=token) as client:
            client.info("numbers")
    with flightstream.connect(started.uri, username="ada", password="countess") as client:
        client.info("numbers")
    with flightstream.connect(started.uri) as client:
        client.info("numbers")

    assert list(dict.fromkeys(subjects(started))) == ["grace", "emmy", "ada", "anonymous"]


class TestCertificates:
    @pytest.fixture
    def tls(self, ca, tmp_path):
        leaf = ca.issue_cert("localhost")
        leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
        ca.cert_pem.write_to_path(tmp_path / "ca.pem")
        pem = str(tmp_path / "server.pem")
        required = {"client_ca": str(tmp_path / "ca.pem"), "require_client_certificate": True}
        return {"certificate": pem, "key": pem, **required}

    def connect(self, ca, tmp_path, uri, name, **login):
        leaf = ca.issue_cert(name)
        pem = tmp_path / "client.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(pem)
        given = {"tls_ca": tmp_path / "ca.pem", "tls_cert": pem, "tls_key": pem}
        return flightstream.connect(uri, **given, **login)

    def test_subject_of_a_certificate_is_who_asks(self, served, tls, ca, tmp_path):
        started = served({"tls": tls}, mtls={"roles": ["machine"]})

        with self.connect(ca, tmp_path, started.uri, "etl.example.com") as client:
            client.info("numbers")

        assert set(subjects(started)) == {"etl.example.com"}

    def test_header_counts_before_the_certificate(self, served, tls, ca, tmp_path, tokens, users):
        started = served(
            {"tls": tls},
            mtls={},
            tokens={"file": str(tokens.path)},
            basic={"file": str(users), "handshake": False},
        )

        for login in ({"token": tokens.add("grace")}, {"username": "ada", "password": "countess"}):
            with self.connect(ca, tmp_path, started.uri, "etl.example.com", **login) as client:
                client.info("numbers")
        with (
            self.connect(ca, tmp_path, started.uri, "etl.example.com", token="fst_a_b") as client,
            pytest.raises(Unauthenticated),
        ):
            client.info("numbers")

        assert set(subjects(started)) == {"grace", "ada"}

    def test_certificates_without_their_requirement_stop_the_start(self, served):
        with pytest.raises(ConfigError, match=r"set server\.tls\.client_ca and"):
            served(mtls={})

    def test_handshake_beside_required_certificates_stops_the_start(self, served, tls, users):
        with pytest.raises(ConfigError, match=r"set plugins\.auth\.basic\.handshake = false"):
            served({"tls": tls}, mtls={}, basic={"file": str(users)})


class TestCommands:
    def run(self, *arguments, folder, **kwargs):
        done = subprocess.run(
            [PROGRAM, "auth", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **kwargs,
        )
        assert "Traceback" not in done.stderr
        return done

    def test_new_token_is_printed_once_and_works(self, served, tmp_path):
        made = self.run(
            "new-token", "ada", "--role", "b", "--role", "a", "--days", "30", "--file", "t.toml",
            folder=tmp_path,
        )  # fmt: skip
        token, file = made.stdout.strip(), tmp_path / "t.toml"

        with flightstream.connect(served(tokens={"file": str(file)}).uri, token=token) as client:
            client.info("numbers")

        assert token not in file.read_text()
        assert re.search(r'^roles = \["a", "b"\]$', file.read_text(), re.MULTILINE)
        assert re.search(r"^expires = \d{4}-.*\+00:00$", file.read_text(), re.MULTILINE)
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600

    def test_second_token_is_added(self, tmp_path):
        for subject in ("ada", 'quo"te \\ ü'):
            assert self.run("new-token", subject, "--file", "t.toml", folder=tmp_path).stdout

        import tomllib

        found = tomllib.loads((tmp_path / "t.toml").read_text("utf-8"))["tokens"]
        assert [one["subject"] for one in found] == ["ada", 'quo"te \\ ü']

    @pytest.mark.parametrize("subject", ["", "a\nb"])
    def test_what_is_no_subject_is_refused(self, tmp_path, subject):
        done = self.run("new-token", subject, "--file", "t.toml", folder=tmp_path)

        assert (done.returncode, done.stdout) == (1, "")
        assert "is no subject" in done.stderr
        assert not (tmp_path / "t.toml").exists()

    def test_spoiled_file_is_left_alone(self, tmp_path):
        (tmp_path / "t.toml").write_text("no toml")

        done = self.run("new-token", "ada", "--file", "t.toml", folder=tmp_path)

        assert (done.returncode, done.stdout) == (1, "")
        assert "t.toml: is not TOML: see line 1" in done.stderr
        assert (tmp_path / "t.toml").read_text() == "no toml"

    def test_hash_of_a_password_lets_it_in(self, served, tmp_path):
        made = self.run("hash-password", folder=tmp_path, input="s3cr3t\n")
        (tmp_path / "users.toml").write_text(f'[users.ada]\npassword = "{made.stdout.strip()}"\n')
        uri = served(basic={"file": str(tmp_path / "users.toml")}).uri

        with flightstream.connect(uri, username="ada", password="s3cr3t") as client:
            client.info("numbers")

    def test_empty_password_is_refused(self, tmp_path):
        assert (
            "the password is empty" in self.run("hash-password", folder=tmp_path, input="").stderr
        )

    def test_new_key_is_one_that_signs(self, served, users, tmp_path):
        key = self.run("new-key", folder=tmp_path).stdout.strip()

        served(basic={"file": str(users), "key": key})


class TestReadme:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")

    def test_it_has_the_table_of_options(self):
        assert options_table(AuthPlugin) in self.readme

    def test_its_configuration_is_one(self, tmp_path):
        toml = re.findall(r"^```toml\n(.*?)^```$", self.readme, re.DOTALL | re.MULTILINE)[0]
        (tmp_path / "flightstream.toml").write_text(toml)
        done = subprocess.run(
            [PROGRAM, "plugins", "list", "--json"],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        [used] = [one for one in json.loads(done.stdout) if one["name"] == "auth"]

        assert (used["state"], used["distribution"]) == ("active", "flightstream-auth")
