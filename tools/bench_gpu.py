# SPDX-License-Identifier: GPL-3.0-or-later
"""Run both stages at the paper's size on a GPU, and tell seconds and memory: `make bench-gpu`.

Networks have random weights of the full size, so this says whether they run, how fast and in how much memory, and
nothing of what they draw. Needs an NVIDIA GPU that torch can use, with some 50 GB for all of it.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chironomy.speech import Speech, load_speech

_RECORDING = Path(__file__).parents[1] / "examples" / "speech.flac"
_GIB = 2**30

Row = tuple[str, str]


def embedded(speech: Speech) -> list[Row]:
    """The embedded gestures on the GPU against those on the processor."""
    from chironomy.gesture import GesturePipeline, embedded_weights

    pipeline = GesturePipeline.from_pretrained(embedded_weights())
    expected = pipeline(speech, seed=3)
    pipeline.to("cuda")
    made = pipeline(speech, seed=3)
    away = float(np.abs(made.wrist_position - expected.wrist_position).max())
    seconds = _timed(lambda: pipeline(speech, seed=3))
    return [
        ("embedded gestures: greatest difference of a wrist from the processor's", f"{1e6 * away:.1f} µm"),
        ("embedded gestures: speech to motion", f"{seconds / speech.duration:.4f} s a second"),
    ]


def paper_gestures(speech: Speech) -> list[Row]:
    """Stage 1 as the paper has it: training steps in bf16, then a sampled recording."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    from chironomy.gesture import GesturePipeline, embedded_weights
    from chironomy.gesture.clips import Clip, one_hot
    from chironomy.gesture.encoding import encode
    from chironomy.gesture.hearing import heard, load_encoder
    from chironomy.gesture.model import CONFIGS, GestureTransformer
    from chironomy.gesture.pipeline import default_scheduler
    from chironomy.gesture.settings import STYLES
    from chironomy.gesture.training.trainer import Trainer, TrainSettings, make_accelerator
    from chironomy.gesture.training.windows import Windows

    planned = GesturePipeline.from_pretrained(embedded_weights())(speech, seed=1)
    motion = encode(planned.wrist_position, planned.rotation).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder)
        audio = heard(speech, planned.fps, 0, len(motion), 13 * 768, load_encoder(folder, "cuda"))
        model = GestureTransformer(
            **CONFIGS["emo2"], styles=len(STYLES), style_names=list(STYLES), trained_on="nothing"
        )
        windows = [Windows([Clip(audio, motion, one_hot(0, len(STYLES)))], 96) for _ in range(2)]
        settings = TrainSettings(steps=100, batch_size=64, warmup=2, learning_rate=1e-4)
        trainer = Trainer(model, *windows, settings, make_accelerator("bf16"))
        torch.cuda.reset_peak_memory_stats()
        trainer.advance()
        seconds = _timed(trainer.advance, 10)
        peak = torch.cuda.max_memory_allocated() / _GIB
        pipeline = GesturePipeline(model.eval(), default_scheduler())
        pipeline.use_audio_encoder(folder)
        sampling = _timed(lambda: pipeline(speech, seed=0))
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    return [
        (
            f"emo2 gestures, {size:.0f} M parameters: training step of 64 windows, bf16",
            f"{seconds:.2f} s, {peak:.1f} GiB",
        ),
        ("emo2 gestures: speech to motion, wav2vec2 included", f"{sampling / speech.duration:.4f} s a second"),
    ]


def paper_video(speech: Speech) -> list[Row]:
    """Stage 2 as the paper has it, 512 x 704: rendering by each way to save memory, against the estimate."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    from chironomy.video.engines.emo2 import Emo2Engine
    from chironomy.video.talking.fresh import fresh_pipeline

    shot = _shot(speech, 512, 704)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, "emo2")
        pipeline = fresh_pipeline("emo2")
        pipeline.register_modules(audio_encoder=Wav2Vec2Model(Wav2Vec2Config()))
        pipeline.to(torch.float16)
        pipeline.save_pretrained(weights)
        del pipeline
        for dtype, offload in (
            ("float16", "none"),
            ("bfloat16", "none"),
            ("float16", "model"),
            ("float16", "sequential"),
        ):
            chosen = {"num_inference_steps": 4, "keep_finished": False, "dtype": dtype, "offload": offload}
            task = shot.replaced(settings=chosen)
            engine = Emo2Engine(weights)
            needed = engine.requirements(task).memory_bytes / _GIB
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            begin = time.perf_counter()
            frames = sum(1 for _ in engine.render(task))
            seconds = time.perf_counter() - begin
            peak = torch.cuda.max_memory_allocated() / _GIB
            name = f"emo2 video, 512 x 704, {frames} frames, 4 steps, {dtype}, offload {offload}"
            rows.append((name, f"{seconds:.1f} s with loading, {peak:.1f} GiB of {needed:.1f} estimated"))
    return rows


def paper_video_training(speech: Speech) -> list[Row]:
    """A forward and backward pass of stage 2 with every parameter, 512 x 512, 12 frames, bf16 autocast."""
    from chironomy.video.talking.fresh import fresh_pipeline
    from chironomy.video.talking.network import Conditions

    del speech
    pipeline = fresh_pipeline("emo2")
    assert pipeline.audio_projector is not None
    network, audio = pipeline.network.to("cuda").train(), pipeline.audio_projector.config
    network.denoiser.enable_gradient_checkpointing()
    network.reference_net.enable_gradient_checkpointing()
    frames, latent = 12, (64, 64)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, device="cuda")

    conditions = Conditions(
        pictures=random(1, 5, 4, *latent),
        maps=random(1, 6, frames, 512, 512),
        audio=random(1, frames + 2 * audio["neighbours"], audio["feature_dim"]),
        confidence=random(1, frames, 2),
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5)

    def step() -> None:
        with torch.autocast("cuda", dtype=torch.bfloat16):
            made = network(random(1, 4, frames, *latent), torch.full((1,), 500, device="cuda"), conditions)
        made.float().square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    torch.cuda.reset_peak_memory_stats()
    step()
    seconds = _timed(step, 3)
    peak = torch.cuda.max_memory_allocated() / _GIB
    size = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    return [
        (
            f"emo2 video, {size:.0f} M parameters: training step, 512 x 512, 12 frames",
            f"{seconds:.2f} s, {peak:.1f} GiB",
        )
    ]


def _shot(speech: Speech, width: int, height: int) -> Any:
    from PIL import Image

    from chironomy.body.pose import solve_pose
    from chironomy.body.rig import load_rig
    from chironomy.gesture import GesturePipeline, embedded_weights
    from chironomy.motion.face import FACE_ACTIONS, FaceTrack
    from chironomy.shot.camera import portrait_camera
    from chironomy.shot.shot import Media, Shot

    hands, rig = GesturePipeline.from_pretrained(embedded_weights())(speech, seed=1), load_rig()
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return Shot(
        hands=hands,
        pose=solve_pose(rig, hands),
        face=FaceTrack(hands.fps, np.zeros((hands.frame_count, len(FACE_ACTIONS)))),
        camera=portrait_camera(rig, width, height),
        speech=Media.from_file(_RECORDING),
        reference=Media("portrait.png", stream.getvalue()),
        frame_stop=40,
        engine="emo2",
    )


def _timed(work: Callable[[], Any], times: int = 1) -> float:
    """Seconds of one run, the mean of `times` after one that is not counted."""
    work()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - begin) / times


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("torch finds no NVIDIA GPU here")
    speech = load_speech(_RECORDING)
    lines = [
        "# Both stages at the paper's size on a GPU",
        "",
        "Written by `make bench-gpu`, with random weights: what runs, how fast and in how much memory.",
        "",
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}.",
        "",
        "| what | figure |",
        "| --- | --- |",
    ]
    for measure in (embedded, paper_gestures, paper_video, paper_video_training):
        torch.cuda.empty_cache()
        for name, value in measure(speech):
            lines.append(f"| {name} | {value} |")
            print(lines[-1], flush=True)
    if options.write:
        options.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
