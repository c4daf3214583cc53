"""The grammar of `where`: text → syntax tree.

    predicate   = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation    = NOT negation | test
    test        = operand [ comparison operand | [NOT] IN ( operand {, operand} )
                          | [NOT] BETWEEN operand AND operand | IS [NOT] NULL ]
    comparison  = "=" | "==" | "<>" | "!=" | "<" | "<=" | ">" | ">="
    operand     = "(" predicate ")" | column | literal
    column      = a word | `any text, a backquote doubled`
    literal     = [-] digits | [-] decimal | [-] number with an exponent (a double) | 'text, a quote doubled'
                | TRUE | FALSE | NULL | DATE 'yyyy-mm-dd' | TIMESTAMP 'yyyy-mm-dd[ hh:mm[:ss[.ffffff]]][zone]'

Words may be in any case. `a BETWEEN b AND c` is read as `a >= b AND a <= c`. A backslash inside text is
refused: what it means depends on settings of Spark. Digits beyond 64 bits are a decimal.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from skewless.serving.predicates.literals import (
    PredicateError,
    date_literal,
    number_literal,
    timestamp_literal,
)
from skewless.serving.predicates.tree import (
    And,
    Column,
    Comparison,
    Literal,
    Membership,
    Node,
    Not,
    NullTest,
    Or,
)

_TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<comparison><=(?!>)|==|!=|<>|>=|=|<(?!=)|>)
    |(?P<mark>[(),-])""",
    re.VERBOSE,
)
_RESERVED = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "TRUE", "FALSE"})
_SPELLINGS = {"==": "=", "!=": "<>"}
_DEEPEST = 50
_GRAMMAR = (
    "a predicate takes comparisons of columns and literals, AND, OR, NOT, IN, BETWEEN and IS [NOT] NULL"
)


class Token(NamedTuple):
    """A piece of the text: its kind, its spelling (of a word in capitals) and where it begins, from 1."""

    kind: str
    text: str
    position: int
    written: str


def read(text: str) -> Node:
    """The syntax tree of a predicate; PredicateError says where it leaves the grammar.

    >>> read("a >= 1 AND b IS NOT NULL")
    And(terms=(Comparison(operator='>=', left=Column(name='a'), right=Literal(kind='integer', value=1)), \
NullTest(operand=Column(name='b'), negated=True)))
    """
    parser = _Parser(_tokens(text))
    tree = parser.predicate()
    parser.expect("end", "AND, OR or the end")
    return tree


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            _refuse_character(text, place)
        written = match.group()
        if match.lastgroup == "word":
            tokens.append(Token("word", written.upper(), place + 1, written))
        elif match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), written, place + 1, written))
        place = match.end()
    tokens.append(Token("end", "", len(text) + 1, ""))
    return tokens


def _refuse_character(text: str, place: int) -> NoReturn:
    character = text[place]
    known = {
        '"': "write '…' for text and `…` for a column",
        "'": "the text that begins here has no end",
        "`": "the name that begins here has no end, or no letters",
        ".": "a nested field is outside the grammar; write `…` around a name with a dot",
    }
    if text.startswith("<=>", place):
        character, remedy = "<=>", "write a = b OR (a IS NULL AND b IS NULL)"
    elif character.isdigit():
        remedy = "not a number; a name that begins with a digit is written `…`"
    else:
        remedy = known.get(character, _GRAMMAR)
    raise PredicateError(f"'{character}' at character {place + 1}: {remedy}")


class _Parser:
    """A recursive descent through the tokens of one predicate."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _accepts(self, kind: str, *texts: str) -> bool:
        """Take the next token where it is one of these."""
        found = self._next.kind == kind and self._next.text in texts
        self._place += found
        return found

    def expect(self, kind: str, wanted: str, text: str = "") -> None:
        """Take the token that has to come next, or refuse what comes instead."""
        if not (self._next.kind == kind and self._next.text == text):
            self._refuse(wanted)
        self._place += kind != "end"

    def _refuse(self, wanted: str) -> NoReturn:
        token = self._next
        found = f"'{token.written}'" if token.kind != "end" else "the end"
        raise PredicateError(f"{found} at character {token.position}: expected {wanted}; {_GRAMMAR}")

    def predicate(self) -> Node:
        terms = [self._conjunction()]
        while self._accepts("word", "OR"):
            terms.append(self._conjunction())
        return Or(tuple(terms)) if len(terms) > 1 else terms[0]

    def _conjunction(self) -> Node:
        terms = [self._negation()]
        while self._accepts("word", "AND"):
            terms.append(self._negation())
        return And(tuple(terms)) if len(terms) > 1 else terms[0]

    def _negation(self) -> Node:
        if not self._accepts("word", "NOT"):
            return self._test()
        self._descend()
        inner = Not(self._negation())
        self._depth -= 1
        return inner

    def _test(self) -> Node:
        left = self._operand()
        token = self._next
        if token.kind == "comparison":
            self._take()
            tree: Node = Comparison(_SPELLINGS.get(token.text, token.text), left, self._operand())
        elif self._accepts("word", "IS"):
            negated = self._accepts("word", "NOT")
            self.expect("word", "NULL", "NULL")
            tree = NullTest(left, negated)
        elif token.kind == "word" and token.text in ("NOT", "IN", "BETWEEN"):
            tree = self._negatable(left)
        else:
            return left
        if self._next.kind == "comparison" or self._next.text in ("IS", "IN", "BETWEEN", "NOT"):
            self._refuse("AND, OR or the end, with parentheses around a test that is compared in turn")
        return tree

    def _negatable(self, left: Node) -> Node:
        negated = self._accepts("word", "NOT")
        if self._accepts("word", "IN"):
            tree: Node = Membership(left, self._list())
        elif self._accepts("word", "BETWEEN"):
            low = self._operand()
            self.expect("word", "AND", "AND")
            tree = And((Comparison(">=", left, low), Comparison("<=", left, self._operand())))
        else:
            self._refuse("IN or BETWEEN")
        return Not(tree) if negated else tree

    def _list(self) -> tuple[Node, ...]:
        self.expect("mark", "(", "(")
        items = [self._operand()]
        while self._accepts("mark", ","):
            items.append(self._operand())
        self.expect("mark", ", or )", ")")
        return tuple(items)

    def _operand(self) -> Node:
        if self._accepts("mark", "("):
            self._descend()
            inner = self.predicate()
            self.expect("mark", "AND, OR or )", ")")
            self._depth -= 1
            return inner
        negative = self._accepts("mark", "-")
        if self._next.kind == "number":
            token = self._take()
            return number_literal(("-" if negative else "") + token.text, token.position)
        if negative:
            self._refuse("a number behind '-'")
        if self._next.kind == "text":
            token = self._take()
            return Literal("string", _unquoted(token))
        if self._next.kind == "quoted":
            return Column(self._take().text[1:-1].replace("``", "`"))
        return self._word()

    def _word(self) -> Node:
        token = self._next
        if token.kind != "word" or (token.text in _RESERVED and token.text not in ("NULL", "TRUE", "FALSE")):
            self._refuse("a column or a literal")
        self._take()
        if token.text in ("TRUE", "FALSE"):
            return Literal("boolean", token.text == "TRUE")
        if token.text == "NULL":
            return Literal("null", None)
        if self._next.kind == "text" and token.text in ("DATE", "TIMESTAMP"):
            written = self._take()
            reader = date_literal if token.text == "DATE" else timestamp_literal
            return reader(_unquoted(written), written.position)
        if self._next == Token("mark", "(", self._next.position, "("):
            raise PredicateError(
                f"'{token.written}(' at character {token.position}: functions are outside the grammar; {_GRAMMAR}"
            )
        return Column(token.written)

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PredicateError(
                f"more than {_DEEPEST} levels of parentheses and NOT at character {self._next.position}"
            )


def _unquoted(token: Token) -> str:
    if "\\" in token.text:
        place = token.position + token.text.index("\\")
        raise PredicateError(f"backslash at character {place}: text with a backslash is outside the grammar")
    return token.text[1:-1].replace("''", "'")
