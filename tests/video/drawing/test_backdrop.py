# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind the character, and what it wears: plain values in, exactly those pixels out."""

import io

import numpy as np
import pytest
from PIL import Image

from chironomy.body.outfits import OUTFITS, outfit_colours
from chironomy.body.rig import REGION_NAMES
from chironomy.body.skinning import skin
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.errors import VideoError
from chironomy.shot.shot import Media
from chironomy.video.drawing.backdrop import backdrop_plate, cover
from chironomy.video.drawing.studio import Studio
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film.sequence import displayed


def first_frame(shot, **settings):
    return next(PrevizEngine().render(shot.replaced(settings=settings, frame_stop=1)))


def picture(mode, size, colour, kind="PNG", **options):
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, kind, **options)
    return Media(f"portrait.{kind.lower()}", stream.getvalue())


@pytest.mark.parametrize(
    ("name", "colour"), [("green", (0, 177, 64)), ("white", (255, 255, 255)), ("#123456", (18, 52, 86))]
)
def test_a_plain_backdrop_is_that_colour_to_the_bit(shot, name, colour):
    frame = first_frame(shot, backdrop=name)
    assert np.array_equal(frame[0, 0], colour)
    assert (frame == colour).all(axis=-1).mean() > 0.3


def test_no_key_colour_spills_into_the_person(shot):
    """Between the person and the green there is one pixel of edge, not a rim."""
    green, black = first_frame(shot, backdrop="green").astype(int), first_frame(shot, backdrop="black").astype(int)
    alpha = first_frame(shot, backdrop="transparent")[..., 3]
    assert np.array_equal(green[alpha == 255], black[alpha == 255])


def test_a_gradient_goes_from_top_to_bottom(shot):
    frame = first_frame(shot, backdrop="#ff0000:#0000ff").astype(int)
    column = frame[:, 2]
    assert column[0, 0] > 240
    assert column[-1, 2] > 240
    assert (np.diff(column[:, 0]) <= 1).all()


def test_transparency_is_straight_and_covers_what_the_person_covers(shot, rig):
    frame = first_frame(shot, backdrop="transparent")
    assert frame.shape == (352, 256, 4)
    seen = Studio(rig, shot.camera).visible_faces(
        skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0], shot.face.values[0])
    )
    assert (frame[..., 3] == 255).sum() == pytest.approx((seen >= 0).sum(), rel=0.05)
    edge = (frame[..., 3] > 40) & (frame[..., 3] < 200)
    # Straight alpha: the edge is as bright as the inside, not mixed with black.
    assert frame[edge][:, :3].mean() > 0.6 * frame[frame[..., 3] == 255][:, :3].mean()
    assert (frame[frame[..., 3] == 0] == 0).all()


def test_laid_over_a_plate_it_is_what_was_drawn_before_that_plate(shot):
    cut = first_frame(shot, backdrop="transparent").astype(float)
    over = cut[..., :3] * cut[..., 3:] / 255 + np.array([0, 177, 64]) * (1 - cut[..., 3:] / 255)
    assert np.abs(over - first_frame(shot, backdrop="green")).max() <= 2


def test_light_is_the_picture_before_the_tone_curve(shot):
    light = first_frame(shot, backdrop="transparent", pixels="linear")
    shown = first_frame(shot, backdrop="transparent")
    assert light.dtype == np.float32
    assert light.shape == (352, 256, 4)
    dark = (shown[..., 3] == 255) & (shown[..., :3].max(axis=-1) < 180)
    assert dark.sum() > 1000
    assert np.abs(displayed(light)[dark].astype(int) - shown[dark]).max() <= 1
    assert (light[light[..., 3] == 0] == 0).all()


def test_the_portrait_covers_the_picture_and_is_cut_evenly():
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 255
    plate = cover(wide, 50, 50)
    assert plate.shape == (50, 50, 3)
    assert plate[2:-2, 2:-2].min() > 250


def test_the_portrait_stands_behind_the_person(shot):
    portrait = picture("RGB", (300, 500), (10, 200, 30))
    frame = first_frame(shot.replaced(reference=portrait), backdrop="portrait")
    assert np.array_equal(frame[0, 0], (10, 200, 30))
    with pytest.raises(VideoError, match="the backdrop is the portrait, but the shot has none"):
        first_frame(shot, backdrop="portrait")


@pytest.mark.parametrize("data", [b"no picture", picture("RGB", (90, 90), (1, 2, 3)).data[:120]], ids=["text", "cut"])
def test_a_portrait_that_is_no_whole_picture_is_named(data):
    with pytest.raises(VideoError, match=r"me\.png"):
        backdrop_plate("portrait", 8, 8, Media("me.png", data))


@pytest.mark.parametrize("name", ["beach", "#12345", "#123456:red", 7, None])
def test_an_unknown_backdrop_is_said(name):
    with pytest.raises(VideoError, match="backdrop is"):
        backdrop_plate(name, 8, 8)


def test_every_named_backdrop_can_be_drawn(shot):
    for name in BACKDROPS:
        if name != "portrait":
            assert first_frame(shot, backdrop=name).shape[:2] == (352, 256)


def test_clothes_change_the_clothes_only(shot, rig):
    seen = Studio(rig, shot.camera).visible_faces(
        skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0], shot.face.values[0])
    )
    changed = np.abs(first_frame(shot, outfit="burgundy").astype(int) - first_frame(shot)).max(axis=-1) > 8
    clothes = np.isin(seen, rig.region_faces("top", "trousers", "shoes"))
    assert changed[clothes].mean() > 0.9
    assert changed[~clothes].mean() < 0.02


def test_hands_read_in_front_of_every_outfit():
    for outfit in OUTFITS:
        colours = {name: np.array(colour, float) for name, colour in outfit_colours(outfit).items()}
        assert tuple(colours) == REGION_NAMES
        assert np.linalg.norm(colours["skin"] - colours["top"]) > 35


def test_colours_can_be_given_by_region(shot):
    blonde = first_frame(shot, outfit={"hair": "#e0c080"}).astype(int)
    changed = np.abs(blonde - first_frame(shot)).max(axis=-1) > 8
    assert changed.any()
    assert np.flatnonzero(changed.any(axis=1)).max() < 110


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outfit": "tuxedo"}, "there is no outfit 'tuxedo'; choose one of teal, charcoal"),
        ({"outfit": {"cape": "#000000"}}, "no region 'cape'"),
        ({"outfit": {"top": "red"}}, "outfit top is 'red'; write a colour as #rrggbb"),
        ({"outfit": 3}, "outfit is 3"),
        ({"pixels": "raw"}, "pixels is 'raw', but must be display or linear"),
        ({"sparkle": True}, "no setting 'sparkle'; it has outfit, backdrop"),
    ],
)
def test_settings_that_cannot_be_taken_are_said_before_anything_is_drawn(shot, settings, said):
    with pytest.raises(VideoError, match=said):
        PrevizEngine().render(shot.replaced(settings=settings))
