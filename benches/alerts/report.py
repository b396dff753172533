"""The outcome as Markdown: what a reader decides by, and what it does not say."""

import statistics
from collections import Counter

from . import parameters as p
from .agreement import Agreement
from .judge import judge
from .others import OTHERS
from .rules import Original, Unseen
from .run import MAIN_WORLD

THRESHOLDS = (1, 2, 3)
MAIN = 2
JUDGED_DAYS = p.DAYS - p.JUDGED_FROM

INTRODUCTION = """\
# Which accesses raise an alert: an evaluation

`make alerts` makes this page: a simulated company of {buckets} buckets, {days} days, hourly searches by arrival, three
rules over the same records. Days {first} to {days} are judged. Seeds {seeds}; about {accesses:,} records and {intrusions}
intrusions of {kinds} kinds a seed. {decider}

An honest alert is a returned row of an access that belongs to no intrusion. An intrusion is found if one row of it is
returned, on whatever visit. Among the five highest of the day: each intrusion counts once there, with its highest row.
"""

LIMITS = """\
## What this cannot show

- Absolute rates. How often staff move, how many workers a lake has, how people name roles: assumed, in
  `alerts/parameters.py`, each number with its source or the word that there is none. Another company has other ones.
- How attackers choose addresses, and how often they come. The share found is a share of these kinds, each as often as
  the others; real precision cannot be learnt here.
- The reading of log lines. Records are fed as columns, one row a record; `_raw`, ambiguous lines and the like are the
  business of the tests.
- What an analyst makes of an alert, and what an allow list takes away.

The weights and the window of the score are not fitted to these worlds. Two things about the worlds were decided after a
first run: that staff who sign in once share a role of their team (the other choice is in the table of what the result
hangs on), and that no two intrusions of a seed use the same credentials while there are others, since the visits of one
thief would be the habit that hides the next.
"""


OTHER_WORLDS = f"""\
## What the result hangs on

The same seeds at a score of {MAIN}, each world with the one assumption changed that is named; the plain model decided.

"""

AGREEMENT = """\
## The program and the plain model

The rules in plain Python (`alerts/rules.py`, `alerts/policy.py`) ran over the same records, with exact counts. A row
is the same in both where both return it, and with scores that differ by at most 0.3 bits; another verdict is one on the
other side of a score of 2.

"""


def report(outcomes, decider):
    """The whole page."""
    by_rule = _by_rule(outcomes)
    seeds = [outcome.seed for outcome in by_rule["scored"]]
    parts = [
        INTRODUCTION.format(
            buckets=by_rule["scored"][0].buckets, days=p.DAYS, first=p.JUDGED_FROM, seeds=", ".join(map(str, seeds)),
            accesses=round(statistics.mean(one.accesses for one in by_rule["scored"])), kinds=len(set(_kinds(by_rule))),
            intrusions=len(_kinds(by_rule)), decider=decider,
        ),
        "## The rules\n\n" + _rules(by_rule),
        f"## Seed by seed, at a score of {MAIN}\n\n" + _seeds(by_rule["scored"]),
        "## Honest alerts a day, by population\n\n" + _populations(by_rule),
        "## Intrusions found, by kind\n\n" + _found(by_rule),
        _others(outcomes, by_rule),
        _agreement(by_rule),
        LIMITS,
    ]
    return "\n".join(part for part in parts if part)


def _by_rule(outcomes):
    by_rule = {}
    for outcome in sorted(outcomes, key=lambda outcome: outcome.seed):
        if outcome.world == MAIN_WORLD:
            by_rule.setdefault(outcome.rule, []).append(outcome)
    return by_rule


def _kinds(by_rule):
    return by_rule["scored"][0].kinds


def _columns(by_rule):
    """The columns of the tables: a name, and a verdict for each seed."""
    yield "the original", [judge(one.alerts) for one in by_rule["original"]]
    yield Unseen.name, [judge(one.alerts) for one in by_rule["unseen"]]
    for threshold in THRESHOLDS:
        yield f"minscore={threshold}", [judge(one.alerts, threshold) for one in by_rule["scored"]]


def _rules(by_rule):
    names = {"the original": Original.name, Unseen.name: "`new=unseen`"}
    rows = []
    for name, verdicts in _columns(by_rule):
        intrusions = len(_kinds(by_rule)) * len(verdicts)
        top = "-" if verdicts[0].on_top is None else _percent(sum(len(one.on_top) for one in verdicts), intrusions)
        text = names.get(name, f"`{name}`")
        if name == f"minscore={MAIN}":
            text = f"**{text}**"
        rows.append([text, _a_day(sum(one.honest.total() for one in verdicts), len(verdicts)),
                     str(max(one.busiest_day for one in verdicts)),
                     _percent(sum(len(one.found) for one in verdicts), intrusions), top])
    return _table(["rule", "honest alerts a day", "on the busiest day", "intrusions found", "among the five highest"],
                  rows)


def _seeds(outcomes):
    rows = []
    for one in outcomes:
        verdict = judge(one.alerts, MAIN)
        rows.append([str(one.seed), _a_day(verdict.honest.total(), 1), f"{len(verdict.found)} of {len(one.kinds)}",
                     _percent(len(verdict.found), len(one.kinds)), _percent(len(verdict.on_top), len(one.kinds))])
    return _table(["seed", "honest alerts a day", "found", "share", "among the five highest"], rows)


def _populations(by_rule):
    columns = {name: verdicts for name, verdicts in _columns(by_rule)}
    sums = {name: sum((one.honest for one in verdicts), Counter()) for name, verdicts in columns.items()}
    populations = sorted(sums[Unseen.name], key=lambda population: -sums[Unseen.name][population])
    rows = [[population, *(_a_day(sums[name][population], len(columns[name])) for name in columns)]
            for population in populations]
    return _table(["population", *columns], rows)


def _found(by_rule):
    columns = dict(_columns(by_rule))
    kinds = _kinds(by_rule)
    rows = []
    for kind in dict.fromkeys(kinds):
        numbers = {number for number, name in enumerate(kinds) if name == kind}
        of = len(numbers) * len(by_rule["scored"])
        rows.append([kind, str(of), *(str(sum(len(one.found & numbers) for one in verdicts))
                                      for verdicts in columns.values())])
    return _table(["kind", "intrusions", *columns], rows)


def _others(outcomes, by_rule):
    worlds = {"as above": by_rule["scored"]}
    for outcome in outcomes:
        if outcome.world != MAIN_WORLD:
            worlds.setdefault(outcome.world, []).append(outcome)
    if len(worlds) == 1:
        return ""
    rows = []
    for world in ["as above", *(world for world in OTHERS if world in worlds)]:
        verdicts = [judge(one.alerts, MAIN) for one in worlds[world]]
        intrusions = sum(len(one.kinds) for one in worlds[world])
        rows.append([world, _a_day(sum(one.honest.total() for one in verdicts), len(verdicts)),
                     _a_day(sum(one.honest["staff data"] for one in verdicts), len(verdicts)),
                     _percent(sum(len(one.found) for one in verdicts), intrusions),
                     _percent(sum(len(one.on_top) for one in verdicts), intrusions)])
    return OTHER_WORLDS + _table(["world", "honest alerts a day", "of them staff data", "intrusions found",
                                  "among the five highest"], rows)


def _agreement(by_rule):
    rows = []
    for rule, outcomes in by_rule.items():
        total = Agreement()
        for one in outcomes:
            total.add(one.agreement)
        if total.rows:
            rows.append([rule, f"{total.rows:,}", f"{total.agreed:,}", f"{total.worst:.2f}", str(total.other_verdicts)])
    header = ["rule", "rows", "the same in both", "worst difference", "another verdict"]
    return AGREEMENT + _table(header, rows) if rows else ""


def _a_day(number, worlds):
    rate = number / worlds / JUDGED_DAYS
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _percent(number, of):
    return f"{100 * number / of:.0f} %"


def _table(header, rows):
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
