# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engines on today's public weights have in common: a diffusers pipeline, run segment by segment.

A subclass says what its pipeline is fed with; the rest is here. Every frame of the shot is a frame that the pipeline
makes where the shot's rate allows it (`segments.model_rate`), so the video is in step with the speech.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.retimed import retimed
from chironomy.shot.shot import Shot
from chironomy.video.engines import prompt as prompts
from chironomy.video.engines.engine import Requirements
from chironomy.video.engines.pipeline_loading import Loading, load_pipeline
from chironomy.video.engines.pipeline_memory import (
    OFFLOADS,
    placed,
    placements,
    weight_bytes,
    working_memory,
)
from chironomy.video.engines.pipeline_request import Request
from chironomy.video.engines.portrait import portrait
from chironomy.video.engines.running import (
    check_names,
    checked_device,
    checked_dtype,
    checked_number,
    checked_offload,
    checked_switch,
    checked_whole,
    require_packages,
)
from chironomy.video.engines.saved import SavedEngine
from chironomy.video.engines.segments import Segment, blended, model_rate, segments
from chironomy.video.film.finished import FinishedParts, digest, forget_old
from chironomy.video.weights.published import published_for
from chironomy.video.weights.saved_pipeline import SavedPipeline, check_weights, read_pipeline
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    import torch

_PACKAGES = ("accelerate", "transformers")
"""What loading a pipeline needs: diffusers puts some of Wan's weights into 32 bits with accelerate's help."""

_SMALL_NETWORK = 50_000_000  # parameters that a processor runs in reasonable time

_SETTINGS = (
    "weights", "gguf", "device", "dtype", "offload", "float8", "vae_tiling", *prompts.SETTINGS, "seed",
    "num_inference_steps", "guidance_scale", "segment_frames", "overlap_frames", "model_fps", "keep_finished",
)  # fmt: skip

_PART = ("frames", "tail", "generator")
"""What is kept of a segment: see `_part`, and the state that the generator of noise is left in."""


class PipelineEngine(SavedEngine, ABC):
    """Renders with a pipeline of diffusers.

    Args:
        weights: folder of a saved pipeline; looked for by the shot's setting `weights` when None.
        finished: folder for the segments of renders that were stopped; in the user's data folder when None.
    """

    frames_independent = False
    makes_linear = False
    kind: ClassVar[str]
    """The pipeline's class."""
    parts: ClassVar[Mapping[str, str]]
    """The parts that it must have, and the class of each."""
    native_fps: ClassVar[float]
    """Frames a second of the videos that it was trained on."""
    longest: ClassVar[int]
    """Frames of a segment at most, unless a setting says otherwise."""
    overlap: ClassVar[int]
    """Frames that segments share, likewise."""
    steps: ClassVar[int]
    guidance: ClassVar[float]
    own_settings: ClassVar[tuple[str, ...]] = ()

    def requirements(self, shot: Shot | None = None) -> Requirements:
        """Memory for this shot with these weights; for a usual one, or without weights, what the published ones take.

        Raises:
            VideoError: a setting of the shot is wrong, or its weights are missing.
        """
        usual = published_for(self.name)[-1]
        bytes_of_it = round(usual.device_gigabytes * 1e9)
        if shot is None:
            try:
                folder = self._folder(None)
                saved = read_pipeline(folder, self.kind, self.parts)
                small = sum(saved.parameter_counts().values()) < _SMALL_NETWORK
            except VideoError:
                licence = self._licence(None)
                return Requirements(bytes_of_it, "cuda", (usual.folder,), licence, packages=_PACKAGES)
            device, licence = "cpu" if small else "cuda", self._licence(folder)
            return Requirements(bytes_of_it, device, (folder.name,), licence, packages=_packages(saved))
        request = self._request(shot)
        device = "cuda" if request.loading.device == "cuda" else "cpu"
        folder = request.saved.folder
        return Requirements(
            request.placement.device_bytes,
            device,
            (folder.name,),
            self._licence(folder),
            self._plan(request),
            _packages(request.saved),
        )

    def render(self, shot: Shot, work: Work = QUIET) -> Iterator[NDArray[np.uint8]]:
        """Yield the shot's frames in order, as segments are finished; see `Engine.render`.

        `work` is asked after every denoising step. A render that was stopped goes on from the segments that it had
        finished, when the same shot is rendered again.

        Raises:
            VideoError: the shot has no portrait, weights are missing or another model's, a setting is out of range, or
                there is too little memory: all found out before weights are read.
            RenderCancelled: `work` said so.
        """
        request = self._request(shot)
        check_weights(request.saved)
        return self._frames(request, work)

    def check(self, wanted: str | None = None) -> str:
        """See that weights are whole and of the right kind; only configurations and headers are read.

        Args:
            wanted: the name of a folder among the weights; the preferred one when None.

        Returns:
            where they are and what was found, for people.

        Raises:
            VideoError: they are not; the sentence says what is missing.
        """
        folder = self._named(wanted)
        saved = read_pipeline(folder, self.kind, self.parts)
        require_packages(self.name, _packages(saved))
        tensors = check_weights(saved)
        count = sum(saved.parameter_counts().values())
        billions = f"{count / 1e9:.2f} billion" if count > 1e8 else f"{count:,}"
        told = f"{folder}  {self.kind}, {tensors} tensors with {billions} numbers, all there"
        if saved.gguf is not None:
            told += f"; transformer from {saved.gguf.name}"
        if not prompts.has_text_encoder(saved):
            known = sorted(path.stem for path in prompts.prompts_folder(saved).glob("*.safetensors"))
            told += f"; no text encoder, saved prompts: {', '.join(known) or 'none'}"
        return told

    def save_prompt(self, name: str, text: str, negative: str | None = None, wanted: str | None = None) -> Path:
        """Save the numbers of a prompt beside the weights, where the setting `prompt_embeds` finds them.

        Only the text encoder is loaded, on the processor.

        Args:
            name: of the file; one that is there is replaced.
            text: what is to be seen.
            negative: what is not; that of every render when None.
            wanted: the name of a folder among the weights; the preferred one when None.

        Raises:
            VideoError: there is no text encoder, or a name is none.
        """
        saved = read_pipeline(self._named(wanted), self.kind, self.parts)
        require_packages(self.name, _PACKAGES)
        return prompts.save_prompt(saved, name, text, negative)

    @staticmethod
    @abstractmethod
    def _transformer_inputs(
        config: Mapping[str, Any], size: tuple[int, int, int], dtype: torch.dtype
    ) -> dict[str, Any]:
        """Inputs of the transformer on the meta device for a segment of (frames, height, width)."""

    @abstractmethod
    def _prepared(self, pipeline: Any, request: Request) -> dict[str, Any]:
        """What every segment is fed with alike."""

    @abstractmethod
    def _control(self, request: Request, segment: Segment, work: Work) -> list[NDArray[np.uint8]]:
        """The maps that control this segment, (frames, height, width, 3) each.

        Args:
            request: the render.
            segment: which frames.
            work: asked before every frame.

        Raises:
            RenderCancelled: `work` said so.
        """

    @abstractmethod
    def _segment(
        self, request: Request, segment: Segment, control: list[NDArray[np.uint8]], kept: NDArray[np.float32] | None
    ) -> dict[str, Any]:
        """What this segment is fed with.

        Args:
            request: the render.
            segment: which frames.
            control: its maps.
            kept: (segment.kept, height, width, 3) 0 to 1, the last frames of the one before; None for the first.
        """

    def _own(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The subclass's own settings, checked."""
        return {}

    def _shortest(self, overlap: int) -> int:
        """Frames that the pipeline makes at least."""
        return 1

    def _overlap(self, settings: Mapping[str, Any], longest: int) -> int:
        return checked_latents(settings, "overlap_frames", self.overlap, 1, longest - 4)

    def _licence(self, folder: Path | None) -> str:
        known = [entry for entry in published_for(self.name) if folder is None or entry.folder == folder.name]
        return f"that of the weights: {known[0].licence}" if known else "that of the weights"

    def _request(self, shot: Shot) -> Request:
        from chironomy.video.weights.memory import dtype_named, free_memory
        from chironomy.video.weights.sizes import check_size

        settings = shot.settings
        check_names(self.name, settings, (*_SETTINGS, *self.own_settings))
        picture = portrait(shot)
        device = checked_device(settings)
        dtype = checked_dtype(settings, _usual_dtype(device))
        offload = checked_offload(settings, device, ("auto", *OFFLOADS))
        float8 = checked_switch(settings, "float8", False)
        tiling = checked_switch(settings, "vae_tiling", False)
        guidance = checked_number(settings, "guidance_scale", self.guidance, 1, 20)
        longest = checked_latents(settings, "segment_frames", self.longest, 9, 241)
        overlap = self._overlap(settings, longest)
        seed = checked_whole(settings, "seed", 0, 0, 2**63 - 1)
        steps = checked_whole(settings, "num_inference_steps", self.steps, 1, 1000)
        own = self._own(settings)
        keep = checked_switch(settings, "keep_finished", True)
        usual = model_rate(shot.fps, self.native_fps)
        rate = checked_number(settings, "model_fps", usual, 1, 120)

        saved = read_pipeline(self._folder(shot), self.kind, self.parts, settings.get("gguf"))
        require_packages(self.name, _packages(saved, text=False))
        if float8 and saved.gguf is not None:
            raise VideoError("setting float8 is for weights of 16 bits; GGUF weights are small already")
        prompt = prompts.checked_prompt(settings, saved, guidance > 1)
        check_size(shot.width, shot.height, pixels_of_token(saved))
        timed, shown = retimed(shot, rate)
        plan = segments(len(timed.frames), longest, overlap, self._shortest(overlap))
        size = (max(segment.length for segment in plan), shot.height, shot.width)
        kind = dtype_named(dtype)
        text = prompt.file is None
        working = working_memory(saved, self._transformer_inputs, size, kind, tiling)
        choices = placements(saved, weight_bytes(saved, kind, float8, text), working)
        placement = placed(choices, offload, device, free_memory(device), free_memory("cpu"))
        loading = Loading(self.kind, device, dtype, placement.offload, float8, tiling, text)
        return Request(timed, shown, picture, plan, saved, prompt, loading, placement, seed, steps, guidance, own, keep)

    def _plan(self, request: Request) -> str:
        """What will be loaded, in a sentence for people."""
        how = request.loading
        weights = request.saved.gguf.name if request.saved.gguf is not None else request.saved.folder.name
        numbers = f"{how.dtype}, transformer in 8 bits" if how.float8 else how.dtype
        waiting = {
            "none": f"all on the {'GPU' if how.device == 'cuda' else 'processor'}",
            "model": "each part on the GPU while it works",
            "group": "each layer on the GPU while it works",
        }[how.offload]
        pieces = "" if len(request.plan) == 1 else f" in {len(request.plan)} segments"
        return (
            f"{weights} ({numbers}), {waiting}, about {request.placement.device_bytes / 2**30:.1f} GiB; "
            f"{len(request.shot.frames)} frames at {request.shot.fps:g} a second{pieces}"
        )

    def _frames(self, request: Request, work: Work) -> Iterator[NDArray[np.uint8]]:
        import torch

        if work.cancelled():
            raise RenderCancelled
        if request.keep_finished:
            forget_old(self._finished)
        key = request.digest()
        finished = FinishedParts(self._finished if request.keep_finished else None, key, _PART)
        pipeline, always = None, {}
        generator = torch.Generator("cpu").manual_seed(request.seed)
        wanted = iter(enumerate(request.shown))
        frame, model_frame = next(wanted)
        tail: NDArray[np.float32] | None = None
        for number, segment in enumerate(request.plan):
            following = request.plan[number + 1].start if number + 1 < len(request.plan) else segment.stop
            fresh = following - segment.start
            control = self._control(request, segment, work)
            key = digest(key, [segment.length, segment.kept, segment.stop - segment.start, fresh], *control)
            part = finished.load(number, key)
            if part is None:
                if pipeline is None:
                    pipeline = load_pipeline(request.saved, request.loading)
                    always = prompts.embedded(request.prompt, pipeline, request.guidance > 1)
                    always |= self._prepared(pipeline, request)

                def after_step(
                    _pipeline: Any, step: int, _time: Any, _tensors: dict[str, Any], number: int = number
                ) -> dict[str, Any]:
                    if work.cancelled():
                        raise RenderCancelled
                    # The last part is said when the frames are there.
                    work.progress((number + (step + 1) / (request.steps + 1)) / len(request.plan))
                    return {}

                made = pipeline(
                    **always,
                    **self._segment(request, segment, control, tail),
                    height=request.shot.height,
                    width=request.shot.width,
                    num_inference_steps=request.steps,
                    guidance_scale=request.guidance,
                    generator=generator,
                    callback_on_step_end=after_step,
                    callback_on_step_end_tensor_inputs=[],
                    output_type="np",
                ).frames[0]
                part = _part(made[: segment.stop - segment.start], tail, fresh, request.loading.dtype)
                part["generator"] = generator.get_state().numpy()
                finished.save(number, key, part)
            # One generator draws the noise of all segments, as in the pipelines' own loops over segments.
            generator.set_state(torch.from_numpy(part["generator"]))
            tail = part["tail"]
            work.progress((number + 1) / len(request.plan))
            while model_frame < following:
                yield part["frames"][model_frame - segment.start]
                frame, model_frame = next(wanted, (frame, len(request.shot.frames)))


def _part(made: Any, before: NDArray[np.float32] | None, fresh: int, dtype: str) -> dict[str, NDArray[Any]]:
    """What is kept of a segment.

    Args:
        made: (frames, height, width, 3) 0 to 1, from the pipeline.
        before: the `tail` of the segment before, or None.
        fresh: how many frames there are before the next segment begins.
        dtype: in which numbers they were made.

    Returns:
        `frames`, (fresh, height, width, 3) uint8 RGB, and `tail`, the frames after them as they were made.

    Raises:
        VideoError: the pictures are not numbers.
    """
    made = np.asarray(made, np.float32)
    if not np.isfinite(made).all():
        raise VideoError(f"the model made pictures that are not numbers in {dtype}; try bfloat16")
    if before is not None:
        made = blended(before, made, len(before))
    frames = np.stack([np.floor(picture * 255 + 0.5).astype(np.uint8) for picture in made[:fresh]])
    return {"frames": frames, "tail": made[fresh:].copy()}


def checked_latents(settings: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """A setting that is a number of frames 4k + 1.

    Raises:
        VideoError: it is not.
    """
    value = checked_whole(settings, name, default, least, most)
    if value % 4 != 1:
        raise VideoError(f"setting {name} is {value}; give a multiple of 4 and 1 more, such as {value // 4 * 4 + 1}")
    return value


def pixels_of_token(saved: SavedPipeline) -> int:
    """Pixels on a side of what the transformer sees as one: sizes are multiples of it."""
    return 2 ** len(saved.config("vae")["temperal_downsample"]) * int(saved.config("transformer")["patch_size"][1])


def _usual_dtype(device: str) -> str:
    import torch

    if device != "cuda":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def _packages(saved: SavedPipeline, text: bool = True) -> tuple[str, ...]:
    """What rendering with a pipeline needs; with `text`, what its prompts need, too."""
    own = ("gguf",) if saved.gguf is not None else ()
    return (*_PACKAGES, *own, *(("ftfy",) if text and prompts.has_text_encoder(saved) else ()))
