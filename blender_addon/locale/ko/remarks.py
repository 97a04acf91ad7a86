# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of scores, scripts, motions and emotions that were not done as they were asked for."""

REMARKS = {
    "the score was made for another recording than {0}": "{0}: 스코어가 다른 녹음용입니다",
    "the score is of {0} s, and {1} lasts {2} s": "스코어는 {0}초이고 {1}: {2}초입니다",
    "phrases that are after the end and not seen: {0}": "끝난 뒤에 있어 보이지 않는 구절: {0}",
    "the motion that is kept was made for another recording than {0}": "{0}: 유지하는 모션이 다른 녹음용입니다",
    "the emotion changes at {0} s, after the end of {1} at {2} s": "감정이 {1}의 끝({2}초)보다 늦은 {0}초에 바뀝니다",
    "a hand reaches {0} m/s at {1} s, faster than people gesture: ask for less guidance, speed or amplitude": (
        "{1}초에 손이 {0} m/s에 이르러 사람의 제스처보다 빠릅니다: 가이던스, 속도 또는 크기를 낮추세요"
    ),
    "no speech is heard in {0} where {1} of {2} words are (the first is {3} at {4} s): the hands do not answer them": (
        "{0}: 단어 {2}개 중 {1}개(첫 번째는 {4}초의 {3})의 자리에서 말소리가 들리지 않아 손이 반응하지 않습니다"
    ),
    "no speech is heard in {0} where the script's words are (the first is {1} at {2} s): the "
    "hands do not answer them": (
        "{0}: 대본의 단어(첫 번째는 {2}초의 {1}) 자리에서 말소리가 들리지 않아 손이 반응하지 않습니다"
    ),
    "check the recording's level, and whether the script belongs to it": (
        "녹음의 음량과 이 녹음의 대본인지 확인하세요"
    ),
    "{0} and {1} stand before the same word, {2}: the first is left out": (
        "{0}, {1}: 같은 단어 {2} 앞에 있어 첫 번째를 뺐습니다"
    ),
    "write it before a word of its own": "자기 단어 앞에 쓰세요",
    "the words of the script are counted out instead of heard: pocketsphinx fails ({0})": (
        "대본의 낱말을 듣지 못하고 고르게 나누었습니다: pocketsphinx 오류 ({0})"
    ),
    "{0} has {1} s, too little to rest, and is left out": "{0}: {1}초는 쉬기에 너무 짧아 뺐습니다",
    "{0} and {1} are {2} s apart, so that the first is hardly seen": (
        "{0}, {1}: {2}초 간격이라 첫 번째가 거의 보이지 않습니다"
    ),
    "leave {0} s or more between them": "사이에 {0}초 이상 두세요",
    "the words are taken to be of the language {0}, which has no table of meanings (there are {1}): of such a script "
    "the marks in brackets alone are proposed": (
        "단어의 언어를 {0}(으)로 보았고 이 언어에는 의미표가 없습니다(있는 것: {1}): 괄호 안의 표시만 제안합니다"
    ),
    "the phrases at {0} and {1} s lie over each other in the {2} hand, which does the second from {3} s on": (
        "{0}초와 {1}초의 구절이 한 손({2})에서 겹쳐 {3}초부터 두 번째를 합니다"
    ),
    "the {0} hand has less than {1} s from the stroke at {2} s to that at {3} s": (
        "한 손({0})이 {2}초의 스트로크에서 {3}초의 것까지 {1}초도 없습니다"
    ),
    "the {0} hand has {1} cm to go from the stroke at {2} s to that at {3} s, and would have "
    "to be as fast as a throw": (
        "한 손({0})이 {2}초의 스트로크에서 {3}초의 것까지 {1} cm를 던지듯이 빠르게 가야 합니다"
    ),
    "this model does not know the kind {0}, and does what it likes in its place": (
        "이 모델은 종류 {0}을(를) 몰라 대신 알아서 합니다"
    ),
    "{0} ends at {1} s, after the score's end at {2} s": "{0}: 스코어의 끝({2}초)보다 늦은 {1}초에 끝납니다",
    "{0} lasts {1} s, too short to be seen": "{0}: {1}초는 너무 짧아 보이지 않습니다",
    "give it {0} s or more": "{0}초 이상으로 하세요",
    "{0} holds its stroke at {1} s for {2} s, beyond its end at {3} s, where it is let go": (
        "{0}: {1}초의 스트로크를 {2}초 유지하면 끝({3}초)을 넘어 거기서 놓습니다"
    ),
    "{0} has less than {1} s to prepare its first stroke, at {2} s": (
        "{0}: {2}초의 첫 스트로크를 준비할 시간이 {1}초도 없습니다"
    ),
    "{0} has {1} s from the stroke at {2} s to the next one, and needs {3}": (
        "{0}: {2}초의 스트로크에서 다음 것까지 {1}초이고 {3}초가 필요합니다"
    ),
    "{0} has the {1} hand's place {2} cm on the other side of the body": (
        "{0}: 한 손({1})의 위치가 몸의 반대쪽으로 {2} cm 넘어가 있습니다"
    ),
    "where hands was changed, change the sign of the place's first number, too": (
        "손을 바꾸었다면 위치의 첫 수의 부호도 바꾸세요"
    ),
    "{0} has its place {1} cm behind the shoulders, where the body hides the hand": (
        "{0}: 위치가 어깨보다 {1} cm 뒤라 몸에 손이 가려집니다"
    ),
    "make the place's third number greater": "위치의 셋째 수를 키우세요",
    "{0} has its place {1} cm outside of what the arm reaches at ease": (
        "{0}: 위치가 팔이 편하게 닿는 범위를 {1} cm 벗어납니다"
    ),
}

PARTS = {"the phrase at {0} s": "{0}초의 구절"}
