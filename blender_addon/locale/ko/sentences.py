# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in panels, why buttons are grey, and reports, by their templates.

What only a program sees stays English, as do the library's faults of files' fields, of engines and of weights.
"""

from .. import table
from .remarks import PARTS, REMARKS

_PANELS = {
    "Saved by Chironomy {version}: update the extension": "Chironomy {version}에서 저장됨: 확장을 업데이트하세요",
    "These words are the script": "이 말을 대본으로 씁니다",
    "{name} is no file: choose one, or write the words": "{name}: 파일이 없습니다. 고르거나 말을 적으세요",
    "{name} – not applied": "{name} – 미적용",
    "Frames {first} to {last}": "프레임 {first}–{last}",
    "Select keys, or set a preview range": "키를 선택하거나 미리보기 범위를 설정하세요",
    "Generate or import the first": "첫 테이크를 생성하거나 가져오세요",
    "Selected: Both Hands": "선택됨: 양손",
    "Selected: Left Hand": "선택됨: 왼손",
    "Selected: Right Hand": "선택됨: 오른손",
    "Keys are off by {wrists:.1f} mm, {joints:.1f}°": "키 오차 {wrists:.1f} mm, {joints:.1f}°",
    "Fitted": "맞춤 완료",
    "Accepted: edits go into a copy": "채택됨: 편집은 복사본에 들어갑니다",
    "Edit something on a new layer first": "먼저 새 레이어에서 무언가를 편집하세요",
    "1 edit is not applied": "적용되지 않은 변경 1개",
    "{count} edits are not applied": "적용되지 않은 변경 {count}개",
    "Stopping": "중지하는 중",
    "{name} is at the backend": "{name}: 백엔드에 있습니다",
    "In line": "대기 중",
    "{time} left": "{time} 남음",
    "{name} is not there any more": "{name}: 더 이상 없습니다",
    "{time:.0f} s": "{time:.0f}초",
    "{time:.0f} min": "{time:.0f}분",
    "Backend is running": "백엔드 실행 중",
    "Backend starts when needed": "백엔드는 필요할 때 시작됩니다",
    "No backend is set up": "백엔드가 설치되지 않았습니다",
    "Backend, for videos and portraits": "백엔드, 비디오와 인물 사진용",
    "A backend that runs already": "이미 실행 중인 백엔드",
    "Set up with {python}": "설치됨: {python}",
    "Without {what}: {reason}": "{what} 없음: {reason}",
    "Yours runs at {url} and is used": "{url}에서 실행 중이며 이것을 씁니다",
    "Downloads about {size} MB, which take three times that on the disk": (
        "약 {size} MB를 내려받으며 디스크에서는 그 세 배를 차지합니다"
    ),
    "The size of the download is not known here: some GB with NVIDIA's PyTorch": (
        "내려받을 크기를 여기서는 알 수 없습니다: NVIDIA용 PyTorch는 수 GB입니다"
    ),
    "Setting up needs Allow Online Access in System": "설치하려면 시스템에서 온라인 액세스를 허용해야 합니다",
    "Shortcuts in the pose mode": "포즈 모드의 단축키",
    "Drag: blend  Ctrl: steps  Click, Enter: key  Esc: back": (
        "드래그: 블렌딩  Ctrl: 단계별  클릭, Enter: 키 삽입  Esc: 취소"
    ),
}

_REASONS = {
    "Add a character first": "먼저 캐릭터를 추가하세요",
    "Load a speech first": "먼저 음성을 불러오세요",
    "Generate or import a take first": "먼저 테이크를 생성하거나 가져오세요",
    "Press on a phrase in the timeline or the dope sheet": "타임라인이나 도프 시트의 구절 위에서 누르세요",
    "another take was shown while this one was read; try once more": (
        "읽는 동안 다른 테이크가 표시되었습니다. 다시 시도하세요"
    ),
    "Switch to the object mode first": "먼저 오브젝트 모드로 바꾸세요",
    "{0} is in edit mode; leave it first": "{0}: 에디트 모드입니다. 먼저 나가세요",
    "The hands have no keys yet; generate or import a motion first": (
        "손에 아직 키가 없습니다. 먼저 모션을 생성하거나 가져오세요"
    ),
    "The backend has no render of an earlier Blender": "백엔드에 이전 Blender의 렌더가 없습니다",
    "No work is running": "진행 중인 작업이 없습니다",
    "No result waits for this file": "이 파일을 기다리는 결과가 없습니다",
    "No result waits": "기다리는 결과가 없습니다",
    "Render a video first": "먼저 비디오를 렌더하세요",
    "Fit to a picture first": "먼저 사진에 맞추세요",
    "Read the score first": "먼저 스코어를 읽으세요",
    "Change a phrase first": "먼저 프레이즈를 바꾸세요",
    "Choose a phrase in the list first": "먼저 목록에서 프레이즈를 고르세요",
    "{0} is accepted: take its check mark away first": "{0}: 채택된 테이크입니다. 먼저 체크를 해제하세요",
    "There is one take at most": "테이크가 둘 이상이어야 합니다",
    "There is no other take": "다른 테이크가 없습니다",
    "Show a take first": "먼저 테이크를 보이게 하세요",
    "Only poses of your own can be deleted": "내 포즈만 삭제할 수 있습니다",
    "No backend was started here": "여기서 시작한 백엔드가 없습니다",
    "The backend runs already": "백엔드가 이미 실행 중입니다",
    "The preferences name a backend at {0}": "환경 설정이 {0}의 백엔드를 지정합니다",
    "Allow Online Access in the System preferences first": "먼저 시스템 환경 설정에서 온라인 액세스를 허용하세요",
    "Set up the backend first, or choose its Python in the preferences": (
        "먼저 백엔드를 설치하거나 환경 설정에서 Python을 고르세요"
    ),
    "{0} is linked from {1}, where nothing is kept": "{0}: {1}에서 연결되어 변경이 저장되지 않습니다",
    "work in a scene of your own": "이 파일의 씬에서 작업하세요",
    "{0}, and cannot be overridden; make it local first": "{0} 오버라이드할 수도 없습니다. 먼저 로컬로 만드세요",
    "make a library override of it first": "먼저 라이브러리 오버라이드를 만드세요",
    "{0} is in the NLA's tweak mode; press Tab over the Nonlinear Animation editor to leave it": (
        "{0}: NLA 트윅 모드입니다. NLA 에디터에서 Tab을 눌러 나가세요"
    ),
}

_PARTS = {
    "{0} Python {1}.{2}": "Python {1}.{2}({0})",
    "Blender's own": "Blender의 것",
    "the system's": "시스템의 것",
    "uv's": "uv의 것",
    "the service": "서비스",
    "the recogniser of phones": "음소 인식기",
    "OpenEXR": "OpenEXR 패키지",
    "the perception of people": "사람 인식",
    "PyTorch": "PyTorch 패키지",
    "lips by the sounds of English": "영어 발음에 맞는 입술",
    "EXR pictures": "EXR 이미지",
    "portraits": "인물 사진",
    "the engines emo2, vace and animate": "엔진 emo2, vace, animate",
    "there is no wheel of {0} for this Python and system": "이 Python과 시스템용 {0} wheel이 없습니다",
    "left": "왼손",
    "right": "오른손",
    "the {0} hand": "{0}",
    "{0} from frame {1} to {2}": "{0}, 프레임 {1}–{2}",
    "{0} up to frame {1}": "{0}, 프레임 {1}까지",
    "{0} from frame {1} on": "{0}, 프레임 {1}부터",
    "both hands": "양손",
    "at frame {0}": "프레임 {0}",
    "from frame {0} to {1}": "프레임 {0}–{1}",
    "{0} frame": "{0}프레임",
    "{0} frames": "{0}프레임",
    "pose is": "포즈",
    "poses are": "포즈",
    "pose": "포즈",
    "poses": "포즈",
    "curled": "굽혔습니다",
    "stretched": "폈습니다",
    "spread": "벌렸습니다",
    "closed": "모았습니다",
    "neutral": "중립",
    "calm": "차분함",
    "lively": "활기참",
    "emphatic": "강조",
    "precise": "정확함",
    "open": "열림",
    "reserved": "절제됨",
}

_TAKES = {
    "{0} is shown": "{0}: 보여 줍니다",
    "{0} is a copy": "{0}: 복사본입니다",
    "deleted {0}": "{0}: 삭제했습니다",
    "the NLA plays {0}": "NLA가 재생합니다: {0}",
    "{0} takes are in the list": "테이크 {0}개가 목록에 있습니다",
    "{0} has {1} frames of motion in {2} keys, {3} % of one key a frame": (
        "{0}: {1}프레임의 모션, 키 {2}개 (프레임마다 키를 넣을 때의 {3} %)"
    ),
    "{0} is as the take before but for {1}": "{0}: {1} 외에는 이전 테이크와 같습니다",
    "{0} is locked, muted or driven and stays as it is": "{0}: 잠금, 음소거 또는 드라이버 때문에 그대로 둡니다",
    "{0} keeps your pose at frame {1}": "{0}: 프레임 {1}의 내 포즈를 유지합니다",
    "{0} keeps your poses at frames {1}": "{0}: 프레임 {1}의 내 포즈를 유지합니다",
    "{0} keeps your frames {1}": "{0}: 내 프레임을 유지합니다: {1}",
    "{0}, seed {1}": "{0}, 씨드 {1}",
    "{0} to {1}, {2}, seed {3}": "{0}–{1}, {2}, 씨드 {3}",
    "with {0}": "{0} 포함",
    "{0} % of {1}": "{1} {0} %",
    "score changed": "스코어 변경",
    "{0} {1} your own now, {2}": "{2}: {1} {0}개를 잠갔습니다",
    "{0} {1} will be replaced by the next generation": "{1} {0}개를 다음 생성이 바꿉니다",
    "no pose of yours lies between the frames {0} and {1}": "프레임 {0}–{1}에 직접 만든 포즈가 없습니다",
    "the frames {0} to {1} lie on the layer {2}; apply or delete it first": (
        "프레임 {0}–{1}: 레이어 {2}에 있습니다. 먼저 적용하거나 삭제하세요"
    ),
    "another take is shown now": "이제 다른 테이크를 보여 주고 있습니다",
    "the keys are changed all the time; try once more": "키가 계속 바뀝니다. 다시 해 보세요",
    "the character is edited all the time; try once more": "캐릭터가 계속 편집됩니다. 다시 해 보세요",
    "keys that this was done for were deleted meanwhile; try once more": (
        "작업하던 키가 그사이 삭제되었습니다. 다시 해 보세요"
    ),
    "another scene than {0} is shown now; add the character once more": (
        "이제 {0} 씬이 아닙니다. 캐릭터를 다시 추가하세요"
    ),
    "{0} is accepted; take its check mark away first": "{0}: 채택된 테이크입니다. 먼저 체크를 해제하세요",
    "{0} is accepted; take its check mark away first, or change a duplicate": (
        "{0}: 채택된 테이크입니다. 먼저 체크를 해제하거나 복제본을 바꾸세요"
    ),
    "in a copy, {0}: {1} is accepted": "{1}은(는) 채택되어 복사본 {0}을(를) 바꿨습니다",
    "there is no other take to compare with; generate one more": "비교할 다른 테이크가 없습니다. 하나 더 생성하세요",
    "show the take that is to have it first": "먼저 받을 테이크를 보이게 하세요",
    "choose the take to bring in": "가져올 테이크를 고르세요",
    "the take {0} has lost its character or its action, and goes with the next take": (
        "{0}: 캐릭터나 액션이 없어졌습니다. 다음 테이크를 만들 때 목록에서 빠집니다"
    ),
    "{0} has no dense motion to make keys of; only generated and imported takes do": (
        "{0}: 키를 만들 조밀한 모션이 없습니다. 생성하거나 가져온 테이크에만 있습니다"
    ),
    "choose frames first: select the hands' keys of a range, or set the preview range (P)": (
        "먼저 프레임을 정하세요: 손의 키를 선택하거나 미리보기 범위(P)를 설정하세요"
    ),
    "the frames {0} to {1} are too few; choose {2} or more": "프레임 {0}–{1} 구간은 너무 짧습니다. {2} 이상 고르세요",
    "all poses of the frames {0} to {1} are your own, and stay; release them first, or choose others": (
        "프레임 {0}–{1}의 포즈는 모두 직접 만든 것이라 그대로입니다. 먼저 잠금을 해제하거나 다른 프레임을 고르세요"
    ),
}

_SCORE = {
    "{0} gesture phrases are in the list": "제스처 프레이즈 {0}개가 목록에 있습니다",
    "the gesture phrases of {0} are kept with it": "{0}: 제스처 프레이즈를 테이크에 저장했습니다",
    "the take that this was made for was deleted meanwhile": "작업 대상 테이크가 그사이에 삭제되었습니다",
    "no phrase differs from what the take does; change one first": (
        "테이크와 다른 프레이즈가 없습니다. 먼저 하나를 바꾸세요"
    ),
    "a phrase begins after the speech's end at {0} s; move it back": (
        "프레이즈가 음성이 끝나는 {0}초 뒤에 시작합니다. 앞으로 옮기세요"
    ),
    "the phrase {0} at frame {1} ends before it begins; give it a later end": (
        "프레임 {1}의 프레이즈 {0}: 시작보다 먼저 끝납니다. 끝을 늦추세요"
    ),
}

_POSES = {
    "{0} is kept with your hand poses": "{0}: 내 손 포즈에 저장했습니다",
    "{0} is deleted": "{0}: 삭제했습니다",
    "{0} hand poses are in the asset library {1}": "손 포즈 {0}개가 어셋 라이브러리 {1}에 있습니다",
    "it was there already": "이미 있었습니다",
    "{0}{1}: the fingers of the {2} hand are keyed at frame {3}": "{0}{1}: {2} 손가락에 키를 넣었습니다, 프레임 {3}",
    "a pose is of one hand; choose Left or Right": "포즈는 한 손의 것입니다. 왼쪽이나 오른쪽을 고르세요",
    "select a bone of a hand in pose mode, or choose Left, Right or Both": (
        "포즈 모드에서 손의 본을 선택하거나 왼쪽, 오른쪽, 양쪽 중에 고르세요"
    ),
    "the hand pose is not there any more; pick another": "손 포즈가 더 이상 없습니다. 다른 것을 고르세요",
    "{0} has no bone {1}; add a new character": "{0}: {1} 본이 없습니다. 새 캐릭터를 추가하세요",
    "{0} is locked, muted or driven; free its rotation first": (
        "{0}: 잠금, 음소거 또는 드라이버가 있습니다. 먼저 회전을 풀어 주세요"
    ),
}

_EDITS = {
    "moved {0} at frame {1}, and what is within {2} s": "{0}: 프레임 {1} 앞뒤 {2}초를 이동했습니다",
    "it lies on the layer {0}": "레이어: {0}",
    "no frames were chosen, so all {0} frames are edited": "선택한 프레임이 없어 {0}프레임 전체를 편집했습니다",
    "deleted the layer {0}": "{0} 레이어를 삭제했습니다",
    "{0} {1} in the take's own keys now": "{1} {0}개를 테이크의 키에 적용했습니다",
    "choose a layer in the list first": "먼저 목록에서 레이어를 고르세요",
    "the take's layers are damaged; delete them, or take an earlier file": (
        "테이크의 레이어가 손상되었습니다. 삭제하거나 이전 파일을 여세요"
    ),
    "mirrored the pose of {0} at frame {1}": "{0}: 프레임 {1}의 포즈를 미러했습니다",
    "swapped what the hands do, mirrored, from frame {0} to {1}": (
        "프레임 {0}–{1} 구간에서 양손을 미러하여 맞바꾸었습니다"
    ),
    "mirrored {0} from frame {1} to {2}": "{0}: 프레임 {1}–{2} 구간을 미러했습니다",
    "smoothed {0} from frame {1} to {2}": "{0}: 프레임 {1}–{2} 구간을 부드럽게 했습니다",
    "strengthened {0} from frame {1} to {2}": "{0}: 프레임 {1}–{2} 구간을 강하게 했습니다",
    "calmed {0} from frame {1} to {2}": "{0}: 프레임 {1}–{2} 구간을 차분하게 했습니다",
    "{0} the fingers of {1} at frame {2}": "{1}: 프레임 {2}의 손가락을 {0}",
    "{0}: to rest from frame {1}, and there until {2}": "{0}: 프레임 {1}부터 휴식 자세로, {2}까지",
    "moved the frames {0} to {1} of {2} by {3}": "{2}: 프레임 {0}–{1} 구간을 {3} 이동했습니다",
    "the frames {0} to {1} of {2} now take {3}": "{2}: 프레임 {0}–{1}의 새 길이는 {3}입니다",
    "{0}: frame {1} is held for {2} more": "{0}: 프레임 {1}의 유지를 {2} 늘렸습니다",
    "{0}: posed as keyed at frame {1}; move or turn something there first": (
        "{0}: 프레임 {1}의 포즈가 키와 같습니다. 먼저 옮기거나 돌리세요"
    ),
    "there is no time to rest between the current frame {0} and {1}; go to an earlier one": (
        "현재 프레임 {0}부터 {1}까지는 쉴 시간이 없습니다. 더 앞 프레임으로 가세요"
    ),
    "nothing follows frame {0} within the range; go to the pose that is to be held": (
        "범위 안에서 프레임 {0} 뒤에 아무것도 없습니다. 유지할 포즈로 가세요"
    ),
    "the frames {0} to {1} are no range with keys; choose more of them": (
        "프레임 {0}–{1} 구간은 키가 있는 범위가 아닙니다. 더 고르세요"
    ),
    "{0} would turn round once more before frame {1}; choose other frames to edit": (
        "{0}: 프레임 {1} 전에 한 바퀴 더 돌게 됩니다. 편집할 프레임을 바꾸세요"
    ),
    "{0} plays no slot of its action; choose one in the Action editor": (
        "{0}: 액션의 슬롯을 재생하고 있지 않습니다. 액션 에디터에서 슬롯을 고르세요"
    ),
    "{0} is locked, muted or driven and stays as it is; unlock it first": (
        "{0}: 잠금, 음소거 또는 드라이버 때문에 그대로입니다. 먼저 푸세요"
    ),
    "{0} of {1} has no keys; generate or import a motion, or key a pose first": (
        "{1}의 {0}: 키가 없습니다. 모션을 생성하거나 가져오거나 먼저 포즈에 키를 넣으세요"
    ),
}

_FILES = {
    "wrote {0}": "저장했습니다: {0}",
    "wrote {0}, without {1}": "저장했습니다: {0} ({1} 제외)",
    "Make another armature the active object, whose hands are to be read": (
        "손을 읽을 다른 아마추어를 활성 오브젝트로 만드세요"
    ),
    "wrote {0} clips to {1}": "클립 {0}개를 저장했습니다: {1}",
    "wrote {0} files to {1}": "파일 {0}개를 저장했습니다: {1}",
    "wrote {0} files to {1}, without {2}": "파일 {0}개를 저장했습니다: {1} ({2} 제외)",
    "this Blender was built without {0}; choose another format": (
        "이 블렌더는 {0} 없이 빌드되었습니다. 다른 형식을 고르세요"
    ),
    "wrote {0} frames to {1}": "{0}프레임을 저장했습니다: {1}",
    "{0} cannot be written: {1}": "{0}: 저장할 수 없습니다: {1}",
    "{0} is a folder; give the name of a {1} file to write": "{0}: 폴더입니다. 저장할 {1} 파일의 이름을 입력하세요",
    "there is no file {0}; choose a recording of speech": "{0}: 파일이 없습니다. 음성 녹음을 고르세요",
    "there is no file {0}; load the speech again": "{0}: 파일이 없습니다. 음성을 다시 불러오세요",
    "there is no file {0}; choose a portrait": "{0}: 파일이 없습니다. 인물 사진을 고르세요",
    "{0} has no sound that Blender can read; choose a recording of speech": (
        "{0}: Blender가 읽을 수 있는 소리가 없습니다. 음성 녹음을 고르세요"
    ),
    "nothing is heard in {0}: the hands will rest; check the recording's level and its first track": (
        "{0}: 들리는 소리가 없어 손이 쉽니다. 녹음의 음량과 첫 트랙을 확인하세요"
    ),
    "{0} breaks off: of the {1} s that its header tells, {2} s are there and are used": (
        "{0}: 중간에 끊깁니다. 헤더에 적힌 {1}초 가운데 {2}초만 있으며 그만큼만 사용합니다"
    ),
    "see that it was copied whole": "파일이 온전히 복사되었는지 확인하세요",
    "nothing is heard in {0}, so they rest: check the recording's level": (
        "{0}: 들리는 소리가 없어 손이 쉽니다. 녹음의 음량을 확인하세요"
    ),
    "the script does not sound like what is said: check that it belongs to this recording": (
        "대본이 실제로 말한 내용과 다르게 들립니다. 이 녹음의 대본인지 확인하세요"
    ),
    "the script changed nothing: this gesture model has not learned to follow words": (
        "대본이 아무것도 바꾸지 않았습니다: 이 제스처 모델은 단어를 따르는 법을 배우지 않았습니다"
    ),
    "{0} goes on after the end that its header tells, where Blender stops; export it as one recording": (
        "{0}: 헤더에 적힌 끝보다 길어 Blender가 중간에 멈춥니다. 하나의 녹음으로 내보내세요"
    ),
    "{0} holds several recordings, of which Blender plays the first; export it as one": (
        "{0}: 녹음이 여러 개라 Blender가 첫 번째만 재생합니다. 하나로 내보내세요"
    ),
    "{0} has no sound track {1}": "{0}: {1}번 사운드 트랙이 없습니다",
    "the strip {0} is played faster or slower than it was recorded, which hands cannot follow; reset its retiming in "
    "the sequencer": (
        "스트립 {0}: 녹음과 다른 빠르기로 재생되어 손이 따라갈 수 없습니다. 시퀀서에서 리타이밍을 초기화하세요"
    ),
    "the frames {0} to {1} are none; set the scene's end frame after its start": (
        "프레임 {0}–{1} 구간이 비어 있습니다. 씬의 종료 프레임을 시작 뒤로 설정하세요"
    ),
    "{0} is scaled to nothing; give it a scale of 1": "{0}: 스케일이 0입니다. 스케일을 1로 설정하세요",
    "Blender cannot show {0}; export it as PNG and fit once more": (
        "{0}: Blender가 표시할 수 없습니다. PNG로 내보내고 다시 맞추세요"
    ),
    "choose a portrait first": "먼저 인물 사진을 고르세요",
    "Choose a portrait under Picture first": "먼저 사진에서 인물 사진을 고르세요",
    "The manual is missing; install the extension again": "매뉴얼이 없습니다. 확장을 다시 설치하세요",
    "Set up the backend first": "먼저 백엔드를 설치하세요",
    "{0} is fitted, {1} worst by {2} % of the picture's height{3}": (
        "{0}: 맞췄습니다. 가장 큰 오차는 {1}, 사진 높이의 {2} %{3}"
    ),
    "choose a portrait and press Fit to Picture first: this video shows it": (
        "먼저 인물 사진을 고르고 사진에 맞추기를 누르세요: 이 비디오에 나옵니다"
    ),
    "rendered {0}": "렌더했습니다: {0}",
    "the backend has no render of an earlier Blender": "백엔드에 이전 Blender의 렌더가 없습니다",
    "the video is {0}": "비디오: {0}",
    "{0} is not there any more; it was moved or deleted": "{0}: 더 이상 없습니다. 옮기거나 삭제한 파일입니다",
    "the folder for renders {0} cannot be made: {1}": "렌더 폴더 {0}: 만들 수 없습니다: {1}",
}

_WORK = {
    "{0} was cancelled": "{0}: 취소했습니다",
    "{0} is done for {1}": "{0}: {1}의 작업을 마쳤습니다",
    "its motion is kept in {0}, and Import Motion puts it on a character": (
        "모션을 {0}에 보관했습니다. 모션 가져오기로 캐릭터에 적용하세요"
    ),
    "{0} stopped by a fault of its own ({1}); Blender's console tells more": (
        "{0}: 내부 오류({1})로 멈췄습니다. 자세한 내용은 Blender의 콘솔에 있습니다"
    ),
    "the scene {0} is not open any more": "씬 {0}: 더 이상 열려 있지 않습니다",
    "the character {0} was deleted meanwhile": "캐릭터 {0}: 그사이에 삭제되었습니다",
    "the backend is set up with {0}": "백엔드를 설치했습니다: {0}",
    "without {0}": "{0} 없음",
    "the preferences tell why": "이유는 환경 설정에 있습니다",
    "{0} Python {1}.{2}": "Python {1}.{2}({0})",
    "{0} tells more": "자세한 내용: {0}",
    "there is no wheel of {0} for this Python and system": "이 Python과 시스템용 {0} wheel이 없습니다",
    "the packages' index does not answer: see to the network, or to the proxy in pip's settings": (
        "패키지 서버가 응답하지 않습니다. 네트워크나 pip의 프록시 설정을 확인하세요"
    ),
    "what the packages' index gives is not what was published": "패키지 서버가 준 파일이 게시된 파일과 다릅니다",
    "there is no Python here to do it with; install Python {0} or uv and try again": (
        "설치에 쓸 Python이 없습니다. Python {0} 또는 uv를 설치하고 다시 시도하세요"
    ),
    "what came so far is kept, and Set Up Backend goes on from there": (
        "받은 것은 남아 있으며, 백엔드 설치를 다시 누르면 이어집니다"
    ),
    "the backend takes up to {0} GB and {1} has {2} GB free": (
        "백엔드에는 최대 {0} GB가 필요하고 {1}에는 {2} GB가 남았습니다"
    ),
    "free some space": "공간을 확보하세요",
    "what this was done for was deleted meanwhile": "작업 대상이 그사이에 삭제되었습니다",
    "the file was changed meanwhile; try once more": "파일이 그사이에 변경되었습니다. 다시 시도하세요",
    "the backend runs at {0}": "백엔드 실행 중: {0}",
    "no backend is set up; press Set Up Backend in the add-on's preferences": (
        "백엔드가 설치되지 않았습니다. 애드온의 환경 설정에서 백엔드 설치를 누르세요"
    ),
    "the backend at {0} is on another computer, which needs Allow Online Access in System, in Blender's preferences": (
        "{0}의 백엔드는 다른 컴퓨터에 있어 Blender 환경 설정의 시스템에서 온라인 액세스를 허용해야 합니다"
    ),
    "the backend at {0} needs its token file; choose it in the add-on's preferences": (
        "{0}의 백엔드에는 토큰 파일이 필요합니다. 애드온의 환경 설정에서 고르세요"
    ),
    "{0} cannot be run: {1}": "{0}: 실행할 수 없습니다: {1}",
    "the token file {0} cannot be read ({1}); choose it again in the preferences": (
        "토큰 파일 {0}: 읽을 수 없습니다({1}). 환경 설정에서 다시 고르세요"
    ),
    "the extension has lost a wheel; install it again": "확장의 wheel이 없어졌습니다. 확장을 다시 설치하세요",
    "setting up the backend failed: {0}": "백엔드 설치에 실패했습니다: {0}",
    "making an environment with {0}": "환경을 만드는 중: {0}",
    "looking for {0}": "찾는 중: {0}",
    "downloading {0}, {1} of {2} MB": "내려받는 중: {0}, {1}/{2} MB",
    "downloading {0}, {1} MB": "내려받는 중: {0}, {1} MB",
    "unpacking {0}, {1} MB on the disk": "푸는 중: {0}, 디스크에 {1} MB",
    "fetching Python {0} with uv": "uv로 Python {0}을(를) 받는 중",
    "trying it": "시험하는 중",
    "starting the backend": "백엔드를 시작하는 중",
    "getting ready": "준비하는 중",
    "making gestures": "제스처를 만드는 중",
    "reading the speech": "음성을 읽는 중",
    "loading the gesture model": "제스처 모델을 불러오는 중",
    "finding the words in the speech": "음성에서 단어를 찾는 중",
    "listening for phones": "음소를 듣는 중",
    "reading what Blender shows": "블렌더가 보여 주는 것을 읽는 중",
    "writing the keys": "키를 쓰는 중",
    "another Blender writes the file": "다른 블렌더가 파일을 쓰는 중",
    "another Blender could not write the file, so this one did: {0}": (
        "다른 블렌더가 파일을 쓰지 못해 이 블렌더가 썼습니다: {0}"
    ),
    "no other Blender can be started ({0})": "다른 블렌더를 시작할 수 없습니다({0})",
    "Blender ended over it": "하던 중에 블렌더가 끝났습니다",
    "listening for accents": "강세를 듣는 중",
    "listening to the speech": "음성을 듣는 중",
    "done before": "이전에 끝남",
    "done": "끝남",
    "reading the shot": "샷을 읽는 중",
    "rendering": "렌더하는 중",
    "rendering frame {0} of {1}": "{1}프레임 중 {0}프레임 렌더하는 중",
    "packing the pictures": "이미지를 묶는 중",
    "looking at the picture": "사진을 보는 중",
    "reading the picture": "사진을 읽는 중",
    "starting the backend again": "백엔드를 다시 시작하는 중",
    "waiting for the backend, which does not answer": "응답하지 않는 백엔드를 기다리는 중",
    "fetching the models that look at pictures": "사진을 보는 모델을 가져오는 중",
}

SENTENCES = table(
    any={**_PANELS, **_REASONS, **_TAKES, **_SCORE, **_POSES, **_EDITS, **_FILES, **_WORK, **REMARKS},
    own=_PARTS | PARTS,
)
