# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds and memory."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from torch import nn

from chironomy.speech import Speech
from chironomy.speech.prosody import prosody_features
from gesture_benchmarks.bench import EXAMPLE, Bench, Figure, Table, joined

_FRAMES, _FPS = 96, 24


def measure_speed(bench: Bench) -> list[Figure | Table | str]:
    """A minute of speech on two cores, model loaded, beside a yardstick in the same run."""
    minute = joined(bench.recordings, 60.0)
    yardstick = median_seconds(plain_transformer(60.0, 20), 3) / 60
    whole = median_seconds(lambda: bench.maker(fresh(minute), seed=0), 5) / 60
    torch_whole = median_seconds(lambda: bench.pipeline(fresh(minute), seed=0), 5) / 60
    features = median_seconds(lambda: prosody_features(fresh(minute), float(_FPS)), 5) / 60
    rows: list[Figure | Table | str] = [
        Figure(
            "speech to motion, 60 s",
            f"{whole:.4f} s a second",
            "≤ 0.03",
            whole <= 0.03,
            f"features, {bench.default_steps} steps with guidance, finish, as the product computes it; median of 5, "
            f"{bench.threads} threads",
        ),
        Figure("the same by torch", f"{torch_whole:.4f} s a second"),
        Figure("of which features", f"{features:.4f} s a second"),
        Figure(
            "yardstick: a plain DiT of 8 × 256 at 20 steps",
            f"{yardstick:.4f} s a second",
            how=f"network only, 96-frame windows batched, the same run: {yardstick / whole:.1f} × as long. "
            "0.10 on the machine on which the fastest peer, GestureLSM in 2 steps with guidance, took 0.061 + 0.015",
        ),
    ]
    if bench.baseline_pipeline is not None:
        other = bench.baseline_pipeline
        seconds = median_seconds(lambda: other(fresh(minute), seed=0), 3) / 60
        rows.append(Figure("the baseline's weights", f"{seconds:.4f} s a second"))
    return rows


def measure_length(bench: Bench) -> list[Figure | Table | str]:
    """Cost against length, and memory of ten minutes in a process of its own."""
    lengths = [10, 60, 180, 600, *([3600] if bench.long else [])]
    bench.maker(joined(bench.recordings, 10.0), seed=0)  # warm
    cost = {}
    for seconds in lengths:
        speech = joined(bench.recordings, float(seconds))
        runs = 3 if seconds <= 60 else 1
        cost[seconds] = statistics.median(_seconds(lambda s=speech: bench.maker(fresh(s), seed=0)) for _ in range(runs))
    rates = {seconds: spent / seconds for seconds, spent in cost.items()}
    growth = rates[lengths[-1]] / rates[60]
    peak, before = _peak_memory(bench, 600)
    rows: list[Figure | Table | str] = [
        Figure(
            f"cost a second at {lengths[-1]} s as a part of that at 60 s",
            f"{growth:.2f}",
            "≤ 1.25 (linear)",
            growth <= 1.25,
            "10 s to 60 min" if bench.long else "up to 10 minutes; --long goes to 60",
        ),
        Table(["seconds of speech", *map(str, lengths)], [["s a second", *(f"{rates[s]:.4f}" for s in lengths)]]),
        Figure(
            "memory for 10 minutes",
            f"{peak:.2f} GB",
            "≤ 0.5 GB",
            peak <= 0.5,
            f"peak resident size of a fresh process of the product; {before:.2f} GB with libraries and model loaded",
        ),
    ]
    if bench.long:
        peak, _ = _peak_memory(bench, 3600)
        rows.append(Figure("memory for 60 minutes", f"{peak:.2f} GB", how="likewise"))
    return rows


def _peak_memory(bench: Bench, seconds: int) -> tuple[float, float]:
    """GB at the peak for speech of a length, and before it was given, in a fresh process."""
    program = Path(__file__).with_name("memory.py")
    command = [sys.executable, str(program), str(bench.weights.resolve()), str(EXAMPLE), str(seconds)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(bench.threads))
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | threads)
    before, peak = done.stdout.split()[-2:]
    return float(peak), float(before)


def fresh(speech: Speech) -> Speech:
    """The same speech under another identity, so that nothing remembered of it saves time."""
    fresh.count += 1
    return Speech(speech.samples.copy(), speech.sample_rate, f"{fresh.count:064x}", speech.name)


fresh.count = 0


def median_seconds(action: Callable[[], Any], runs: int) -> float:
    """Median of `runs` after one that is not counted."""
    action()
    return statistics.median(_seconds(action) for _ in range(runs))


def _seconds(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


class PlainBlock(nn.Module):
    """A block of a diffusion transformer with cross-attention (Peebles and Xie 2023), written without any economy."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.q, self.kv, self.cross_out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x: torch.Tensor, speech: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """(windows, frames, width) hears (windows, frames, width)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(F.silu(condition))[:, None].chunk(6, dim=-1)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale1) + shift1
        x = x + gate1 * self.out(self._attend(*self.qkv(h).chunk(3, dim=-1)))
        x = x + self.cross_out(self._attend(self.q(F.layer_norm(x, x.shape[-1:])), *self.kv(speech).chunk(2, dim=-1)))
        return x + gate2 * self.mlp(F.layer_norm(x, x.shape[-1:]) * (1 + scale2) + shift2)

    def _attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def plain_transformer(seconds: float, steps: int, layers: int = 8, width: int = 256) -> Callable[[], Any]:
    """Sampling with a plain transformer of random weights, one token a frame, all windows in one batch."""
    torch.manual_seed(0)
    blocks = nn.ModuleList([PlainBlock(width, width // 32) for _ in range(layers)])
    into, out = nn.Linear(198, width), nn.Linear(width, 198)
    windows = round(seconds * _FPS) // _FRAMES
    speech, noise = torch.randn(windows, _FRAMES, width), torch.randn(windows, _FRAMES, 198)

    @torch.no_grad()
    def sample() -> torch.Tensor:
        x = noise
        for step in range(steps):
            condition = torch.full((windows, width), step / steps)
            h = into(x)
            for block in blocks:
                h = block(h, speech, condition)
            x = x + out(h) / steps
        return x

    return sample
