"""`releases` on a stack that is up."""

from tests.operations.place import Place


def test_releases_tell_what_ran_with_migration_and_outcome(place: Place) -> None:
    ran = place("releases", "aprendeai")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["aprendeai"]
    assert [line[0] for line in lines[2:] if line[0].startswith("v")] == ["v1.1.0", "v1.0.0"]
    first = lines[2]
    assert first[4:7] == ["migration", "2", place.short_digest("aprendeai-api", "v1.1.0")]
    assert first[7] == "migrated"
    outcomes = {line[0]: line[3] for line in lines[3:7]}
    assert outcomes == dict.fromkeys(("ai", "api", "frontend", "worker"), "completed")


def test_releases_of_a_system_that_isnt_there(place: Place) -> None:
    ran = place("releases", "aprendizagem")
    assert (ran.code, ran.err) == (
        1,
        "error: stack 'local' has no system 'aprendizagem'; it has: aprendeai, equivalence\n",
    )
