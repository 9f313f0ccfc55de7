"""TLS, tokens and profiles on the command line: from certificates to rows."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ["ca.pem", "client.key", "client.pem", "server.key", "server.pem"]


class TestDevCert:
    def test_what_it_prints_works_as_pasted(self, toys, cli, serve_process):
        done = cli("tls", "dev-cert", "--out", "certs")
        table, _, shell = done.stdout.partition("In a shell, once it is served:\n\n")
        (toys / "flightstream.toml").write_text(table.partition("\n")[2])
        server = serve_process("toys", "--plugin", "toy:ToyAdapter")

        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(path.name for path in (toys / "certs").iterdir()) == NAMES
        command = shell.partition("\n")[0].replace(":8080", f":{server.port}")
        program, *arguments = command.split()
        assert program == "flightstream"
        assert cli(*arguments).stdout.startswith("name            adapter  rows  size\n")
        refused = cli(*arguments[: arguments.index("--tls-cert")])
        assert (refused.returncode, refused.stdout) == (1, "")

    def test_keys_are_for_their_owner_alone_and_nothing_is_overwritten(self, tmp_path, command):
        command("tls", "dev-cert")
        before = {name: (tmp_path / name).read_bytes() for name in NAMES}
        again = command("tls", "dev-cert")

        for name in NAMES:
            mode = (tmp_path / name).stat().st_mode & 0o777
            assert mode == (0o600 if name.endswith(".key") else 0o644 & ~_umask()), name
            assert (tmp_path / name).read_bytes() == before[name]
        assert again.returncode == 1
        assert again.stderr == "flightstream: . has a ca.pem already: choose another --out\n"

    def test_without_the_extra_it_says_what_to_install(self, tmp_path, cli):
        (tmp_path / "trustme.py").write_text("raise ImportError")
        done = cli("tls", "dev-cert", env={"PYTHONPATH": str(tmp_path)})

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "flightstream: trustme, which makes certificates, is not installed: pip install"
            " 'flightstream-core[tls]'\n"
        )


@pytest.mark.parametrize("clients", [True, False])
def test_the_greeting_of_a_server_with_tls_works_as_pasted(toys, cli, start_cli, clients):
    cli("tls", "dev-cert", "--host", "localhost", "--host", "data.example.org")
    mutual = 'client_ca = "ca.pem"\nrequire_client_certificate = true\n' if clients else ""
    (toys / "flightstream.toml").write_text(
        f'[server.tls]\ncertificate = "server.pem"\nkey = "server.key"\n{mutual}'
    )
    serve = start_cli(
        "serve", "toys", "--port", "0", "--host", "127.0.0.1", "--plugin", "toy:ToyAdapter",
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    text = ""
    while "flightstream head" not in text or not text.endswith("\n\n"):
        text += serve.stdout.readline()
        assert serve.poll() is None
    snippets = text.partition("Read one with pyarrow:\n\n")[2].split("\n\n")

    assert re.search(r"serves 3 flights at grpc\+tls://localhost:\d+\n", text)
    for python in (snippets[0], snippets[2]):
        code = f"{python}\nprint(table.num_rows)"
        read = subprocess.run(
            [sys.executable, "-c", code], cwd=toys, capture_output=True, text=True
        )
        assert (read.returncode, read.stdout) == (0, "2500\n"), read.stderr
    program, *arguments = snippets[4].split()
    assert cli(*arguments, "--json").returncode == 0, program


class TestTokens:
    @pytest.fixture
    def uri(self, toys, serve_process):
        return serve_process("toys", "--plugin", "toy:ToyAdapter", "--plugin", "toy:Ada").uri

    @pytest.fixture
    def profile(self, tmp_path):
        """Return a function that writes profiles, and gives the environment they are found in."""

        def write(text, mode=0o600):
            file = tmp_path / "config" / "flightstream" / "profiles.toml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
            return {"XDG_CONFIG_HOME": str(tmp_path / "config")}

        return write

    def test_a_token_comes_from_the_variable_or_the_option(self, uri, cli):
        assert cli("ls", "--uri", uri).stderr == "flightstream: no such token\n"
        assert cli("ls", "--uri", uri, env={"FLIGHTSTREAM_TOKEN": "s3cret"}).returncode == 0
        assert cli("ls", "--uri", uri, "--token", "s3cret").returncode == 0

    def test_a_profile_has_the_server_and_the_token(self, uri, command, profile):
        env = profile(f'[ada]\nuri = "{uri}"\ntoken = "s3cret"\n')
        listed = json.loads(command("ls", "--profile", "ada", "--json", env=env).stdout)

        assert len(listed) == 3
        # What the environment says belongs to another server.
        other = {"FLIGHTSTREAM_URI": "grpc://localhost:1", "FLIGHTSTREAM_TOKEN": "guess"}
        assert command("ls", "--profile", "ada", env=env | other).returncode == 0
        wrong = command("ls", "--profile", "ada", "--token", "guess", env=env)
        assert (wrong.returncode, wrong.stderr) == (1, "flightstream: no such token\n")

    def test_a_profiles_token_goes_to_no_other_server(self, uri, command, profile):
        env = profile('[ada]\nuri = "grpc://localhost:1"\ntoken = "s3cret"\n')
        done = command("ls", "--profile", "ada", "--uri", uri, env=env)

        assert done.returncode == 2
        assert "a profile is for its own server" in done.stderr

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
    def test_profiles_that_others_may_read_are_refused(self, command, profile, tmp_path, mode):
        done = command("ls", "--profile", "ada", env=profile('[ada]\nuri = "grpc://h:1"\n', mode))
        file = tmp_path / "config" / "flightstream" / "profiles.toml"

        assert done.returncode == 2
        assert done.stderr == (
            f"flightstream: {file} may be read by others: run chmod 600 {file}\n"
        )

    def test_what_is_wrong_with_a_profile_is_told_without_the_secret(self, command, profile):
        text = '[ada]\nuri = "grpc://h:1"\ntokn = "s3cret"\npassword = 5\n'
        done = command("ls", "--profile", "ada", env=profile(text))

        assert done.returncode == 2
        assert "ada.tokn: unknown key; did you mean 'token'?" in done.stderr
        assert "s3cret" not in done.stderr
        missing = command("ls", "--profile", "eve", env=profile(text))
        assert missing.stderr.endswith("there is no profile 'eve'; there are: ada\n")

    def test_without_any_profiles_the_place_is_told(self, command, tmp_path):
        done = command("ls", "--profile", "ada", env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""})

        file = tmp_path / ".config" / "flightstream" / "profiles.toml"
        assert done.returncode == 2
        assert done.stderr == f"flightstream: {file} cannot be read: no such file or directory\n"

    def test_a_token_is_not_sent_in_the_open(self, command):
        done = command("ls", "--uri", "grpc://192.0.2.1:1", env={"FLIGHTSTREAM_TOKEN": "s3cret"})

        assert done.returncode == 2
        assert "would go to 192.0.2.1 unencrypted" in done.stderr
        assert "s3cret" not in done.stderr


def _umask():
    return int(re.search(r"Umask:\t(\d+)", Path("/proc/self/status").read_text())[1], 8)
