# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy weights`: which weights the video engines and portraits need, where they lie, whether they are whole."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.progress import Steps, file_size
from chironomy.errors import ChironomyError

if TYPE_CHECKING:
    from chironomy.video.engines.engine import Engine


def add_to(commands: Any) -> None:
    """Declare the command and its steps."""
    parser = commands.add_parser(
        "weights",
        help="weights of video models and of the models that look at portraits",
        description="Weights of models. They lie in a user's data folder, or where CHIRONOMY_WEIGHTS says.",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    _add_list(steps)
    _add_fetch(steps)
    _add_path(steps)
    _add_check(steps)
    _add_prompt(steps)
    _add_import(steps)


def _add_list(steps: Any) -> None:
    parser = steps.add_parser(
        "list",
        help="what each engine needs, whether it is here, and whether this machine has the memory",
        description="Each engine's weights: here or not, their licence and size, and the GPU memory that they take.",
    )
    parser.set_defaults(run=_list)


def _add_fetch(steps: Any) -> None:
    parser = steps.add_parser(
        "fetch",
        help="bring the models that look at portraits, once",
        description=(
            "Let pip fetch the models that find people in portraits and videos (mediapipe 0.10.21's, Apache-2.0). "
            "Where mediapipe is installed it brings them; elsewhere the first portrait does what this command does. "
            "Pip's settings say from where. CHIRONOMY_OFFLINE=1 forbids it."
        ),
    )
    parser.add_argument("what", choices=("perception",), metavar="perception", help="the only ones that are fetched")
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="a wheel of mediapipe 0.10.21 that is here already, of any platform"
    )
    parser.set_defaults(run=_fetch)


def _add_path(steps: Any) -> None:
    parser = steps.add_parser(
        "path",
        help="where weights belong",
        description="Print the folder of all weights, or the one that an engine renders with or would look for.",
    )
    parser.add_argument("engine", nargs="?", metavar="ENGINE", help="emo2, vace or animate")
    parser.set_defaults(run=_path)


def _add_check(steps: Any) -> None:
    parser = steps.add_parser(
        "check",
        help="are the weights of an engine whole and of the right kind?",
        description="Read configurations and headers of the weights, not the weights, and say what is missing.",
    )
    parser.add_argument("engine", metavar="ENGINE", help="emo2, vace or animate")
    parser.add_argument("--weights", metavar="NAME", help="a folder among the weights (default: the engine's choice)")
    parser.set_defaults(run=_check)


def _add_prompt(steps: Any) -> None:
    parser = steps.add_parser(
        "prompt",
        help="save the numbers of a prompt, so that rendering needs no text encoder",
        description="Read a text with the weights' text encoder and save its numbers for the setting prompt_embeds.",
    )
    parser.add_argument("engine", metavar="ENGINE", help="vace or animate")
    parser.add_argument("name", metavar="NAME", help="of the prompt; 'default' is what is used where nothing is said")
    parser.add_argument("text", metavar="TEXT", help="what is to be seen")
    parser.add_argument("--negative", metavar="TEXT", help="what is not to be seen")
    parser.add_argument("--weights", metavar="NAME", help="a folder among the weights (default: the engine's choice)")
    parser.set_defaults(run=_prompt)


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


def _list(options: argparse.Namespace) -> int:
    from chironomy.video.engines.registry import engine_names
    from chironomy.video.weights.folder import weights_folder
    from chironomy.video.weights.gpu import gpu_told
    from chironomy.video.weights.published import how_to_obtain, published_for

    print(f"weights in {weights_folder()}\n")
    for engine in engine_names():
        known = published_for(engine)
        if not known:
            print(f"{engine:<9}needs no weights")
        for entry in known:
            folder = weights_folder() / entry.folder
            here = folder.is_dir()
            size = f"{_folder_bytes(folder) / 1e9:.1f} GB" if here else f"{entry.gigabytes:g} GB"
            state, needs = "here" if here else "absent", gpu_told(entry.device_gigabytes)
            print(f"{engine:<9}{entry.folder:<20}{state:<8}{size:<9}{needs}")
            print(f"{'':<9}licence: {entry.licence}" + (f"; from {entry.source}" if entry.source else ""))
            if not here:
                print(f"{'':<9}{how_to_obtain(entry)}")
    _list_perception()
    return 0


def _list_perception() -> None:
    """The models that look at portraits, which every engine can do without."""
    from chironomy.video.portrait import model_files

    fetched = model_files.whole(model_files.models_folder())
    brought = model_files.models_of_mediapipe() is not None
    state = "here" if fetched or brought else "absent"
    whole = f"{sum(one.bytes for one in model_files.MODELS) / 1e6:.0f} MB"
    # The wheel that they are fetched in holds more than they.
    size = whole if state == "here" else model_files.download_size()
    use = "find people in portraits and videos" + (", with the mediapipe that is installed" if brought else "")
    print(f"{'fit':<9}{model_files.NAME:<20}{state:<8}{size:<9}{use}")
    print(f"{'':<9}licence: {model_files.LICENCE}; from {model_files.WHEEL.package} {model_files.WHEEL.version}")
    if state == "absent":
        print(f"{'':<9}chironomy weights fetch perception    # downloads {size}, keeps {whole}")


def _fetch(options: argparse.Namespace) -> int:
    from chironomy.video.portrait.model_files import MODELS, fetch_models

    steps = Steps()
    with steps.step("fetch"):
        folder = fetch_models(options.wheel, steps.work("fetch"))
    print(f"{folder}  {len(MODELS)} models, {_folder_bytes(folder) / 1e6:.0f} MB")
    return 0


def _path(options: argparse.Namespace) -> int:
    from chironomy.video.weights.folder import weights_folder
    from chironomy.video.weights.published import published_for

    if options.engine is None:
        print(weights_folder())
        return 0
    _engine(options.engine)
    folders = [weights_folder() / entry.folder for entry in published_for(options.engine)]
    if not folders:
        raise ChironomyError(f"the engine {options.engine} needs no weights")
    here = [folder for folder in folders if folder.is_dir()]
    for folder in here[:1] or folders:
        print(folder)
    return 0


def _check(options: argparse.Namespace) -> int:
    print(_engine(options.engine).check(options.weights))
    return 0


def _prompt(options: argparse.Namespace) -> int:
    from chironomy.video.engines.engine import PromptedEngine

    engine = _engine(options.engine)
    if not isinstance(engine, PromptedEngine):
        raise ChironomyError(f"the engine {options.engine} reads no prompt")
    path = engine.save_prompt(options.name, options.text, options.negative, options.weights)
    print(f"{path}  {file_size(path)}")
    return 0


def _engine(name: str) -> "Engine":
    from chironomy.video.engines.registry import get_engine

    return get_engine(name)


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _import(options: argparse.Namespace) -> int:
    from chironomy.video.talking.import_echomimic import import_echomimic
    from chironomy.video.weights.folder import weights_folder

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
            work=steps.work("import"),
        )
    print(f"{out}  {options.dtype}, {sum(path.stat().st_size for path in out.rglob('*.safetensors')) / 2**30:.1f} GiB")
    return 0
