"""Paths into JSON documents."""

from __future__ import annotations

import pytest

from harness.system.outputs.jsonpath import canonical_json, json_to_value, pick

DOCUMENT = {"a": {"b": [{"x": 1}, {"x": 2}]}, "c.d": 3, "e": [[1, 2], [3, 4]]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", DOCUMENT),
        ("$", DOCUMENT),
        ("$.a.b[0].x", 1),
        ("a.b[-1].x", 2),
        ("a.b[*].x", [1, 2]),
        ('["c.d"]', 3),
        ("e[*][0]", [1, 3]),
        ("e[*][*]", [[1, 2], [3, 4]]),
    ],
)
def test_a_path_leads_to_its_value(path, value):
    assert pick(DOCUMENT, path) == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a.z", "there is no 'z' in an object with b"),
        ("a.b[2]", "there is no 2 in a list of 2"),
        ("a[*]", r"there is no \[\*\] in an object"),
        ("c.d", "there is no 'c' in an object with a, c.d, e"),
        ("a..b", "is not a path"),
        ("a[x]", "is not a path"),
    ],
)
def test_a_path_that_leads_nowhere_says_why(path, said):
    with pytest.raises(LookupError, match=said):
        pick(DOCUMENT, path)


@pytest.mark.parametrize("path", ['["c.d"]', "['c.d']", '$["c.d"]', '["c\\u002ed"]'])
def test_a_name_with_a_dot_is_quoted(path):
    assert pick(DOCUMENT, path) == DOCUMENT["c.d"]


def test_a_name_with_a_dot_that_is_not_quoted_says_how():
    with pytest.raises(LookupError, match=r'a name with dots is quoted: \["c.d"\]'):
        pick(DOCUMENT, "c.d")


def test_names_with_quotes_brackets_and_spaces():
    document = {'a"b': 1, "a]b": {"c d": 2}, "": 3}
    assert pick(document, '["a\\"b"]') == 1
    assert pick(document, '["a]b"].["c d"]') == 2
    assert pick(document, '[""]') == 3


def test_ragged_lists_and_mixtures_become_one_layout():
    assert json_to_value([[1, 2], [3]]) == "[[1, 2], [3]]"
    assert json_to_value([1, "a", None]) == '[1, "a", null]'


def test_truth_values_are_an_array_of_them():
    array = json_to_value([True, False])
    assert array.dtype == bool


def test_keys_are_put_in_order():
    assert (
        canonical_json({"b": 1, "a": {"d": [], "c": "ü"}}) == '{"a": {"c": "ü", "d": []}, "b": 1}'
    )
