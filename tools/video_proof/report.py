# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof on paper: a page of numbers and a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from chironomy.files import atomic_path
from chironomy.video.talking.training.trainer import TrainSettings
from video_proof.ablations import Findings
from video_proof.measures import Interval, Pictures
from video_proof.scenes import HEIGHT, WIDTH, Scene, SceneSettings

PICTURE = "proof-video.jpg"
_SHOWN_PEOPLE, _SHOWN_FRAMES, _TIMES = 6, 2, 2
_ROWS = {
    "drawn": "drawn",
    "maps": "maps asked for",
    "right": "made, all right",
    "another's portrait": "another's portrait",
    "another's maps": "another's maps",
    "another's speech": "another's speech",
    "low confidence": "low confidence",
}


def write_report(
    folder: Path,
    findings: Findings,
    settings: Sequence[TrainSettings],
    scenes: SceneSettings,
    losses: Sequence[float],
    parameters: int,
    minutes: float,
) -> Path:
    """Write `proof-video.md`.

    Args:
        folder: of the manual.
        findings: what was measured.
        settings: of the stages.
        scenes: what the people were made from.
        losses: the last validation of each stage.
        parameters: of the network.
        minutes: that training took.
    """
    colours, lips, sharp = findings.colours, findings.lips, findings.sharpness
    stages = "; ".join(
        f"`{stage.stage}` {stage.steps} steps of {stage.batch_size}, validation loss {loss:.3f} at its end"
        for stage, loss in zip(settings, losses, strict=True)
    )
    hands = "\n".join(
        f"| {said} | {_number(values[0], 2)} | {_number(values[1], 2)} | {_number(values[2], 1)} |"
        for said, values in (
            ("drawn pictures themselves", findings.hands["drawn"]),
            ("own maps", findings.hands["right"]),
            ("another's maps", findings.hands["another's maps"]),
        )
    )
    text = f"""# Proof that stage 2 learns

Made by `make proof-video`: a small network of the layout of [the engine `emo2`](emo2.md) learns from drawn people on a
processor, and is then asked for people it has never seen, with every condition right and with one of them another
person's. Each condition must show in the pixels. No weights are shipped: these pictures of {WIDTH} x {HEIGHT} pixels
prove the code, not the quality of a video.

![Held-out people: drawn, and as made](pictures/{PICTURE})

- **People**: the embedded character in {scenes.people} sets of colours of skin, hair and clothes, each with synthesised
  speech and gestures of its own, {scenes.frames} frames of each; {scenes.held_out} others are held out, whose colours,
  words and motions are none of those. Gestures follow accents of chance and not the speech, so neither tells of the
  other. Mouths open twice as wide as the speech has it, to be seen at this size. Half of the people have a hand
  confidence below 0.3 and hands blurred by as much.
- **Network**: {parameters / 1e6:.1f} million parameters on pixels folded by 4; predicts clean pixels (its width is less
  than the numbers of a place, so that it cannot carry noise); the loss is that of the velocity with Min-SNR 5, zero
  terminal signal-to-noise ratio. Without motion frames and pose discriminator.
- **Training**: {stages};
  {minutes:.0f} minutes in all, on the processor of the machine that wrote this, whose other load is not known. In the
  second stage all parts learn.
- **Judged**: the first {findings.frames} frames of each of {findings.people} held-out people, in clips, eight steps of
  DDIM without guidance, the same noise in every row. Means over people; in brackets the 95 % interval by resampling
  people 10,000 times.

## Reference: identity colours
Mean difference of the colour of clothes, hair and face from the person's own, of 255.

| portrait given | difference |
|---|---|
| own | {_number(colours["right"], 1)} |
| another's | {_number(colours["another's portrait"], 1)} |
| another's, measured to that other's colours | {_number(colours["another's portrait, to the other"], 1)} |
| two people's drawn pictures | {_number(colours["between the people"], 1)} |

## Maps: the hand is where it was asked
Pixels that look like the person's hand, against the person's own maps, whichever were given. Found: share of the
points of the hands with such a pixel within 2 pixels, 2.5 % of the height (PCK). Right: share of such pixels within 2
pixels of a hand. Distance: between the middles, pixels. Of the {findings.told_hands} people whose hands have a colour
that nothing else about them has.

| maps given | found | right | distance |
|---|---|---|---|
{hands}

## Speech: the mouth opens with it
Correlation over the frames of how dark the mouth's pixels are with how far the person's speech opens the lips.

| speech given | correlation |
|---|---|
| drawn pictures themselves | {_number(lips["drawn"], 2)} |
| own | {_number(lips["right"], 2)} |
| another's | {_number(lips["another's speech"], 2)} |

## Confidence: unsure hands are blurred
Standard deviation of the Laplacian where hands are asked for, grey levels.

| confidence given | sharpness |
|---|---|
| drawn pictures, never blurred | {_number(sharp["drawn"], 1)} |
| 1 | {_number(sharp["right"], 1)} |
| 0.1 | {_number(sharp["low confidence"], 1)} |

{_verdict(findings)}
"""
    path = folder / "proof-video.md"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def shows(findings: Findings) -> dict[str, bool]:
    """Of each condition, whether its own is better than another's by every measure, person by person.

    The interval of the differences must lie above 0; for the speech, that of the correlation itself too.
    """
    shown = {name: all(gain.low > 0 for gain in gains.values()) for name, gains in findings.gains.items()}
    shown["speech"] &= findings.lips["right"].low > 0
    return shown


def _verdict(findings: Findings) -> str:
    said = shows(findings)
    used = [name for name, shown in said.items() if shown]
    missing = [name for name, shown in said.items() if not shown]
    rows = "\n".join(
        f"| {name} | {measure} | {_number(gain, 2)} | {'yes' if said[name] else 'no'} |"
        for name, gains in findings.gains.items()
        for measure, gain in gains.items()
    )
    sentence = f"Shown to be used: {', '.join(used) or 'none'}."
    if missing:
        sentence += f" **Not shown by this run: {', '.join(missing)}.**"
    return f"""## Is each condition used?
How much better each measure is with the person's own condition than with another's (or than with low confidence),
person by person. A condition is shown to be used when the intervals of all its measures lie above 0; for the speech,
that of the correlation with the own speech too.

| condition | measure | gain | shown |
|---|---|---|---|
{rows}

{sentence}"""


def _number(value: Interval, digits: int) -> str:
    return f"{value.mean:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def write_picture(path: Path, people: Sequence[Scene], made: dict[str, list[Pictures]]) -> Path:
    """A row of held-out people for what was drawn, what was asked for, and each ablation."""
    shown = {**made, "maps": [scene.item.drawn[..., :3] for scene in people]}
    label = 92
    cell = _SHOWN_FRAMES * WIDTH * _TIMES + 4
    page = Image.new("RGB", (label + _SHOWN_PEOPLE * cell, len(_ROWS) * (HEIGHT * _TIMES + 4)), "white")
    draw = ImageDraw.Draw(page)
    for row, (name, said) in enumerate(_ROWS.items()):
        y = row * (HEIGHT * _TIMES + 4)
        draw.multiline_text((4, y + HEIGHT * _TIMES // 2 - 12), said.replace(" ", "\n"), "black")
        for column, pictures in enumerate(shown[name][:_SHOWN_PEOPLE]):
            page.paste(_strip(pictures), (label + column * cell, y))
    with atomic_path(path) as temporary:
        page.save(temporary, "JPEG", quality=72, optimize=True)
    return path


def _strip(pictures: NDArray[np.uint8]) -> Image.Image:
    rows = np.linspace(1, 14, _SHOWN_FRAMES).round().astype(int)
    strip = np.concatenate([pictures[row] for row in rows], axis=1)
    return Image.fromarray(strip).resize((strip.shape[1] * _TIMES, strip.shape[0] * _TIMES), Image.Resampling.LANCZOS)
