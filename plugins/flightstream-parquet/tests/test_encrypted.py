"""Encrypted files are told, and the columns of them that are not encrypted are read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flightstream import InvalidData

encryption = pytest.importorskip("pyarrow.parquet.encryption")
TABLE = pa.table({"n": [1, 2], "text": ["a", "b"]})


class Keys(encryption.KmsClient):
    def __init__(self, _config):
        super().__init__()

    def wrap_key(self, key_bytes, _master):
        return key_bytes.hex()

    def unwrap_key(self, wrapped, _master):
        return bytes.fromhex(wrapped)


def encrypt(path: Path, columns: list[str], **how: bool) -> None:
    factory = encryption.CryptoFactory(Keys)
    wanted = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": columns}, **how
    )
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), wanted)
    with pq.ParquetWriter(path, TABLE.schema, encryption_properties=properties) as out:
        out.write_table(TABLE)


def test_an_encrypted_file_is_told(serve, lake):
    encrypt(lake / "x.parquet", ["n", "text"])

    with pytest.raises(InvalidData) as caught:
        serve().read("x")

    assert caught.value.message == (
        "the file 'x.parquet' is encrypted, and there is no key to read it with"
    )


def test_an_encrypted_column_is_told_and_the_others_are_read(serve, lake):
    # Arrow's own look at such a footer ends the process.
    encrypt(lake / "x.parquet", ["text"], plaintext_footer=True)
    client = serve()

    assert client.read("x", columns=["n"], filter="n > 1").to_pydict() == {"n": [2]}
    for asked in ({}, {"filter": "text = 'a'", "columns": ["n"]}):
        with pytest.raises(InvalidData) as caught:
            client.read("x", **asked)
        assert caught.value.column == "text"
        assert "'text' of the file 'x.parquet' is encrypted" in caught.value.message
