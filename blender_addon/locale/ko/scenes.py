# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of scenes in which several speak, of many scenes at once, and of what is sent while Blender plays."""

from .. import table

_ANY = {
    "Several Speakers": "여러 화자",
    "The scene's characters talk in turns, each in sound strips of their own; who listens looks at who speaks, nods in "
    "the pauses and rests the hands": (
        "씬의 캐릭터들이 각자의 사운드 스트립에서 번갈아 말합니다. 듣는 쪽은 말하는 쪽을 보고, 쉬는 사이에 고개를 "
        "끄덕이며, 손을 쉽니다"
    ),
    "Strip": "스트립",
    "The strip that is looked at": "살펴보는 스트립",
    "Speaker": "화자",
    "The character who speaks in this strip; where none is chosen, the one whose name is in the name of the strip, its "
    "file or its channel, else the channels belong to the characters in their order": (
        "이 스트립에서 말하는 캐릭터. 고르지 않으면 스트립, 파일, 채널 이름에 이름이 들어 있는 캐릭터이고, 그것도 "
        "없으면 채널을 캐릭터 순서대로 나눕니다"
    ),
    "Nobody Speaks": "말하는 사람 없음",
    "The strip is music or noise, to which nobody gestures and nobody listens": (
        "이 스트립은 음악이나 소음입니다. 아무도 제스처하거나 듣지 않습니다"
    ),
    "Make new takes for all characters of the scene: each gestures in its own strips, and listens in the others'": (
        "씬의 모든 캐릭터에 새 테이크를 만듭니다. 각자 자기 스트립에서 제스처하고 다른 스트립에서는 듣습니다"
    ),
    "Choose a character, then load what it says": "캐릭터를 고른 다음 그 음성을 불러오세요",
    "Switch Several Speakers on first": "먼저 여러 화자를 켜세요",
    "{0} characters have new takes for {1} strips": "캐릭터 {0}개에 스트립 {1}개의 새 테이크가 있습니다",
    "{0} were deleted meanwhile": "{0}개는 그사이 삭제되었습니다",
    "{0} says nothing and listens": "{0}: 말하지 않고 듣습니다",
    "the characters were deleted meanwhile": "캐릭터들이 그사이 삭제되었습니다",
    "there is no file {0} for the strip {1}; find it in the sequencer, or delete the strip": (
        "스트립 {1}의 파일 {0}이(가) 없습니다. 시퀀서에서 찾거나 스트립을 삭제하세요"
    ),
}

_BATCH = {
    "Recordings": "녹음",
    "The folder with the recordings; a script (.txt, .srt, .vtt …) beside one, of its name, is used": (
        "녹음이 있는 폴더. 이름이 같은 대본(.txt, .srt, .vtt …)이 옆에 있으면 함께 씁니다"
    ),
    "Scenes": "씬",
    "The folder for what is made, with a folder for each scene; what is there already stays": (
        "결과를 둘 폴더. 씬마다 폴더를 만들고, 이미 있는 것은 그대로 둡니다"
    ),
    "Styles": "스타일",
    "Make each recording in each of these; where none is chosen, in the style that is set": (
        "녹음마다 고른 스타일 모두로 만듭니다. 고르지 않으면 설정된 스타일로 만듭니다"
    ),
    "Seeds": "시드 수",
    "How many scenes are made of each recording and style, each with the next seed": (
        "녹음과 스타일마다 만들 씬의 수. 차례로 다음 시드를 씁니다"
    ),
    "Write the character as FBX, too": "캐릭터를 FBX로도 씁니다",
    "Motion": "모션",
    "Write the hands' motion (.npz), too": "손 모션(.npz)도 씁니다",
    "Render the video, too, as it is set in Render; by the backend": (
        "렌더에 설정된 대로 비디오도 렌더합니다. 백엔드가 합니다"
    ),
    "At a Time": "동시 실행",
    "How many Blenders without a window make scenes at the same time": (
        "창 없는 Blender 몇 개가 동시에 씬을 만들지 정합니다"
    ),
    "Make a scene of every recording in the folder, as this file is set up, by Blenders without a window. What is done "
    "stays done: the same button goes on where it was stopped": (
        "폴더의 녹음마다 이 파일의 설정대로 씬을 만듭니다. 창 없는 Blender가 만들고, 끝난 것은 그대로 남습니다. "
        "같은 버튼을 누르면 멈춘 곳부터 이어서 합니다"
    ),
    "Show the folder of the scenes": "씬 폴더를 엽니다",
    "There is no folder of scenes yet": "아직 씬 폴더가 없습니다",
    "Choose the folders of the recordings and of the scenes first": "먼저 녹음 폴더와 씬 폴더를 고르세요",
    "choose the folder with the recordings first": "먼저 녹음이 있는 폴더를 고르세요",
    "choose the folder for the scenes first": "먼저 씬을 둘 폴더를 고르세요",
    "{0} and {1} would have one folder; rename one of them": "{0}, {1}: 폴더가 같아집니다. 하나의 이름을 바꾸세요",
    "{0} cannot be written ({1}); choose another folder": "{0}에 쓸 수 없습니다({1}). 다른 폴더를 고르세요",
    "There is no recording in {0}: it takes {1}": "{0}에 녹음이 없습니다. 쓸 수 있는 형식: {1}",
    "There is no recording {0}": "녹음 {0}이(가) 없습니다",
    "starting Blenders without a window": "창 없는 Blender를 시작하는 중",
    "{0} of {1} scenes are made": "씬 {1}개 가운데 {0}개를 만들었습니다",
    "{0} tells all": "자세한 내용은 {0}에 있습니다",
    "{0} failed: {1}": "{0} 실패: {1}",
    "its Blender ended before the scene was made (exit code {0})": (
        "씬을 만들기 전에 Blender가 끝났습니다(종료 코드 {0})"
    ),
}

_FILES = {
    "there is no file {0}; choose a file of motion": "{0} 파일이 없습니다. 모션 파일을 고르세요",
    "{0} cannot be read ({1}); import it by Blender's File menu, and use Hands From Armature": (
        "{0}을(를) 읽을 수 없습니다({1}). Blender의 파일 메뉴로 가져온 뒤 아마추어에서 손 가져오기를 쓰세요"
    ),
    "it has no skeleton": "스켈레톤이 없습니다",
    "this Blender was built without USD": "이 Blender는 USD 없이 빌드되었습니다",
}

_LIVE = {
    "Host": "호스트",
    "The computer that receives: its name or its address": "받는 컴퓨터의 이름 또는 주소",
    "Where it listens for the Virtual Motion Capture Protocol": "Virtual Motion Capture Protocol을 기다리는 포트",
    "What the face's movements are called": "얼굴 움직임을 부르는 이름",
    "The 52 face actions, for models with perfect sync": "얼굴 동작 52가지. 퍼펙트 싱크 모델용",
    "A, U, O and blinking, for models that have no others": "A, U, O와 눈 깜박임. 다른 것이 없는 모델용",
    "Bones alone": "본만 보냅니다",
    "Send the character's bones and face to another program, by VMC over OSC, as Blender plays or poses it": (
        "Blender가 재생하거나 포즈하는 대로 캐릭터의 본과 얼굴을 VMC(OSC)로 다른 프로그램에 보냅니다"
    ),
    "Sends to {where}": "보내는 곳: {where}",
    "this extension's zip lacks python-osc; install the one for this version of Blender": (
        "이 확장의 zip에 python-osc가 없습니다. 이 Blender 버전용 zip을 설치하세요"
    ),
    "there is no computer {0}; give its name or its address": (
        "컴퓨터 {0}을(를) 찾을 수 없습니다. 이름이나 주소를 적으세요"
    ),
    "no computer is named that receives; on this one it is 127.0.0.1": (
        "받는 컴퓨터가 없습니다. 이 컴퓨터라면 127.0.0.1입니다"
    ),
    "sending to another computer needs Allow Online Access in System, in Blender's preferences": (
        "다른 컴퓨터로 보내려면 Blender 환경 설정의 시스템에서 온라인 액세스를 허용해야 합니다"
    ),
    "your own character was deleted; switch Live off": "내 캐릭터가 삭제되었습니다. 라이브를 끄세요",
}

_OPERATOR = {
    "Send Live": "라이브 보내기",
    "Stop Sending": "보내기 중지",
    "Generate All Speakers": "모든 화자 생성",
    "Make All Scenes": "모든 씬 만들기",
}

_OWN = {
    "nobody": "없음",
    "Styles": "스타일",
    "Batch": "일괄 작업",
    "Video": "비디오",
    "Live": "라이브",
    "Port": "포트",
    "Face": "얼굴",
    "ARKit's Names": "ARKit 이름",
    "VRM's Presets": "VRM 프리셋",
    "No Face": "얼굴 없음",
}

SCENES = table(any=_ANY | _BATCH | _LIVE | _FILES, operator=_OPERATOR, own=_OWN)
