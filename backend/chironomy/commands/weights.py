# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy weights import-echomimic-v2`: published weights of video models, made ready for this project."""

import argparse
from pathlib import Path
from typing import Any

from chironomy.commands.progress import Steps


def add_to(commands: Any) -> None:
    """Declare the command and its steps."""
    parser = commands.add_parser(
        "weights",
        help="weights of video models",
        description="Weights of video models. They lie in a user's data folder, or where CHIRONOMY_WEIGHTS says.",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    _add_import(steps)


def _add_import(steps: Any) -> None:
    parser = steps.add_parser(
        "import-echomimic-v2",
        help="EchoMimicV2's published weights become a model of the engine emo2",
        description=(
            "Read denoising_unet.pth, reference_unet.pth, motion_module.pth and pose_encoder.pth, and beside them the "
            "VAE sd-vae-ft-mse and Whisper's tiny.pt, and write a folder that the engine emo2 renders with."
        ),
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="the folder of the published weights")
    add("out", type=Path, nargs="?", metavar="OUT", help="folder to write (default: echomimic_v2 among the weights)")
    add("--accelerated", action="store_true", help="the weights for 6 steps: denoising_unet_acc, motion_module_acc")
    add("--dtype", choices=("float16", "bfloat16", "float32"), default="float16", help="to write (default: float16)")
    add("--vae", type=Path, metavar="FOLDER", help="the VAE, where it lies elsewhere")
    add("--whisper", type=Path, metavar="PATH", help="Whisper's tiny.pt or a folder of transformers, likewise")
    parser.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    from chironomy.video.talking.import_echomimic import import_echomimic
    from chironomy.video.weights import weights_folder

    out = options.out or weights_folder() / "echomimic_v2"
    steps = Steps()
    with steps.step("import"):
        import_echomimic(
            options.folder,
            out,
            accelerated=options.accelerated,
            dtype=options.dtype,
            vae=options.vae,
            whisper=options.whisper,
            on_progress=lambda fraction, message: steps.update("import", fraction, message),
        )
    print(f"{out}  {options.dtype}, {sum(path.stat().st_size for path in out.rglob('*.safetensors')) / 2**30:.1f} GiB")
    return 0
