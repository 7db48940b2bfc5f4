"""The claims' pages and tables show everything that was judged."""

import json
from dataclasses import replace

from qgnn_d2d.claims import judge, page
from tests.unit.claims.made_up import examples, pair, scaling


def result(*more):
    return judge.judge([*examples(), *more])


def test_the_page_shows_every_claim_and_all_evidence():
    text = page.page(result(replace(pair(qgnn=2.4, primary=False), models="made up, too")))
    assert text.startswith("# The paper's claims, measured\n\nHow to read: ")
    assert text.count("\n## C") == len(judge.CLAIMS)
    assert text.count("made up (primary)") == len(judge.CLAIMS) and text.count("made up, too") == 7
    assert "never" in page.page(result(pair(qgnn=2.0)))


def test_json_gives_the_same_page():
    judged = result(pair(qgnn=2.0))
    assert page.page(json.loads(json.dumps(judged))) == page.page(judged)


def test_a_claim_without_evidence_has_its_reason():
    text = page.page(judge.judge([]))
    assert text.count("The study has no evidence of this kind.") == 2 * len(judge.CLAIMS)


def test_the_overview_has_a_row_per_claim_and_five_columns():
    lines = page.overview(result()).splitlines()
    assert lines[0] == "| | claim | paper | ours | verdict |" and len(lines) == 2 + len(judge.CLAIMS)
    assert all(line.count("|") == 6 for line in lines if "&#124;" not in line)
    assert lines[2].startswith("| C1 | ") and lines[2].endswith("| **reproduced** |")
    assert "2.67 [2.67, 2.67]" in lines[2]


def test_other_scenarios_have_a_column_each():
    other = replace(pair(qgnn=2.3), primary=False, column="geometric")
    judged = result(other)
    lines = page.elsewhere(judged).splitlines()
    assert lines[2] == "| claim | claims' own scenario | `geometric` |" and len(lines) == 4 + 7
    own, there = (cell.strip() for cell in lines[4].split("|")[2:4])
    assert own == "2.67 [2.67, 2.67] **reproduced**"
    assert there.startswith("2.30 [") and there.endswith("] **not reproduced**")
    text = page.page(judged)
    assert text.count("## In other scenarios") == 1 and text.count("made up (`geometric`)") == 7
    assert "In other scenarios" not in page.page(result())


def test_another_qgnn_is_set_against_the_published_one():
    other = replace(pair(2.52), primary=False, models="other stars", runs=("q2", "g"))
    alone = replace(scaling(), primary=False, runs=("q2",))
    lines = page.beside(judge.judge([pair(), other, scaling(), alone]), "q2").splitlines()
    assert lines[0] == "| claim | as published | other stars |" and len(lines) == 2 + 7
    name, published, others = (cell.strip() for cell in lines[3].split("|")[1:4])
    assert name.startswith("C2: ")
    assert published.startswith("5.95 [") and published.endswith("] **reproduced**")
    assert others.startswith("0.00 [-0.") and others.endswith("] **not reproduced**")
