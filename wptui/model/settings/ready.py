"""The rules that come with wptui, all of them off: what `wptui edit rules` shows where nobody has written any."""

from __future__ import annotations

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "welcome": "Hello {{customer.first_name|there}}, thank you for writing. Somebody will answer in a few minutes.",
        "away": "Thank you for your message. We are closed now and open again on {{hours.next|the next working day}}.",
        "shipping": "Orders leave on the day they are placed and arrive in one to three working days.",
        "menu": "How can we help you? Please choose.",
        "menu_button": "Choose",
        "follow_up": "Could we help you, {{customer.first_name|dear customer}}? Just write if anything is left open.",
        "csat": "How satisfied were you with our help?",
        "csat_button": "Rate",
        "nps": "How likely is it that you recommend us to a friend? Please answer with a number from 0 to 10.",
        "low": "A customer is not satisfied",
        "out": "You will get no more offers from us. Write START if you change your mind.",
        "in": "Welcome back: we will tell you about our offers again.",
    },
    "tr": {
        "welcome": "Merhaba {{customer.first_name|efendim}}, yazdığınız için teşekkürler. Birazdan döneceğiz.",
        "away": "Mesajınız için teşekkürler. Şu an kapalıyız; {{hours.next|ilk iş günü}} itibarıyla buradayız.",
        "shipping": "Siparişler aynı gün kargoya verilir, bir ila üç iş gününde elinizde olur.",
        "menu": "Size nasıl yardımcı olabiliriz? Lütfen seçin.",
        "menu_button": "Seçin",
        "follow_up": "Yardımcı olabildik mi, {{customer.first_name|efendim}}? Sorunuz varsa yazmanız yeterli.",
        "csat": "Verdiğimiz destekten ne kadar memnun kaldınız?",
        "csat_button": "Puanlayın",
        "nps": "Bizi bir arkadaşınıza önerme ihtimaliniz nedir? Lütfen 0 ile 10 arasında bir sayı yazın.",
        "low": "Memnun kalmayan bir müşteri var",
        "out": "Size artık kampanya mesajı göndermeyeceğiz. Fikriniz değişirse BAŞLAT yazın.",
        "in": "Yeniden hoş geldiniz: kampanyalarımızı size haber vereceğiz.",
    },
}

_DOCUMENT = """\
# What wptui does by itself. Each rule is off until its "on" says true.
# `wptui rules test` shows what the rules would have done yesterday, without doing it. docs/rules.md explains all of it.

# ── Marketing messages: out and in again ────────────────────────────────────────────────────────────────────

[opt-out]
title = "No more marketing"
on = false
when = "message"
if = {exact = ["STOP", "DUR", "İPTAL"]}      # the whole message
then = [{opt = "out"}, {reply = "@out@"}, {resolve = true}]
stop = true                                  # no other rule answers this message

[opt-in]
title = "Marketing again"
on = false
when = "message"
if = {exact = ["BAŞLAT", "START"]}
then = [{opt = "in"}, {reply = "@in@"}, {resolve = true}]
stop = true

# ── Greetings ───────────────────────────────────────────────────────────────────────────────────────────────

[welcome]
title = "Welcome"
on = false
when = "first_message"                       # of a request
if = {hours = "open"}
then = [{reply = "@welcome@"}]

[away]
title = "We are closed"
on = false
when = "message"
if = {hours = "closed"}                      # by `wptui edit hours`
every = "8h"                                 # at most once in this time for a customer
then = [{reply = "@away@"}]

# ── Questions that are asked every day ──────────────────────────────────────────────────────────────────────

[faq-shipping]
title = "Question: shipping"
on = false
when = "message"
if = {keyword = ["kargo*", "teslimat*", "shipping", "delivery"]}   # a * takes every ending
every = "1d"
then = [{reply = "@shipping@"}, {label = "kargo"}]

# ── Which department ────────────────────────────────────────────────────────────────────────────────────────

[department-menu]
title = "Menu of departments"
on = false
when = "first_message"
if = {department = [""], hours = "open"}     # [""]: still in no department
then = [{menu = "@menu@", button = "@menu_button@"}]

# ── When the customer does not answer ───────────────────────────────────────────────────────────────────────

[follow-up]
title = "Ask once more"
on = false
when = "silent"                              # nobody has written since our last answer
after = "20h"                                # the 24-hour window is still open then
then = [{reply = "@follow_up@"}]

[auto-resolve]
title = "Resolve after silence"
on = false
when = "silent"
after = "3d"
then = [{resolve = true}]

# ── Were they satisfied? One survey for a request: turn on one of the two ───────────────────────────────────

[csat]
title = "Satisfaction, 1 to 5"
on = false
when = "resolved"
if = {answered = true}
then = [{survey = "csat", text = "@csat@", button = "@csat_button@"}]

[nps]
title = "Recommendation, 0 to 10"
on = false
when = "resolved"
after = "30m"
if = {answered = true}
then = [{survey = "nps", text = "@nps@"}]

[not-satisfied]
title = "@low@"
on = false
when = "survey_answered"
if = {survey = "csat", score_below = 3}
then = [{label = "memnuniyetsiz"}, {notify = ["assignee"], text = "@low@"}]
"""

READY = (
    "opt-out", "opt-in", "welcome", "away", "faq-shipping", "department-menu", "follow-up", "auto-resolve", "csat",
    "nps", "not-satisfied",
)  # fmt: skip


def ready_made(language: str = "en") -> str:
    """The document. `language` (en or tr) is the one in which customers are written to; comments are English."""
    text = _DOCUMENT
    for name, said in _TEXTS.get(language, _TEXTS["en"]).items():
        text = text.replace(f"@{name}@", said)
    return text
