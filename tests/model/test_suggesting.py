"""Names that somebody may have meant."""

from harness.model.suggesting import did_you_mean, nearest


def test_the_nearest_name_is_suggested():
    assert did_you_mean("relase", ["debug", "release"]) == "Did you mean 'release'?"
    assert nearest("relase", ["debug", "release"]) == "release"


def test_nothing_is_suggested_where_nothing_is_alike():
    assert did_you_mean("x", ["debug", "release"]) == ""
    assert nearest("release", ["relic"], cutoff=0.95) is None
