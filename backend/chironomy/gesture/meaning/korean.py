# SPDX-License-Identifier: GPL-3.0-or-later
"""What Korean sayings mean to the hands. Particles follow a noun without a space, so that most words are beginnings."""

from chironomy.gesture.meaning.table import Meaning, Show, Table

# Idioms whose words mean something else: they show nothing, and nothing in them does.
_NOTHING = (
    "하나님~; 나중에요; 내일모레; 내용~; 아니면; 아니라; 아니고; 큰일~; 큰소리~; 여기저기~; 네~; 한 번; "
    "더 이상; 전부터; 우리나라~; 앞으로도; 뭐~; 아무튼; 아무래도; 위에서 말한; 다음으로; 감사합니다만; 한 다음; "
    "이전에는요; 없이"
)

KOREAN = Table(
    meanings=(
        Meaning(None, 0, True, _NOTHING),
        Meaning(
            Show("welcome", "both"),
            1.0,
            False,
            "환영~; 어서 *오세요|오십시오; 반갑~; 와 주셔서; 와주셔서; 모시~",
        ),
        Meaning(
            Show("wave", "right"),
            0.9,
            True,
            "안녕~; 여러분 *안녕하세요; 안녕히 *계세요|가세요|계십시오; 잘 *가~; 또 *만나요|봐요",
        ),
        Meaning(
            Show("self"),
            0.65,
            True,
            "저는; 제가; 저도; 저를; 저에게; 저의; 제; 나는; 내가; 나도; 나를; 나의; 나에게; 나한테; 저한테; 내",
        ),
        Meaning(
            Show("self"),
            0.6,
            True,
            "감사~; 고맙~; 고마~; 제 *생각~; 솔직히; 진심으로; 죄송~",
        ),
        Meaning(
            Show("self", "both"),
            0.55,
            True,
            "우리~; 저희~",
        ),
        Meaning(
            Show("point_you"),
            0.55,
            True,
            "당신~; 여러분~; 너는; 네가; 너도; 너를; 너의; 너에게; 그대~",
        ),
        Meaning(
            Show("point_out", "left"),
            1.0,
            False,
            "왼쪽~; 왼 *쪽~; 왼편~; 왼손~; 좌측~; 좌회전~",
        ),
        Meaning(
            Show("point_out", "right"),
            1.0,
            False,
            "오른쪽~; 오른 *쪽~; 오른편~; 오른손~; 우측~; 우회전~",
        ),
        Meaning(
            Show("point_up"),
            0.85,
            False,
            "위로; 위쪽~; 위에; 위를; 하늘~; 올라~; 꼭대기~; 천장~",
        ),
        Meaning(
            Show("point_down"),
            0.85,
            False,
            "아래~; 밑으로; 밑에; 바닥~; 내려~; 땅~",
        ),
        Meaning(
            Show("point_down"),
            0.6,
            False,
            "여기~; 이곳~; 지금~; 오늘~; 이 *자리~",
        ),
        Meaning(
            Show("point_out", "right"),
            0.75,
            False,
            "저기~; 저쪽~; 거기~; 저곳~; 그곳~; 저 *사람|집|산|건물~; 멀리~; 이것~; 저것~",
        ),
        Meaning(
            Show("count", None, "point"),
            0.9,
            False,
            "첫째~; 첫 *번째~; 첫번째~; 하나; 하나는; 한 *가지~; 한가지~; 한 *명~; 한 *개~; 먼저 $",
        ),
        Meaning(
            Show("count", None, "two"),
            0.9,
            False,
            "둘째~; 두 *번째~; 두번째~; 둘; 둘은; 두 *가지~; 두가지~; 두 *명~; 두 *개~; 두 *사람~",
        ),
        Meaning(
            Show("count", None, "three"),
            0.9,
            False,
            "셋째~; 세 *번째~; 세번째~; 셋; 셋은; 세 *가지~; 세가지~; 세 *명~; 세 *개~; 세 *사람~",
        ),
        Meaning(
            Show("count", None, "four"),
            0.85,
            False,
            "넷째~; 네 *번째~; 넷; 네 *가지~; 네 *명~; 네 *개~; 네 *사람~",
        ),
        Meaning(
            Show("count", None, "spread"),
            0.85,
            False,
            "다섯~; 다섯 *번째~; 다섯 *가지~; 다섯 *명~; 다섯 *개~",
        ),
        Meaning(
            Show("refuse"),
            0.95,
            True,
            "그만 $; 그만하~; 멈춰~; 멈추~; 절대 *안~; 절대로 *안~; 싫~; 거절~; 거부~; 잠깐~; 잠시만~; "
            "안 *돼요|됩니다|돼",
        ),
        Meaning(
            Show("wag", "right"),
            0.75,
            True,
            "아니요; 아니오; 아뇨; 아니 $; 아닙니다; 아니에요; 아니다; 절대; 절대로; 결코; 마세요; 마십시오; 말고; "
            "않습니다; 않아요; 않는다; 않다",
        ),
        Meaning(
            Show("cut", "both"),
            0.85,
            True,
            "없~; 아무도; 아무것도; 아무 *데도; 하나도; 전혀; 끝났~; 끝입니다; 끝 $",
        ),
        Meaning(
            Show("all", "both"),
            0.85,
            False,
            "모두~; 모든; 전부; 다 $; 전체~; 온 *세상~; 온 *세계~; 누구나; 어디나; 항상; 언제나; 완전히",
        ),
        Meaning(
            Show("big", "both"),
            0.95,
            False,
            "큰; 크고; 큽니다; 커요; 커다란; 거대~; 엄청난; 엄청나~; 어마어마~; 넓은; 넓고; 넓습니다; 크지; 커다~; "
            "크게",
        ),
        Meaning(
            Show("small", "both"),
            0.95,
            False,
            "작은; 작고; 작습니다; 작아요; 조그만; 조그마~; 조금 $; 좁은; 좁고; 작지; 아주 *조금; 작게",
        ),
        Meaning(
            Show("shrug", "both"),
            1.0,
            True,
            "모르~; 모릅니다; 모른다; 몰라~; 몰랐~; 글쎄~; 누가 *알~; 어떻게 *하~; 어쩔 *수; 확실하지 *않~; "
            "아무것도 *모르~|모릅니다",
        ),
        Meaning(
            Show("thumb_up", "right"),
            0.9,
            False,
            "잘했~; 잘 *했~; 훌륭~; 최고~; 축하~; 완벽~; 멋지~; 멋집니다; 좋습니다 $; 좋아요 $; 맞습니다; 네 $; 예 $",
        ),
        Meaning(
            Show("present", "left"),
            1.0,
            False,
            "한편으로는; 한편으론; 한쪽에서는; 한쪽은",
        ),
        Meaning(
            Show("present", "right"),
            1.0,
            False,
            "다른 *한편으로는|한편으론|한편으로; 반면~; 다른 *쪽~; 다른 *한쪽은",
        ),
        Meaning(
            Show("past", "right"),
            0.75,
            True,
            "어제~; 작년~; 지난~; 과거~; 옛날~; 예전~; 전에; 이전~; 오래 *전~; 그때~",
        ),
        Meaning(
            Show("future", "right"),
            0.75,
            False,
            "내일~; 내년~; 미래~; 앞으로; 나중에; 다음~; 이후~; 곧",
        ),
    ),
    negates=("결코 절대로"),
    negates_next=("안 못"),
    negates_before=(
        "않~ 못하~ 못합~ 못해~ 못했~ 마세요 마십시오 마라 마 말고 말아 말아요 말자 마라요 없~ 아니~ 아닙~ 아닌~ 아닐~ "
        "모르~ 모릅~"
    ),
    negates_not=("아니요; 아니오; 말씀"),
    parts=("그러나 하지만 그런데 그래서 그리고 그러면 대신"),
    closes=("지만", "는데", "은데", "니까", "하고", "있고", "이고", "면서", "해서", "말고"),
)
