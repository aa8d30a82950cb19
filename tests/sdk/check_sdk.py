"""Calls a simulated Revox API with an official SDK and holds every answer against the SDK's types, strictly.

    check_sdk.py older|newer API_KEY BASE_URL...

The SDK builds its models without validating them, so the raw JSON of each answer is walked beside the types: no
required field may be missing, no field may be unknown, every literal and every primitive type must hold, in every
model down to the innermost. And every field of every model must have had a value somewhere, so that nothing the SDK
knows goes untried. What does not hold is printed, a path a line, and the exit code is 1.
"""

import sys
import typing

import pydantic
import revox
from revox import Revox


def expected(annotation):
    """How a type is spelt in a complaint."""
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")


def check(value, annotation, path):
    """The complaints about `value`, which should be of the type `annotation`."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        return check(value, arguments[0], path)
    if annotation is object or annotation is typing.Any:
        return []
    if origin is typing.Union:
        attempts = [check(value, member, path) for member in arguments]
        return min(attempts, key=len) if all(attempts) else []
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path}: {value!r} is not one of {arguments}"]
    if origin in (list, typing.List):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [it for at, item in enumerate(value) for it in check(item, arguments[0], f"{path}[{at}]")]
    if origin in (dict, typing.Dict):
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        return [it for key, item in value.items() for it in check(item, arguments[1], f"{path}.{key}")]
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return check_model(value, annotation, path)
    if annotation is type(None):
        return [] if value is None else [f"{path}: not null"]
    if annotation is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif annotation in (str, bool, int):
        good = type(value) is annotation
    else:
        return [f"{path}: this script does not know the type {annotation!r}"]
    return [] if good else [f"{path}: {value!r} is not {expected(annotation)}"]


# The fields that had a value in some answer: model and key.
filled = set()


def check_model(value, model, path):
    """The complaints about an object, field by field."""
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    complaints = []
    names = set()
    for name, field in model.model_fields.items():
        key = field.alias or name
        names.add(key)
        if key in value:
            found = check(value[key], field.annotation, f"{path}.{key}")
            if not found and value[key] is not None:
                filled.add((model, key))
            complaints += found
        elif field.is_required():
            complaints.append(f"{path}.{key}: missing")
    complaints += [f"{path}.{key}: unknown field" for key in value if key not in names]
    return complaints


def models_within(annotation, known):
    """The models that values of a type may hold, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        if annotation not in known:
            known.add(annotation)
            for field in annotation.model_fields.values():
                models_within(field.annotation, known)
    for argument in typing.get_args(annotation):
        models_within(argument, known)
    return known


class Checker:
    """Takes answers, and keeps what is wrong with them."""

    def __init__(self):
        self.complaints = []
        self.answers = 0
        self.models = set()

    def take(self, name, raw):
        """The parsed answer of a raw response, once it was held against its type."""
        parsed = raw.parse()
        body = raw.http_response.json()
        models_within(type(parsed), self.models)
        found = check(body, type(parsed), name)
        if not found:
            # Pydantic has the last word: it validates what the SDK itself merely constructs.
            type(parsed).model_validate(body)
        self.complaints += found
        self.answers += 1
        return parsed

    def complain_of_what_was_never_shown(self):
        """Complains of fields that no answer had a value for."""
        for model in sorted(self.models, key=lambda model: model.__qualname__):
            for name, field in model.model_fields.items():
                if (model, field.alias or name) not in filled:
                    self.complaints.append(f"{model.__qualname__}.{field.alias or name}: no answer shows it")


def check_campaigns(client, checker, newer):
    """The list, each campaign, and all rows of each. Gives all rows."""
    rows = []
    for campaign in checker.take("campaigns.list", client.campaigns.with_raw_response.list()).campaigns:
        checker.take("campaigns.retrieve", client.campaigns.with_raw_response.retrieve(campaign.id))
        get_rows = client.campaigns.with_raw_response.get_rows
        if newer:
            found = checker.take("campaigns.get_rows", get_rows(campaign.id)).rows
        else:
            found, total, page = [], None, 1
            while total is None or len(found) < total:
                answer = checker.take("campaigns.get_rows", get_rows(campaign.id, page=page, page_size=50))
                if not answer.rows:
                    break
                found += answer.rows
                total, page = answer.total, page + 1
        if campaign.row_stats and campaign.row_stats.total != len(found):
            checker.complaints.append(f"{campaign.id}: {len(found)} rows, row_stats says {campaign.row_stats.total}")
        rows += found
    return rows


def check_search(client, checker, rows):
    """All pages of the search; every call on a row must be found."""
    lists = ("assignee_ids", "assistant_ids", "campaign_ids", "directions", "from_phone_numbers", "outcomes")
    everything = {name: [] for name in (*lists, "results", "statuses")}
    found, page = {}, 1
    while True:
        raw = client.call.with_raw_response.search(
            page=page, page_size=100, sort_by="updated_at", sort_direction="desc", **everything
        )
        answer = checker.take("call.search", raw)
        found.update((call.id, call) for call in answer.calls)
        if not answer.calls:
            break
        page += 1
    if len(found) != answer.total_count:
        checker.complaints.append(f"call.search: {len(found)} calls, total_count says {answer.total_count}")
    missing = {row.call.id for row in rows if row.call} - set(found)
    if missing:
        checker.complaints.append(f"call.search: does not find {sorted(missing)[:3]}")


def literals_seen(rows):
    """Every status that calls have, so that a check of an account with few of them does not pass for more."""
    return {row.call.status for row in rows if row.call}


def check_account(client, checker, newer):
    """Everything that an account shows. Gives the number of its rows."""
    rows = check_campaigns(client, checker, newer)
    me = client.users.with_raw_response.retrieve() if newer else client.users.me.with_raw_response.retrieve()
    checker.take("users.me", me)
    if newer:
        check_search(client, checker, rows)
    wanted = 10 if newer else 7
    if len(literals_seen(rows)) != wanted:
        checker.complaints.append(f"calls have {len(literals_seen(rows))} statuses, not all {wanted}")
    return len(rows)


def main():
    flavour, api_key, *base_urls = sys.argv[1:]
    checker = Checker()
    rows = 0
    for base_url in base_urls:
        client = Revox(api_key=api_key, base_url=base_url, max_retries=0)
        rows += check_account(client, checker, flavour == "newer")
    checker.complain_of_what_was_never_shown()

    for complaint in checker.complaints[:50]:
        print(complaint)
    print(f"revox {revox.__version__}: {checker.answers} answers, {rows} rows, {len(checker.complaints)} complaints")
    return 1 if checker.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
