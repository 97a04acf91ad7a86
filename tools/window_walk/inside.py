# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside the Blender that is walked through: says what it shows, and measures how long it keeps a person waiting.

`blender --python inside.py -- FOLDER`. A file `NUMBER.ask` in the folder holds JSON, `{"do": name, "given": {…}}`, and
is answered by `NUMBER.answer`. Nothing here works the add-on: that is done from outside, by a pointer and keys. What is
under the pointer Blender tells by its own operators, those of a button's context menu.
"""

import contextlib
import itertools
import json
import sys
import time
import traceback
from pathlib import Path

import bpy
from mathutils import Euler

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
TICK = 0.05
"""Seconds between ticks where Blender has nothing else to do."""

ADDON = "bl_ext.user_default.chironomy"

drawn: set[str] = set()
"""Labels of the sections whose insides were drawn since somebody began to look: the open ones."""


class _Waits:
    """The gaps between two ticks, without what the answers take.

    `computed` are the seconds of the longest in which this thread was computed, which other programs do not lengthen.
    """

    longest = 0.0
    computed = 0.0
    ended = None


class _Held:
    """The call of the add-on's that computed longest, in which Blender answers nothing, and what it was.

    Told are its operators and what it does in slices by Blender's timer.
    """

    longest = 0.0
    computed = 0.0
    label = ""


class _Hunt:
    """The search for a button: where to look, for what, who asked, and whether it was seen at the last look."""

    points: list = []
    wanted = ""
    answer = None
    seen = False


class _Draws:
    """How often the 3D view was drawn, with its sidebar."""

    count = 0


def window():
    """Return the first window."""
    return bpy.context.window_manager.windows[0]


def area_of(kind):
    """Return the largest area of a kind; None where there is none."""
    found = [area for area in window().screen.areas if area.type == kind]
    return max(found, key=lambda area: area.width * area.height, default=None)


def region_of(area, kind):
    """Return an area's region of a kind."""
    return next(region for region in area.regions if region.type == kind)


def region_at(x, y):
    """Return the area and the region under a point of the window, the sidebar before what lies below it."""
    for area in window().screen.areas:
        found = [
            region
            for region in area.regions
            if region.x <= x < region.x + region.width and region.y <= y < region.y + region.height
        ]
        if found:
            return area, min(found, key=lambda region: region.width * region.height)
    return None, None


def settings():
    """Return the add-on's settings in the scene; None before it is installed."""
    return getattr(bpy.context.scene, "chironomy", None)


# What can be asked for.


def prepare():
    """Set what keeps the pictures alike: no splash, dialogs within the window, the sidebar out."""
    view = bpy.context.preferences.view
    view.show_splash = False
    view.filebrowser_display_type = "SCREEN"
    bpy.context.preferences.filepaths.use_auto_save_temporary_files = False
    area_of("VIEW_3D").spaces.active.show_region_ui = True
    return {"version": bpy.app.version_string, "height": window().height, "width": window().width}


def show_tab(name):
    """Bring a tab of the sidebar to the front."""
    area = area_of("VIEW_3D")
    area.spaces.active.show_region_ui = True
    region_of(area, "UI").active_panel_category = name
    area.tag_redraw()


def look(distance=1.9, height=1.12, aside=0.1):
    """Look at the character from before it, a little from the side."""
    space = area_of("VIEW_3D").spaces.active
    space.shading.color_type = "MATERIAL"
    space.region_3d.view_perspective = "PERSP"
    space.region_3d.view_rotation = Euler((1.45, 0.0, 0.35)).to_quaternion()
    space.region_3d.view_location = (aside, 0.0, height)
    space.region_3d.view_distance = distance


def ask_to_install():
    """Open the dialog of Preferences, Get Extensions, Install from Disk."""
    area = area_of("VIEW_3D")
    with bpy.context.temp_override(window=window(), area=area, region=region_of(area, "WINDOW")):
        return list(bpy.ops.extensions.package_install_files("INVOKE_DEFAULT", repo="user_default"))


def write_in_dialog(directory, name):
    """Write the folder and the file's name into the file dialog; False where none is open."""
    area = area_of("FILE_BROWSER")
    if area is None or area.spaces.active.params is None:
        return False
    params = area.spaces.active.params
    params.directory = directory.encode()
    params.filename = name
    area.tag_redraw()
    return True


def dialog_open():
    """Whether a file dialog is open."""
    return area_of("FILE_BROWSER") is not None


def installed():
    """Whether the add-on is there; from then on it is known which sections are drawn."""
    if ADDON not in sys.modules or settings() is None:
        return False
    for panel in _panels():
        if not hasattr(panel, "watched"):
            panel.watched = True
            panel.draw = _noting(panel.draw, panel.bl_label)
    for operator in sys.modules[ADDON].CLASSES:
        if issubclass(operator, bpy.types.Operator) and not hasattr(operator, "watched"):
            operator.watched = True
            for part in ("invoke", "execute", "modal"):
                if hasattr(operator, part):
                    setattr(operator, part, _timing(getattr(operator, part), f"{operator.bl_label}, {part}"))
    slicing = sys.modules[f"{ADDON}.slices"].Slicing
    if not hasattr(slicing, "watched"):
        slicing.watched = True
        slicing.go_on = _timing_slices(slicing.go_on)
    if not _Draws.count:
        bpy.types.SpaceView3D.draw_handler_add(_count_draw, (), "WINDOW", "POST_PIXEL")
        area_of("VIEW_3D").tag_redraw()
    return True


def _count_draw():
    _Draws.count += 1


def _timing(method, label):
    def timed(*given):
        with _noting_held(label):
            return method(*given)

    # Blender counts a method's arguments.
    if label.endswith("execute"):
        return lambda operator, context: timed(operator, context)
    return lambda operator, context, event: timed(operator, context, event)


def _timing_slices(go_on):
    def timed(work, *given):
        with _noting_held(f"slices of {work._begin.__module__.rpartition('.')[2]}"):
            return go_on(work, *given)

    return timed


@contextlib.contextmanager
def _noting_held(label):
    begun, computed = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        took, computed = time.perf_counter() - begun, time.thread_time() - computed
        if computed > _Held.computed:
            _Held.longest, _Held.computed, _Held.label = took, computed, label


def _noting(draw, label):
    def noted(self, context):
        drawn.add(label)
        draw(self, context)

    return noted


def set_preferences(**given):
    """Set the add-on's preferences, as typed there."""
    for name, value in given.items():
        setattr(bpy.context.preferences.addons[ADDON].preferences, name, value)


def allow_online(allowed):
    """Set Allow Online Access, as pressed in the System preferences."""
    bpy.context.preferences.system.use_online_access = allowed


def sections():
    """Return the labels of the sections in their order and how often they were drawn, and begin to look which are."""
    drawn.clear()
    area_of("VIEW_3D").tag_redraw()
    shown = [each for each in _panels() if _polled(each)]
    return {"all": [each.bl_label for each in shown], "draws": _Draws.count}


def _panels():
    """Return the sections of the tab in their order, without those within another one."""
    panels = [each for each in sys.modules[ADDON].CLASSES if issubclass(each, bpy.types.Panel)]
    return [each for each in panels if each.bl_region_type == "UI" and not hasattr(each, "bl_parent_id")]


def _polled(panel):
    """Whether a section is there now: some are only where there is something to tell."""
    return not hasattr(panel, "poll") or panel.poll(bpy.context)


def open_sections(draws):
    """Return the labels of the sections that are open, once the tab was drawn twice after `draws`; None before."""
    if _Draws.count < draws + 2:
        area_of("VIEW_3D").tag_redraw()
        return None
    return sorted(drawn)


def place(kind, region):
    """Return x, y, width and height of a region of the largest area of a kind, y from below."""
    found = region_of(area_of(kind), region)
    return [found.x, found.y, found.width, found.height]


def place_of_frame(frame):
    """Return where a frame is in the timeline, and the middle of its height."""
    region = region_of(area_of("DOPESHEET_EDITOR"), "WINDOW")
    x, _ = region.view2d.view_to_region(frame, 0, clip=False)
    return [region.x + x, region.y + region.height // 2]


def place_of_border():
    """Return where the timeline is drawn higher or lower: the middle of its upper border."""
    area = area_of("DOPESHEET_EDITOR")
    return [area.x + area.width // 2, area.y + area.height]


def place_of_strip(number, along=0.5):
    """Return where a phrase's strip is in the timeline, from its first frame, 0, to its last, 1; and the band's top."""
    region = region_of(area_of("DOPESHEET_EDITOR"), "WINDOW")
    timeline, strips = (sys.modules[f"{ADDON}.{name}"] for name in ("timeline", "strips"))
    with bpy.context.temp_override(window=window(), area=area_of("DOPESHEET_EDITOR"), region=region):
        strip, band = timeline.strips(bpy.context)[number], timeline.band_of(bpy.context, region)
    left, bottom, right, top = strips.box(strip, band, timeline.x_in(region))
    return [region.x + left + along * (right - left), region.y + (bottom + top) / 2, region.y + band.top]


def place_of_bone(name, along=0.5):
    """Return where a bone of the character is in the 3D view, from its head, 0, to its tail, 1; None out of it."""
    from bpy_extras.view3d_utils import location_3d_to_region_2d

    area = area_of("VIEW_3D")
    region, item = region_of(area, "WINDOW"), settings().character
    bone = item.pose.bones[name]
    middle = item.matrix_world @ bone.head.lerp(bone.tail, along)
    point = location_3d_to_region_2d(region, area.spaces.active.region_3d, middle)
    return None if point is None else [region.x + point.x, region.y + point.y]


def under(x, y):
    """Return what Blender says is under the pointer: an operator's call, a property's path, or ""."""
    area, region = region_at(x, y)
    if region is None:
        return ""
    manager = bpy.context.window_manager
    with bpy.context.temp_override(window=window(), area=area, region=region):
        for operator, given in (
            (bpy.ops.ui.copy_python_command_button, {}),
            (bpy.ops.ui.copy_data_path_button, {"full_path": True}),
        ):
            if operator.poll():
                manager.clipboard = ""
                try:
                    operator(**given)
                except RuntimeError:
                    continue
                if manager.clipboard:
                    return manager.clipboard
    return ""


def hunt(points, wanted):
    """Move the pointer over points until what is wanted is under it; answered later, with the point or None."""
    _Hunt.points, _Hunt.wanted = [*map(tuple, points), None], wanted
    window().cursor_warp(*map(int, _Hunt.points[0]))
    return _LATER


def state():
    """Return what a person sees of the scene."""
    scene, chosen = bpy.context.scene, settings()
    found = {"frame": scene.frame_current, "frames": [scene.frame_start, scene.frame_end], "file": bpy.data.filepath}
    found["objects"] = sorted(item.name for item in scene.objects)
    found["preview"] = [scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end]
    if chosen is None:
        return found
    item = chosen.character
    data = item.animation_data if item is not None else None
    action = data.action if data is not None else None
    found["speech"] = chosen.speech
    found["seed"] = chosen.seed
    found["batch"] = [chosen.batch.recordings, chosen.batch.out]
    found["character"] = item.name if item is not None else None
    found["mode"] = item.mode if item is not None else None
    found["takes"] = [
        {
            "name": take.name,
            "of": take.item.name if take.item else "",
            "label": take.label,
            "detail": take.detail,
            "shown": take.action == action,
        }
        for take in chosen.takes
        if take.action is not None
    ]
    found["turns"] = [
        [turn.who.name if turn.who else "", turn.played.left, turn.played.right]
        for turn in sys.modules[f"{ADDON}.scene.turns"].turns(scene)
    ]
    found["phrases"] = [[phrase.kind, phrase.hands, phrase.first, phrase.last] for phrase in chosen.phrases]
    found["phrase"] = chosen.phrase_index
    found["hand_pose"] = chosen.hand_pose
    task = sys.modules[f"{ADDON}.tasks"].running()
    found["working"] = task.label if task is not None else ""
    pictures = sys.modules[f"{ADDON}.take_pictures"]
    found["pictures"] = sum(take.action is not None and bool(pictures.icon(scene, take)) for take in chosen.takes)
    found["work_picture"] = task is not None and bool(task.picture)
    wishes = sys.modules[f"{ADDON}.scene.answers"]._layer_wishes
    held = [each.bl_idname for each in window().modal_operators if each.bl_idname.startswith("CHIRONOMY")]
    found["editing"] = held or wishes.under_way
    found["jobs"] = len(sys.modules[f"{ADDON}.line"].tasks())
    found["layers"] = [[layer.title, layer.weight, layer.muted] for layer in chosen.layers]
    found["keys"] = sum(len(curve.keyframe_points) for curve in _curves(action)) if action is not None else 0
    if item is not None:
        active = item.data.bones.active
        found["active_bone"] = active.name if active else None
        bones = bpy.context.selected_pose_bones or []
        found["bones"] = sorted(bone.name for bone in bones)
        found["wrists"] = [list(_evaluated(item, name)) for name in ("hand.L", "hand.R")]
        fingers = ("index1", "middle1", "ring1", "pinky1", "thumb1")
        found["fingers"] = [
            [list(item.pose.bones[f"{finger}.{side}"].rotation_quaternion) for finger in fingers] for side in "LR"
        ]
    return found


def _curves(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]


def _evaluated(item, name):
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return evaluated.matrix_world @ evaluated.pose.bones[name].head


def wrist_path(step=5):
    """Return where the wrists are, evaluated, at every `step`-th frame: [[left, right], …], metres."""
    scene, item = bpy.context.scene, settings().character
    now, found = scene.frame_current, []
    for frame in range(scene.frame_start, scene.frame_end + 1, step):
        scene.frame_set(frame)
        found.append([list(_evaluated(item, name)) for name in ("hand.L", "hand.R")])
    scene.frame_set(now)
    return found


def hands_between(first, last, step=5):
    """Return by name how many metres the wrists of each character travel between two frames."""
    scene, places = bpy.context.scene, {}
    now = scene.frame_current
    for frame in range(first, last + 1, step):
        scene.frame_set(frame)
        for item in sys.modules[f"{ADDON}.scene.turns"].speakers(scene):
            places.setdefault(item.name, []).append([_evaluated(item, name) for name in ("hand.L", "hand.R")])
    scene.frame_set(now)
    return {
        name: sum((b - a).length for one, other in itertools.pairwise(path) for a, b in zip(one, other, strict=True))
        for name, path in places.items()
    }


def new_file():
    """Open a new file, as it begins, without a question whether to save."""
    bpy.app.timers.register(lambda: bpy.ops.wm.read_homefile(use_factory_startup=False) and None, first_interval=0.1)


def go_to(frame):
    """Set the current frame."""
    bpy.context.scene.frame_set(frame)


def selected_keys():
    """Return how many keys of the character's action are selected."""
    data = settings().character.animation_data
    return sum(point.select_control_point for curve in _curves(data.action) for point in curve.keyframe_points)


def show_preferences():
    """Let the 3D view's area show the page of the add-on in the preferences, opened out."""
    area_of("VIEW_3D").type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Chironomy"
    bpy.ops.preferences.addon_expand(module=ADDON)


def hide_preferences():
    """Let that area show the 3D view again; its sidebar is away then."""
    area_of("PREFERENCES").type = "VIEW_3D"


def heard():
    """Whether the speech is drawn in the timeline."""
    return sys.modules[f"{ADDON}.heard_outline"].of_scene(bpy.context.scene) is not None


def longest_wait():
    """Return the longest gap between two ticks since this was asked, and what was computed in it, and begin anew."""
    found = [_Waits.longest, _Waits.computed]
    _Waits.longest, _Waits.computed = 0.0, 0.0
    return found


def longest_held():
    """Return the call of the add-on's that computed longest since this was asked, and what it was, and begin anew."""
    found = [_Held.longest, _Held.computed, _Held.label]
    _Held.longest, _Held.computed, _Held.label = 0.0, 0.0, ""
    return found


def leave():
    """Quit, without a question."""
    # A timer's function returns nothing where it is not to be called again.
    bpy.app.timers.register(lambda: bpy.ops.wm.quit_blender() and None, first_interval=0.2)


_LATER = object()

ANSWERS = {
    each.__name__: each
    for each in (
        prepare, show_tab, look, ask_to_install, write_in_dialog, dialog_open, installed, set_preferences, allow_online,
        sections, open_sections, place, place_of_frame, place_of_border, place_of_strip, place_of_bone, under, hunt,
        state, wrist_path, hands_between, new_file, go_to, selected_keys, show_preferences, hide_preferences, heard,
        longest_wait, longest_held, leave,
    )
}  # fmt: skip


def tick():
    """Note the wait, go on with a hunt, and answer."""
    if _Waits.ended is not None:
        waited = time.perf_counter() - _Waits.ended[0], time.thread_time() - _Waits.ended[1]
        _Waits.longest, _Waits.computed = max((_Waits.longest, _Waits.computed), waited)
    try:
        _go_on_hunting()
        for ask in sorted(FOLDER.glob("*.ask")):
            answer = ask.with_suffix(".answer")
            asked = json.loads(ask.read_text(encoding="utf-8"))
            ask.unlink()
            _answer(answer, asked)
    finally:
        _Waits.ended = time.perf_counter(), time.thread_time()
    return 0.02 if _Hunt.points else TICK


def _answer(path, asked):
    try:
        said = ANSWERS[asked["do"]](**asked["given"])
    except Exception:
        _write(path, {"fault": traceback.format_exc()})
        return
    if said is _LATER:
        _Hunt.answer = path
    else:
        _write(path, {"said": said})


def _go_on_hunting():
    """Look what is under the pointer, and move it on."""
    if not _Hunt.points:
        return
    at = _Hunt.points.pop(0)
    found = under(*at) if at is not None else ""
    if at is not None and _Hunt.wanted in found and not _Hunt.seen:
        # Blender may not have followed the pointer yet: it is there where it is seen twice.
        _Hunt.seen = True
        _Hunt.points.insert(0, at)
        return
    _Hunt.seen = False
    if at is None or _Hunt.wanted in found:
        _Hunt.points = []
        _write(_Hunt.answer, {"said": [at, found] if at is not None else None})
    elif _Hunt.points[0] is not None:
        window().cursor_warp(*map(int, _Hunt.points[0]))


def _write(path, answer):
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.replace(path)


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(tick, first_interval=1.0, persistent=True)
