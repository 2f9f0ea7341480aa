from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import JobError, Problems, SourceNotAllowedError
from mediapipeline.sources import Publisher, Resolver, SourcePolicy


@attrs.frozen
class Store:
    """A resolver and publisher that must not be asked to do anything: a policy only looks at its schemes."""

    schemes: frozenset[str]

    async def fetch(self, source: str, target: Path) -> None:
        raise AssertionError(f"fetched {source} to {target}")

    async def publish(self, path: Path, destination: str, *, overwrite: bool) -> None:
        raise AssertionError(f"published {path} to {destination} ({overwrite})")


S3 = Store(frozenset({"s3"}))
BASE = Path("/base")
LOCAL = SourcePolicy(base_dir=BASE)


def codes(problems: Problems) -> dict[str, str]:
    return {p.path: p.code for p in problems}


def test_the_protocols_are_met() -> None:
    assert isinstance(S3, Resolver)
    assert isinstance(S3, Publisher)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("in.mp4", "/base/in.mp4"),
        ("/in.mp4", "/in.mp4"),
        ("-x.mp4", "/base/-x.mp4"),
        ("a:b.mp4", "/base/a:b.mp4"),
        ("C:\\in.mp4", "/base/C:\\in.mp4"),
        ("c:/in.mp4", "/base/c:/in.mp4"),
        ("c://in.mp4", "/base/c:/in.mp4"),
        ("what?.mp4", "/base/what?.mp4"),
        ("100%41.mp4", "/base/100%41.mp4"),
        ("ü 'x'.mp4", "/base/ü 'x'.mp4"),
        ("file:///in%20put.mp4", "/in put.mp4"),
        ("FILE:///in.mp4", "/in.mp4"),
        ("file:/in.mp4", "/in.mp4"),
        ("file://localhost/in.mp4", "/in.mp4"),
    ],
)
def test_local_names(name: str, file: str) -> None:
    problems = Problems()
    assert LOCAL.input_path(name, "/inputs/0/source", problems) == Path(file)
    assert LOCAL.output_path(name, "/outputs/0/destination", problems) == Path(file)
    assert not list(problems)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "control-character"),
        ("a\nb", "control-character"),
        ("x" * 5000, "too-long"),
        ("https://h/x.mp4", "scheme-not-allowed"),
        ("HTTPS://h/x.mp4", "scheme-not-allowed"),
        ("s3://bucket/x.mp4", "scheme-not-allowed"),
        ("rtmp://h/x", "scheme-not-allowed"),
        ("fiel:///x", "scheme-not-allowed"),
        ("concat:a.ts|b.ts", "scheme-not-allowed"),
        ("data:video/mp4;base64,AA", "scheme-not-allowed"),
        ("pipe:0", "scheme-not-allowed"),
        ("subfile:,,start,0,end,0,,:/etc/passwd", "scheme-not-allowed"),
        ("file://server/share/x.mp4", "remote-file"),
        ("file:in.mp4", "bad-url"),
        ("file:///a%00b", "bad-url"),
        ("file:///a%ffb", "bad-url"),
        ("file:///a?x=1", "bad-url"),
        ("file://[::1/x", "bad-url"),
    ],
)
def test_refused_names(name: str, code: str) -> None:
    for decide in (LOCAL.input_path, LOCAL.output_path):
        problems = Problems()
        assert decide(name, "/x", problems) is None
        assert codes(problems) == {"/x": code}
        with pytest.raises(SourceNotAllowedError):
            problems.raise_if_any()


def test_a_destination_may_be_a_folder_of_its_own() -> None:
    problems = Problems()
    assert LOCAL.output_path("a/out/", "/x", problems) == LOCAL.output_path("a/out", "/x", problems)
    assert not problems


@pytest.mark.parametrize("destination", ["/", "file:///", "./", "out//", "out/.", "..", "a/..", "a/../"])
def test_destinations_are_files_or_folders_with_a_name(destination: str) -> None:
    problems = Problems()
    assert LOCAL.output_path(destination, "/x", problems) is None
    assert codes(problems) == {"/x": "is-a-folder"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("https://h/x", "SourcePolicy(resolvers="),
        ("s3://b/x", "SourcePolicy(resolvers="),
        ("fiel:///x", 'did you mean "file"?'),
        ("gopher://x", "SourcePolicy(resolvers="),
        ("https://h/x", "fetch it into a file first"),
    ],
)
def test_a_refused_scheme_is_named_with_what_to_do(name: str, says: str) -> None:
    problems = Problems()
    LOCAL.input_path(name, "/x", problems)
    (problem,) = problems
    assert name.split(":", maxsplit=1)[0] in problem.message
    assert says in (problem.hint or "")


def test_a_resolver_makes_its_schemes_readable_and_only_readable() -> None:
    policy = SourcePolicy(resolvers=(S3,))
    problems = Problems()
    assert policy.resolver_for("S3://bucket/x") is S3
    assert policy.resolver_for("x") is None
    assert policy.input_path("s3://bucket/x", "/x", problems) is None
    assert not list(problems)
    policy.output_path("s3://bucket/x", "/x", problems)
    assert codes(problems) == {"/x": "scheme-not-allowed"}


def test_a_publisher_makes_its_schemes_writable() -> None:
    policy = SourcePolicy(publishers=(S3,))
    problems = Problems()
    assert policy.publisher_for("s3://bucket/x.mp4") is S3
    assert policy.output_path("s3://bucket/x.mp4", "/x", problems) is None
    assert not list(problems)


def test_the_current_folder_is_looked_up_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = SourcePolicy()
    monkeypatch.chdir(tmp_path)
    assert policy.input_path("x", "", Problems()) == tmp_path / "x"
    assert SourcePolicy(base_dir="sub").input_path("x", "", Problems()) == tmp_path / "sub" / "x"


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (["a.mp4", "b.mp4"], {}),
        (["a.mp4", "a.mp4"], {"/outputs/1": "duplicate-destination"}),
        (["a.mp4", "./x/../a.mp4"], {"/outputs/1": "duplicate-destination"}),
        (["a.mp4", "file:///base/a.mp4"], {"/outputs/1": "duplicate-destination"}),
        (["in.mp4"], {"/outputs/0": "overwrites-input"}),
        (["/base//in.mp4"], {"/outputs/0": "overwrites-input"}),
        (["s3://b/x", "s3://b/x"], {"/outputs/1": "duplicate-destination"}),
        (["", "https://x/y"], {"/outputs/0": "empty", "/outputs/1": "scheme-not-allowed"}),
    ],
)
def test_outputs_do_not_overwrite_each_other_or_an_input(outputs: list[str], expected: dict[str, str]) -> None:
    policy = SourcePolicy(base_dir=BASE, publishers=(S3,))
    problems = Problems()
    read, written = policy.check(
        [("/inputs/0", "in.mp4")], [(f"/outputs/{n}", name) for n, name in enumerate(outputs)], problems
    )
    assert codes(problems) == expected
    assert read == {"/inputs/0": BASE / "in.mp4"}
    assert not set(written) & set(expected)


class TestUntrusted:
    @pytest.fixture
    def policy(self, tmp_path: Path) -> SourcePolicy:
        for name in ("in", "out", "secret"):
            (tmp_path / name).mkdir()
        return SourcePolicy.untrusted(roots=[tmp_path / "in"], output_roots=[tmp_path / "out"])

    def test_paths_under_the_roots(self, policy: SourcePolicy, tmp_path: Path) -> None:
        problems = Problems()
        assert policy.input_path("a/b.mp4", "/x", problems) == tmp_path / "in/a/b.mp4"
        assert policy.input_path(f"file://{tmp_path}/in/b.mp4", "/x", problems) == tmp_path / "in/b.mp4"
        assert policy.output_path("b.mp4", "/x", problems) == tmp_path / "out/b.mp4"
        assert not list(problems)
        assert not policy.trusted

    @pytest.mark.parametrize(
        "name", ["../secret/x", "/etc/passwd", "a/../../secret/x", "file:///etc/passwd", "../in-other/x", "../out/x"]
    )
    def test_paths_that_lead_out(self, policy: SourcePolicy, tmp_path: Path, name: str) -> None:
        problems = Problems()
        assert policy.input_path(name, "/x", problems) is None
        assert codes(problems) == {"/x": "outside-roots"}
        assert str(tmp_path) not in str(next(iter(problems)))

    def test_links_are_followed(self, policy: SourcePolicy, tmp_path: Path) -> None:
        (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
        (tmp_path / "out" / "x.mp4").symlink_to(tmp_path / "secret" / "x.mp4")
        (tmp_path / "in" / "loop").symlink_to(tmp_path / "in" / "loop")
        (tmp_path / "in" / "inner").symlink_to(tmp_path / "in")
        problems = Problems()
        assert policy.input_path("link/x", "/a", problems) is None
        assert policy.output_path("x.mp4", "/b", problems) is None
        assert codes(problems) == {"/a": "outside-roots", "/b": "outside-roots"}
        assert policy.input_path("inner/x", "/c", problems) == tmp_path / "in" / "x"
        policy.input_path("loop/x", "/d", problems)  # an answer, not an endless walk

    def test_two_names_of_one_file(self, policy: SourcePolicy, tmp_path: Path) -> None:
        (tmp_path / "out" / "other").symlink_to(tmp_path / "out")
        problems = Problems()
        policy.check([], [("/a", "x.mp4"), ("/b", "other/x.mp4")], problems)
        assert codes(problems) == {"/b": "duplicate-destination"}

    def test_no_roots_allow_nothing(self) -> None:
        problems = Problems()
        assert SourcePolicy.untrusted(roots=[], output_roots=[]).input_path("x", "/x", problems) is None
        assert codes(problems) == {"/x": "outside-roots"}

    @given(st.lists(st.sampled_from(["..", ".", "a", "in", "/", "//", "~", "%2e%2e", "\\", "link"]), min_size=1))
    def test_nothing_leads_out(self, parts: list[str]) -> None:
        policy = SourcePolicy.untrusted(roots=["/nowhere/in"], output_roots=["/nowhere/out"])
        for name in ("/".join(parts), "file:///nowhere/in/" + "/".join(parts)):
            for decide, root in ((policy.input_path, "/nowhere/in"), (policy.output_path, "/nowhere/out")):
                found = decide(name, "", Problems())
                assert found is None or os.path.realpath(found).startswith((root + "/", root))


@given(st.text())
def test_any_text_is_a_path_or_a_problem(name: str) -> None:
    for policy in (LOCAL, SourcePolicy.untrusted(roots=["/nowhere"], output_roots=["/nowhere"])):
        for decide in (policy.input_path, policy.output_path):
            problems = Problems()
            assert (decide(name, "", problems) is None) == bool(list(problems))
            if list(problems):
                with pytest.raises(JobError):
                    problems.raise_if_any()
