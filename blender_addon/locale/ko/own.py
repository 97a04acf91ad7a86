# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a character of one's own."""

from .. import table

_PANEL = {
    "an SMPL-X model": "SMPL-X 모델",
    "Build": "체형",
    "Slim": "마른 체형",
    "Heavy": "통통한 체형",
    "Tall": "큰 키",
    "Short": "작은 키",
    "Child": "어린이",
    "Own Character": "내 캐릭터",
    "Part": "부분",
    "Whole Arms": "팔 전체",
    "Wrists and Fingers": "손목과 손가락",
    "Fingers Alone": "손가락만",
    "Hips": "골반",
    "Spine": "척추",
    "Chest": "가슴",
    "Neck": "목",
    "Head": "머리",
    "Shoulder": "어깨",
    "Upper Arm": "위팔",
    "Forearm": "아래팔",
    "Hand": "손",
    "Index Finger": "집게손가락",
    "Middle Finger": "가운뎃손가락",
    "Ring Finger": "약손가락",
    "Thumb": "엄지손가락",
}

_ANY = {
    "Own Character": "내 캐릭터",
    "Part": "부분",
    "Whole Arms": "팔 전체",
    "Wrists and Fingers": "손목과 손가락",
    "Fingers Alone": "손가락만",
    "Bone": "본",
    "Save Map": "맵 저장",
    "Load Map": "맵 불러오기",
    "Left {part}": "왼쪽 {part}",
    "Right {part}": "오른쪽 {part}",
    "{name}: {kind}, {sure:.0f} % sure": "{name}: {kind}, 확신도 {sure:.0f} %",
    "An armature of your own that gets the hands' motion, with bones for arms and fingers": (
        "손 모션을 받을 내 아마추어. 팔과 손가락 본이 있어야 합니다"
    ),
    "The bone that moves so": "그렇게 움직이는 본",
    "The bone of the list that is looked at": "목록에서 보고 있는 본",
    "What of the gestures the character gets; everything else stays as its own animation has it": (
        "캐릭터가 받는 제스처의 부분. 나머지는 캐릭터의 원래 애니메이션대로 남습니다"
    ),
    "Arms, wrists and fingers": "팔, 손목, 손가락",
    "The arms go on as in its own animation": "팔은 원래 애니메이션대로 움직입니다",
    "Arms and wrists go on as in its own animation": "팔과 손목은 원래 애니메이션대로 움직입니다",
    "Which hands it gets; the other one, which may hold something, stays as its own animation has it": (
        "어느 손을 받을지. 무언가를 들고 있을 수 있는 다른 손은 원래 애니메이션대로 남습니다"
    ),
    "How much of the gestures there is over the character's own animation": (
        "캐릭터의 원래 애니메이션 위에 제스처를 얼마나 얹을지"
    ),
    "Find the arms and fingers of the picked armature, or of the active one, and let it get the hands' motion. "
    "Its own animation is not written to": (
        "고른 아마추어나 활성 아마추어에서 팔과 손가락을 찾아 손 모션을 받게 합니다. "
        "원래 애니메이션에는 아무것도 쓰지 않습니다"
    ),
    "Let the character of one's own be animated as before, and show ours again": (
        "내 캐릭터를 전처럼 움직이게 하고 기본 캐릭터를 다시 보여 줍니다"
    ),
    "Save which bones are arms and fingers, for other characters of the same kind": (
        "어느 본이 팔과 손가락인지 저장해 같은 종류의 다른 캐릭터에 씁니다"
    ),
    "Load which bones are arms and fingers from a file": "어느 본이 팔과 손가락인지 파일에서 불러옵니다",
    "Pick a character of your own and press Detect first": "먼저 내 캐릭터를 고르고 찾기를 누르세요",
    "Pick an armature with arms and fingers first": "먼저 팔과 손가락이 있는 아마추어를 고르세요",
    "{0} is linked, where nothing is kept; make a library override of it first": (
        "{0}: 링크된 데이터라 저장되지 않습니다. 먼저 라이브러리 오버라이드를 만드세요"
    ),
    "{0} is known by {1}": "{0}: {1}(으)로 알아봤습니다",
    "{0} is not taken for a character: {1}": "{0}: 캐릭터로 볼 수 없습니다. {1}",
    "Add the body of your own SMPL-X model file to the scene and let it get the hands' motion. Its licence is yours to "
    "keep: the file that you save holds its mesh": (
        "내가 가진 SMPL-X 모델 파일의 몸을 씬에 추가해 손 모션을 받게 합니다. 라이선스는 직접 지켜야 합니다. 저장하는 "
        "파일에 그 메시가 들어갑니다"
    ),
    "Add the character with another build and let it get the hands' motion; its face, head and eyes do what the "
    "hidden character's do": (
        "체형이 다른 캐릭터를 추가해 손 모션을 받게 합니다. 얼굴과 머리와 눈은 숨겨진 캐릭터를 따라갑니다"
    ),
    "Build of the body": "몸의 체형",
    "added the body of {0}": "{0}의 몸을 추가했습니다",
    "there is no SMPL-X model file {0}; choose {1} as you were given it": (
        "SMPL-X 모델 파일 {0}이(가) 없습니다. 받은 그대로의 {1}을(를) 고르세요"
    ),
    "{0} is not an SMPL-X model: it has no {1}; choose {2}": (
        "{0}: SMPL-X 모델이 아닙니다({1} 없음). {2} 같은 파일을 고르세요"
    ),
    "{0} is not an SMPL-X model ({1}); choose SMPLX_NEUTRAL.npz or another of the same kind": (
        "{0}: SMPL-X 모델이 아닙니다({1}). SMPLX_NEUTRAL.npz 같은 파일을 고르세요"
    ),
    "{0} is not {1}: it holds no named arrays": "{0}: {1}이(가) 아닙니다(이름 있는 배열 없음)",
    "{0} cannot be read as {1}: it is damaged, or holds more than arrays": (
        "{0}: {1}(으)로 읽을 수 없습니다. 손상되었거나 배열이 아닌 것이 들어 있습니다"
    ),
    "choose the file you were given": "받은 파일을 고르세요",
    "saved {0}": "{0} 저장됨",
    "loaded {0}": "{0} 불러옴",
    "some of its bones": "일부 본",
    "names and hierarchy": "이름과 계층 구조",
    "not all of its fingers were found": "손가락을 모두 찾지 못했습니다",
    "some bones do not hang where they should": "있어야 할 곳에 매달리지 않은 본이 있습니다",
    "no bone was found for it": "맞는 본을 찾지 못했습니다",
    "the character has no bone {0}": "캐릭터에 {0} 본이 없습니다",
    "it does not hang on {0}": "{0}에 매달려 있지 않습니다",
    "it has no two arms with upper arm, forearm and hand": "위팔, 아래팔, 손이 있는 두 팔이 없습니다",
    "its hands have no fingers that were found; map them, or the hands move as a whole": (
        "손가락을 찾지 못했습니다. 매핑하지 않으면 손이 통째로 움직입니다"
    ),
    "its arms have no length at rest": "기본 포즈에서 팔의 길이가 없습니다",
    "its arms are not of one length": "두 팔의 길이가 다릅니다",
    "its shoulders are not as wide as a person's": "어깨 너비가 사람과 다릅니다",
    "its spine does not stand upright at rest, as a person's does": "기본 포즈에서 척추가 사람처럼 서 있지 않습니다",
    "its shoulders are not side by side": "어깨가 나란하지 않습니다",
    "its hands stand on the ground at rest, as an animal's do": "기본 포즈에서 손이 동물처럼 땅을 짚고 있습니다",
    "{0} has no bone; map one first": "{0}에 맞는 본이 없습니다. 먼저 매핑하세요",
    "the character has no bone {0}; map another one": "캐릭터에 {0} 본이 없습니다. 다른 본을 매핑하세요",
    "the bone map of this file is damaged; detect the character's bones again": (
        "이 파일의 본 맵이 손상되었습니다. 캐릭터의 본을 다시 찾으세요"
    ),
    "no character of your own is chosen; pick one and press Detect": "내 캐릭터가 없습니다. 고르고 찾기를 누르세요",
    "nothing says which way is up on the character; map its hips": "어느 쪽이 위인지 알 수 없습니다. 골반을 매핑하세요",
    "an arm of the character has no length at rest; map its upper arm, forearm and hand anew": (
        "기본 포즈에서 팔의 길이가 없습니다. 위팔, 아래팔, 손을 다시 매핑하세요"
    ),
}

_BUTTONS = {
    "Detect": "찾기",
    "Add Other Body": "다른 체형 추가",
    "Add SMPL-X Body": "SMPL-X 몸 추가",
    "Forget Own Character": "내 캐릭터 해제",
    "Save Bone Map": "본 맵 저장",
    "Load Bone Map": "본 맵 불러오기",
    "Save Map": "맵 저장",
    "Load Map": "맵 불러오기",
}

OWN_CHARACTER = table(any=_ANY, operator=_BUTTONS, own=_PANEL)
