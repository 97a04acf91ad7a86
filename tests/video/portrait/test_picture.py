# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading pictures: upright RGB of eight bits from whatever a person has, or one sentence."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from chironomy.shot.errors import VideoError
from chironomy.video.portrait.picture import LARGEST_SIDE, read_picture, write_upright

HALVES = np.zeros((80, 100, 3), np.uint8)
HALVES[:, :50] = (200, 40, 40)
HALVES[:, 50:] = (40, 40, 200)


def file_of(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def halves() -> Image.Image:
    return Image.fromarray(HALVES)


def raw_png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    """A PNG of RGB samples of `bits`, whatever its rows hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def empty_png(width: int, height: int) -> bytes:
    """A PNG that says it is huge and holds almost nothing, as a decompression bomb does."""
    return raw_png(width, height, 8, b"\0" * 100)


def test_a_plain_picture_is_read_as_it_is(tmp_path: Path) -> None:
    halves().save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png"), HALVES)
    assert np.array_equal(read_picture((tmp_path / "a.png").read_bytes()), HALVES)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [(3, np.rot90(HALVES, 2)), (6, np.rot90(HALVES, -1)), (8, np.rot90(HALVES)), (2, HALVES[:, ::-1])],
)
def test_a_camera_that_was_held_otherwise_is_turned_back(orientation: int, expected: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read_picture(file_of(halves(), exif=exif.tobytes())), expected)


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "LA", "RGBA", "1", "YCbCr"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    image = halves().quantize(8) if mode == "P" else halves().convert(mode)
    seen = read_picture(file_of(image, kind))
    assert (seen.shape, seen.dtype) == ((80, 100, 3), np.uint8)
    if mode in ("CMYK", "P", "RGBA", "YCbCr"):
        assert np.abs(seen.astype(int) - HALVES).mean() < 3


def test_cmyk_jpegs_are_not_inverted() -> None:
    seen = read_picture(file_of(halves().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(seen.astype(int) - HALVES).mean() < 6


def test_sixteen_bits_keep_their_whole_range() -> None:
    ramp = np.linspace(0, 65535, 100).astype(np.uint16)
    seen = read_picture(file_of(Image.fromarray(np.tile(ramp, (80, 1)))))
    assert seen[0, 0].tolist() == [0, 0, 0]
    assert seen[0, -1].tolist() == [255, 255, 255]
    assert np.abs(seen[0, :, 0] - np.linspace(0, 255, 100)).max() <= 1


def test_sixteen_bits_of_each_colour_become_eight() -> None:
    deep = (HALVES.astype(">u2") * 257).reshape(80, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    assert np.array_equal(read_picture(raw_png(100, 80, 16, rows)), HALVES)


def test_what_is_transparent_is_laid_on_white() -> None:
    image = halves().convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.arange(100) < 50, 0, 255).astype(np.uint8)[None].repeat(80, 0)))
    seen = read_picture(file_of(image))
    assert (seen[:, :50] == 255).all()
    assert np.array_equal(seen[:, 50:], HALVES[:, 50:])


def test_of_an_animation_the_first_frame_is_taken() -> None:
    other = Image.new("RGB", (100, 80), (0, 255, 0))
    data = file_of(halves(), "GIF", save_all=True, append_images=[other, other], duration=100)
    assert np.abs(read_picture(data).astype(int) - HALVES).mean() < 3


def test_an_embedded_profile_is_honoured() -> None:
    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(read_picture(file_of(halves(), icc_profile=lab_like)).astype(int) - HALVES).max() <= 1
    assert np.array_equal(read_picture(file_of(halves(), icc_profile=b"no profile at all" * 20)), HALVES)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
def test_a_file_cut_short_is_one_sentence(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    data = file_of(Image.fromarray(noise), kind)
    with pytest.raises(VideoError) as refusal:
        read_picture(data[: int(share * len(data))], "face.png")
    assert str(refusal.value).startswith("face.png is ")


def test_a_smaller_copy_is_what_one_step_makes_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.video.portrait.picture._STRIP_PIXELS", 1000)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (150, 110, 3), np.uint8))
    noise.save(tmp_path / "a.png")
    write_upright(tmp_path / "a.png", tmp_path / "b.png", 70)
    wanted = noise.resize((51, 70), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), np.asarray(wanted))


def test_what_a_decoder_says_of_bytes_is_not_told() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    data = file_of(Image.fromarray(noise))
    place = data.index(b"IDAT")
    # The pixels end after 40 bytes, and what follows has no name.
    short = data[: place - 4] + (40).to_bytes(4, "big") + data[place : place + 44] + bytes(100)
    with pytest.raises(VideoError) as refusal:
        read_picture(short, "face.png")
    assert str(refusal.value) == "face.png is cut short or damaged; export it anew"


@pytest.mark.skipif(sys.platform != "linux", reason="the height of memory is told on Linux")
@pytest.mark.parametrize(("mode", "height"), [("RGB", 4880), ("RGBA", 4880), ("L", 2000), ("P", 1900), ("RGB", 1900)])
def test_a_small_file_takes_little_memory_whatever_it_holds(tmp_path: Path, mode: str, height: int) -> None:
    path = tmp_path / "plain.png"
    Image.new(mode, (LARGEST_SIDE, height), 200).save(path)
    program = (
        "import sys; from pathlib import Path; from PIL import Image\n"
        "from chironomy.errors import ChironomyError; from chironomy.video.portrait.picture import write_upright\n"
        "Image.new('RGB', (64, 64)).save(sys.argv[2] + '.png'); write_upright(sys.argv[2] + '.png', sys.argv[2], 64)\n"
        "def most(): return int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
        "before = most()\n"
        "try: write_upright(sys.argv[1], sys.argv[2], 256)\n"
        "except ChironomyError as error: print(error)\n"
        "assert 1024 * (most() - before) < 200e6, most() - before\n"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused = "made to fill memory; make it smaller" in done.stdout
    assert refused == (height > 1950)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is not a picture that can be read"),
        (b"Dear reader, I am no picture", "is not a picture that can be read"),
        (file_of(Image.new("RGB", (32, 32))), "32 × 32 pixels; give one of at least 64"),
        (file_of(Image.new("L", (200, 20))), "200 × 20 pixels; give one of at least 64"),
        (empty_png(20_000, 100), rf"20000 × 100 pixels; give one of at most {LARGEST_SIDE} a side"),
        (empty_png(8_000, 8_000), "8000 × 8000 pixels; give one of at most .* 40 million in all"),
        (empty_png(20_000, 20_000), "has too many pixels|20000 × 20000 pixels"),
    ],
)
def test_what_cannot_be_used_is_refused_before_it_is_decoded(data: bytes, sentence: str) -> None:
    with pytest.raises(VideoError, match=sentence):
        read_picture(data, "face.png")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "face.heic is a HEIC picture, as iPhones take them"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "face.heic is a camera's raw picture"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x01isommp41", "face.heic is a film"),
        (b"%PDF-1.7 ...", "face.heic is a PDF document"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "face.heic is a JPEG XL picture"),
    ],
)
def test_what_is_known_and_not_read_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(VideoError, match=f"{sentence}.*, which is not read; export it as PNG or JPEG"):
        read_picture(data, "face.heic")


@pytest.mark.parametrize(("kind", "suffix"), [("AVIF", "avif"), ("GIF", "gif"), ("WEBP", "webp")])
def test_an_upright_copy_has_the_pixels_that_are_fitted(tmp_path: Path, kind: str, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = {} if kind == "GIF" else {"exif": exif.tobytes()}
    (tmp_path / f"a.{suffix}").write_bytes(file_of(halves(), kind, **turned))
    write_upright(tmp_path / f"a.{suffix}", tmp_path / "upright.png")
    with Image.open(tmp_path / "upright.png") as copy:
        assert copy.size == ((100, 80) if kind == "GIF" else (80, 100))
        assert np.array_equal(np.asarray(copy), read_picture(tmp_path / f"a.{suffix}"))
    write_upright(tmp_path / f"a.{suffix}", tmp_path / "small.png", longest=50)
    with Image.open(tmp_path / "small.png") as small:
        assert max(small.size) == 50


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nobody.png", tmp_path):
        with pytest.raises(VideoError, match=f"{path.name} cannot be read"):
            read_picture(path)


def test_a_picture_whose_exif_is_damaged_is_seen_as_it_lies() -> None:
    picture = halves()
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    data, noise = stream.getvalue(), b"eXIf" + np.random.default_rng(1).bytes(60)
    chunk = (len(noise) - 4).to_bytes(4, "big") + noise + zlib.crc32(noise).to_bytes(4, "big")
    place = data.index(b"IDAT") - 4
    assert np.array_equal(read_picture(data[:place] + chunk + data[place:]), np.asarray(picture.convert("RGB")))
