"""Which bones are arms and fingers: twenty kinds of character, and some that are none."""

import json

import pytest

from characters import KINDS, car, dog, fingerless, skeleton
from chironomy.body.rig import load_rig
from chironomy.retarget import BoneMap, RetargetError, Status, detect, judge, measured
from chironomy.retarget.detect import SURE, USABLE
from chironomy.retarget.roles import all_roles
from chironomy.retarget.skeleton import Skeleton

EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.standard)


@EVERY
def test_each_kind_is_known_by_its_names_with_all_of_its_bones(kind):
    found = detect(skeleton(kind))
    assert found.bone_map.standard == kind.standard
    assert found.confidence >= SURE
    assert {each.status for each in found.bones} == {Status.FOUND}
    assert {each.role for each in found.bones} == set(all_roles())


@pytest.mark.parametrize("made", [dog, car, fingerless])
def test_what_has_no_hands_is_never_taken_for_someone(made):
    found = detect(made())
    assert found.confidence < USABLE
    assert found.reason


@EVERY
def test_a_studios_own_names_are_found_by_words_and_hierarchy(kind):
    bones = skeleton(kind)
    roles = {bone: role for role, bone in detect(bones).bone_map.bones.items()}
    studio = Skeleton(
        tuple(_studio(roles[name]) if name in roles else name for name in bones.names),
        bones.parents,
        bones.heads,
        bones.tails,
        bones.axes,
        bones.up,
    )
    found = detect(studio)
    assert found.bone_map.standard == ""
    assert USABLE <= found.confidence < SURE
    assert found.bone_map.bones == {role: _studio(role) for role in roles.values()}


def _studio(role):
    stem, _, side = role.partition(".")
    words = {"upper_arm": "bicep", "pinky": "little", "hips": "Pelvis", "spine": "Spine", "hand": "wrist"}
    finger = stem.rstrip("0123456789")
    return (
        f"hero{words.get(finger, finger).capitalize()}{stem[len(finger) :]}_{side}" if side else words.get(role, role)
    )


def test_a_finger_that_hangs_on_the_wrong_bone_is_told():
    bones = skeleton(KINDS[0])
    found = detect(bones).bone_map.with_bone("index2.L", "mixamorig:RightHandIndex2")
    status = next(each for each in judge(bones, found).bones if each.role == "index2.L")
    assert status.status is Status.DOUBTFUL
    assert status.reason == "it does not hang on Left Index Finger 1"


def test_a_map_is_saved_and_read_again(tmp_path):
    mapped = detect(skeleton(KINDS[2])).bone_map
    mapped.save(tmp_path / "map.json")
    assert BoneMap.load(tmp_path / "map.json") == mapped


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": "chironomy.bone_map/1"}', '{"format": "chironomy.bone_map/9"}']
)
def test_a_file_that_is_no_map_is_refused_with_a_sentence(tmp_path, text):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(RetargetError, match=r"map\.json|bone map"):
        BoneMap.load(tmp_path / "map.json")


def test_a_map_of_other_values_is_refused(tmp_path):
    value = detect(skeleton(KINDS[0])).bone_map.to_dict()
    for name, other in (("bones", 3), ("twist", None), ("controls", [None]), ("keyed", [])):
        (tmp_path / "map.json").write_text(json.dumps({**value, name: other}))
        with pytest.raises(RetargetError):
            BoneMap.load(tmp_path / "map.json")


def test_without_an_arm_nothing_is_measured():
    bones = skeleton(KINDS[0])
    mapped = detect(bones).bone_map.with_bone("forearm.R", "")
    with pytest.raises(RetargetError, match="Right Forearm has no bone"):
        measured(bones, mapped, load_rig())
