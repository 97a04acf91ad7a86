# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the score in the timeline, of markers, of the video's camera and of the takes' pictures."""

from .. import table

_SAID = {
    "As Usual": "보통대로",
    "Scene's Camera": "씬 카메라",
    "No markers were laid here": "여기서 만든 마커가 없습니다",
    "Go to a 3D view first": "먼저 3D 뷰로 가세요",
    "Download": "내려받기",
    "0 is the scene's rate: {rate:.5g}": "0은 씬의 속도: {rate:.5g}",
    "the light {0} cannot be written: {1}": "조명 {0}: 쓸 수 없습니다: {1}",
    "Blender cannot load the light; install the extension again": (
        "Blender가 조명을 불러오지 못합니다. 확장을 다시 설치하세요"
    ),
    "the video is seen through {0}": "비디오를 {0}(으)로 봅니다",
    "{0} markers lie at the strokes": "스트로크에 마커 {0}개를 놓았습니다",
    "{0} markers lie at the accents": "강세에 마커 {0}개를 놓았습니다",
    "{0} markers are removed": "마커 {0}개를 제거했습니다",
    "the camera {0} is not of the type Perspective; a video is seen through that": (
        "카메라 {0}: 원근 유형이 아닙니다. 비디오는 원근 카메라로 봅니다"
    ),
    "the scene has no camera to see the video through; add one, or switch Scene's Camera off": (
        "비디오를 볼 카메라가 씬에 없습니다. 카메라를 추가하거나 씬 카메라를 끄세요"
    ),
    "markers switch from camera to camera, and a video has one; take them off, or switch Scene's Camera off": (
        "마커가 카메라를 바꾸는데 비디오는 카메라 하나로 봅니다. 마커에서 카메라를 빼거나 씬 카메라를 끄세요"
    ),
    "the camera {0} moves by frame {1}, and a video has one view; still it, or switch Scene's Camera off": (
        "카메라 {0}: 프레임 {1}까지 캐릭터에 대해 움직이는데 비디오는 한 곳에서 봅니다. 움직임을 없애거나 씬 카메라를 "
        "끄세요"
    ),
}

_TOOLTIPS = {
    "Draw the speech's wave, its accents and its words under the phrases": (
        "프레이즈 아래에 음성의 파형, 강세, 단어를 그립니다"
    ),
    "Draw the phrases in the timeline, to be clicked and dragged, and as lines in dope sheets. A low "
    "timeline has lines as well: make it higher": (
        "타임라인에 프레이즈를 그려 클릭하고 드래그하게 하고, 도프 시트에는 선으로 그립니다. "
        "낮은 타임라인에서도 선이니 높이세요"
    ),
    "Draw the phrases in dope sheets as large as in the timeline: there they take the clicks, and not the keys below "
    "them": (
        "도프 시트에도 타임라인만큼 크게 프레이즈를 그립니다. 그 자리의 클릭은 아래 키가 아니라 프레이즈가 받습니다"
    ),
    "See the video through the scene's camera, which must stand still, instead of a half-body portrait "
    "that is wide enough for the hands": (
        "손이 모두 보이는 상반신 대신 씬의 카메라로 비디오를 봅니다. 카메라는 멈춰 있어야 합니다"
    ),
    "Add a camera that sees just what the video shows, and see the video through it from now on": (
        "비디오와 똑같이 보는 카메라를 추가하고, 이제부터 그 카메라로 비디오를 봅니다"
    ),
    "Both where people mostly use both for it, else the right hand": (
        "사람들이 주로 양손을 쓰는 제스처는 양손, 아니면 오른손"
    ),
    "Which hand does what is added": "추가할 제스처를 하는 손",
    "Choose the phrase that is clicked in the timeline, and change what it is": (
        "타임라인에서 클릭한 프레이즈를 고르고 내용을 바꿉니다"
    ),
    "Choose the phrase that is clicked in the timeline, and open its menu": (
        "타임라인에서 클릭한 프레이즈를 고르고 메뉴를 엽니다"
    ),
    "Choose the phrase that is clicked in the timeline; drag it to move it, or an end of it to give it more time": (
        "타임라인에서 클릭한 프레이즈를 고릅니다. 드래그하면 옮기고, 끝을 드래그하면 길이를 바꿉니다"
    ),
    "Lay a marker where each accented syllable of the speech begins, in place of those laid before; others stay": (
        "음성에서 강세가 있는 음절마다 시작에 마커를 놓습니다. 전에 놓은 것은 바꾸고 다른 마커는 그대로 둡니다"
    ),
    "Lay a marker where each stroke arrives, named by its kind, in place of those laid before; others stay": (
        "스트로크가 닿는 곳마다 종류 이름으로 마커를 놓습니다. 전에 놓은 것은 바꾸고 다른 마커는 그대로 둡니다"
    ),
    "Let other hands do the chosen phrase; Apply Score makes it": (
        "고른 프레이즈를 다른 손이 하게 합니다. 스코어 적용이 만듭니다"
    ),
    "Let the chosen phrase be another kind of gesture; Apply Score makes it": (
        "고른 프레이즈를 다른 종류의 제스처로 바꿉니다. 스코어 적용이 만듭니다"
    ),
    "Lock the chosen phrase, so that it stays as it is when others are changed, or unlock it": (
        "다른 프레이즈를 바꿔도 그대로 있도록 고른 프레이즈를 잠그거나 풉니다"
    ),
    "Remove the markers that were laid for phrases and accents, but for those that you have renamed or moved": (
        "프레이즈와 강세에 놓은 마커를 제거합니다. 이름을 바꾸거나 옮긴 마커는 남깁니다"
    ),
    "Light this 3D view as the video is lit, so that skin looks alike in both, or as it was before": (
        "이 3D 뷰에 비디오와 같은 조명을 비춥니다. 피부가 양쪽에서 비슷하게 보입니다. 다시 누르면 전으로 돌아갑니다"
    ),
    "The take that the character shows, by its picture": "캐릭터가 보여 주는 테이크, 그림으로",
}

_OWN = {
    "Add Phrase at Current Frame": "현재 프레임에 프레이즈 추가",
    "In Timeline": "타임라인에",
    "In Dope Sheets": "도프 시트에",
    "Over Channels": "채널 위에",
    "Kinds as Pictures": "그림으로 종류 보기",
    "Phrase": "프레이즈",
    "Accent": "강세",
}

_BUTTONS = {
    "Accents to Markers": "강세를 마커로",
    "Add Camera": "카메라 추가",
    "Drag Phrase": "프레이즈 드래그",
    "Edit Phrase": "프레이즈 편집",
    "Hands": "손",
    "Light View as Video": "뷰를 비디오처럼 비추기",
    "Lock or Unlock Phrase": "프레이즈 잠금 전환",
    "Mark Accents": "강세를 마커로",
    "Mark Phrases": "프레이즈를 마커로",
    "Phrase Hands": "프레이즈의 손",
    "Phrase Kind": "프레이즈의 종류",
    "Phrase Menu": "프레이즈 메뉴",
    "Phrases to Markers": "프레이즈를 마커로",
    "Remove Markers": "마커 제거",
}

SCORE = table(any={**_SAID, **_TOOLTIPS}, operator=_BUTTONS, own=_OWN)
