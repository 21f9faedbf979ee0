"""How the clauses of one block hang together: which question is one, and whose it is. Pure."""

from collections.abc import Sequence

from qa.dialogue.forms import Asking, Clause, Form, is_backchannel

# Clauses further apart than this are different sentences.
SENTENCE_SECONDS = 0.8
CHAIN_CLAUSES = 4


def without_mentions(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """花多少钱，单子上都有 asks nothing; in 退多少看现金价值，您清楚吗 the second question is the one."""
    kept: list[Clause] = []
    told = asked = False
    for clause in reversed(clauses):
        if clause.marked:
            told = asked = False
        if not clause.askings:
            told = told or clause.tells()
            kept.append(clause)
            continue
        asks = tuple(
            [
                one
                for one in clause.askings
                if not clause.mentions(one) or not (told or asked or clause.tells(one.last + 1))
            ]
        )
        told = not asks and (told or clause.tells())
        asked = asked or any(not clause.mentions(one) and clause.bare_until(one) for one in asks)
        kept.append(clause if len(asks) == len(clause.askings) else clause._replace(askings=asks))
    return tuple(reversed(kept))


def form_before(block: Sequence[Clause], begin: int) -> tuple[Clause, Asking] | None:
    """请问您是否清楚，… : a form before the topic, with no sentence ended in between."""
    for number in range(begin - 1, max(-1, begin - 1 - CHAIN_CLAUSES), -1):
        clause, after = block[number], block[number + 1]
        if after.start - clause.end >= SENTENCE_SECONDS:
            return None
        if not clause.askings:
            continue
        last = clause.askings[-1]
        ended = any(one.marked for one in block[number:begin])
        alone = number == 0 and clause.bare
        return (clause, last) if alone or not (last.final or ended) else None
    return None


def marked(clause: Clause, before: Sequence[Clause]) -> Clause:
    """The engine heard a question. Where the sentence has no form it is leading, so that a person looks."""
    clause = after = clause._replace(marked=True)
    if clause.askings:
        return clause
    for one in before[: -1 - CHAIN_CLAUSES : -1]:
        if after.start - one.end >= SENTENCE_SECONDS:
            break
        if one.askings:
            if not one.askings[-1].final or (one.bare and not one.marked):
                return clause
            break
        after = one
    last = len(clause.chars) - 1
    return clause._replace(askings=(Asking(Form.LEADING, last, last, True),))


def asks_again(block: Sequence[Clause]) -> bool:
    """After silence the asker asks once more, and not something else: 喂，您知道吗."""
    first = next((clause for clause in block if not is_backchannel(clause.chars)), None)
    return first is not None and bool(first.askings) and first.bare_until(first.askings[0])
