# SPDX-License-Identifier: GPL-3.0-or-later
"""The speech in the sequencer: what a person does with its strips, what the viewport, hands, lips and videos make of
it, and what is nobody else's business. Blender's own mixdown is what the viewport plays."""

import shutil
import subprocess
import wave
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

if not bpy.app.build_options.audaspace:
    pytest.skip("this Blender was built without sound", allow_module_level=True)

RATE = 16000
CLICK = 0.5
"""Seconds into the recording at which something is heard."""


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.chironomy.width = scene.chironomy.height = 64
    return scene


def recording(path: Path, seconds: float = 1.5, *clicks: float, level: float = 0.5) -> Path:
    """Silence but for tones of 0.2 s."""
    time = np.arange(round(seconds * RATE)) / RATE
    active = np.any([(time >= click) & (time < click + 0.2) for click in clicks or (CLICK,)], axis=0)
    samples = level * np.sin(2 * np.pi * 440 * time) * active
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, len(samples), "NONE", ""))
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def ffmpeg(*arguments):
    from chironomy.video.film.ffmpeg import ffmpeg_program

    subprocess.run([ffmpeg_program(), "-v", "error", "-y", "-nostdin", *map(str, arguments)], check=True)


def load(path: Path):
    """Press Load Speech; the strip that it laid."""
    assert bpy.ops.chironomy.load_speech(filepath=str(path)) == {"FINISHED"}
    return next(strip for strip in strips() if strip.get("chironomy") == "speech")


def strips():
    editor = bpy.context.scene.sequence_editor or bpy.context.scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def moved(strip, frames):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


def left(strip):
    return strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start


def right(strip):
    return strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end


def set_left(strip, frame):
    setattr(strip, "left_handle" if hasattr(strip, "left_handle") else "frame_final_start", frame)


def set_right(strip, frame):
    setattr(strip, "right_handle" if hasattr(strip, "right_handle") else "frame_final_end", frame)


def cut(strip, frame):
    return strip.split(frame=frame, split_method="SOFT")


def onsets(samples, rate) -> list[float]:
    """Seconds at which something is heard after a tenth of a second of silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.1) / rate
    return [float(time) for time in loud[np.diff(loud, prepend=-1.0) > 0.1]]


def played_samples(path: Path, *filters: str) -> np.ndarray:
    """The samples of a file, one channel of them: one after another, unless filters look at its clock."""
    from chironomy.video.film.ffmpeg import ffmpeg_program

    command = [ffmpeg_program(), "-v", "error", "-nostdin", "-i", str(path), *filters]
    command += ["-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<f4")


def heard_in(path: Path) -> list[float]:
    """Seconds at which something is heard in a file, by its own clock."""
    return onsets(played_samples(path, "-af", "aresample=async=1:first_pts=0"), RATE)


def viewport(folder: Path) -> list[float]:
    """Seconds after the scene's first frame at which Blender plays something."""
    target = folder / "mixdown.wav"
    assert bpy.ops.sound.mixdown(filepath=str(target), container="WAV", codec="PCM", format="S16") == {"FINISHED"}
    with wave.open(str(target)) as played:
        samples = np.frombuffer(played.readframes(played.getnframes()), "<i2").reshape(-1, played.getnchannels())
        return onsets(samples[:, 0] / 32768, played.getframerate())


def perform(addon, scene) -> None:
    """What Generate does with the speech it hears: hands up and mouth open while there is sound, else down and shut."""
    from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion

    samples = played_samples(addon["scene.speech"].scene_speech(scene).path)
    fps = scene.render.fps / scene.render.fps_base
    frames = max(1, round(len(samples) / RATE * fps))
    times = np.arange(frames) / fps
    active = np.zeros(frames)
    for onset in onsets(samples, RATE):
        active[(times >= onset - 0.5 / fps) & (times < onset + 0.2)] = 1
    position = np.zeros((frames, 2, 3))
    position[:, 0, 0], position[:, 1, 0], position[:, :, 2] = 0.2, -0.2, 0.3
    position[:, :, 1] = -0.25 + 0.2 * active[:, None]
    rotation = np.zeros((frames, 2, 16, 4))
    rotation[..., 0] = 1
    face = np.zeros((frames, len(FACE_ACTIONS)))
    face[:, FACE_ACTIONS.index("jawOpen")] = 0.8 * active
    motion = HandMotion(fps, position, rotation, np.ones((frames, 2)), {})
    addon["scene.put_on"].put_on(scene, scene.chironomy.character, motion, FaceTrack(fps, face))


def starts(track) -> list[int]:
    """Frames at which a track goes over half of its range."""
    high = track > (track.min() + track.max()) / 2
    return [int(frame) for frame in np.flatnonzero(high & ~np.r_[False, high[:-1]])]


class Grey:
    """An engine without an engine's cost: sound is what is looked at here."""

    frames_independent = makes_linear = False

    def requirements(self, shot):
        return SimpleNamespace(weights=())

    def render(self, shot, work=None):
        for _ in shot.frames:
            yield np.full((shot.height, shot.width, 3), 128, np.uint8)


def films(shot, folder, wanted):
    """A film and a folder of pictures of the shot have their sound where it is wanted."""
    from chironomy.video import render

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "get_engine", lambda _name: Grey())
        for name in ("film.mp4", "pictures"):
            shutil.rmtree(folder / name, ignore_errors=True)
            render.render_video(shot, folder / name)
    assert heard_in(folder / "film.mp4") == pytest.approx(wanted, abs=1 / shot.fps)
    assert heard_in(folder / "pictures" / "pictures.wav") == pytest.approx(wanted, abs=1 / shot.fps)


def check_all_agree(addon, scene, folder, *, performed=True) -> list[float]:
    """Sound in viewport, film and pictures, hands and lips: one frame apart at most. What is heard, in seconds."""
    from chironomy.motion import FACE_ACTIONS

    if scene.chironomy.character is None:
        bpy.ops.chironomy.add_character()
    if performed:
        perform(addon, scene)
    shot = addon["scene.shot"].make_shot(bpy.context)
    frame = 1 / shot.fps
    wanted = viewport(folder)
    if find_spec("numba"):
        # Blender's own Python has no rasteriser: on other versions than the backend's the shot's word is taken.
        films(shot, folder, wanted)
    lead = shot.seconds_into_speech(shot.frames.start)
    (folder / f"kept{shot.speech.suffix}").write_bytes(shot.speech.data)
    kept = onsets(played_samples(folder / f"kept{shot.speech.suffix}"), RATE)
    assert [time - lead for time in kept if time >= lead] == pytest.approx(wanted, abs=frame)
    if performed:
        first = shot.frames.start
        hands = starts(shot.hands.wrist_position[:, 1, 1])
        lips = starts(shot.face.values[:, FACE_ACTIONS.index("jawOpen")])
        assert [(number - first) * frame for number in hands] == pytest.approx(wanted, abs=1.01 * frame)
        assert [(number - first) * frame for number in lips] == pytest.approx(wanted, abs=1.01 * frame)
    return wanted


class TestOnePlaceInTime:
    def test_a_strip_as_it_was_laid_is_the_recording_itself(self, addon, scene, tmp_path):
        path = recording(tmp_path / "a.wav")
        load(path)
        assert addon["scene.speech"].scene_speech(scene) == (path, 1.0)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK], abs=0.01)
        shot = addon["scene.shot"].make_shot(bpy.context)
        assert shot.speech.data == path.read_bytes()
        assert (shot.speech_start, shot.frame_start) == (0.0, 0)

    @pytest.mark.parametrize("frames", [24, -6])
    def test_moved(self, addon, scene, tmp_path, frames):
        strip = load(recording(tmp_path / "a.wav"))
        moved(strip, frames)
        scene.frame_end = 60
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + frames / 24], abs=0.01)
        assert addon["scene.shot"].make_shot(bpy.context).speech_start == pytest.approx(-frames / 24)

    def test_moved_and_renamed(self, addon, scene, tmp_path):
        strip = load(recording(tmp_path / "a.wav"))
        strip.name = "Interview"
        moved(strip, 12)
        scene.frame_end = 48
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + 0.5], abs=0.01)

    def test_trimmed_at_both_ends(self, addon, scene, tmp_path):
        strip = load(recording(tmp_path / "a.wav", 2.0, 0.25, 1.0, 1.6))
        assert len(viewport(tmp_path)) == 3
        set_left(strip, 13)
        set_right(strip, 37)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([1.0], abs=0.01)

    def test_cut_and_the_second_half_moved(self, addon, scene, tmp_path):
        rest = cut(load(recording(tmp_path / "a.wav", 2.0, 0.5, 1.5)), 25)
        moved(rest, 12)
        scene.frame_end = 60
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([0.5, 2.0], abs=0.01)

    def test_the_halves_in_the_other_order(self, addon, scene, tmp_path):
        first = load(recording(tmp_path / "a.wav", 2.0, 0.5, 1.25))
        moved(cut(first, 25), -24)
        moved(first, 24)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([0.25, 1.5], abs=0.01)

    def test_one_half_switched_off(self, addon, scene, tmp_path):
        strip = load(recording(tmp_path / "a.wav", 2.0, 0.5, 1.5))
        cut(strip, 25)
        strip.mute = True
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([1.5], abs=0.01)

    def test_switched_off_as_a_whole_to_work_in_quiet_it_is_still_in_the_video(self, addon, scene, tmp_path):
        load(recording(tmp_path / "a.wav")).mute = True
        bpy.ops.chironomy.add_character()
        assert addon["scene.shot"].make_shot(bpy.context).speech is not None

    def test_in_a_meta_strip_that_was_moved_and_trimmed(self, addon, scene, tmp_path):
        strip = load(recording(tmp_path / "a.wav", 2.0, 0.25, 1.0))
        meta = strips().new_meta(name="Sound", channel=5, frame_start=1)
        strip.move_to_meta(meta)
        moved(meta, 12)
        set_right(meta, 50)
        set_left(meta, 25)
        scene.frame_end = 60
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([1.5], abs=0.01)

    def test_a_scene_that_begins_elsewhere(self, addon, scene, tmp_path):
        scene.frame_start = 101
        load(recording(tmp_path / "a.wav"))
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK], abs=0.01)
        scene.frame_start = 107
        assert check_all_agree(addon, scene, tmp_path, performed=False) == pytest.approx([CLICK - 0.25], abs=0.01)

    @pytest.mark.parametrize("suffix", ["mp3", "m4a", "opus", "flac"])
    def test_containers(self, addon, scene, tmp_path, suffix):
        path = tmp_path / f"same.{suffix}"
        ffmpeg("-i", recording(tmp_path / "a.wav"), *(["-c:a", "libopus"] if suffix == "opus" else []), path)
        moved(load(path), 6)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + 0.25], abs=0.03)

    def test_sound_that_begins_late_in_a_film(self, addon, scene, tmp_path):
        source = recording(tmp_path / "a.wav")
        path = tmp_path / "late.mp4"
        ffmpeg(
            "-f", "lavfi", "-i", "color=s=64x64:r=24:d=4", "-itsoffset", 0.8, "-i", source,
            "-map", "0:v", "-map", "1:a", "-c:a", "aac", path,
        )  # fmt: skip
        load(path)
        assert len(check_all_agree(addon, scene, tmp_path)) == 1

    def test_another_frame_rate(self, addon, scene, tmp_path):
        moved(load(recording(tmp_path / "a.wav")), 12)
        scene.render.fps = 30
        scene.frame_end = 60
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + 12 / 30], abs=0.01)
        # Keys stay at their frames when the rate is changed afterwards; what is heard still is the same everywhere.
        scene.render.fps = 25
        assert check_all_agree(addon, scene, tmp_path, performed=False) == pytest.approx([CLICK + 12 / 25], abs=0.01)

    def test_a_strip_of_the_recording_that_the_person_laid(self, addon, scene, tmp_path):
        path = recording(tmp_path / "a.wav")
        strips().new_sound(name="Take 3", filepath=str(path), channel=4, frame_start=13)
        scene.chironomy.speech = str(path)
        scene.frame_end = 60
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + 0.5], abs=0.01)

    def test_a_strip_that_is_played_faster_is_refused(self, addon, scene, tmp_path, monkeypatch):
        load(recording(tmp_path / "a.wav"))
        bpy.ops.chironomy.add_character()
        # Blender 5.0.1 crashes where a script adds the first key of retiming.
        monkeypatch.setattr(addon["sequencer"], "retimed", lambda _strip: True)
        with pytest.raises(Exception, match="reset its retiming"):
            addon["scene.shot"].make_shot(bpy.context)


class TestHeardToItsEnd:
    def joined(self, folder, suffix, *options) -> Path:
        """Three chunks one after another, of which the first one's header tells a length."""
        ffmpeg("-i", recording(folder / "a.wav", 1.0), *options, folder / f"chunk.{suffix}")
        path = folder / f"joined.{suffix}"
        path.write_bytes((folder / f"chunk.{suffix}").read_bytes() * 3)
        return path

    @pytest.mark.parametrize("suffix", ["mp3", "flac", "aac"])
    def test_joined_chunks_are_played_as_a_whole(self, addon, scene, tmp_path, suffix):
        load(self.joined(tmp_path, suffix))
        assert scene.frame_end == pytest.approx(72, abs=7)
        assert len(check_all_agree(addon, scene, tmp_path)) == 3

    def test_a_stream_without_a_length(self, addon, scene, tmp_path):
        path = tmp_path / "stream.webm"
        recording(tmp_path / "a.wav")
        ffmpeg("-i", tmp_path / "a.wav", "-c:a", "libopus", "-f", "webm", "-live", 1, path)
        load(path)
        assert scene.frame_end == pytest.approx(36, abs=2)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK], abs=0.03)

    @pytest.mark.parametrize("suffix", ["wav", "ogg", "m4a"])
    def test_what_blender_plays_only_in_part_is_refused(self, scene, tmp_path, suffix):
        with pytest.raises(RuntimeError, match=rf"joined\.{suffix} goes on after the end that its header tells"):
            load(self.joined(tmp_path, suffix, *(["-c:a", "libvorbis"] if suffix == "ogg" else [])))
        assert scene.chironomy.speech == ""
        assert not list(strips())

    def test_silence_is_told(self, scene, tmp_path, capfd):
        load(recording(tmp_path / "quiet.wav", level=0.0))
        assert "Nothing is heard in quiet.wav" in "".join(capfd.readouterr())

    def test_a_recording_that_breaks_off_is_told(self, scene, tmp_path, capfd):
        path = recording(tmp_path / "cut.wav", 3.0)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        load(path)
        said = "".join(capfd.readouterr())
        assert "cut.wav breaks off: of the 3.0 s that its header tells, 1.5 s are there and are used" in said
        assert scene.frame_end == pytest.approx(36, abs=2)


class TestWhatIsThePersons:
    def test_a_film_and_music_that_were_there_stay(self, scene, tmp_path):
        ffmpeg("-f", "lavfi", "-i", "color=s=64x64:r=24:d=4", tmp_path / "film.mp4")
        strips().new_movie(name="Speech", filepath=str(tmp_path / "film.mp4"), channel=2, frame_start=1)
        strips().new_sound(name="Music", filepath=str(recording(tmp_path / "music.wav", 5.0)), channel=1, frame_start=1)
        scene.frame_end = 500
        load(recording(tmp_path / "a.wav"))
        found = sorted((strip.type, Path(strip.name).stem, strip.channel) for strip in strips())
        assert found == [("MOVIE", "Speech", 2), ("SOUND", "Music", 1), ("SOUND", "Speech", 3)]
        assert scene.frame_end == 500

    def test_a_sound_of_theirs_that_is_called_speech_stays(self, scene, tmp_path):
        strips().new_sound(name="Speech", filepath=str(recording(tmp_path / "b.wav")), channel=1, frame_start=1)
        load(recording(tmp_path / "a.wav"))
        assert {Path(strip.sound.filepath).name for strip in strips()} == {"a.wav", "b.wav"}

    def test_all_pieces_of_the_earlier_speech_go_wherever_they_are(self, scene, tmp_path):
        strip = load(recording(tmp_path / "a.wav"))
        rest = cut(strip, 20)
        rest.name = "Second half"
        meta = strips().new_meta(name="Sound", channel=5, frame_start=1)
        rest.move_to_meta(meta)
        load(recording(tmp_path / "b.wav"))
        left_over = [strip for strip in strips() if strip.type == "SOUND"]
        inside = meta.strips if hasattr(meta, "strips") else meta.sequences
        assert [Path(strip.sound.filepath).name for strip in left_over] == ["b.wav"]
        assert list(inside) == []

    def test_the_strip_of_an_older_version_is_replaced(self, scene, tmp_path):
        path = recording(tmp_path / "a.wav")
        strips().new_sound(name="Speech", filepath=str(path), channel=1, frame_start=1)
        scene.chironomy.speech = str(path)
        load(recording(tmp_path / "b.wav"))
        assert [Path(strip.sound.filepath).name for strip in strips()] == ["b.wav"]

    def test_a_scene_that_was_longer_stays_as_long(self, addon, scene, tmp_path):
        scene.frame_end = 400
        load(recording(tmp_path / "a.wav"))
        assert scene.frame_end == 400
        bpy.ops.chironomy.add_character()
        perform(addon, scene)
        assert scene.frame_end == 400
        load(recording(tmp_path / "long.wav", 20.0))
        assert scene.frame_end == 480

    def test_an_end_that_nobody_chose_follows_the_speech(self, scene, tmp_path):
        load(recording(tmp_path / "a.wav", 1.5))
        assert scene.frame_end == 36
        load(recording(tmp_path / "b.wav", 1.0))
        assert scene.frame_end == 24
        scene.frame_end = 60
        load(recording(tmp_path / "a.wav", 1.5))
        assert scene.frame_end == 60

    def test_an_end_that_nobody_chose_does_not_cut_other_strips_off(self, scene, tmp_path):
        strips().new_sound(name="Music", filepath=str(recording(tmp_path / "music.wav", 8.0)), channel=1, frame_start=1)
        load(recording(tmp_path / "a.wav"))
        assert scene.frame_end == 192

    def test_a_video_takes_a_free_channel_and_the_place_of_the_last_one_alone(self, addon, scene, tmp_path):
        ffmpeg("-f", "lavfi", "-i", "color=s=64x64:r=24:d=2", tmp_path / "film.mp4")
        theirs = strips().new_movie(name="Plate", filepath=str(tmp_path / "film.mp4"), channel=2, frame_start=1)
        for _ in range(2):
            addon["sequencer"].lay_video(bpy.context, tmp_path / "film.mp4", 1)
        made = addon["sequencer"].video_strip(scene)
        made.name = "Review this"
        addon["sequencer"].lay_video(bpy.context, tmp_path / "film.mp4", 1)
        assert sorted((strip.name, strip.channel) for strip in strips()) == [("Chironomy Video", 3), ("Plate", 2)]
        assert theirs.channel == 2


class TestPaths:
    @pytest.fixture
    def project(self, scene, tmp_path):
        """A saved scene with its speech in a folder beside it, reopened at another place."""
        folder = tmp_path / "project"
        (folder / "audio").mkdir(parents=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / "shot.blend"))
        load(recording(folder / "audio" / "a.wav"))
        return folder

    def opened(self, path: Path):
        bpy.ops.wm.open_mainfile(filepath=str(path))
        return bpy.context.scene

    def test_they_are_stored_as_blenders_own_buttons_do(self, scene, project):
        strip = next(iter(strips()))
        assert bpy.context.scene.chironomy.speech == strip.sound.filepath == "//audio/a.wav"

    def test_a_folder_that_was_moved(self, addon, project, tmp_path):
        bpy.ops.wm.save_mainfile()
        shutil.move(project, tmp_path / "moved")
        scene = self.opened(tmp_path / "moved" / "shot.blend")
        found = addon["scene.speech"].scene_speech(scene).path
        assert found.samefile(tmp_path / "moved" / "audio" / "a.wav")
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK], abs=0.01)

    def test_the_packed_sound_where_the_file_is_gone(self, addon, project, tmp_path):
        strip = next(iter(strips()))
        moved(strip, 12)
        strip.sound.pack()
        data = (project / "audio" / "a.wav").read_bytes()
        bpy.ops.wm.save_mainfile()
        shutil.rmtree(project / "audio")
        scene = self.opened(project / "shot.blend")
        found = addon["scene.speech"].scene_speech(scene)
        assert (found.path.read_bytes(), found.frame) == (data, 13.0)
        assert check_all_agree(addon, scene, tmp_path) == pytest.approx([CLICK + 0.5], abs=0.01)

    def test_saved_under_another_folder_the_strip_knows_where_it_is(self, addon, project, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "shot.blend"))
        scene = self.opened(tmp_path / "elsewhere" / "shot.blend")
        assert addon["scene.speech"].scene_speech(scene).path.samefile(project / "audio" / "a.wav")

    def test_a_recording_that_is_nowhere_is_named(self, addon, project):
        shutil.rmtree(project / "audio")
        with pytest.raises(Exception, match=r"there is no file .*a\.wav; load the speech again"):
            addon["scene.speech"].scene_speech(bpy.context.scene)


@pytest.mark.parametrize("how", ["mute", "lock"])
def test_speech_takes_no_channel_that_is_muted_or_locked(scene, tmp_path, how):
    scene.sequence_editor_create()
    setattr(scene.sequence_editor.channels[1], how, True)
    assert load(recording(tmp_path / "a.wav")).channel == 2


def test_a_file_saved_into_another_shots_folder_goes_on_with_its_own_speech(addon, scene, tmp_path):
    for name, seconds in (("sh010", 1.5), ("sh020", 3.0)):
        (tmp_path / name / "audio").mkdir(parents=True)
        recording(tmp_path / name / "audio" / "a.wav", seconds)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "sh010" / "x.blend"))
    load(tmp_path / "sh010" / "audio" / "a.wav")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "sh020" / "x.blend"))
    speech = addon["scene.speech"].scene_speech(bpy.context.scene)
    assert speech.path.samefile(tmp_path / "sh010" / "audio" / "a.wav")
