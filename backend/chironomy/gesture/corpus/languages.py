# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences of our own in other languages, so that the rhythm and melody of more than English are learned from.

What is said does not matter; where it is stressed and where it pauses does.
"""

import numpy as np

_PATTERNS: dict[str, tuple[str, ...]] = {
    "de": (
        "{who} {did} {what} {when}.",
        "Ich glaube, dass {who} {what} {when} nicht vergessen hat.",
        "Zuerst kam {who}, dann {who2}, und am Ende war {what} verschwunden.",
        "Warum hat {who} das nicht früher gesagt?",
        "Es ist nicht nur {what}, es ist viel mehr als das!",
        "Erstens brauchen wir {what}, zweitens Geduld, und drittens ein wenig Glück.",
        "Und genau deshalb, meine Damen und Herren, stehen wir heute hier.",
        "{when} {did} {who} {what}, und niemand hat es gemerkt.",
        "Stellen Sie sich das einmal vor: {who} {did} {what}!",
    ),
    "es": (
        "{who} {did} {what} {when}.",
        "Yo creo que {who} nunca olvidó {what}.",
        "Primero vino {who}, luego {who2}, y al final {what} ya no estaba.",
        "¿Por qué {who} no lo dijo antes?",
        "No es solamente {what}, ¡es muchísimo más que eso!",
        "Necesitamos tres cosas: {what}, paciencia, y un poco de suerte.",
        "Y por eso, señoras y señores, estamos hoy aquí.",
        "{when}, {who} {did} {what}, y nadie se dio cuenta.",
        "Imagínense ustedes: ¡{who} {did} {what}!",
    ),
    "cmn": (
        "{when}{who}{did}{what}。",
        "我觉得{who}不会忘记{what}。",
        "先是{who}来了，然后{who2}也来了，最后{what}不见了。",
        "为什么{who}没有早一点说呢？",
        "这不仅仅是{what}，这比那个重要得多！",
        "第一，我们需要{what}，第二，需要耐心，第三，需要一点运气。",
        "所以，各位朋友，我们今天都在这里。",
        "你们想一想，{when}{who}{did}{what}，谁也没有发现。",
        "一方面我们要快，另一方面我们要小心。",
    ),
    "ko": (
        "{when} {who} {what} {did}.",
        "저는 {who} {what} 절대로 잊지 않을 거라고 생각합니다.",
        "먼저 {who} 왔고, 그 다음에 {who2} 왔습니다.",
        "왜 {who} 더 일찍 말하지 않았을까요?",
        "이것은 시작일 뿐이고, 앞으로 훨씬 더 중요합니다!",
        "첫째, 시간이 필요하고, 둘째, 인내가 필요하고, 셋째, 운도 필요합니다.",
        "그래서 여러분, 우리는 오늘 여기에 모였습니다.",
        "한번 생각해 보세요. {when} {who} {what} {did}!",
        "한편으로는 빨라야 하고, 다른 한편으로는 조심해야 합니다.",
    ),
}
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "de": {
        "who": ("meine Schwester", "der alte Lehrer", "unser Nachbar", "die junge Ärztin", "niemand", "das ganze Team"),
        "did": ("fand", "reparierte", "verkaufte", "beschrieb", "öffnete", "suchte"),
        "what": ("die grüne Tür", "eine sehr lange Leiter", "den letzten Brief", "das kleine Boot", "die Wahrheit"),
        "when": ("gestern", "im letzten Winter", "kurz vor dem Sturm", "vor vielen Jahren", "heute Morgen"),
    },
    "es": {
        "who": ("mi hermana", "el viejo capitán", "nuestro vecino", "la doctora", "todo el equipo", "un pintor joven"),
        "did": ("encontró", "vendió", "abrió", "perdió", "describió", "buscaba"),
        "what": ("la puerta verde", "una escalera larguísima", "la última carta", "el reloj roto", "la verdad"),
        "when": ("ayer", "el invierno pasado", "esta mañana", "hace muchos años", "antes de la tormenta"),
    },
    "cmn": {
        "who": ("我姐姐", "老师", "我们的邻居", "那个年轻的医生", "整个团队", "我爷爷"),
        "did": ("找到了", "修好了", "打开了", "忘记了", "买了", "看见了"),
        "what": ("那扇绿色的门", "一条小船", "最后一封信", "那个坏了的钟", "一个更好的办法"),
        "when": ("昨天", "去年冬天", "今天早上", "很多年以前", "下雨的时候"),
    },
    "ko": {
        "who": ("제 동생이", "선생님이", "우리 이웃이", "젊은 의사가", "모든 사람이", "할아버지가"),
        "did": ("찾았습니다", "고쳤습니다", "열었습니다", "잊어버렸습니다", "샀습니다", "보았습니다"),
        "what": ("초록색 문을", "작은 배를", "마지막 편지를", "고장 난 시계를", "더 좋은 방법을"),
        "when": ("어제", "지난 겨울에", "오늘 아침에", "아주 오래전에", "비가 오는 날에"),
    },
}

LANGUAGES: tuple[str, ...] = tuple(_PATTERNS)
"""espeak-ng's names of the languages other than English."""


def foreign_sentence(language: str, random: np.random.Generator) -> str:
    """One sentence in one of `LANGUAGES`."""
    words = {name: str(random.choice(choices)) for name, choices in _WORDS[language].items()}
    words["who2"] = str(random.choice(_WORDS[language]["who"]))
    text = str(random.choice(_PATTERNS[language])).format(**words)
    return text[0].upper() + text[1:]
