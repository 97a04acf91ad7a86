# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside a real Blender: open a scene with the Chironomy tab in front, photograph the window, quit.

`blender --python photograph_window.py -- EXTENSION.zip SCENE.blend PICTURE.png`
"""

import shutil
import subprocess
import sys

import bpy
from mathutils import Euler

extension, scene, picture = sys.argv[sys.argv.index("--") + 1 :]


def view_3d():
    """Return the 3D view's area."""
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            return area
    raise RuntimeError("the window has no 3D view")


def open_scene():
    """Enable the extension and open the scene in the window's own layout."""
    bpy.context.preferences.view.show_splash = False
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=True)
    bpy.ops.wm.open_mainfile(filepath=scene, load_ui=False)


def arrange():
    """Look at the character from the front, in pose mode, in the middle of the clip."""
    area = view_3d()
    space = area.spaces.active
    space.show_region_ui = True
    space.shading.color_type = "MATERIAL"
    space.region_3d.view_perspective = "PERSP"
    space.region_3d.view_rotation = Euler((1.45, 0.0, 0.35)).to_quaternion()
    space.region_3d.view_location = (0.12, 0.0, 1.12)
    space.region_3d.view_distance = 1.7
    bpy.context.scene.frame_set((bpy.context.scene.frame_start + bpy.context.scene.frame_end) // 2)
    character = bpy.context.scene.chironomy.character
    bpy.context.view_layer.objects.active = character
    character.select_set(True)
    window = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(area=area, region=window):
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.select_all(action="DESELECT")
    # The timeline shows the keys of what is selected.
    hand = character.pose.bones["hand.R"]
    (hand if hasattr(hand, "select") else hand.bone).select = True


def show_tab():
    """Bring the Chironomy tab to the front; it exists only after a redraw."""
    sidebar = next(region for region in view_3d().regions if region.type == "UI")
    sidebar.active_panel_category = "Chironomy"


def photograph():
    """Save the picture."""
    grab = shutil.which("import")
    if grab:
        subprocess.run([grab, "-window", "root", picture], check=True)
    else:
        bpy.ops.screen.screenshot(filepath=picture)


steps = iter([open_scene, arrange, show_tab, lambda: view_3d().tag_redraw(), photograph])


def advance():
    """Take the next step; return the seconds to the one after."""
    step = next(steps, None)
    if step is None:
        bpy.ops.wm.quit_blender()
        return None
    step()
    return 1.5


bpy.app.timers.register(advance, first_interval=2.0, persistent=True)
