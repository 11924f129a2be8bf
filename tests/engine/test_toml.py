from __future__ import annotations

import pytest

from engine.toml import Path, TomlFault, read_toml

TEXT = '''# a comment with = and [brackets] and """
a = 1
"b.c" = { d = 1, e = [1,
  2] }
f.g = "x # no comment"   # a comment
h = """
one
two = 3
[no.table]
"""
i = \'\'\'x
# y\'\'\'
j = [
  { k = 1 }, # ]
  "]",
]

[l]
m = """a ""\\""" b"""
  [ l . "n o" ]
  p = 1979-05-27T07:32:00Z

[[q]]
r = 1
[[q]]
s.t = 2
[q.u]
v = 3
[[q.w]]
x = 1
[[q.w]]
y = """"quoted""""
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("b.c",), 3),
        (("b.c", "e", 1), 3),
        (("f", "g"), 5),
        (("h",), 6),
        (("i",), 11),
        (("j",), 13),
        (("j", 0, "k"), 13),
        (("l",), 18),
        (("l", "m"), 19),
        (("l", "n o"), 20),
        (("l", "n o", "p"), 21),
        (("q",), 25),
        (("q", 0), 23),
        (("q", 0, "r"), 24),
        (("q", 1, "s", "t"), 26),
        (("q", 1, "u", "v"), 28),
        (("q", 1, "w", 0, "x"), 30),
        (("q", 1, "w", 1, "y"), 32),
        (("q", 1, "missing"), 25),
        (("missing",), 1),
    ],
)
def test_each_key_has_its_line(path: Path, line: int) -> None:
    assert read_toml(TEXT).line(path) == line


def test_a_text_of_several_lines_tells_where_it_begins_and_ends() -> None:
    document = read_toml(TEXT)
    assert (document.span(("h",)).first, document.span(("h",)).last) == (7, 10)
    assert (document.span(("i",)).first, document.span(("i",)).last) == (11, 12)
    assert (document.span(("a",)).first, document.span(("a",)).last) == (2, 2)


@pytest.mark.parametrize(("text", "line"), [("a =", 1), ("a = 1\nb", 2), ('a = """\n\n', 2), ("a = 1\na = 2", 2)])
def test_what_is_not_toml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(TomlFault) as caught:
        read_toml(text)
    assert caught.value.line == line
    assert "at line" not in caught.value.title
