"""``doctor``: each thing that can be wrong with a connection is told, with a cure."""

import json
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import trustme

DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def secured(toys, serve_process, ca):
    """Return a function that starts a server with a certificate for a name."""

    def start(*arguments, name="localhost", tls=None, **times):
        leaf = ca.issue_cert(name, **times)
        leaf.private_key_and_cert_chain_pem.write_to_path(toys / "server.pem")
        ca.cert_pem.write_to_path(toys / "ca.pem")
        tables = {"certificate": "server.pem", "key": "server.pem", **(tls or {})}
        lines = ["[server.tls]", *(f"{key} = {json.dumps(value)}" for key, value in tables.items())]
        (toys / "flightstream.toml").write_text("\n".join(lines))
        return serve_process("toys", "--plugin", "toy:ToyAdapter", *arguments).port

    return start


@pytest.fixture
def examine(command):
    """Return a function that runs the doctor, and gives its exit code and what each step says."""

    def run(*arguments, env=None):
        done = command("doctor", "--json", *arguments, env=env)
        document = json.loads(done.stdout)
        steps = {step["step"]: step for step in document["steps"]}
        assert document["ok"] == (done.returncode == 0)
        assert list(steps) == [
            "name", "port", "encryption", "certificate", "credentials", "metadata", "versions",
        ]  # fmt: skip
        return done.returncode, steps

    return run


def failed(steps):
    """Return the one step that failed; all behind it are skipped."""
    [step] = [step for step in steps.values() if step["status"] == "failed"]
    behind = list(steps)[list(steps).index(step["step"]) + 1 :]
    assert {steps[name]["detail"] for name in behind} <= {f"{step['step']} comes first"}
    return step["step"], step["detail"], step["cure"]


def test_a_connection_that_is_well_is_shown_to_people(toy_server, cli):
    done = cli("doctor", toy_server.uri)
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert [(status, step) for status, step, _ in lines] == [
        ("ok", "name"),
        ("ok", "port"),
        ("ok", "encryption"),
        ("skipped", "certificate"),
        ("ok", "credentials"),
        ("ok", "metadata"),
        ("ok", "versions"),
    ]
    assert lines[4][2] == "none given, and none wanted"
    assert lines[5][2] == "3 flights to be seen"


def test_a_name_that_is_not_known(examine):
    code, steps = examine("grpc://nowhere.invalid:1")

    assert (code, failed(steps)[0]) == (1, "name")
    assert failed(steps)[1].startswith("'nowhere.invalid' is not known here: ")


def test_a_port_where_nobody_listens(examine):
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        _, steps = examine(f"127.0.0.1:{port}")

    assert failed(steps)[:2] == ("port", f"nobody listens at 127.0.0.1 port {port}")


def test_tls_for_a_server_without(examine, toy_server):
    _, steps = examine(f"grpc+tls://localhost:{toy_server.port}")

    assert failed(steps) == (
        "encryption",
        "the server does not speak TLS",
        f"connect to grpc://localhost:{toy_server.port}",
    )


def test_no_tls_for_a_server_with_it(examine, secured):
    port = secured()
    _, steps = examine(f"grpc://localhost:{port}")

    assert failed(steps) == (
        "encryption",
        "the server speaks TLS",
        f"connect to grpc+tls://localhost:{port}",
    )


def test_something_else_that_listens(examine):
    def answer(listening):
        for _ in range(3):
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=answer, args=(listening,), daemon=True).start()
        _, steps = examine(f"127.0.0.1:{listening.getsockname()[1]}")

    assert failed(steps)[:2] == (
        "encryption",
        "what listens there speaks neither TLS nor HTTP/2",
    )


def test_something_that_does_not_answer(examine):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _, steps = examine(f"127.0.0.1:{listening.getsockname()[1]}")

    assert failed(steps) == (
        "encryption",
        "what listens there accepts connections and does not answer",
        "look whether it is busy or frozen, and whether a Flight server has this port",
    )


def test_a_certificate_that_is_well(examine, secured, toys):
    ends = datetime.now(UTC) + timedelta(days=30, hours=1)
    code, steps = examine(
        f"grpc+tls://localhost:{secured(not_after=ends)}", "--tls-ca", toys / "ca.pem"
    )

    assert (code, steps["certificate"]["detail"]) == (0, "trusted, for 30 more days")


def test_a_certificate_of_an_unknown_ca(examine, secured, toys):
    uri = f"grpc+tls://localhost:{secured()}"
    trustme.CA().cert_pem.write_to_path(toys / "other.pem")

    for arguments in ([], ["--tls-ca", toys / "other.pem"]):
        step, detail, cure = failed(examine(uri, *arguments)[1])
        assert (step, detail.partition(":")[0]) == ("certificate", "the certificate is refused")
        assert cure == "give the CA that has signed it with --tls-ca"


def test_a_certificate_for_another_host(examine, secured, toys):
    port = secured(name="data.example.org")
    _, steps = examine(f"grpc+tls://localhost:{port}", "--tls-ca", toys / "ca.pem")

    assert failed(steps)[:2] == (
        "certificate",
        "the certificate is not for 'localhost' but for: data.example.org",
    )


def test_a_certificate_that_has_expired_since_the_start(examine, ca, tmp_path):
    # A server of ours would not start with it.
    now = datetime.now(UTC)
    leaf = ca.issue_cert(
        "localhost", not_before=now - timedelta(days=2), not_after=now - timedelta(days=1)
    )
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "old.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    port = _free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-alpn", "h2", "-quiet"]
    files = ["-cert", tmp_path / "old.pem", "-key", tmp_path / "old.pem"]
    with subprocess.Popen([*command, *files], stdin=subprocess.PIPE) as server:
        try:
            _wait_for(port)
            _, steps = examine(f"grpc+tls://localhost:{port}", "--tls-ca", tmp_path / "ca.pem")
        finally:
            server.kill()

    assert failed(steps) == (
        "certificate",
        "the certificate is refused: certificate has expired",
        "have the server's certificate renewed; look at the clocks",
    )


def test_a_server_that_wants_a_certificate_of_the_client(examine, secured, toys, ca):
    tls = {"client_ca": "ca.pem", "require_client_certificate": True}
    ca.cert_pem.write_to_path(toys / "ca.pem")
    arguments = (f"grpc+tls://localhost:{secured(tls=tls)}", "--tls-ca", toys / "ca.pem")
    ca.issue_cert("ada").private_key_and_cert_chain_pem.write_to_path(toys / "ada.pem")

    step, detail, cure = failed(examine(*arguments)[1])
    assert (step, detail.partition(":")[0]) == ("certificate", "the server refuses this client")
    assert "--tls-cert" in cure
    own = ("--tls-cert", toys / "ada.pem", "--tls-key", toys / "ada.pem")
    assert examine(*arguments, *own)[0] == 0


def test_a_login_that_is_missing_or_wrong(examine, toys, serve_process):
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", "--plugin", "toy:Ada")

    assert failed(examine(server.uri)[1])[1:] == (
        "the server refuses the login: no such token",
        "give --token, or a --profile",
    )
    wrong = {"FLIGHTSTREAM_TOKEN": "guess"}
    assert failed(examine(server.uri, env=wrong)[1])[2] == "look whether it has expired"
    code, steps = examine(server.uri, env={"FLIGHTSTREAM_TOKEN": "s3cret"})
    assert (code, steps["credentials"]["detail"]) == (0, "the server takes the login")


def test_a_login_that_would_not_be_encrypted(examine, toys, serve_process):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outwards:
        outwards.connect(("192.0.2.1", 9))  # sends nothing
        own = outwards.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    env = {"FLIGHTSTREAM__SERVER__ALLOW_ANONYMOUS": "true"}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", "--host", "0.0.0.0", env=env)

    uri = f"grpc://{own}:{server.port}"
    given = {"FLIGHTSTREAM_TOKEN": "s3cret"}
    assert examine(uri)[0] == 0
    assert failed(examine(uri, env=given)[1])[0] == "credentials"
    assert examine(uri, "--allow-insecure", env=given)[0] == 0


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def _wait_for(port):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "openssl does not listen"
            time.sleep(0.01)
