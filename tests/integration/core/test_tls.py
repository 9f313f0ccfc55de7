"""TLS as clients meet it: encrypted, verified, and with certificates of their own."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import trustme
from pyarrow import flight
from structlog.testing import capture_logs

import flightstream
from flightstream import Identity, Server, Unauthenticated, hookimpl, service

ROWS = pa.table({"id": [1, 2, 3]})


@service
class Certificates:
    """Takes the subject of the client's certificate for the name of who asks."""

    @hookimpl
    def authenticate(self, credentials):
        if not credentials.peer_identity:
            raise Unauthenticated("no certificate")
        return Identity(credentials.peer_identity)

    @hookimpl
    def authorize(self, identity, path, operation):
        assert identity.subject == "ada@example.org"


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def tls(ca, tmp_path):
    leaf = ca.issue_cert("localhost", "127.0.0.1")
    (tmp_path / "cert").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(tmp_path / "key")
    ca.cert_pem.write_to_path(tmp_path / "ca")
    return {"certificate": tmp_path / "cert", "key": tmp_path / "key"}


@pytest.fixture
def start(memory, folder):
    started = []

    def run(*plugins, **settings):
        adapter = memory({"rows": ROWS})
        server = Server(plugins=[*plugins, adapter], sources={"s": folder}, port=0, **settings)
        started.append(server.start())
        return server

    yield run
    for server in started:
        server.stop(5)


def read(server, scheme="grpc+tls", **kwargs):
    with flight.connect(f"{scheme}://localhost:{server.port}", **kwargs) as client:
        options = flight.FlightCallOptions(timeout=20)
        return client.do_get(flight.Ticket(b"s/rows"), options).read_all()


def test_a_client_that_knows_the_ca_reads(start, tls, ca):
    server = start(tls=tls)

    assert server.info.tls
    assert read(server, tls_root_certs=ca.cert_pem.bytes()) == ROWS


@pytest.mark.parametrize("scheme", ["grpc", "grpc+tls"])
def test_plaintext_and_an_unknown_ca_are_refused(start, tls, scheme):
    arguments = {"tls_root_certs": trustme.CA().cert_pem.bytes()} if scheme == "grpc+tls" else {}

    with pytest.raises(flight.FlightUnavailableError):
        read(start(tls=tls), scheme, **arguments)


def test_our_client_takes_a_ca_as_a_path_or_as_bytes(start, tls, tmp_path):
    uri = f"grpc+tls://localhost:{start(tls=tls).port}"
    for given in (tmp_path / "ca", str(tmp_path / "ca"), (tmp_path / "ca").read_bytes()):
        with flightstream.connect(uri, tls_ca=given, token="any") as client:
            assert client.read("rows") == ROWS


def test_a_certificate_that_expires_soon_is_warned_of(start, tls, ca, tmp_path):
    def warned(days):
        ends = datetime.now(UTC) + timedelta(days=days, hours=1)
        leaf = ca.issue_cert("localhost", not_after=ends)
        leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "soon")
        with capture_logs() as logs:
            start(tls=dict.fromkeys(tls, tmp_path / "soon"))
        return [one["days"] for one in logs if one["event"] == "certificate_expires_soon"]

    assert (warned(13), warned(15)) == ([13], [])


class TestClientCertificates:
    @pytest.fixture
    def server(self, start, tls, tmp_path):
        wanted = {"client_ca": tmp_path / "ca", "require_client_certificate": True}
        return start(Certificates, tls=tls | wanted)

    def test_the_subject_of_the_certificate_is_the_peer_identity(self, server, ca):
        assert server.info.requires_client_certificate
        assert read(server, **shown(ca.issue_cert("ada@example.org"), ca)) == ROWS

    def test_a_certificate_of_another_ca_or_none_is_refused(self, server, ca):
        stranger = shown(trustme.CA().issue_cert("ada@example.org"), ca)
        for arguments in (stranger, {"tls_root_certs": ca.cert_pem.bytes()}):
            with pytest.raises(flight.FlightUnavailableError):
                read(server, **arguments)

    def test_our_client_shows_one_and_logs_in_beside_it(self, server, tmp_path, ca):
        leaf = ca.issue_cert("ada@example.org")
        leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ada")
        with flightstream.connect(
            f"grpc+tls://localhost:{server.port}",
            tls_ca=tmp_path / "ca",
            tls_cert=tmp_path / "ada",
            tls_key=tmp_path / "ada",
            username="ada",
            password="s3cret",
        ) as client:
            assert client.read("rows") == ROWS

    def test_there_is_no_handshake(self, server, ca):
        arguments = shown(ca.issue_cert("ada@example.org"), ca)
        with (
            flight.connect(f"grpc+tls://localhost:{server.port}", **arguments) as client,
            pytest.raises(pa.ArrowNotImplementedError),
        ):
            client.authenticate_basic_token("ada", "x")


def shown(leaf, ca):
    return {
        "tls_root_certs": ca.cert_pem.bytes(),
        "cert_chain": leaf.cert_chain_pems[0].bytes(),
        "private_key": leaf.private_key_pem.bytes(),
    }
