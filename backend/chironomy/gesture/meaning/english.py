# SPDX-License-Identifier: GPL-3.0-or-later
"""What English sayings mean to the hands."""

from chironomy.gesture.meaning.table import Meaning, Show, Table

# Idioms whose words mean something else: they show nothing, and nothing in them does.
_NOTHING = (
    "i mean; i guess; i see; i think; i suppose; i believe; i say; you know; you see; you mean; mind you; "
    "you're welcome; you are welcome; bear with me; believe me; excuse me; tell me; let me; all right; alright; "
    "that's right; that is right; right now; right away; right after; right before; a right to; the right to; "
    "quite right; just right; at all; after all; above all; all of a sudden; all but; all along; once and for all; "
    "all the same; for all; there is|are|was|were|has|have|will|would|must|may|might|can|seems; "
    "is|are|was|were there; there's; there're; one of; one another; one day; one by one; "
    "one might|could|should|would|can|must|has|never; the one; any one; one thing; one more; no one else; "
    "which one; each one; every one of; every now and then; every other; big deal; in the long run; a little; "
    "little by little; little wonder; small talk; great deal; no doubt; no problem; no wonder; no longer; "
    "no matter; whether or not; why not; not only; nothing but; can't wait; cannot wait; not to mention; "
    "do not mention it; don't mention it; at first; first name|names|time|place; a second; per second; one second; "
    "second hand; this|that second; split second; a third; one third; two thirds; "
    "two hundred|thousand|million|billion; three hundred|thousand|million|billion; "
    "four hundred|thousand|million|billion; five hundred|thousand|million|billion; "
    "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety one|two|three|four|five; "
    "one hundred|thousand|million|billion; this morning|afternoon|evening|week|month|year|time|way; that way; "
    "like this|that; that day|night|time; at this|that point; here and now; here we go; here you go|are; "
    "here goes; neither here nor there; up to; up and running; what's up; down the road|line; the other day; "
    "day after day; time after time; look after; before long; hand in hand; thanks to; hello kitty; "
    "yes and no; good for nothing; great britain; the whole of; on the whole; as a whole; high school; never mind; "
    "nothing else; stop by; stop at nothing; non stop; as soon as; sooner or later; no sooner; later on; "
    "see you later; what a; what if; so what; that's why; how come"
)

ENGLISH = Table(
    meanings=(
        Meaning(None, 0, True, _NOTHING),
        Meaning(
            Show("welcome", "both"),
            1.0,
            False,
            "welcome; ladies and *gentlemen; thank you for *coming; good to *see you; glad you're *here; come *in; "
            "make yourself at *home",
        ),
        Meaning(
            Show("wave", "right"),
            0.9,
            True,
            "hello; hi; hey *there; hi *there; goodbye; bye; bye *bye; see you *soon|tomorrow|later; farewell; "
            "good *morning|afternoon|evening $",
        ),
        Meaning(
            Show("self"),
            0.75,
            True,
            "me; myself; mine; my own; as for *me; i *myself; in my *opinion|view",
        ),
        Meaning(
            Show("self"),
            0.5,
            True,
            "i; my; i'm; i've; i'll; i'd; thank you; thanks; from my *heart; honestly",
        ),
        Meaning(
            Show("self", "both"),
            0.55,
            True,
            "us; ourselves; our; we",
        ),
        Meaning(
            Show("point_you"),
            0.5,
            True,
            "you; your; yours; yourself; yourselves; all of *you; each of *you",
        ),
        Meaning(
            Show("point_out", "left"),
            1.0,
            False,
            "on|to|at|from the *left $; to the *left of; the *left side|hand|arm|wall|corner|one; "
            "on|to|at|from my|your|our|his|her|their *left; *left hand; "
            "go|goes|going|went|turn|turns|turning|turned *left; "
            "look|looks|looking|looked|move|moves|moving|moved|step|steps|keep|stay|bear|swing|swipe|head *left; "
            "far *left; *left and right; *left or right; *leftward|leftwards; *left turn; "
            "on the *left you|we|i|there|is|are|stands|sits|and|or|side; the *left $",
        ),
        Meaning(
            Show("point_out", "right"),
            1.0,
            False,
            "on|to|at|from the *right $; to the *right of; the *right side|hand|arm|wall|corner; "
            "on|to|at|from my|your|our|his|her|their *right; *right hand; "
            "go|goes|going|went|turn|turns|turning|turned *right; far *right; "
            "look|looks|looking|looked|move|moves|moving|moved|step|steps|keep|stay|bear|swing|swipe|head *right; "
            "*right and left; *rightward|rightwards; *right turn; "
            "on the *right you|we|i|there|is|are|stands|sits|and|or|side|a|an",
        ),
        Meaning(
            Show("point_up"),
            0.85,
            False,
            "up *there; *upward|upwards|overhead; in|into the *sky; to the *top; at the *top; "
            "look|looks|looked|looking *up; "
            "go|goes|went|going|climb|climbs|climbed|rise|rises|rose|shot|shoot *up; *skyward|skywards; "
            "the *ceiling",
        ),
        Meaning(
            Show("point_down"),
            0.85,
            False,
            "down *there; *downward|downwards; to|at the *bottom; look|looks|looked|looking *down; right *here; "
            "the *ground; the *floor; beneath; go|goes|went|going|fall|falls|fell|dropped|drop *down; underneath; "
            "down *here",
        ),
        Meaning(
            Show("point_down"),
            0.5,
            False,
            "here; today; right *now $; now $",
        ),
        Meaning(
            Show("point_out", "right"),
            0.75,
            False,
            "over *there; out *there; there $; over *here; far *away; in the *distance; *this|that one; "
            "look at *this|that|these|those; *this|that|these|those over here|there",
        ),
        Meaning(
            Show("count", None, "point"),
            0.9,
            False,
            "first $; *firstly; *first of all; number *one; rule *one; the *first; only *one; just *one; "
            "*first and foremost; *first we|you|i|they; point|step|part|question *one; *one is|was",
        ),
        Meaning(
            Show("count", None, "two"),
            0.9,
            False,
            "second $; *secondly; number|rule|point|step|part|question *two; the *second; *two; *second we|you|i|they",
        ),
        Meaning(
            Show("count", None, "three"),
            0.9,
            False,
            "third $; *thirdly; number|rule|point|step|part|question *three; the *third; *three; *third we|you|i|they",
        ),
        Meaning(
            Show("count", None, "four"),
            0.85,
            False,
            "fourth $; *fourthly; the *fourth; *four; number *four",
        ),
        Meaning(
            Show("count", None, "spread"),
            0.85,
            False,
            "fifth $; *fifthly; the *fifth; *five; number *five",
        ),
        Meaning(
            Show("refuse"),
            0.95,
            True,
            "no *way; under no *circumstances; not *welcome; do *not $; absolutely *not; certainly *not; "
            "of course *not; i *refuse; we *refuse; out of the *question; i *object",
        ),
        Meaning(
            Show("refuse"),
            0.95,
            False,
            "stop $; stop *it|that|there|now; *stop him|her|them; stop right *there; enough $; *enough of that; "
            "wait $; hold *on; keep *out; leave me *alone",
        ),
        Meaning(
            Show("wag", "right"),
            0.7,
            True,
            "no $; nope; nah; never; *not at all; not; don't; doesn't; didn't; won't; can't; cannot; isn't; "
            "aren't; wasn't; weren't; wouldn't; shouldn't; couldn't; mustn't; haven't; hasn't; not *even",
        ),
        Meaning(
            Show("cut", "both"),
            0.85,
            True,
            "nothing; nobody; none; no *one; nowhere; not a single *one; never *ever; *zero; "
            "not *anyone|anybody|anything; that's *it; that is *it; it's *over; it is *over; *finished $; "
            "the *end $; not any *more",
        ),
        Meaning(
            Show("all", "both"),
            0.85,
            False,
            "all; everything; everyone; everybody; every *single; every; whole; entire; entirely; "
            "all of *us|them|it; everywhere; the *whole world; all over the *world; all *around; altogether; "
            "completely; all the *time",
        ),
        Meaning(
            Show("big", "both"),
            0.95,
            False,
            "big; bigger; biggest; huge; large; larger; largest; enormous; gigantic; giant; massive; vast; "
            "immense; wide; broad; tremendous; colossal; a great *deal $; so *much; *long $",
        ),
        Meaning(
            Show("small", "both"),
            0.95,
            False,
            "small; smaller; smallest; tiny; tinier; a *little $; a little *bit; a tiny *bit; a *bit $; minute $; "
            "narrow; minuscule; short $; *little one|ones|thing|things; a *little smaller|closer",
        ),
        Meaning(
            Show("shrug", "both"),
            1.0,
            True,
            "don't *know; do not *know; doesn't *know; didn't *know; who *knows; no *idea; not *sure; "
            "what can|could you|we|i *do; can't *say; cannot *say; i *wonder; who *cares; *maybe $; perhaps $; "
            "i couldn't *tell; beats *me; *whatever $; *maybe nothing|not; hard to *say; don't *care; "
            "what difference does it *make",
        ),
        Meaning(
            Show("thumb_up", "right"),
            0.9,
            False,
            "well *done; good *job; great *job; nice *work; congratulations; perfect $; excellent $; bravo; "
            "*great $; *exactly $; good *work; *super; thumbs *up; good *luck; *brilliant $; *fantastic $; "
            "*okay $; *yes $",
        ),
        Meaning(
            Show("present", "left"),
            1.0,
            False,
            "on the one *hand; on one *hand; on the one *side",
        ),
        Meaning(
            Show("present", "right"),
            1.0,
            False,
            "on the other *hand; on the *other $; on the other *side",
        ),
        Meaning(
            Show("past", "right"),
            0.75,
            True,
            "yesterday; *ago; last *week|month|year|night|time|century; in the *past; back *then; used to *be; "
            "long *ago; before $; *before that; once upon a *time; in the old *days; history; formerly; earlier $",
        ),
        Meaning(
            Show("future", "right"),
            0.75,
            False,
            "tomorrow; next *week|month|year|time|century; in the *future; the *future; from now *on; soon; "
            "afterwards; after *that; one day *soon; looking *forward; ahead $; years to *come; later $",
        ),
    ),
    negates=(
        "not no never without nor neither hardly cannot don't doesn't didn't won't can't isn't aren't wasn't "
        "weren't wouldn't shouldn't couldn't mustn't haven't hasn't hadn't ain't nobody nothing none nowhere "
        "barely rarely seldom"
    ),
    negates_not=(
        "no doubt; no problem; no wonder; why not; not only; nothing but; can't wait; cannot wait; no matter; "
        "whether or not; not to mention; isn't it; aren't you; aren't they; isn't he; isn't she; don't you; "
        "doesn't it; don't we"
    ),
    parts=("but because so although though while then instead except rather"),
)
