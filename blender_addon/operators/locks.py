# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the poses are: locked ones are held by everything that is generated, released ones are replaced."""

from bpy.props import IntProperty
from bpy.types import Context, Object, Operator

from chironomy.errors import ChironomyError

from ..explained import Explained
from ..properties import character
from ..rig import actions, owned, read
from ..rig.owned import Unit, hand_unit
from ..rig.space import HAND_CONTROLS
from ..scene import retarget
from ..scene.accepted import sparing
from ..scene.chosen import chosen_hands, chosen_range
from ..scene.keeping import make_keepable, why_not_changed
from ..scene.layers import layer_over, lock_below
from ..words import sentence


class _LockOperator(Explained, Operator):
    bl_options = {"REGISTER", "UNDO"}

    first: IntProperty(
        name="First Frame",
        description="Frame; 0 takes what is chosen",
        default=0,
        subtype="TIME",
        options={"SKIP_SAVE"},
    )
    last: IntProperty(
        name="Last Frame",
        description="Frame; 0 takes what is chosen",
        default=0,
        subtype="TIME",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        reason = why_not_changed(context.scene)
        if not reason and read.hand_key_count(character(context.scene)) == 0:
            reason = "Generate or import a take first"
        return reason

    def change(self, item: Object, units: list[Unit], first: int, last: int, fps: float) -> str:
        """Do it; return what to tell the person."""
        raise NotImplementedError

    def execute(self, context: Context) -> set[str]:
        scene, item = context.scene, character(context.scene)
        assert item is not None
        try:
            make_keepable(scene, item)
            actions.own(item)
            units = [hand_unit(item, hand) for hand in chosen_hands(context, item)]
            now = scene.frame_current
            given = (self.first, self.last) if self.last >= self.first > 0 else None
            first, last = given or chosen_range(scene, item) or (now, now)
            with sparing(scene, item) as spared:
                said = self.change(item, units, first, last, read.scene_fps(scene))
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(said + spared))
        return {"FINISHED"}


class CHIRONOMY_OT_lock_poses(_LockOperator):
    bl_idname = "chironomy.lock_poses"
    bl_label = "Lock"
    bl_description = (
        "Make the poses of the selected bones' hands, or of those the tab names, your own, which every "
        "generation holds: those of the selected keys or the preview range, else the one at the current frame"
    )

    def change(self, item: Object, units: list[Unit], first: int, last: int, fps: float) -> str:
        poses = 0
        for unit in units:
            frames = {float(first), float(last)}
            for f_curve in actions.all_curves(item):
                if f_curve.data_path in unit.channels:
                    frames |= {
                        float(frame) for frame in actions.key_columns(f_curve)["co"][:, 0] if first < frame < last
                    }
            owned.lock(item, [unit], frames)
            if not owned.is_set_aside(item, unit):
                lock_below(item, HAND_CONTROLS.index(unit.name), frames)
            poses += len(frames)
        at = f"at frame {first}" if first == last else f"from frame {first} to {last}"
        return f"{poses} {'pose is' if poses == 1 else 'poses are'} your own now, {at}"


class CHIRONOMY_OT_release_poses(_LockOperator):
    bl_idname = "chironomy.release_poses"
    bl_label = "Release"
    bl_description = (
        "Give the poses of the selected bones' hands, or of those the tab names, to the next generation, "
        "which replaces them: those of the selected keys or the preview range, else those around the current frame"
    )

    def change(self, item: Object, units: list[Unit], first: int, last: int, fps: float) -> str:
        if first == last:
            first, last = self._stretch(item, units, first, fps)
        for unit in units:
            # A layer is the person's, too, and would make these keys theirs again whenever it is changed.
            layer = layer_over(item, HAND_CONTROLS.index(unit.name), first, last)
            if layer:
                raise ChironomyError(f"the frames {first} to {last} lie on the layer {layer}; apply or delete it first")
        count = owned.release(item, units, first, last)
        retarget.release(item, [HAND_CONTROLS.index(unit.name) for unit in units], first, last)
        if count == 0:
            raise ChironomyError(f"no pose of yours lies between the frames {first} and {last}")
        return f"{count} {'pose' if count == 1 else 'poses'} will be replaced by the next generation"

    @staticmethod
    def _stretch(item: Object, units: list[Unit], frame: int, fps: float) -> tuple[int, int]:
        """Return the stretch of the animator's frames in which a frame lies, or the frame alone."""
        found = [
            stretch
            for span in owned.spans(item, units, fps).values()
            for stretch in span.stretches
            if not span.whole and stretch[0] - 1 <= frame <= stretch[1] + 1
        ]
        if not found:
            return frame, frame
        return int(min(begin for begin, _ in found)), int(-(-max(end for _, end in found) // 1))


CLASSES = (CHIRONOMY_OT_lock_poses, CHIRONOMY_OT_release_poses)
