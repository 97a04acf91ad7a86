# SPDX-License-Identifier: GPL-3.0-or-later
"""Print how much memory today's public weights take by our estimate, as docs/engines.md has it.

Nothing is downloaded: the networks are built without memory from diffusers' own classes with the published sizes. The
text encoder UMT5-XXL counts 5.68 billion numbers (11.4 GB of files at 16 bits).

    python tools/estimate_published.py
"""

import json
import tempfile
from pathlib import Path

import torch

from chironomy.video.engines.animate import AnimateEngine
from chironomy.video.engines.pipeline_memory import placements, working_memory
from chironomy.video.engines.vace import VaceEngine
from chironomy.video.weights.saved_pipeline import SavedPipeline, network_without_memory

SIZES = ((832, 480), (1280, 720))
TEXT_ENCODER = 5.68e9
IMAGE_ENCODER = 0.63e9

MODELS = {
    "wan2.1-vace-1.3b": (
        VaceEngine,
        {
            "num_attention_heads": 12,
            "ffn_dim": 8960,
            "num_layers": 30,
            "vace_layers": list(range(0, 30, 2)),
        },
    ),
    "wan2.1-vace-14b": (VaceEngine, {}),
    "wan2.2-animate-14b": (AnimateEngine, {"added_kv_proj_dim": 5120}),
}
"""What the published configurations have other than the classes' defaults."""


def folder_of(engine: type, changes: dict, folder: Path) -> SavedPipeline:
    """A folder with the configurations alone."""
    import diffusers

    index = {"_class_name": engine.kind}
    for name, config in (("transformer", changes), ("vae", {})):
        kind = engine.parts[name]
        index[name] = ["diffusers", kind]
        with torch.device("meta"):
            whole = dict(getattr(diffusers, kind)(**config).config)
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(whole))
    return SavedPipeline(folder, index)


def main() -> None:
    """Print a row of Markdown a model, size and way of loading."""
    columns = (
        "weights",
        "transformer",
        "size",
        "frames",
        "none",
        "model",
        "group",
        "model, float8",
        "group, vae_tiling",
    )
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, (engine, changes) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            saved = folder_of(engine, changes, Path(folder))
            numbers = {
                part: sum(p.numel() for p in network_without_memory(saved, part).parameters())
                for part in ("transformer", "vae")
            }
            for width, height in SIZES:
                shape = (engine.longest, height, width)
                working, tiled = (
                    working_memory(saved, engine._transformer_inputs, shape, torch.bfloat16, tiling)
                    for tiling in (False, True)
                )
                weights = {
                    "transformer": 2 * numbers["transformer"],
                    "vae": 4 * numbers["vae"],
                    "text_encoder": round(2 * TEXT_ENCODER),
                }
                if engine is AnimateEngine:
                    weights["image_encoder"] = round(2 * IMAGE_ENCODER)
                usual = [choice.device_bytes for choice in placements(saved, weights, working)]
                small = placements(saved, {**weights, "transformer": numbers["transformer"]}, working)[1].device_bytes
                least = placements(saved, weights, tiled)[2].device_bytes
                told = " | ".join(f"{size / 2**30:.0f} GiB" for size in (*usual, small, least))
                print(
                    f"| {name} | {numbers['transformer'] / 1e9:.2f} billion | {width}x{height} | {engine.longest} | "
                    f"{told} |"
                )


if __name__ == "__main__":
    main()
