"""Which patches are nearly the same."""

from __future__ import annotations

import pytest

from harness.campaign.alike import change_digest, groups_alike

PATCH = """\
diff --git a/nbody.c b/nbody.c
index 111..222 100644
--- a/nbody.c
+++ b/nbody.c
@@ -10,3 +10,3 @@ void step(void) {
   for (i = 0; i < n; i++)
-    block = 16;
+    block = 32;
+    unroll(4);
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [("block = 32", "block = 64"), ("    unroll", "\tunroll"), ("-10,3 +10,3", "-90,3 +93,3")],
    ids=["a figure", "spaces", "its place"],
)
def test_a_patch_that_is_nearly_the_same_has_the_same_digest(old: str, new: str) -> None:
    assert change_digest(PATCH.replace(old, new)) == change_digest(PATCH) != ""


@pytest.mark.parametrize(("old", "new"), [("unroll", "vectorise"), ("+    block", "+    tile")])
def test_another_patch_has_another_digest(old: str, new: str) -> None:
    assert change_digest(PATCH.replace(old, new)) != change_digest(PATCH)


def test_nothing_has_no_digest() -> None:
    assert change_digest("") == ""
    assert change_digest(PATCH.partition("@@")[0]) == ""


def test_attempts_are_grouped_by_what_they_change() -> None:
    assert groups_alike([(1, "a"), (2, ""), (3, "b"), (4, "a"), (5, "")]) == [(1, 4)]
