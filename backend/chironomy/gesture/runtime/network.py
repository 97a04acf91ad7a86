# SPDX-License-Identifier: GPL-3.0-or-later
"""The forward pass of `GestureTransformer` (`gesture.model`, which says what each part is for) in numpy.

What does not change from step to step is computed once: the speech's tokens, the keys and values of every
cross-attention, what pinned frames add to the tokens. Matrix products are of all tokens of all windows at once, with
weights that are transposed, joined and scaled beforehand.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.controls import Controls
from chironomy.gesture.errors import GestureError
from chironomy.gesture.latent import Latent
from chironomy.gesture.network import Given, Run, cosines, skip_parts
from chironomy.gesture.score import score_dim

Array = NDArray[np.float32]
Turns = NDArray[np.complex64]

_EPSILON = 1e-6
_BUCKETS = 9
_ROTARY_BASE = 1000.0
_ROWS_AT_ONCE = 256
_SAFE_SCORE = 40.0


@dataclass(frozen=True, eq=False)
class Linear:
    """A layer: rows (n, inputs) to (n, outputs).

    Attributes:
        weight: (inputs, outputs).
        bias: (outputs,).
    """

    weight: Array
    bias: Array

    def __call__(self, rows: Array) -> Array:
        """The layer's numbers of each row."""
        made = rows @ self.weight
        made += self.bias
        return made


@dataclass(frozen=True, eq=False)
class Block:
    """The weights of a block of the transformer; `cross` of the attention to speech."""

    modulation: Array
    qkv: Linear
    out: Linear
    audio_scale: Array
    audio_shift: Array
    cross_q: Linear
    cross_kv: Linear
    cross_out: Linear
    feed: Linear
    feed_out: Linear


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a batch of windows is conditioned on, computed once.

    Attributes:
        tokens: (runs, windows x tokens, width) added to the tokens of noisy motion.
        condition: (runs, width) embeddings of all but the noise level.
        speech: of every block the keys (windows, heads, head_dim, tokens) and values (windows, heads, tokens, head_dim)
            of the speech.
        unheard: of every block (width,) what attention adds in a run that does not hear it.
        said: (runs, windows, size, latent_dim) motion that the score says by itself, or None.
        bare: (windows, size, latent_dim) 1 where motion carries noise, 0 where it is pinned.
        hearing: numbers of the runs that hear the speech.
    """

    tokens: Array
    condition: Array
    speech: list[tuple[Array, Array]]
    unheard: list[Array]
    hearing: list[int]
    said: Array | None
    bare: Array


class NumpyNetwork:
    """A saved transformer.

    Args:
        config: its configuration.
        tensors: its weights by their names.

    Raises:
        GestureError: the weights do not fit the configuration; the sentence names what is missing.
    """

    def __init__(self, config: Mapping[str, Any], tensors: Mapping[str, Array]):
        self.config = config
        shapes = weight_shapes(config)
        for name, shape in shapes.items():
            if name not in tensors or tensors[name].shape != shape:
                found = f"has shape {tensors[name].shape}" if name in tensors else "is missing"
                raise GestureError(f"the gesture model's weight {name} {found}, not {shape}; copy the model again")
        if unknown := sorted(tensors.keys() - shapes.keys()):
            raise GestureError(f"the gesture model has a weight {unknown[0]:.60} that this version does not know")
        self.latent = Latent.of(tensors)
        self._tensors = tensors
        self.width, self.heads = int(config["width"]), int(config["num_heads"])
        self.head_dim, self.patch = self.width // self.heads, int(config["patch_size"])
        # Of `gesture.model.ScalarEmbedding`: whether of logarithms, the buckets' centres and their radius.
        control_range = config.get("control_range")
        self._logarithmic = bool(control_range)
        low, high = (math.log(bound) for bound in control_range) if control_range else (0.4, 1.9)
        self._centres = np.linspace(low, high, _BUCKETS, dtype=np.float32)
        self._radius = np.float32(2 * (high - low) / (_BUCKETS - 1))
        self._prepare()

    def _prepare(self) -> None:
        tensors, width, patch, channels = self._tensors, self.width, self.patch, self.latent.channels
        # A token's numbers are, frame by frame, noisy motion, pinned motion and the mask of each hand.
        weight = tensors["motion_in.weight"].reshape(width, patch, 2 * channels + 2)
        self._motion_in = _transposed(weight[:, :, :channels].reshape(width, -1))
        self._given_in = _transposed(weight[:, :, channels:].reshape(width, -1))
        if self.config.get("score_kinds"):
            self._score_in = _transposed(tensors["score_in.weight"])
        self._score_out = _transposed(tensors["score_out.weight"]) if "score_out.weight" in tensors else None
        # Every hand is wanted, so of the confidence its bias alone is left.
        bias = tensors["motion_in.bias"] + tensors["confidence_in.bias"]
        self._audio_in, self._audio_out = self._linear("audio_in.0"), self._linear("audio_in.2")
        self._audio_to_motion = Linear(self._linear("audio_to_motion").weight, tensors["audio_to_motion.bias"] + bias)
        self._modulation, self._modulation_out = self._linear("modulation.1"), self._linear("modulation_out")
        self._motion_out = self._linear("motion_out")
        self._cosines = cosines(int(self.config["window_frames"]))
        self._blocks = [self._block(f"blocks.{number}.") for number in range(int(self.config["num_layers"]))]

    def _linear(self, name: str) -> Linear:
        return Linear(_transposed(self._tensors[f"{name}.weight"]), self._tensors[f"{name}.bias"])

    def _block(self, prefix: str) -> Block:
        tensors, scale = self._tensors, np.float32(self.head_dim**-0.5)
        names = ("attention.to_q", "attention.to_kv", "cross_attention.to_q", "cross_attention.to_kv")
        q, kv, cross_q, cross_kv = (self._paired(self._linear(prefix + name)) for name in names)
        return Block(
            modulation=tensors[prefix + "modulation"],
            qkv=Linear(np.hstack([q.weight * scale, kv.weight]), np.hstack([q.bias * scale, kv.bias])),
            out=self._linear(prefix + "attention.to_out"),
            audio_scale=tensors[prefix + "audio_norm.weight"],
            audio_shift=tensors[prefix + "audio_norm.bias"],
            cross_q=Linear(cross_q.weight * scale, cross_q.bias * scale),
            cross_kv=cross_kv,
            cross_out=self._linear(prefix + "cross_attention.to_out"),
            feed=self._linear(prefix + "feed_forward.0"),
            feed_out=self._linear(prefix + "feed_forward.2"),
        )

    def _paired(self, layer: Linear) -> Linear:
        """A layer of queries, or of keys and values: in the first two, channels that turn together side by side.

        Queries and keys are multiplied with each other alone, so their order means nothing as long as it is the same.
        """
        order = np.arange(self.width).reshape(self.heads, 2, -1).swapaxes(1, 2).ravel()
        order = np.concatenate([order, np.arange(self.width, len(layer.bias))])
        return Linear(np.ascontiguousarray(layer.weight[:, order]), layer.bias[order])

    def encode(self, given: Given, controls: Controls, runs: Sequence[Run]) -> Encoded:
        """Tokens, keys and values of what is given; see `gesture.network`."""
        windows, frames, _ = given.audio.shape
        tokens = frames // self.patch
        heard = self._audio_tokens(given.audio, tokens)
        silent = self._tensors["no_audio"][None]
        # What is pinned is the same in all runs, and mostly nothing.
        pinned = np.zeros((1, self.width), np.float32)
        if given.pinned_mask.any():
            numbers = np.concatenate([given.pinned, given.pinned_mask], axis=-1)
            pinned = numbers.reshape(windows * tokens, -1) @ self._given_in
        added = {True: self._audio_to_motion(heard) + pinned, False: self._audio_to_motion(silent) + pinned}
        scored: Array | float = 0.0
        said = None
        if given.score is not None:
            scored = given.score.reshape(windows * tokens, -1) @ self._score_in
            if self._score_out is not None:
                says = given.score.reshape(windows * frames, -1) @ self._score_out
                said = np.stack([says.reshape(windows, frames, -1) * np.float32(run.score) for run in runs])
        shape = (windows * tokens, self.width)
        speech, unheard = [], []
        hearing = [number for number, run in enumerate(runs) if run.speech]
        turns = self._turns(tokens)
        for block in self._blocks:
            keys, values = self._keys_and_values(block, heard, windows, turns)
            speech.append((keys, values))
            # All that a run without speech hears is one vector, so that is what attention gives, whatever is asked.
            value = block.cross_kv(_norm(silent) * block.audio_scale + block.audio_shift)[:, self.width :]
            unheard.append(block.cross_out(value)[0])
        return Encoded(
            np.stack([np.broadcast_to(added[run.speech] + scored * run.score, shape) for run in runs]),
            np.stack([self._condition(controls, run) for run in runs]),
            speech,
            unheard,
            hearing,
            said,
            (1 - self.latent.per_number(given.pinned_mask)).astype(np.float32),
        )

    def _audio_tokens(self, audio: Array, tokens: int) -> Array:
        """One row a motion patch: the features of its frames and of `audio_context` frames to either side."""
        context = int(self.config["audio_context"])
        padded = np.pad(audio, ((0, 0), (context, context), (0, 0)), mode="edge")
        heard = np.lib.stride_tricks.sliding_window_view(padded, self.patch + 2 * context, axis=1)
        heard = heard[:, :: self.patch][:, :tokens].reshape(len(audio) * tokens, -1)
        return self._audio_out(_gelu(self._audio_in(heard)))

    def _keys_and_values(self, block: Block, heard: Array, windows: int, turns: Turns) -> tuple[Array, Array]:
        both = block.cross_kv(_norm(heard) * block.audio_scale + block.audio_shift)
        both = both.reshape(windows, -1, 2, self.width)
        keys, values = self._by_head(_turned(both[:, :, 0], turns)), self._by_head(both[:, :, 1])
        return np.ascontiguousarray(np.swapaxes(keys, -2, -1)), np.ascontiguousarray(values)

    def _by_head(self, rows: Array) -> Array:
        """(..., heads, tokens, head_dim) of (..., tokens, width)."""
        return np.swapaxes(rows.reshape(*rows.shape[:-1], self.heads, self.head_dim), -2, -3)

    def _condition(self, controls: Controls, run: Run) -> Array:
        """(width,) embeddings of what was asked for."""
        tensors = self._tensors
        made = self._scalar("speed_embedding", controls.speed) + self._scalar("amplitude_embedding", controls.amplitude)
        if controls.rate is not None:
            made = made + self._scalar("rate_embedding", controls.rate)
        if run.style:
            made = made + tensors["style_embedding.weight"] @ np.array(controls.style, np.float32)
        if controls.handedness is not None:
            made = made + tensors["hands_embedding.weight"] @ np.array(controls.handedness, np.float32)
        return made

    def _scalar(self, name: str, value: float) -> Array:
        """A control by soft buckets, as `gesture.model.ScalarEmbedding`."""
        level = np.float32(math.log(value) if self._logarithmic else value)
        buckets = np.tanh(3 * (level - self._centres) / self._radius)
        hidden = self._linear(f"{name}.mlp.0")(buckets[None])
        return self._linear(f"{name}.mlp.2")(_silu(hidden))[0]

    def _level(self, level: float) -> Array:
        """(1, width) embedding of a noise level, by sines of the time 0..1000."""
        half = self.width // 2
        angle = np.float32(level * 1000) * np.exp(-np.log(10000.0) * np.arange(half) / half).astype(np.float32)
        sines = np.concatenate([np.cos(angle), np.sin(angle)])[None]
        hidden = self._linear("time_embedding.linear_1")(sines)
        return self._linear("time_embedding.linear_2")(_silu(hidden))

    def _turns(self, tokens: int) -> Turns:
        """Rotary positions (tokens, width / 2): by which complex number each pair of channels is multiplied."""
        frequency = _ROTARY_BASE ** (-np.arange(0, self.head_dim, 2) / self.head_dim)
        seconds = np.arange(tokens) * (10.0 * self.patch / float(self.config["fps"]))
        angle = seconds[:, None] * np.tile(frequency, self.heads)
        return np.exp(1j * angle).astype(np.complex64)

    def predict(self, shown: Array, level: float, encoded: Encoded) -> Array:
        """Clean motion (runs, windows, size, latent_dim); see `gesture.network`."""
        windows, frames, channels = shown.shape
        runs, rows, width = encoded.tokens.shape
        tokens, hearing = frames // self.patch, encoded.hearing
        condition = _silu(encoded.condition + self._level(level))
        modulation = self._modulation(condition).reshape(runs, 9, width)
        turns = self._turns(tokens)
        x = encoded.tokens + shown.reshape(rows, -1) @ self._motion_in
        for block, (keys, values), unheard in zip(self._blocks, encoded.speech, encoded.unheard, strict=True):
            parts = (modulation + block.modulation)[:, :, None]
            shift1, scale1, gate1, shift2, scale2, gate2, shift3, scale3, gate3 = np.moveaxis(parts, 1, 0)
            h = _modulated(x, scale1, shift1).reshape(-1, width)
            qkv = block.qkv(h).reshape(runs * windows, tokens, 3, width)
            q, k = (self._by_head(_turned(qkv[:, :, part], turns)) for part in (0, 1))
            attended = block.out(_attended(q, np.swapaxes(k, -2, -1), self._by_head(qkv[:, :, 2])))
            x += gate1 * attended.reshape(runs, rows, width)

            h = _modulated(x[hearing], scale2[hearing], shift2[hearing]).reshape(-1, width)
            q = block.cross_q(h).reshape(len(hearing), windows, tokens, width)
            q = self._by_head(_turned(q, turns))
            attended = block.cross_out(_attended(q, keys, values)).reshape(-1, rows, width)
            for number in range(runs):
                added = attended[hearing.index(number)] if number in hearing else unheard
                x[number] += gate2[number] * added

            h = _modulated(x, scale3, shift3).reshape(-1, width)
            x += gate3 * _fed(block, h).reshape(runs, rows, width)
        shift, scale = np.split(self._modulation_out(condition)[:, None], 2, axis=-1)
        made = self._motion_out(_modulated(x, scale, shift).reshape(-1, width)).reshape(runs, windows, frames, channels)
        said = np.float32(0) if encoded.said is None else encoded.said
        if self.config.get("skip"):
            noise, turns = np.float32(level), self._cosines
            kept, left = skip_parts(noise, self._tensors["motion_spectrum"])
            bare = shown * (1 - noise * (1 - encoded.bare)) - (1 - noise) * said
            made *= np.sqrt(left.mean(axis=0))
            made += turns.T @ (kept * (turns @ bare))
        if encoded.said is not None:
            made += said
        return made


def weight_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of a transformer with this configuration."""
    width, patch = int(config["width"]), int(config["patch_size"])
    motion, components = int(config["motion_dim"]), int(config.get("motion_components", 0))
    channels = 2 * (9 + components) if components else motion
    heard = (patch + 2 * int(config["audio_context"])) * int(config["audio_dim"])
    hidden = int(width * float(config["mlp_ratio"]))
    shapes: dict[str, tuple[int, ...]] = {
        "motion_mean": (motion,),
        "no_audio": (width,),
        "style_embedding.weight": (width, int(config["styles"])),
    }
    if components:
        shapes["motion_basis"] = (channels, motion)
    else:
        shapes["motion_std"] = (motion,)
    if config.get("skip"):
        shapes["motion_spectrum"] = (int(config["window_frames"]), channels)
    if config.get("hands"):
        shapes["hands_embedding.weight"] = (width, int(config["hands"]))
    if config.get("score_kinds"):
        scored = score_dim(config["score_kinds"], bool(config.get("score_sketch")))
        shapes["score_in.weight"] = (width, patch * scored)
        if config.get("score_sketch"):
            shapes["score_out.weight"] = (channels, scored)
    layers = {
        "motion_in": (patch * (2 * channels + 2), width),
        "confidence_in": (patch * 2, width),
        "audio_in.0": (heard, 2 * width),
        "audio_in.2": (2 * width, width),
        "audio_to_motion": (width, width),
        "time_embedding.linear_1": (width, width),
        "time_embedding.linear_2": (width, width),
        "modulation.1": (width, 9 * width),
        "modulation_out": (width, 2 * width),
        "motion_out": (width, patch * channels),
    }
    controls = ("speed", "amplitude", "rate") if config.get("control_range") else ("speed", "amplitude")
    for name in (f"{control}_embedding" for control in controls):
        layers |= {f"{name}.mlp.0": (_BUCKETS, width), f"{name}.mlp.2": (width, width)}
    for number in range(int(config["num_layers"])):
        block = f"blocks.{number}."
        for attention in ("attention.", "cross_attention."):
            layers |= {block + attention + name: (width, width) for name in ("to_q", "to_out")}
            layers[block + attention + "to_kv"] = (width, 2 * width)
        layers |= {block + "feed_forward.0": (width, hidden), block + "feed_forward.2": (hidden, width)}
        shapes |= {block + f"audio_norm.{kind}": (width,) for kind in ("weight", "bias")}
        shapes[block + "modulation"] = (9, width)
    for name, (inputs, outputs) in layers.items():
        shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    return shapes


def _transposed(weight: Array) -> Array:
    return np.ascontiguousarray(weight.T)


def _norm(x: Array) -> Array:
    """Rows without their mean, in units of their spread."""
    width = x.shape[-1]
    centred = x - (x @ np.full(width, 1 / width, np.float32))[..., None]
    spread = np.einsum("...i,...i->...", centred, centred) * np.float32(1 / width)
    centred *= (1 / np.sqrt(spread + np.float32(_EPSILON)))[..., None]
    return centred


def _modulated(x: Array, scale: Array, shift: Array) -> Array:
    made = _norm(x)
    made *= 1 + scale
    made += shift
    return made


def _silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def _fed(block: Block, rows: Array) -> Array:
    """The feed-forward layers of (n, width), in place; few rows at once, so that what is between stays in the cache."""
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        part[:] = block.feed_out(_gelu(block.feed(part)))
    return rows


def _gelu(x: Array) -> Array:
    """The tanh form, in place: x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3)))."""
    weight = x * x
    weight *= np.float32(-2 * np.sqrt(2 / np.pi) * 0.044715)
    weight -= np.float32(2 * np.sqrt(2 / np.pi))
    weight *= x
    # Far below 0 the exponential is no number any more, and x divided by it is 0, as it should be.
    with np.errstate(over="ignore"):
        np.exp(weight, out=weight)
    weight += 1
    x /= weight
    return x


def _turned(x: Array, turns: Turns) -> Array:
    """Neighbouring channels (2 i, 2 i + 1) of (..., tokens, width) turned by their position."""
    return (x.view(np.complex64) * turns).view(np.float32)


def _attended(q: Array, k: Array, v: Array) -> Array:
    """Rows (windows x tokens, width) of attention: q (..., heads, tokens, d), k (..., d, tokens), v as q."""
    scores = np.matmul(q, k)
    # The exponentials are numbers without that, too, but for a network that is broken; it takes as long as they do.
    if not -_SAFE_SCORE < scores.min() <= scores.max() < _SAFE_SCORE:
        scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    attended = np.matmul(scores, v)
    attended /= scores.sum(axis=-1, keepdims=True)
    return np.swapaxes(attended, -2, -3).reshape(-1, q.shape[-3] * q.shape[-1])
