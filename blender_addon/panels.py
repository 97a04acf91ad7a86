# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab Chironomy in the 3D view's sidebar: an animator's way from speech to video, from top to bottom."""

import math
from pathlib import Path

from bpy.types import Context, UILayout

from chironomy.body.emotion import EMOTION
from chironomy.gesture.repertoire.own_hand_poses import PREFIX
from chironomy.gesture.settings import RATE
from chironomy.gesture.shipped import embedded_takes_rate

from . import backend, hand_pictures, late, sequencer, surroundings
from .locale import OWN
from .migration import newer_version
from .operators.backend import CHIRONOMY_OT_set_up_backend, download_size
from .operators.edit import draw_buttons
from .operators.generate import (
    CHIRONOMY_OT_generate,
    CHIRONOMY_OT_generate_scene,
    CHIRONOMY_OT_regenerate_range,
)
from .operators.presets import CHIRONOMY_PT_presets
from .operators.reference import CHIRONOMY_OT_fit_to_picture
from .operators.render import CHIRONOMY_OT_render_video
from .operators.score import CHIRONOMY_OT_apply_score, CHIRONOMY_OT_read_score
from .operators.takes import chosen_take
from .preferences import preferences
from .properties import character, settings
from .scene import takes
from .scene.chosen import chosen_range, selected_hands
from .scene.score import edit_count
from .scene.script import is_words
from .scene.turns import turns
from .section import Section
from .view_light import is_lit
from .words import label, sentence
from .work_panel import (
    address,
    begin_drawing,
    draw_alone,
    draw_jobs,
    draw_late,
    draw_renders,
    draw_sentence,
    others,
    work_button,
)

_REMARKS = 4
"""Sentences about a take that the panel has room for; its report has all of them."""


class CHIRONOMY_PT_running(Section):
    # Jobs that no button of the tab tells of, above everything else; without a header Blender would move the tab.
    bl_idname = "CHIRONOMY_PT_running"
    bl_label = "Running"

    @classmethod
    def poll(cls, context: Context) -> bool:
        return bool(begin_drawing(address(context)))

    def draw(self, context: Context) -> None:
        draw_alone(self.layout, address(context))


class CHIRONOMY_PT_speech(Section):
    bl_idname = "CHIRONOMY_PT_speech"
    bl_label = "Speech"

    def draw_header_preset(self, context: Context) -> None:
        # At the head of the tab.
        self.layout.operator("chironomy.open_manual", text="", icon="HELP", emboss=False)

    def draw(self, context: Context) -> None:
        layout = self.body()
        speech = settings(context.scene).speech
        newer = newer_version(context.scene)
        if newer:
            layout.label(text=label("Saved by Chironomy {version}: update the extension", version=newer), icon="ERROR")
        layout.operator("chironomy.load_speech", icon="SOUND")
        layout.prop(settings(context.scene), "several")
        if settings(context.scene).several:
            _draw_turns(layout, context)
        elif speech:
            layout.label(text=Path(speech).name, icon="CHECKMARK")
            layout.prop(settings(context.scene), "script")
            _draw_script(layout, context)


def _draw_script(layout: UILayout, context: Context) -> None:
    """Tell at once how the script is understood."""
    text = settings(context.scene).script
    if is_words(text):
        layout.label(text="These words are the script", icon="TEXT")
    elif text and not (path := sequencer.absolute(text)).is_file():
        row = layout.row()
        row.alert = True
        row.label(text=label("{name} is no file: choose one, or write the words", name=path.name), icon="ERROR")


def _draw_turns(layout: UILayout, context: Context) -> None:
    """List the sound strips with who speaks in each."""
    chosen, editor = settings(context.scene), context.scene.sequence_editor
    if not turns(context.scene):
        layout.label(text="Choose a character, then load what it says", icon="INFO")
        return
    name = "strips" if hasattr(editor, "strips") else "sequences"
    layout.template_list("CHIRONOMY_UL_turns", "", editor, name, chosen, "turn_index", rows=3, maxrows=8)


class CHIRONOMY_PT_character(Section):
    bl_idname = "CHIRONOMY_PT_character"
    bl_label = "Character"

    def draw(self, context: Context) -> None:
        layout = self.body()
        layout.prop(settings(context.scene), "character", text="")
        layout.prop(settings(context.scene), "figure", text="")
        layout.operator("chironomy.add_character", icon="ARMATURE_DATA")
        if character(context.scene) is not None:
            draw_light(layout, context, "Light View as Video")


class CHIRONOMY_PT_generate(Section):
    bl_idname = "CHIRONOMY_PT_generate"
    bl_label = "Generate"

    def draw_header_preset(self, context: Context) -> None:
        CHIRONOMY_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        for name in ("style", "speed", "amplitude"):
            layout.prop(chosen, name)
        # What a backend's weights have learned it says when it is asked.
        learned = preferences(context).gestures == "BACKEND" or embedded_takes_rate()
        row = layout.row()
        row.enabled = learned or chosen.rate != RATE.default  # so that it can be taken back
        row.prop(chosen, "rate", text="Rate" if learned else "Rate (Not Learned)", text_ctxt=OWN)
        row = layout.row(align=True)
        row.prop(chosen, "seed")
        row.operator("chironomy.new_seed", text="", icon="FILE_REFRESH")
        layout.prop(chosen, "variants")
        column = layout.column(align=True)
        mixed = column.column(align=True)
        mixed.enabled = not chosen.emotion_mixture
        mixed.prop(chosen, "emotion")
        if chosen.emotion != EMOTION:
            mixed.prop(chosen, "emotion_strength")
        column.prop(chosen, "emotion_mixture")
        layout.prop(chosen, "seated")
        layout.prop(chosen, "accompany")
        work_button(layout, CHIRONOMY_OT_generate, "PLAY")
        if chosen.several:
            work_button(layout, CHIRONOMY_OT_generate_scene, "COMMUNITY")
        if preferences(context).gestures == "BACKEND":
            backend_state(layout, context)


class CHIRONOMY_PT_takes(Section):
    bl_idname = "CHIRONOMY_PT_takes"
    bl_label = "Takes"

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        if not takes.takes_of(context.scene, character(context.scene)):
            layout.label(text="Generate or import the first", icon="INFO")
            return
        row = layout.row()
        # A scroll bar would leave too little of their names.
        row.template_list("CHIRONOMY_UL_takes", "", chosen, "takes", chosen, "take_index", rows=4, maxrows=12)
        column = row.column(align=True)
        column.operator("chironomy.duplicate_take", text="", icon="DUPLICATE")
        column.operator("chironomy.delete_take", text="", icon="REMOVE")
        column.separator()
        column.operator("chironomy.flip_take", text="", icon="UV_SYNC_SELECT")
        column.operator("chironomy.bring_in_take", text="", icon="PASTEDOWN")
        column.operator("chironomy.take_to_nla", text="", icon="NLA_PUSHDOWN")
        if chosen_take(context) is not None:
            # All takes side by side, where it is pressed.
            layout.template_icon_view(chosen, "take_picture", show_labels=True, scale=6.0, scale_popup=9.0)
        row = layout.row()
        row.prop(chosen, "trails")
        ghost = row.row()
        ghost.enabled = chosen.trails
        ghost.prop_search(chosen, "ghost", chosen, "takes", text="", icon="GHOST_ENABLED")
        take = chosen_take(context)
        if take is None:
            return
        row = layout.row()
        row.enabled = not take.accepted
        row.prop(take, "detail", slider=True)
        if take.accepted:
            layout.label(text="Accepted: edits go into a copy", icon="CHECKBOX_HLT")
        if take.trouble:
            layout.label(text=sentence(take.trouble), icon="ERROR")
        elif take.wrist_miss or take.joint_miss:
            wrists, joints = 1000 * take.wrist_miss, math.degrees(take.joint_miss)
            text = label("Keys are off by {wrists:.1f} mm, {joints:.1f}°", wrists=wrists, joints=joints)
            layout.label(text=text, icon="INFO")
        for remark in takes.remarks_of(take.action)[:_REMARKS]:
            layout.label(text=sentence(remark), icon="ERROR")


class CHIRONOMY_PT_range(Section):
    bl_idname = "CHIRONOMY_PT_range"
    bl_label = "Range and Locks"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        scene, item = context.scene, character(context.scene)
        between = chosen_range(scene, item) if item is not None else None
        text = (
            "Select keys, or set a preview range"
            if between is None
            else label("Frames {first} to {last}", first=between[0], last=between[1])
        )
        layout.label(text=text, icon="PREVIEW_RANGE")
        draw_hands(layout, context)
        work_button(layout, CHIRONOMY_OT_regenerate_range, "FILE_REFRESH")
        row = layout.row(align=True)
        row.operator("chironomy.lock_poses", icon="LOCKED")
        row.operator("chironomy.release_poses", icon="UNLOCKED")


class CHIRONOMY_PT_score(Section):
    bl_idname = "CHIRONOMY_PT_score"
    bl_label = "Score"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        work_button(layout, CHIRONOMY_OT_read_score, "VIEWZOOM")
        # Those of a character that was deleted stay with the scene: Undo brings it back.
        if character(context.scene) is not None:
            _draw_phrases(layout, context)
        work_button(layout, CHIRONOMY_OT_apply_score, "CHECKMARK")
        row = layout.row(align=True)
        row.operator("chironomy.phrases_to_markers", text="Mark Phrases", icon="MARKER_HLT")
        row.operator("chironomy.accents_to_markers", text="Mark Accents", icon="MARKER")
        row.operator("chironomy.remove_markers", text="", icon="X")
        row = layout.row(heading="In Timeline", heading_ctxt=OWN)
        row.prop(chosen, "strips")
        speech = row.row()
        speech.enabled = chosen.strips
        speech.prop(chosen, "strips_speech")
        row = layout.row(heading="In Dope Sheets", heading_ctxt=OWN)
        row.enabled = chosen.strips
        row.prop(chosen, "strips_channels")


def _draw_phrases(layout: UILayout, context: Context) -> None:
    """List the gesture phrases, with what can be changed of the chosen one."""
    chosen = settings(context.scene)
    row = layout.row()
    row.template_list("CHIRONOMY_UL_phrases", "", chosen, "phrases", chosen, "phrase_index", rows=5)
    column = row.column(align=True)
    column.popover("CHIRONOMY_PT_add_phrase", text="", icon="ADD")
    column.operator("chironomy.delete_phrase", text="", icon="REMOVE")
    column.separator()
    column.operator("chironomy.slide_phrase", text="", icon="ARROW_LEFTRIGHT")
    if 0 <= chosen.phrase_index < len(chosen.phrases):
        phrase = chosen.phrases[chosen.phrase_index]
        column = layout.column(align=True)
        for name in ("kind", "hands", "first", "last", "size"):
            column.prop(phrase, name)
        row = layout.row(align=True)
        row.popover("CHIRONOMY_PT_phrase", text="Kinds as Pictures", text_ctxt=OWN, icon="COLLAPSEMENU")
    count = edit_count(context.scene, locks=False)
    if count:
        text = "1 edit is not applied" if count == 1 else label("{count} edits are not applied", count=count)
        row = layout.row()
        row.alert = True
        row.label(text=text, icon="GREASEPENCIL")


class CHIRONOMY_PT_edit(Section):
    bl_idname = "CHIRONOMY_PT_edit"
    bl_label = "Edit"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.layout
        chosen = settings(context.scene)
        draw_hands(layout, context)
        layout.prop(chosen, "on_layer")
        draw_buttons(layout.column(align=True), in_rows=True)
        if len(chosen.layers) and character(context.scene) is not None:
            row = layout.row()
            row.template_list("CHIRONOMY_UL_layers", "", chosen, "layers", chosen, "layer_index", rows=2)
            column = row.column(align=True)
            column.operator("chironomy.apply_layer", text="", icon="CHECKMARK")
            column.operator("chironomy.delete_layer", text="", icon="REMOVE")
        if chosen.layer_trouble:
            layout.label(text=sentence(chosen.layer_trouble), icon="ERROR")


class CHIRONOMY_PT_picture(Section):
    bl_idname = "CHIRONOMY_PT_picture"
    bl_label = "Picture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        layout.prop(chosen, "portrait", text="")
        work_button(layout, CHIRONOMY_OT_fit_to_picture, "IMAGE_REFERENCE")
        if chosen.fit:
            row = layout.row()
            row.label(text="Fitted", icon="CHECKMARK")
            row.operator("chironomy.forget_picture", text="", icon="X")
        backend_state(layout, context)


class CHIRONOMY_PT_render(Section):
    bl_idname = "CHIRONOMY_PT_render"
    bl_label = "Render"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        layout.prop(chosen, "engine")
        column = layout.column(align=True)
        column.prop(chosen, "shape")
        if chosen.shape == "custom":
            column.prop(chosen, "width")
            column.prop(chosen, "height")
        row = layout.row(align=True)
        seen = row.row(align=True)
        # A portrait has its own.
        seen.enabled = not chosen.fit
        seen.prop(chosen, "scene_camera")
        row.operator("chironomy.add_camera", text="", icon="OUTLINER_OB_CAMERA")
        draw_light(row, context, "")
        column = layout.column(align=True)
        if chosen.engine == "previz":
            column.prop(chosen, "outfit")
            column.prop(chosen, "backdrop")
        column.prop(chosen, "format")
        column.prop(chosen, "burn_in")
        work_button(layout, CHIRONOMY_OT_render_video, "RENDER_ANIMATION")
        draw_renders(layout.column(align=True), context)
        backend_state(layout, context)


class CHIRONOMY_PT_work(Section):
    bl_idname = "CHIRONOMY_PT_work"
    bl_label = "Work"

    @classmethod
    def poll(cls, context: Context) -> bool:
        return bool(others(address(context)) or late.entries())

    def draw(self, context: Context) -> None:
        draw_jobs(self.layout, others(address(context)))
        draw_late(self.layout, context)


class CHIRONOMY_PT_hand_poses(Section):
    bl_idname = "CHIRONOMY_PT_hand_poses"
    bl_label = "Hand Poses"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen = settings(context.scene)
        picker = layout.column()
        picker.template_icon_view(chosen, "hand_pose", show_labels=True, scale=5.0, scale_popup=5.0)
        row = picker.row(align=True)
        row.prop(chosen, "hand_pose", text="")
        if chosen.hand_pose.startswith(PREFIX):
            row.operator("chironomy.delete_hand_pose", text="", icon="TRASH")
        layout.prop(chosen, "hand_pose_side")
        row = layout.row(align=True)
        for context_name, text in (("EXEC_DEFAULT", "Apply"), ("INVOKE_DEFAULT", "Blend")):
            button = row.row(align=True)
            button.operator_context = context_name
            applied = button.operator("chironomy.apply_hand_pose", text=text)
            if chosen.hand_pose:
                applied.pose = chosen.hand_pose
            applied.side = chosen.hand_pose_side
        row = layout.row(align=True)
        row.operator("chironomy.save_hand_pose", icon="ADD").side = chosen.hand_pose_side
        row.operator("chironomy.add_pose_library", text="", icon="ASSET_MANAGER")
        for fault in hand_pictures.faults():
            layout.label(text=sentence(fault), icon="ERROR")


class CHIRONOMY_PT_export(Section):
    bl_idname = "CHIRONOMY_PT_export"
    bl_label = "Import and Export"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        column = layout.column(align=True)
        column.operator("chironomy.export_fbx", icon="EXPORT")
        column.operator_menu_enum("chironomy.export_character", "preset", text="Export For")
        row = layout.row(align=True)
        row.operator("chironomy.import_motion", text="Import Motion", icon="IMPORT")
        row.operator("chironomy.export_motion", text="Export Motion", icon="EXPORT")
        if character(context.scene) is None:
            layout.label(text="Add a character first", icon="INFO")


def draw_hands(layout: UILayout, context: Context) -> None:
    """Say which hands are meant, by the selected bones or, where there are none, by a choice."""
    item = character(context.scene)
    hands = selected_hands(context, item) if item is not None else ()
    if not hands:
        row = layout.row(align=True)
        row.use_property_split = False
        row.prop(settings(context.scene), "edit_hands", expand=True)
        return
    if len(hands) == 2:
        whose = label("Selected: Both Hands")
    else:
        whose = label("Selected: Left Hand") if hands == (0,) else label("Selected: Right Hand")
    layout.label(text=whose, icon="BONE_DATA")


def draw_light(layout: UILayout, context: Context, text: str) -> None:
    """Draw the button that lights the 3D view, pressed where it is lit."""
    lit = context.space_data is not None and context.space_data.type == "VIEW_3D" and is_lit(context.space_data)
    layout.operator("chironomy.light_view", text=text, icon="LIGHT_SUN", depress=lit)


def backend_state(layout: UILayout, context: Context) -> None:
    """Tell where the backend is, and offer what is missing."""
    chosen = preferences(context)
    if chosen.address:
        layout.label(text=chosen.address, icon="LINKED")
    elif backend.running():
        layout.label(text="Backend is running", icon="CHECKMARK")
    elif chosen.find and (found := surroundings.running()) is not None:
        layout.label(text=found.url, icon="LINKED")
    elif chosen.python:
        layout.label(text="Backend starts when needed", icon="TIME")
    else:
        layout.label(text="No backend is set up", icon="ERROR")
        draw_sentence(layout.column(align=True), context, download_size(context), "INFO")
        work_button(layout, CHIRONOMY_OT_set_up_backend, "IMPORT")


CLASSES = (
    CHIRONOMY_PT_running,
    CHIRONOMY_PT_speech,
    CHIRONOMY_PT_character,
    CHIRONOMY_PT_generate,
    CHIRONOMY_PT_takes,
    CHIRONOMY_PT_range,
    CHIRONOMY_PT_score,
    CHIRONOMY_PT_hand_poses,
    CHIRONOMY_PT_edit,
    CHIRONOMY_PT_picture,
    CHIRONOMY_PT_render,
    CHIRONOMY_PT_work,
    CHIRONOMY_PT_export,
)
