"""Text from outside is shown, and does nothing else."""

import json
from collections.abc import Callable

import pytest

import localcloud.inert
from components.core import inert

BOTH = pytest.mark.parametrize("inert", [inert.inert, localcloud.inert.inert], ids=["components", "localcloud"])


@BOTH
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain line, with ümlauts, 漢字 and 🚀", "a plain line, with ümlauts, 漢字 and 🚀"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/a"),
        ("urn:pulumi:local::shop::aws:ec2/vpc:Vpc::main", "urn:pulumi:local::shop::aws:ec2/vpc:Vpc::main"),
        ("std::vector, # a comment, ## a heading", "std::vector, # a comment, ## a heading"),
        # A terminal: colours, its title, the clipboard, a link, what it answers by itself, the same in one character.
        ("\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b]52;c;cm0gLXJmIH4=\x07", "\\x1b]52;c;cm0gLXJmIH4=\\x07"),
        ("\x1b]8;;https://attacker.example\x1b\\here\x1b]8;;\x1b\\", None),
        ("\x9b31mred\x90q", "\\x9b31mred\\x90q"),
        ("hidden\rshown\b\b\x7f\x00", "hidden\\rshown\\x08\\x08\\x7f\\x00"),
        ("one\x0btwo\x0cthree\x85four\u2028five", "one\\x0btwo\\x0cthree\\x85four\\u2028five"),
        # The direction of writing, and what can't be seen.
        ("user\u202egnp.exe\u202c \u2066a\u2069 \u200f\ufeff\U000e0041", None),
        ("\ud800", "\\ud800"),
        # Commands to the runner of a workflow.
        ("::add-mask::secret", ":\\:add-mask::secret"),
        (" \t::set-output name=a::b", " \t:\\:set-output name=a::b"),
        ("fine\n::stop-commands::token\n::token::", "fine\n:\\:stop-commands::token\n:\\:token::"),
        ("a long line that is broken here ::error file=a::b", "a long line that is broken here :\\:error file=a::b"),
        ("::ADD-MASK::x", ":\\:ADD-MASK::x"),
        ("fine\r::add-mask::x", "fine\\r:\\:add-mask::x"),
        ("x ##[add-mask]secret and ##vso[task.setvariable]", "x #\\#[add-mask]secret and #\\#vso[task.setvariable]"),
    ],
)
def test_what_controls_a_terminal_or_a_runner_is_shown(
    inert: Callable[[str], str], text: str, shown: str | None
) -> None:
    made = inert(text)
    if shown is not None:
        assert made == shown
    assert made.replace("\n", "").replace("\t", "").isprintable()
    assert not any(line.lstrip().startswith("::") for line in made.splitlines())
    assert inert(made) == made, "a second time changes nothing: text may pass two places that show it"


def test_json_keeps_its_value() -> None:
    document = {"a\x1b": ["##[add-mask]x ##vso[y]", "\u202e\x9b\U000e0041\ud800", "a\nb ☃"], "\n::error::x": 1}
    text = localcloud.inert.inert_json(document)
    assert json.loads(text) == document
    assert text.replace("\n", "").isprintable()
    assert "##" not in text
    assert "☃" in text
