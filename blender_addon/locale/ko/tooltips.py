# SPDX-License-Identifier: GPL-3.0-or-later
"""Tooltips of buttons, settings and what they list."""

from .. import table

_PREFERENCES = {
    "Where Generate makes them": "생성 버튼이 제스처를 만드는 곳",
    "Within Blender, with nothing set up": "따로 설치할 것 없이 Blender 안에서 만듭니다",
    "Another process, which Set Up Backend installs or the address names": (
        "백엔드 설치가 설치한 프로세스나 주소로 지정한 프로세스에서 만듭니다"
    ),
    "Of a backend that you run yourself, such as http://127.0.0.1:8123; empty, Blender starts one of its own": (
        "직접 실행한 백엔드의 주소, 예: http://127.0.0.1:8123. 비워 두면 Blender가 백엔드를 시작합니다"
    ),
    "PEM file of the authority that vouches for the backend at that address; empty, those that this computer knows": (
        "해당 주소의 백엔드를 보증하는 인증 기관의 PEM 파일입니다. 비워 두면 이 컴퓨터가 아는 기관을 사용합니다"
    ),
    "The file with the secret of the backend at that address; chironomy serve names it": (
        "그 주소의 백엔드에 필요한 비밀 토큰 파일. chironomy serve가 위치를 알려 줍니다"
    ),
    "Interpreter of the environment that the backend is installed in; Set Up Backend fills it in": (
        "백엔드가 설치된 환경의 Python 인터프리터. 백엔드 설치가 채워 넣습니다"
    ),
    "Folder for rendered videos; in an unsaved file // is this extension's own folder": (
        "렌더한 비디오의 폴더. 저장하지 않은 파일에서 //는 이 확장의 폴더입니다"
    ),
}

_BACKENDS = {
    "Use a backend of yours that runs on this computer, by chironomy serve, before starting one": (
        "이 컴퓨터에서 chironomy serve로 직접 실행한 백엔드가 있으면 새로 시작하지 않고 그것을 씁니다"
    ),
    "As soon as a speech is loaded, start the backend that makes the gestures, or else listen to it": (
        "음성을 불러오면 바로 제스처를 만드는 백엔드를 시작하고, 백엔드가 만들지 않으면 음성을 미리 듣습니다"
    ),
    "What Set Up Backend installs for the video engines that are networks": (
        "신경망 비디오 엔진을 위해 백엔드 설치가 설치하는 것"
    ),
    "NVIDIA's where an NVIDIA GPU is found, and else the one for the CPU": (
        "NVIDIA GPU가 있으면 NVIDIA용, 없으면 CPU용을 설치합니다"
    ),
    "PyTorch that computes on the processor, on Apple's own also on their GPU": (
        "프로세서로 계산하는 PyTorch. Apple 프로세서에서는 GPU도 씁니다"
    ),
    "PyTorch with NVIDIA's libraries, some GB": "NVIDIA 라이브러리를 포함한 PyTorch, 수 GB",
    "The smallest: previews, portraits and gestures, but no emo2, vace or animate": (
        "가장 작습니다: 미리보기, 인물 사진, 제스처는 되지만 emo2, vace, animate는 안 됩니다"
    ),
}

_SETTINGS = {
    "Style and seed, or the file that it came from": "스타일과 씨드, 또는 원본 파일",
    "What the take is called, and its action with it": "테이크의 이름. 액션의 이름도 함께 바뀝니다",
    "This take is good: it is not deleted or keyed anew, and what edits it goes into a copy of it": (
        "이 테이크를 채택합니다. 삭제하거나 키를 다시 만들 수 없고, 편집한 것은 복사본에 들어갑니다"
    ),
    "From few key poses, for blocking, to keys that hold the motion exactly; your own poses stay": (
        "블로킹용 적은 키 포즈부터 모션을 정확히 담는 키까지. 직접 만든 포즈는 그대로 남습니다"
    ),
    "What is gestured": "어떤 제스처인지",
    "Which hand does it": "어느 손이 하는지",
    "Where the hand sets out for it; its strokes move along": (
        "손이 움직이기 시작하는 프레임. 스트로크도 함께 이동합니다"
    ),
    "Where the hand lets go": "손이 제스처를 끝내는 프레임",
    "How long its strokes are; 0 lets the model choose": "스트로크의 길이. 0이면 모델이 정합니다",
    "It stays as it is when other phrases are changed": "다른 프레이즈를 바꿔도 그대로 유지합니다",
    "The recording that the hands follow": "손이 따라가는 녹음",
    "What is said, if it is written down: plain text, .srt, .vtt, .TextGrid or Whisper's .json, or the words "
    "themselves. Gestures then answer the words, and those in brackets are done: [point left], [count 3], [none]": (
        "말하는 내용을 적은 파일(텍스트, .srt, .vtt, .TextGrid 또는 Whisper의 .json)이나 그 말 자체. "
        "제스처가 단어에 반응하고, "
        "대괄호 안의 제스처를 합니다: [point left], [count 3], [none]"
    ),
    "The character that gets the motion": "모션을 받을 캐릭터",
    "Manner of the gestures": "제스처의 방식",
    "How fast the hands move, 1 being usual": "손이 움직이는 속도, 1이 보통",
    "How large the gestures are, 1 being usual": "제스처의 크기, 1이 보통",
    "How many strokes the hands make, 1 being usual: fewer leave them at rest for longer": (
        "스트로크의 빈도, 1이 보통. 적을수록 손이 더 오래 쉽니다"
    ),
    "How the speaker feels: it colours face, posture, and the size and tempo of the hands": (
        "화자의 감정. 얼굴, 자세, 손의 크기와 빠르기에 나타납니다"
    ),
    "How much of the emotion there is": "감정의 정도",
    "Several emotions with their weights, as in happy:0.6,surprised:0.4, or changing at moments in seconds, as in "
    "0=neutral;4.5=happy:0.8; where it is given, the emotion above does not count": (
        "여러 감정과 가중치, 예: happy:0.6,surprised:0.4. 초마다 바꾸려면 0=neutral;4.5=happy:0.8. "
        "입력하면 위의 감정은 쓰지 않습니다"
    ),
    "Another seed gives other gestures, the same seed the same": "씨드가 다르면 제스처가 다르고, 같으면 같습니다",
    "How many takes Generate makes in one go, each with the next seed": (
        "한 번에 생성할 테이크 수. 각각 다음 씨드를 씁니다"
    ),
    "The take that the character shows": "캐릭터가 보여 주는 테이크",
    "Show where the hands go around the current frame, with a dot a frame and a larger one a key": (
        "현재 프레임 전후로 손이 지나는 길을 보여 줍니다. 프레임마다 점, 키마다 큰 점"
    ),
    "Show the trails of this take, too, in grey": "이 테이크의 궤적도 회색으로 보여 줍니다",
    "What the layer is called": "레이어의 이름",
    "How much of the layer there is": "레이어가 얼마나 보이는지",
    "Leave the layer out": "레이어를 보이지 않게 합니다",
    "The layer to apply or to delete": "적용하거나 삭제할 레이어",
    "Lay the next edits of poses over the take, each with a weight, instead of into its keys": (
        "다음 포즈 편집을 테이크의 키에 넣지 않고, 각각 가중치가 있는 레이어로 얹습니다"
    ),
    "Of the other take: 0 leaves this one as it is, 0.5 is half way between both": (
        "다른 테이크의 비율. 0이면 이 테이크 그대로, 0.5면 두 테이크의 중간"
    ),
    "The gesture phrase to edit": "편집할 제스처 프레이즈",
    "A half-body picture of the person whom the video is to show": "비디오에 나올 사람의 상반신 사진",
    "Which hands are edited, locked or made anew where no bone of one is selected in the pose mode": (
        "포즈 모드에서 손의 본을 선택하지 않았을 때 편집하거나, 잠그거나, 다시 생성할 손"
    ),
    "Generate keys for torso, head, shoulders and eyes, too: they go with the hands and the voice": (
        "몸통, 머리, 어깨, 눈의 키도 생성합니다. 손과 목소리에 맞춰 움직입니다"
    ),
    "What draws the video": "비디오를 그리는 엔진",
    "The character itself, drawn on the processor without any model": "모델 없이 CPU로 캐릭터를 그대로 그립니다",
    "The person of the portrait, by stage 2's own network; needs its weights and mostly a GPU": (
        "인물 사진의 사람을 2단계 자체 네트워크로 그립니다. 가중치와 대개 GPU가 필요합니다"
    ),
    "The person of the portrait, by Wan2.1-VACE; needs its weights and a GPU": (
        "인물 사진의 사람을 Wan2.1-VACE로 그립니다. 가중치와 GPU가 필요합니다"
    ),
    "The person of the portrait, by Wan2.2-Animate; needs its weights and a GPU": (
        "인물 사진의 사람을 Wan2.2-Animate로 그립니다. 가중치와 GPU가 필요합니다"
    ),
    "Of the video, in pixels": "비디오의 픽셀 크기",
    "Usual shapes of pictures; each sets width and height": "흔한 화면비. 폭과 높이를 정합니다",
    "512 by 704 pixels": "512 × 704 픽셀",
    "Upright, for telephones": "휴대폰용 세로 화면",
    "Square": "사각형",
    "Wide": "가로 화면",
    "Width and height as they are": "지금의 폭과 높이 그대로",
    "What the character wears": "캐릭터가 입는 옷",
    "What is behind the character in the video": "비디오에서 캐릭터 뒤에 보이는 것",
    "The portrait, where the character is fitted to one": "인물 사진에 맞췄다면 그 사진",
    "Nothing, in the formats that keep transparency": "투명을 지원하는 형식에서 배경 없음",
    "Timecode, frame number and the file's name in the picture, for reviews": (
        "리뷰용으로 타임코드, 프레임 번호, 파일 이름을 화면에 넣습니다"
    ),
    "Kind of video file, or of pictures in a folder": "비디오 파일이나 이미지 폴더의 종류",
    "MP4 (H.264, AAC): plays everywhere": "MP4 (H.264, AAC): 어디서나 재생",
    "WebM (VP9, Opus), with alpha where the backdrop is transparent: for web pages": (
        "WebM (VP9, Opus), 배경이 투명하면 알파 포함: 웹 페이지용"
    ),
    "ProRes 422 HQ (24-bit sound): for the edit": "ProRes 422 HQ (24비트 사운드): 편집용",
    "ProRes 4444 with straight alpha (24-bit sound): for compositing": (
        "ProRes 4444, 스트레이트 알파 (24비트 사운드): 합성용"
    ),
    "a folder of PNG files, straight alpha, the speech beside": "PNG 파일 폴더, 스트레이트 알파, 음성은 옆에",
    "a folder of OpenEXR files: half floats, linear, alpha premultiplied, the speech beside": (
        "OpenEXR 파일 폴더: 하프 플로트, 선형, 미리 곱한 알파, 음성은 옆에"
    ),
    "What Apply poses the fingers to": "적용할 손가락 포즈",
    "Whose fingers are posed": "포즈를 적용할 손",
    "The character's left hand": "캐릭터의 왼손",
    "The character's right hand": "캐릭터의 오른손",
    "Both hands": "양손",
    "The person's left hand": "사람의 왼손",
    "The person's right hand": "사람의 오른손",
    "Both hands, the one the mirror image of the other": "양손, 서로 거울상으로",
    "The hand, or both, of the bones that are selected in pose mode": "포즈 모드에서 선택한 본의 손",
    "The file to write": "저장할 파일",
}

_BUTTONS = {
    "Install the backend into a folder of this extension, not into Blender's Python; goes on where it was stopped": (
        "백엔드를 Blender의 Python이 아니라 이 확장의 폴더에 설치합니다. 멈춘 곳에서 이어집니다"
    ),
    "Open the manual that came with the extension, from its tutorial on, in the web browser": (
        "확장에 들어 있는 매뉴얼을 웹 브라우저에서 튜토리얼부터 엽니다"
    ),
    "Start the backend now; it ends with Blender": "백엔드를 지금 시작합니다. Blender와 함께 끝납니다",
    "Stop the backend that Blender started": "Blender가 시작한 백엔드를 중지합니다",
    "Stop this work, or take it out of the line; from a menu, all work": (
        "이 작업을 중지하거나 대기에서 뺍니다. 메뉴에서는 모든 작업을 중지합니다"
    ),
    "Put what was made while its file was closed, or could not be changed, where it was asked for": (
        "파일이 닫혀 있거나 바꿀 수 없는 동안 만든 결과를 원래 자리에 넣습니다"
    ),
    "Tell of this no more; what was made stays on the disk": ("이 알림을 지웁니다. 만든 파일은 디스크에 남습니다"),
    "Replace the file of that name, if there is one; else the new one has a number": (
        "같은 이름의 파일이 있으면 바꿉니다. 끄면 새 파일에 번호를 붙입니다"
    ),
    "The video, or the folder of pictures; empty, the last of the scene": (
        "비디오 또는 이미지 폴더. 비워 두면 씬의 마지막 렌더"
    ),
    "Play the video in the player of the system, or the pictures in Blender's own": (
        "시스템의 플레이어로 비디오를, Blender의 플레이어로 이미지를 재생합니다"
    ),
    "Wait for a video that the backend was asked for before Blender ended, and put it where it was to go": (
        "Blender가 끝나기 전에 백엔드에 요청한 비디오를 기다렸다가 원래 자리에 넣습니다"
    ),
    "Show the folder that the render is in": "렌더가 있는 폴더를 엽니다",
    "Lay a recording in the sequencer, and let the scene be as long": (
        "녹음을 시퀀서에 놓고 씬의 길이를 그에 맞춥니다"
    ),
    "A recording of speech, or a film with one": "음성 녹음이나 음성이 든 영상",
    "Set style, speed, size, rate and emotion of the gestures, and whether one sits, as the preset has them": (
        "제스처의 스타일, 속도, 크기, 빈도, 감정과 캐릭터가 앉는지를 프리셋대로 설정합니다"
    ),
    "The character sits, its feet on the floor, and rests its hands on its lap": (
        "캐릭터가 발을 바닥에 두고 앉아, 쉬는 손을 무릎 위에 놓습니다"
    ),
    "Sits and answers: easy gestures, the hands on the lap in between": (
        "앉아서 대답: 편안한 제스처, 사이사이 손은 무릎 위에"
    ),
    "The manner of gesturing": "제스처의 방식",
    "Explains to an audience: open hands of usual size, friendly": "청중에게 설명: 열린 손, 보통 크기, 친근하게",
    "Tells with the whole upper body: large, quick and frequent gestures": (
        "상체 전체로 이야기: 크고 빠르고 잦은 제스처"
    ),
    "Speaks with few small gestures, the hands mostly at rest": "작고 드문 제스처, 손은 대부분 쉽니다",
    "Keep the gestures' settings as a preset of your own, or remove one": (
        "제스처 설정을 내 프리셋으로 저장하거나 제거합니다"
    ),
    "How much of the character there is to see, in Blender, in exported files and in the video of the preview. Its "
    "bones, takes and keys are the same": (
        "블렌더, 내보낸 파일, 미리보기 비디오에서 캐릭터의 어디까지 보이는지입니다. 본과 테이크와 키는 같습니다"
    ),
    "The whole character": "캐릭터 전체",
    "Hands and half of the forearms, for close-ups; the video is seen from near": (
        "클로즈업을 위한 손과 아래팔 절반. 비디오는 가까이에서 보입니다"
    ),
    "Add the character with its controls to the scene": "컨트롤이 있는 캐릭터를 씬에 추가합니다",
    "Make hand and lip motion for the speech, as keys on the character; your own poses, and all between them, stay": (
        "음성에 맞는 손과 입술의 모션을 캐릭터의 키로 만듭니다. 직접 만든 포즈와 그 사이는 그대로 남습니다"
    ),
    "Make the hands' frames between the selected keys, or of the preview range, anew as a new take. Your own and "
    "locked poses stay, and what is new leads into them": (
        "선택한 키 사이나 미리보기 범위의 손을 새 테이크로 다시 만듭니다. 직접 만들거나 잠근 포즈는 남고, "
        "새 모션이 거기로 이어집니다"
    ),
    "Frame; 0 takes what is chosen": "프레임. 0이면 선택한 범위를 씁니다",
    "Choose a seed that no take of the character was made with: the next take has other gestures": (
        "캐릭터의 어느 테이크에도 쓰지 않은 씨드를 고릅니다. 다음 테이크는 제스처가 달라집니다"
    ),
    "Add a copy of the chosen take with all its keys, and show it": (
        "선택한 테이크를 모든 키와 함께 복제하고 보여 줍니다"
    ),
    "Take the chosen take from the list, with its action where nothing else uses it; Undo brings it back": (
        "선택한 테이크를 목록에서 빼고, 다른 곳에서 쓰지 않으면 액션도 지웁니다. 실행 취소로 되돌립니다"
    ),
    "Show the take that was shown before this one, and with the next press this one again: to compare the two": (
        "바로 전에 보던 테이크를 보여 주고, 다시 누르면 돌아옵니다. 둘을 비교할 때 씁니다"
    ),
    "Lay the chosen take as a strip on an NLA track of its own, where it plays instead of a take": (
        "선택한 테이크를 새 NLA 트랙의 스트립으로 놓습니다. 테이크 대신 NLA가 재생됩니다"
    ),
    "Put hands of another take, in the frames of the selected keys or the preview range or in all, into this one": (
        "다른 테이크의 손을 선택한 키의 프레임, 미리보기 범위 또는 전체에서 이 테이크로 가져옵니다"
    ),
    "The take that is brought in": "가져올 테이크",
    "Which hands are brought in": "가져올 손",
    "Make the poses of the selected bones' hands, or of those the tab names, your own, which every generation holds: "
    "those of the selected keys or the preview range, else the one at the current frame": (
        "선택한 본의 손이나 탭에서 정한 손의 포즈를 잠가 생성할 때마다 유지합니다. 선택한 키나 미리보기 범위의 포즈, "
        "없으면 현재 프레임의 포즈"
    ),
    "Give the poses of the selected bones' hands, or of those the tab names, to the next generation, which replaces "
    "them: those of the selected keys or the preview range, else those around the current frame": (
        "선택한 본의 손이나 탭에서 정한 손의 포즈를 풀어 다음 생성이 바꾸게 합니다. 선택한 키나 미리보기 범위의 포즈, "
        "없으면 현재 프레임 주변의 포즈"
    ),
    "Find the gesture phrases in the motion that the character shows, with your own edits": (
        "캐릭터가 보여 주는 모션에서 직접 한 편집까지 포함해 제스처 프레이즈를 찾습니다"
    ),
    "Do the phrases as they are in the list: what differs, and its surroundings, is made anew as a new take": (
        "목록의 프레이즈대로 합니다. 달라진 부분과 그 주변을 새 테이크로 다시 만듭니다"
    ),
    "Let the chosen layer, and those below it, become the take's own keys": (
        "고른 레이어와 그 아래 레이어를 테이크의 키로 만듭니다"
    ),
    "Take the chosen layer away: the hands are as they were without it": (
        "고른 레이어를 없앱니다. 손은 레이어가 없던 때로 돌아갑니다"
    ),
    "Add a gesture phrase whose stroke arrives at the current frame; Apply Score makes it": (
        "스트로크가 현재 프레임에 닿는 제스처 프레이즈를 추가합니다. 스코어 적용이 만듭니다"
    ),
    "Take the chosen phrase out; Apply Score lets the hands rest there": (
        "선택한 프레이즈를 뺍니다. 스코어 적용을 누르면 손이 그동안 쉽니다"
    ),
    "Move the chosen phrase in time with the pointer; click to leave it there, Esc to put it back": (
        "선택한 프레이즈를 마우스로 시간 이동합니다. 클릭하면 놓고, Esc는 되돌립니다"
    ),
    "Put hand motion, or a whole performance, from a file on the character, as sparse keys": (
        "파일의 손 모션이나 퍼포먼스 전체를 캐릭터에 성긴 키로 적용합니다"
    ),
    "The motion, .npz, .bvh, .vrma, .glb, .fbx or USD, or the performance, .zip, to read": (
        "읽을 모션 .npz, .bvh, .vrma, .glb, .fbx, USD 또는 퍼포먼스 .zip"
    ),
    "Write the character's hand motion, as the rig shows it, to a file": (
        "리그가 보여 주는 캐릭터의 손 모션을 파일로 저장합니다"
    ),
    "Write the character and its motion as FBX: the skeleton without controls, the mesh and one animation": (
        "캐릭터와 모션을 FBX로 저장합니다: 컨트롤을 뺀 스켈레톤, 메시, 애니메이션 하나"
    ),
    "Pose the fingers of a hand and key all of them at the current frame, whether auto keying is on or not. Generated "
    "keys of the fingers within the fall-off go, so that they come and go smoothly; your own stay, as do wrist "
    "and place": (
        "손가락에 포즈를 적용하고 자동 키잉과 상관없이 현재 프레임에 모두 키를 넣습니다. "
        "손가락이 부드럽게 오가도록 감쇠 범위 안의 생성된 손가락 키는 없어지고, "
        "직접 넣은 키와 손목과 위치는 그대로입니다"
    ),
    "Of the library or your own": "라이브러리의 포즈나 내 포즈",
    "How far the fingers go from how they are to the pose": "지금 손가락에서 포즈까지 가는 정도",
    "Keep how the fingers of a hand are posed now, for either hand, under a name of your own": (
        "지금 손가락 포즈를 이름을 붙여 저장합니다. 어느 손에나 쓸 수 있습니다"
    ),
    "What the pose is called": "포즈의 이름",
    "Whose fingers are kept": "손가락을 저장할 손",
    "Replace your pose of the same name, if there is one": "같은 이름의 내 포즈가 있으면 바꿉니다",
    "Delete the picked pose of your own": "고른 내 포즈를 삭제합니다",
    "Write every hand pose as a pose asset into this extension's own folder, and add that to the asset libraries of "
    "the preferences, so that the asset shelf of pose mode shows them": (
        "모든 손 포즈를 포즈 어셋으로 이 확장의 폴더에 저장하고 환경 설정의 어셋 라이브러리에 추가해 "
        "포즈 모드의 어셋 셸프에서 보이게 합니다"
    ),
    "Find the person in the portrait, and look at the character through the portrait's camera": (
        "인물 사진에서 사람을 찾고 그 사진의 카메라로 캐릭터를 봅니다"
    ),
    "The picture to fit to; empty, the scene's": "맞출 사진. 비워 두면 씬의 사진",
    "Leave the video's size as it is, instead of giving it the portrait's shape": (
        "비디오를 인물 사진의 화면비로 바꾸지 않고 크기를 유지합니다"
    ),
    "Render with the usual camera and the character's own body again": "다시 보통 카메라와 캐릭터의 몸으로 렌더합니다",
    "Render the character's edited motion to a video and lay it in the sequencer": (
        "캐릭터의 편집한 모션을 비디오로 렌더하고 시퀀서에 놓습니다"
    ),
    "The file to write, or the folder of pictures; empty, a new one in the folder for renders": (
        "저장할 파일이나 이미지 폴더. 비워 두면 렌더 폴더에 새로 만듭니다"
    ),
    "Where to keep the shot that the video is rendered from; empty, it is not kept": (
        "비디오를 렌더한 샷을 보관할 곳. 비워 두면 보관하지 않습니다"
    ),
}

_EDITS = {
    "Which hands are edited": "편집할 손",
    "Those with selected bones in the pose mode; where there are none, as set in the tab": (
        "포즈 모드에서 본을 선택한 손. 없으면 탭에서 정한 손"
    ),
    "Which frames are edited": "편집할 프레임",
    "Those of the hands' selected keys, or the preview range, or else as the button says": (
        "선택한 손 키의 프레임, 또는 미리보기 범위, 없으면 버튼이 정한 대로"
    ),
    "Half a second to either side of the current frame": "현재 프레임의 앞뒤 반 초",
    "All that the hands do": "손의 모든 프레임",
    "Keep how the hands are posed now, moved and turned with a key or without, and let the poses around follow with a "
    "smooth fall-off": (
        "키를 넣었든 넣지 않았든 옮기고 돌린 지금 손의 포즈를 유지하고, 주변 포즈가 부드럽게 감쇠하며 따라오게 합니다"
    ),
    "Seconds before and after the current frame to where nothing changes": (
        "현재 프레임의 앞뒤로 변화가 사라지기까지의 초"
    ),
    "How far the hands' controls move, along the character's axes; at first as they are posed": (
        "손 컨트롤이 캐릭터의 축을 따라 움직이는 거리. 처음에는 지금 포즈대로입니다"
    ),
    "How far the hands' controls turn, about the character's axes; at first as they are posed": (
        "손 컨트롤이 캐릭터의 축을 중심으로 도는 각도. 처음에는 지금 포즈대로입니다"
    ),
    "Close the fingers at the current frame, or stretch them, as far as joints go; the poses around follow": (
        "현재 프레임에서 관절이 허용하는 만큼 손가락을 굽히거나 폅니다. 주변 포즈가 따라옵니다"
    ),
    "By how much the knuckles bend; the other joints go along. Negative stretches the fingers": (
        "손가락 밑마디가 굽는 각도. 다른 관절도 함께 굽습니다. 음수면 폅니다"
    ),
    "Part the fingers at the current frame, or bring them together, as far as joints go; the poses around follow": (
        "현재 프레임에서 관절이 허용하는 만큼 손가락을 벌리거나 모읍니다. 주변 포즈가 따라옵니다"
    ),
    "By how much the index finger goes aside; the others go along. Negative closes the fingers": (
        "집게손가락이 벌어지는 각도. 다른 손가락도 함께 벌어집니다. 음수면 모읍니다"
    ),
    "Give the hands the mirrored pose that the other hand has at the current frame; both exchange theirs, and the "
    "poses around follow": (
        "현재 프레임에서 다른 손의 포즈를 미러해 적용합니다. 양손이면 서로 바꾸고, 주변 포즈가 따라옵니다"
    ),
    "Let the hands do, mirrored, what the other hand does in the selected keys' frames, the preview range or else all "
    "frames": "선택한 키의 프레임, 미리보기 범위, 없으면 모든 프레임에서 다른 손의 모션을 미러해 적용합니다",
    "Let both hands exchange what they do, mirrored, in the selected keys' frames, the preview range or else "
    "all frames": ("선택한 키의 프레임, 미리보기 범위, 없으면 모든 프레임에서 양손의 모션을 미러해 서로 바꿉니다"),
    "Move the selected keys' frames in time, or the preview range, or else half a second around the current frame. "
    "What lies beside gives way and is not run over": (
        "선택한 키의 프레임, 미리보기 범위, 없으면 현재 프레임의 앞뒤 반 초를 시간 이동합니다. "
        "옆의 키는 덮이지 않고 비켜납니다"
    ),
    "Later, or earlier where negative": "양수면 뒤로, 음수면 앞으로",
    "Make the selected keys' frames longer or shorter, or the preview range, or else half a second around the current "
    "frame, which stays. What lies beside gives way": (
        "선택한 키의 프레임, 미리보기 범위, 없으면 현재 프레임의 앞뒤 반 초를 늘이거나 줄입니다. "
        "현재 프레임은 그대로이고, 옆의 키는 비켜납니다"
    ),
    "How many times as long the frames take": "프레임 길이의 배율",
    "Stand still in the current pose for longer; what leads to it slows down, what follows comes later, and the next "
    "time that the hands are still gets shorter, up to the end of the selected keys, the preview range or all frames": (
        "현재 포즈에서 더 오래 멈춰 있습니다. 앞선 모션은 느려지고, 뒤따르는 모션은 늦어지며, "
        "다음 정지 구간이 짧아집니다. 선택한 키, 미리보기 범위 또는 모든 프레임의 끝까지"
    ),
    "For how many frames more": "더 유지할 프레임 수",
    "Let the hands go from the current frame to where they rest, and stay there up to the end of the selected keys, "
    "the preview range or all frames": (
        "현재 프레임부터 손을 휴식 자세로 보내고, 선택한 키, 미리보기 범위 또는 모든 프레임의 끝까지 머물게 합니다"
    ),
    "Seconds on the way": "가는 데 걸리는 초",
    "Make what the hands do larger or smaller in the selected keys' frames, the preview range or else all frames": (
        "선택한 키의 프레임, 미리보기 범위, 없으면 모든 프레임에서 손의 모션을 크거나 작게 합니다"
    ),
    "1 changes nothing, more strengthens, less calms": "1은 그대로, 크면 강하게, 작으면 차분하게",
    "From where the hands are farther away, or less far": "손이 멀어지거나 가까워지는 기준",
    "The way from the first pose of the frames to the last, so that these stay": (
        "첫 포즈에서 마지막 포즈로 가는 길. 두 포즈는 그대로 남습니다"
    ),
    "The middle of all poses of the frames": "프레임에 있는 모든 포즈의 가운데",
    "Take what is abrupt out of the hands' way in the selected keys' frames, the preview range or else all frames": (
        "선택한 키의 프레임, 미리보기 범위, 없으면 모든 프레임에서 손의 급격한 움직임을 부드럽게 합니다"
    ),
    "How much": "부드럽게 하는 정도",
}

_HAND_POSES = {
    "A hand at rest, curling more towards the little finger": "쉬는 손, 새끼손가락 쪽으로 더 굽음",
    "A hand that hangs or lies, curled softly": "늘어뜨리거나 놓인, 부드럽게 굽은 손",
    "An open hand that gives or explains, not quite straight": "주거나 설명하는 열린 손, 완전히 펴지 않음",
    "A flat, open hand, the thumb beside it": "평평하게 편 손, 엄지는 옆에",
    "A stiff hand with all fingers together: chop, cut, salute": "손가락을 모두 모은 곧은 손: 내려치기, 자르기, 경례",
    "All fingers spread wide: five, stop, surprise": "손가락을 활짝 벌림: 다섯, 멈춤, 놀람",
    "Four fingers up, the thumb across the palm": "네 손가락을 펴고 엄지는 손바닥에",
    "Index, middle and ring finger up": "집게, 가운데, 약손가락을 폄",
    "Index and middle finger up: two, peace, victory": "집게와 가운데손가락을 폄: 둘, 평화, 승리",
    "The index finger out: point, one, attention": "집게손가락을 폄: 가리키기, 하나, 주의",
    "A fist with the thumb up: good, one on the thumb": "엄지를 세운 주먹: 좋음, 엄지로 하나",
    "Thumb and index finger out: two on the thumb, a pistol": "엄지와 집게손가락을 폄: 엄지부터 둘, 권총",
    "A tight fist, the thumb across the fingers": "꽉 쥔 주먹, 엄지는 손가락 위에",
    "A hand loosely closed, the thumb on the index finger": "느슨하게 쥔 손, 엄지는 집게손가락 위에",
    "Thumb and index finger make a ring: exact, fine": "엄지와 집게손가락으로 고리를 만듦: 정확함, 좋음",
    "All fingertips on the thumb's: essence, what do you want": "손끝을 모두 엄지에 모음: 핵심, 뭘 원하는지",
    "Thumb and index finger hold something small, the others folded": (
        "엄지와 집게손가락으로 작은 것을 쥐고 나머지는 접음"
    ),
    "Thumb, index and middle finger hold something": "엄지, 집게, 가운데손가락으로 무언가를 쥠",
    "Thumb, index and middle finger about a pen": "엄지, 집게, 가운데손가락으로 펜을 쥠",
    "A hand about a glass, a bottle or a handle": "잔, 병, 손잡이를 쥔 손",
    "Fingers spread about a ball": "공을 감싸 벌린 손가락",
    "A hollow hand, palm up to receive or hold water": "손바닥을 위로 오목하게: 받거나 물을 담음",
    "Fingers spread and bent to claws": "벌려서 갈퀴처럼 굽힌 손가락",
    "Fingers hooked as for a bag or a ledge, knuckles straight": "가방이나 턱에 걸듯 굽힌 손가락, 밑마디는 곧음",
    "Thumb and little finger out: hang loose, call me": "엄지와 새끼손가락을 폄: 느긋하게, 전화해",
    "Index and little finger up, the others under the thumb": "집게와 새끼손가락을 펴고 나머지는 엄지 아래",
    "The little finger out: promise, a tiny bit": "새끼손가락을 폄: 약속, 아주 조금",
    "The index finger bent towards oneself: come here": "집게손가락을 자기 쪽으로 굽힘: 이리 와",
    "Half a steeple: with both hands fingertips meet, palms apart": (
        "뾰족탑의 절반: 양손이면 손끝이 맞닿고 손바닥은 떨어짐"
    ),
    "Fingers bent over keys or a table": "건반이나 탁자 위에 굽힌 손가락",
    "Straight fingers bent at the knuckles: a lid, a small size, talk": (
        "곧은 손가락을 밑마디에서 굽힘: 뚜껑, 작은 크기, 말하기"
    ),
}

_EXPORT = {
    "Write the character's motion in the format and with the names that another program expects": (
        "다른 프로그램이 기대하는 형식과 이름으로 캐릭터의 모션을 저장합니다"
    ),
    "Write the scene's lines, and the take that each character shows, as a timeline for editors": (
        "장면의 대사와 각 캐릭터가 보여 주는 테이크를 편집기용 타임라인으로 저장합니다"
    ),
    "Put the hands of the active armature on the character, as sparse keys: such as of an FBX that was imported": (
        "활성 아마추어의 손을 성긴 키로 캐릭터에 적용합니다. 예: 가져온 FBX"
    ),
    "The program that the file is for": "파일을 쓸 프로그램",
    "The format and the names that are chosen here": "여기에서 고른 형식과 이름",
    "FBX in centimetres with the mannequin's names under a bone called root, for its IK retargeter": (
        "root라는 본 아래 마네킹의 이름을 쓰는 센티미터 단위 FBX. IK 리타기터용"
    ),
    "FBX in centimetres with the names of a humanoid, which its avatar setup maps by itself": (
        "휴머노이드 이름을 쓰는 센티미터 단위 FBX. 아바타 설정이 스스로 연결합니다"
    ),
    "FBX in centimetres with HumanIK's names under a node called Reference, for its characterisation": (
        "Reference라는 노드 아래 HumanIK의 이름을 쓰는 센티미터 단위 FBX. 캐릭터라이즈용"
    ),
    "Binary glTF in metres with the names of its humanoid skeleton profile": (
        "휴머노이드 스켈레톤 프로필의 이름을 쓰는 미터 단위 바이너리 glTF"
    ),
    "The kind of file": "파일의 종류",
    "Skeleton, mesh and animation in centimetres": "스켈레톤, 메시, 애니메이션. 센티미터 단위",
    "Skeleton, mesh and animation in metres": "스켈레톤, 메시, 애니메이션. 미터 단위",
    "Skeleton, mesh and animation in metres, as UsdSkel": "UsdSkel로 된 스켈레톤, 메시, 애니메이션. 미터 단위",
    "The skeleton from a T-pose and its motion, in centimetres": "T 포즈의 스켈레톤과 그 모션. 센티미터 단위",
    "The motion for any VRM avatar, with the face as ARKit's expressions": (
        "모든 VRM 아바타를 위한 모션. 얼굴은 ARKit 표정으로"
    ),
    "Joint rotations of the arms and hands, as BEAT2 has them": "BEAT2 방식의 팔과 손 관절 회전",
    "Joint rotations of the arms and hands, as AMASS has them, with z up": ("AMASS 방식의 팔과 손 관절 회전, z가 위쪽"),
    "Joint rotations of the arms and hands, as AMASS has them for SMPL+H, with z up": (
        "AMASS의 SMPL+H 방식 팔과 손 관절 회전, z가 위쪽"
    ),
    "The parameters of both hands, as the Python package smplx takes them": (
        "파이썬 패키지 smplx가 받는 양손의 매개변수"
    ),
    "The hands, to be imported again": "다시 가져올 수 있는 손",
    "What joints are called in the file": "파일에서 관절을 부르는 이름",
    "As the bones of the rig are called": "리그의 본 이름 그대로",
    "As Godot's humanoid profile, VRM and Unity call them: LeftUpperArm, LeftIndexProximal": (
        "Godot 휴머노이드 프로필, VRM, Unity의 이름: LeftUpperArm, LeftIndexProximal"
    ),
    "As Unreal's mannequins call them: upperarm_l, index_01_l": "Unreal 마네킹의 이름: upperarm_l, index_01_l",
    "As HumanIK in Maya and MotionBuilder calls them: LeftArm, LeftHandIndex1": (
        "Maya와 MotionBuilder의 HumanIK 이름: LeftArm, LeftHandIndex1"
    ),
    "Write the meshes of the character, too, and the shapes of its face": "캐릭터의 메시와 얼굴 셰이프도 저장합니다",
    "Which takes to write": "저장할 테이크",
    "What the character shows": "캐릭터가 보여 주는 것",
    "Every take, each as a file of its own with the name of the take in it": (
        "모든 테이크를 테이크의 이름이 들어간 파일로 하나씩 저장합니다"
    ),
    "Which frames to write; the first is at the time 0 of the file": "저장할 프레임. 첫 프레임이 파일의 시간 0입니다",
    "All frames of the scene": "장면의 모든 프레임",
    "The frames of the preview range, where there is one": "미리보기 범위가 있으면 그 프레임",
    "The frames that stand here": "여기에 적힌 프레임",
    "The first frame to write": "저장할 첫 프레임",
    "The last frame to write": "저장할 마지막 프레임",
    "Frames a second of the file; 0 for those of the scene": "파일의 초당 프레임 수. 0이면 장면의 것",
}

TOOLTIPS = table(any={**_EXPORT, **_PREFERENCES, **_BACKENDS, **_SETTINGS, **_BUTTONS, **_EDITS, **_HAND_POSES})
