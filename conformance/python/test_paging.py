"""Pages: each item comes once, whatever the Limit; a NextMarker comes exactly with Truncated."""

import pytest


def walk(wire, operation, items, **payload):
    """All pages, checked one by one."""
    pages, marker = [], {}
    while True:
        page = wire.ok(operation, payload | marker)
        assert ("NextMarker" in page) == page["Truncated"]
        pages.append(page[items])
        if not page["Truncated"]:
            return pages
        assert page[items], "an empty page that promises more"
        assert len(pages) < 500, "does not end"
        marker = {"Marker": page["NextMarker"]}


@pytest.mark.parametrize("limit", [1, 2, 1000, None])
def test_each_item_comes_once(wire, key, limit):
    name = key["KeyId"]
    keys = {name} | {wire.ok("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(4)}
    aliases = {f"alias/{n}" for n in "aBc-/_"}
    for alias in aliases:
        wire.ok("CreateAlias", {"AliasName": alias, "TargetKeyId": name})
    tags = {f"tag {n}" for n in range(5)}
    wire.ok("TagResource", {"KeyId": name, "Tags": [{"TagKey": tag, "TagValue": ""} for tag in tags]})

    cases = [
        ("ListKeys", "Keys", "KeyId", keys, {}, 1000),
        ("ListAliases", "Aliases", "AliasName", aliases, {"KeyId": name}, 100),
        ("ListResourceTags", "Tags", "TagKey", tags, {"KeyId": name}, 50),
    ]
    for operation, items, identity, wanted, payload, most in cases:
        size = {} if limit is None else {"Limit": min(limit, most)}
        pages = walk(wire, operation, items, **payload, **size)
        assert all(len(page) <= (limit or most) for page in pages)
        seen = [item[identity] for page in pages for item in page]
        assert sorted(seen) == sorted(wanted)
    assert walk(wire, "ListKeyPolicies", "PolicyNames", KeyId=name) == [["default"]]


def test_a_page_that_is_just_full_promises_nothing(wire, key):
    wire.ok("CreateKey")
    page = wire.ok("ListKeys", {"Limit": 2})
    assert (len(page["Keys"]), page["Truncated"]) == (2, False)


def test_an_empty_account(wire):
    assert wire.ok("ListKeys") == {"Keys": [], "Truncated": False}


def test_default_sizes(wire, key):
    """100 keys and 50 aliases make a page."""
    keys = [wire.ok("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(100)]
    assert [len(page) for page in walk(wire, "ListKeys", "Keys")] == [100, 1]
    for n in range(51):
        wire.ok("CreateAlias", {"AliasName": f"alias/page-{n:02}", "TargetKeyId": keys[n]})
    pages = walk(wire, "ListAliases", "Aliases")
    assert len(pages[0]) == 50
    names = [alias["AliasName"] for page in pages for alias in page if alias["AliasName"].startswith("alias/page-")]
    assert sorted(names) == [f"alias/page-{n:02}" for n in range(51)]


def test_what_goes_between_two_pages_breaks_nothing(wire, key):
    for n in range(4):
        wire.ok("CreateAlias", {"AliasName": f"alias/{n}", "TargetKeyId": key["KeyId"]})
    name = {"KeyId": key["KeyId"], "Limit": 2}
    first = wire.ok("ListAliases", name)
    for alias in first["Aliases"]:
        wire.ok("DeleteAlias", {"AliasName": alias["AliasName"]})
    second = wire.ok("ListAliases", name | {"Marker": first["NextMarker"]})
    assert {alias["AliasName"] for alias in first["Aliases"] + second["Aliases"]} == {f"alias/{n}" for n in range(4)}


def test_fifty_aliases_and_no_more(wire, key):
    for n in range(50):
        wire.ok("CreateAlias", {"AliasName": f"alias/{n}", "TargetKeyId": key["KeyId"]})
    answer = wire.call("CreateAlias", {"AliasName": "alias/50", "TargetKeyId": key["KeyId"]})
    assert (answer.status, answer.error[0]) == (400, "LimitExceededException")
