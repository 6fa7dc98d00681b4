"""Closed classes of English words, by which sentences are taken apart."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\d[\d,.:/]*\d|\d|[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*|[^\w\s]")
CONTRACTIONS = (
    (r"\b(can|ca)(?:not|n['\u2019]t)\b", "can not"),
    (r"\bwon['\u2019]t\b", "will not"),
    (r"\blet['\u2019]s\b", "let us"),
    (r"(\w)n['\u2019]t\b", r"\1 not"),
    (r"\b(i)['\u2019]m\b", r"\1 am"),
    (r"\b(i|we|you|they|he|she|it)['\u2019](?:ll)\b", r"\1 will"),
    (r"\b(i|we|you|they)['\u2019]ve\b", r"\1 have"),
    (r"\b(we|you|they)['\u2019]re\b", r"\1 are"),
    (r"\b(i|we|you|they|he|she|it)['\u2019]d\b", r"\1 would"),
    (r"\b(he|she|it|that|there|who|what)['\u2019]s\b", r"\1 is"),
)
#: Words for who writes, and for who is written to.
WRITER = frozenset("i we me us my our mine ours myself ourselves".split())
READER = frozenset("you your yours yourself yourselves".split())
SUBJECTS = frozenset("i we you he she it they who".split())
OBJECTS = frozenset("me us you him her them it".split())
#: Words for others who are persons.
PERSONAL = frozenset("he she they him her them his hers their theirs".split())
POSSESSIVES = frozenset("my our your his her their".split())
#: What a noun begins with that has a verb of its own sooner or later; "no" and "all" may stand before a participle.
BEFORE_NOUN = POSSESSIVES | frozenset("the a an this that these those its".split())
DETERMINERS = frozenset("a an the this that these those some any no each every all both its".split()) | POSSESSIVES
#: Whom somebody asks who does not know whom to ask.
ANYONE = frozenset("anyone anybody someone somebody everyone everybody".split())
#: Words for anybody or nothing in particular.
ANYBODY = frozenset(
    "someone somebody anyone anybody everyone everybody nobody none one people all that this these there which what "
    "it who both".split()
)
BE = frozenset("am is are was were be been being".split())
HAVE = frozenset("have has had".split())
DO = frozenset("do does did".split())
MODALS = frozenset("will would shall should can could may might must ought".split())
AUXILIARIES = BE | HAVE | DO | MODALS | {"not", "to", "going", "able", "feel"}
ADVERBS = frozenset(
    "also just still already always never only soon then now however really even ever again maybe perhaps instead "
    "therefore kindly too yet simply actually both all usually often currently".split()
)
#: What tells that somebody is "he" or "she": a name does not.
SEXES = (
    frozenset(
        "he him his himself man men boy boys gentleman mr sir lord father dad daddy grandfather grandad granddad "
        "grandpa son grandson brother uncle nephew husband boyfriend widower king prince monk waiter actor".split()
    ),
    frozenset(
        "she her hers herself woman women girl girls lady mrs ms miss madam mother mum mom mummy grandmother grandma "
        "gran granny nan daughter granddaughter sister aunt auntie niece wife girlfriend widow queen princess nun "
        "waitress actress".split()
    ),
)
#: How somebody is.
QUALITIES = frozenset(
    "good great late reliable punctual careful kind calm honest polite quick friendly able willing fluent strong "
    "skilled patient thorough popular".split()
)
#: Verbs and their like whose subject is also that of the verb behind "to".
WANTING = frozenset(
    "want wants wanted like love prefer need needs needed hope hopes plan plans planned wish try tries tried intend "
    "decide decided agree agreed refuse refused promise promised expect expects happy glad pleased willing ready used "
    "due supposed unable free allowed begin began start started continue forget forgot rather better".split()
)
PREPOSITIONS = frozenset(
    "about above after against along among around at before behind below beside between by during for from in inside "
    "into near of off on onto out outside over since through till to towards under until up upon via with within "
    "without than as like per ago".split()
)
SUBORDINATORS = frozenset(
    "if unless when whenever while because since before after until as that which who whom whose where whether why "
    "how than although though so once".split()
)
JOINERS = frozenset("and or but then".split())
INTERROGATIVES = frozenset("what when where who whom whose which why how".split())
#: Numbers in words, from one on.
TWELVE = tuple("one two three four five six seven eight nine ten eleven twelve".split())
#: Words for days, months and parts of them.
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_MONTHS = frozenset("january february march april may june july august september october november december".split())
TIMES = (
    _DAYS
    | _MONTHS
    | frozenset("today tomorrow yesterday tonight noon morning afternoon evening night week month year day".split())
)
#: Verbs beside those of ``verbs.BASES``, which also tell what a sentence is.
MORE_VERBS = frozenset(
    "accompany address admit bake beat blame block borrow chair clean compete conduct swap congratulate "
    "cook count cross die dismiss divide draw eat elect employ escape examine fine fight fire fund gather greet guide "
    "hire hurt improve injure install insult investigate joke judge launch lend limit link list lock mark merge mind "
    "mow object oppose oversee owe park pass permit phone plant praise protest qualify question quit rate reactivate "
    "recover relocate renew reopen rescue resume retire ring risk score search secure settle shift shorten sing skip "
    "sleep sue succeed suffer sweep switch teach test text touch train transfer translate travel treat trust unite "
    "vote walk wash water withdraw insure host represent supervise defeat introduce marry mail fetch feed unlock "
    "copy refund reimburse reschedule postpone deduct promote terminate deploy upload download delete donate "
    "compensate proofread verify inspect assist evaluate notify respond unpack unload waive calculate".split()
)
#: Past tenses beside those that tell what a sentence is.
MORE_PAST = frozenset("lent taught sang swam woke drank ate slept bit fed fled hid hung laid lay rang".split())
#: Past tenses that are no participles: what stands before one surely does it.
ONLY_PAST = frozenset(
    "ate became began blew broke chose drank drew drove fell flew froze gave grew hid knew rang rode rose sang saw "
    "shook spoke stole swam threw took went woke wore wrote resigned arrived agreed refused".split()
)
#: Forms that the stemmer does not bring home.
STEMS = {"left": "leave", "thought": "think", "rose": "rise", "felt": "feel"}
#: What one does not tell another to do: "don't want a voucher" is what the writer does not want.
STATES = frozenset("want need accept have know agree like think understand see believe mind care own belong".split())
#: What the reader is told to do even where nothing else says so.
ORDERS = frozenset("bring tell contact register wear save reply click ask feed let".split())
#: What a request begins with when it is no order: "could you", "I would be grateful if you could".
ASKED_BY = frozenset("grateful appreciate glad happy appreciated kind ask asking wonder wondering like".split())


#: Participles that no ending gives away, and those that are as the verb itself.
PARTICIPLES = frozenset(
    "been given taken known seen shown thrown born done gone written broken driven eaten fallen "
    "forgotten chosen spoken stolen worn drawn begun sung hidden ridden risen beaten torn".split()
)
BASE_PARTICIPLES = frozenset("come become run cut put set let hit hurt read cost".split())

#: What no verb is that says what somebody does.
NO_VERBS = (
    AUXILIARIES | ADVERBS | SUBJECTS | OBJECTS | DETERMINERS | PREPOSITIONS | SUBORDINATORS | JOINERS | WRITER | READER
) | {"please", "kindly"}
#: What ends a noun phrase, read from its end.
AROUND_PHRASES = (
    PREPOSITIONS
    | SUBORDINATORS
    | JOINERS
    | AUXILIARIES
    | ADVERBS
    | SUBJECTS
    | (OBJECTS - {"her"})
    | {"please", "kindly"}
)
#: What stands before a verb only if a noun phrase ends there that is left out.
BEFORE_NO_VERB = DETERMINERS | PREPOSITIONS | SUBORDINATORS
NAMED = WRITER | READER | PERSONAL
