# SPDX-License-Identifier: GPL-3.0-or-later
"""WAV files as most recorders write them, read without another program; all others are a decoder's."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_READ = 1 << 20


class PlainWave(NamedTuple):
    """Where the samples of a WAV file lie, and as what numbers.

    Attributes:
        path: the file.
        rate: samples a second.
        channels: how many.
        bits: of a sample: 16, 24 or 32.
        floats: whether samples are floats of 32 bits, not whole numbers.
        start, stop: the samples' bytes.
    """

    path: Path
    rate: int
    channels: int
    bits: int
    floats: bool
    start: int
    stop: int

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """(N, channels) each, full scale 1."""
        size = self.channels * self.bits // 8
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = self.stop - self.start
            while left and (data := file.read(min(left, max(_READ // size, 1) * size))):
                left -= len(data)
                yield self._numbers(data).reshape(-1, self.channels)

    def _numbers(self, data: bytes) -> NDArray[np.float32]:
        if self.floats:
            return np.frombuffer(data, "<f4").astype(np.float32)
        if self.bits == 24:
            # The highest three bytes of 32-bit numbers.
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
        return np.frombuffer(data, f"<i{self.bits // 8}").astype(np.float32) / np.float32(2 ** (self.bits - 1))


def plain_wave(path: Path) -> PlainWave | None:
    """Look at a file; None where it is no WAV of 16, 24 or 32 bits whose header tells the truth about its length.

    Raises:
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if (
            head[:4] != b"RIFF"
            or head[8:] != b"WAVE"
            or not size - 1 <= int.from_bytes(head[4:8], "little") + 8 <= size
        ):
            return None
        kind = channels = rate = bits = 0
        while len(chunk := file.read(8)) == 8:
            length, place = int.from_bytes(chunk[4:], "little"), file.tell()
            if chunk[:4] == b"fmt " and length >= 16:
                content = file.read(length)
                kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", content[:16])
                if kind == _EXTENSIBLE and length >= 40:
                    kind = int.from_bytes(content[24:26], "little")
            elif chunk[:4] == b"data":
                break
            file.seek(place + length + length % 2)
        else:
            return None
    usual = (kind == _PCM and bits in (16, 24, 32)) or (kind == _FLOAT and bits == 32)
    if not (usual and channels and rate and length) or length % (channels * bits // 8) or place + length > size:
        return None
    return PlainWave(path, rate, channels, bits, kind == _FLOAT, place, place + length)
