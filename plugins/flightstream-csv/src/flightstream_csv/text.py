"""The bytes of a file as UTF-8 text: decompressed, decoded, without byte order mark."""

import codecs
from types import TracebackType
from typing import Self

import pyarrow as pa

from flightstream import File, InvalidData, Stale

_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Undecodable(Exception):
    """The text ends here, at bytes that its encoding does not allow."""

    def __init__(self, encoding: str, offending: bytes) -> None:
        super().__init__(encoding, offending)
        self.encoding = encoding
        self.offending = offending


class Text:
    """A file, read from its start as UTF-8.

    A file that is UTF-8 already is passed on as it is, so its bytes may still
    be wrong: that shows where they are parsed. Not safe for several threads at
    once.

    Args:
        file: Its suffix tells the compression.
        encoding: Of a file without byte order mark.
    """

    def __init__(self, file: File, encoding: str) -> None:
        self.encoding = codecs.lookup(encoding).name.replace("utf-8-sig", "utf-8")
        self.mark = b""
        self._file = file
        self._failure: Undecodable | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._started = False

    def __enter__(self) -> Self:
        self._raw = self._file.open()
        self._left = self._file.size
        codec = compression(self._file)
        self._stream = pa.CompressedInputStream(self._raw, codec) if codec else None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing the stream alone leaves the file below it open.
        if self._stream is not None:
            self._stream.close()
        self._raw.close()

    def read(self, size: int) -> bytes:
        """Return about ``size`` more bytes of text, none at the end.

        Raises:
            InvalidData: The compressed file is damaged or cut short.
            Undecodable: What was returned so far ends before bytes that the
                encoding does not allow.
            Stale: The file became shorter.
        """
        if self._failure is not None:
            raise self._failure
        while True:
            raw = self._read_raw(size)
            if not self._started:
                raw = self._start(raw)
            if self._decoder is None:
                return raw
            text = self._decode(raw)
            if text or not raw:
                if not text and self._failure is not None:
                    raise self._failure
                return text

    def _start(self, raw: bytes) -> bytes:
        while len(raw) < 4 and (more := self._read_raw(4)):
            raw += more
        self._started = True
        for mark, encoding in _MARKS:
            if raw.startswith(mark):
                self.mark, self.encoding, raw = mark, encoding, raw[len(mark) :]
                break
        if self.encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        return raw

    def _read_raw(self, size: int) -> bytes:
        if self._stream is not None:
            try:
                return bytes(self._stream.read(size))
            except OSError as exc:
                self._file.check_unchanged()
                raise InvalidData(
                    f"the compressed file {self._file.name!r} is damaged or cut short"
                ) from exc
        raw = bytes(self._raw.read(min(size, self._left)))
        if not raw and self._left:
            raise Stale(f"the file {self._file.name!r} changed: ask for the flight again")
        self._left -= len(raw)
        return raw

    def _decode(self, raw: bytes) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder.decode(raw, final=not raw).encode()
        except UnicodeDecodeError as exc:
            data = bytes(exc.object)
            self._failure = Undecodable(self.encoding, data[exc.start : exc.end])
            return data[: exc.start].decode(self.encoding, "ignore").encode()
        except UnicodeError:
            self._failure = Undecodable(self.encoding, b"")
            return b""


def compression(file: File) -> str | None:
    """Return Arrow's name of a file's compression, by its suffix."""
    return _COMPRESSIONS.get("." + file.name.rpartition(".")[2].lower())
