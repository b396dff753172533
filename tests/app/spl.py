"""As much of SPL as the app's searches use: macros, commands, and which fields leave each command.

A command that is not known here fails the test that meets it, so a new one is thought about once.
"""

import re

# What a search over S3 server access logs brings: Splunk's own fields and those of the Splunk Add-on for AWS.
EVENT_FIELDS = frozenset(
    """
    _time _raw _indextime host source sourcetype index linecount splunk_server
    bucket_owner bucket_name request_time remote_ip requester request_id operation key request_uri http_status
    error_code bytes_sent object_size total_time turn_around_time referrer user_agent version_id
    http_method uri uri_protocol src src_ip user status action dest storage_name
    """.split()
)
TOKEN = r'"(?:[^"\\]|\\.)*"|\S+'


def expand(search, macros):
    """The search with its macros written out; an unknown one is an error."""

    def definition(match):
        name, arguments = match[1], [part for part in (match[2] or "").split(",") if part]
        macro = macros[f"{name}({len(arguments)})" if arguments else name]
        text = macro["definition"]
        for parameter, argument in zip(macro["args"].split(",") if arguments else [], arguments, strict=True):
            text = text.replace(f"${parameter}$", argument)
        return text

    return re.sub(r"`(\w+)(?:\(([^)`]*)\))?`", definition, search)


def commands(search):
    """The pipeline as (command, tokens): split at bars outside of quotes; what begins without a bar is a search."""
    parts = re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', search)
    first = [["search", *re.findall(TOKEN, parts[0])]] if parts[0].strip() else []
    return [(tokens[0], tokens[1:]) for tokens in first + [re.findall(TOKEN, part) for part in parts[1:]]]


def fields_after(search, run_s3newip):
    """The fields that leave the search. run_s3newip(tokens, fields) says what leaves that command."""
    fields = set()
    for command, tokens in commands(search):
        fields = STEPS[command](tokens, fields) if command != "s3newip" else run_s3newip(tokens, fields)
    return fields


def needed(wanted, fields, command):
    missing = set(wanted) - fields
    assert not missing, f"{command} names {sorted(missing)}, which no command before it makes"


def search_step(tokens, fields):
    """A search of events as the first command, a filter of the rows so far after another command."""
    return fields or set(EVENT_FIELDS)


def stats_step(tokens, fields):
    text = " ".join(tokens)
    functions, _by, by = text.partition(" by ")
    needed(re.findall(r"\b\w+\((\w+)\)", functions), fields, "stats")
    needed(by.split(), fields, "stats")
    made = re.findall(r"\bas (\w+)", functions) + re.findall(r"(?<!\w)count(?!\w)", functions)
    return set(made) | set(by.split())


def eval_step(tokens, fields):
    made, _equals, expression = " ".join(tokens).partition("=")
    words = re.findall(r"\b[A-Za-z_]\w*\b(?!\()", re.sub(r'"[^"]*"', "", expression))
    needed(set(words) - {"AND", "OR", "NOT"}, fields, "eval")
    return fields | {made.strip()}


def rex_step(tokens, fields):
    needed(["_raw"], fields, "rex")
    return fields | set(re.findall(r"\(\?<(\w+)>", " ".join(tokens)))


def convert_step(tokens, fields):
    needed(re.findall(r"ctime\((\w+)\)", " ".join(tokens)), fields, "convert")
    return fields


def fillnull_step(tokens, fields):
    return fields | {token for token in tokens if "=" not in token}


def iplocation_step(tokens, fields):
    needed(tokens, fields, "iplocation")
    return fields | {"City", "Country", "Region", "lat", "lon"}


def rename_step(tokens, fields):
    old, keyword, new = tokens
    assert keyword == "as"
    needed([old], fields, "rename")
    return fields - {old} | {new}


def table_step(tokens, fields):
    needed(tokens, fields, "table")
    return set(tokens)


STEPS = {
    "search": search_step,
    "stats": stats_step,
    "eval": eval_step,
    "rex": rex_step,
    "convert": convert_step,
    "fillnull": fillnull_step,
    "iplocation": iplocation_step,
    "rename": rename_step,
    "table": table_step,
}


def swept(search, event):
    """Bucket, address and status of an event as the sweep groups them: its rex commands by Python's own regular
    expressions, and its one eval, which must be the one below."""
    fields = dict(event)
    for command, tokens in commands(search):
        if command == "rex":
            pattern = tokens[-1].strip('"').replace("(?<", "(?P<")
            found = list(re.finditer(pattern, fields["_raw"]))[: 2 if "max_match=2" in tokens else 1]
            for name in re.compile(pattern).groupindex if found else ():
                values = [match[name] for match in found]
                fields[name] = values if "max_match=2" in tokens else values[0]
        elif command == "eval" and tokens[0].startswith("http_status="):
            assert "".join(tokens) == (
                'http_status=case(len(_raw)>=2500ORmvcount(log_status)>1,"-",mvcount(log_status)=1,log_status,'
                "true(),http_status)"
            )
            statuses = fields.get("log_status", [])
            if len(fields["_raw"]) >= 2500 or len(statuses) > 1:
                fields["http_status"] = "-"
            elif statuses:
                (fields["http_status"],) = statuses
        elif command == "fillnull":
            fields.setdefault("http_status", "-")
        elif command == "stats":
            return fields["bucket_name"], fields["remote_ip"], fields["http_status"]
    raise AssertionError("no stats")
