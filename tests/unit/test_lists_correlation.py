"""Correlation tables: zeros and points put right, sides either way round, marks, and what a table can't say."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from tests.unit.lists_cases import Rows, built, given
from transforms.io.archives import BadFileError

CONSOLIDATED = """code.after,code.before,Relationship,adjustment
10111,10111,1:1,1996 to 1992
030193,030199,n:n,2017 to 2012
10111,1111,1:1,1992 to 1988
"""


def relations(rows: Rows) -> list[str]:
    """H5 010121 > H4 010121 (1:1), one line a relation."""
    return [
        f"{r['from_classification']} {r['from_code']} > {r['to_classification']} {r['to_code']} ({r['relationship']}, {r['is_part']})"
        for r in rows
    ]


def workbook(header: list[str | None], rows: list[list[str | None]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Conversion HS17-HS12"
    book.active.append(["From HS 2017", "To HS 2012"])
    sheet = book.create_sheet("Correlation HS17-HS12")
    sheet.append(["Between"])
    for row in (header, *rows):
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("header", "row", "relation"),
    [
        ("HS 2022,BEC 4,Relationship", "010121,41,n:1", "H6 010121 > BEC4 41 (n:1, None)"),
        ("\ufeffHS96,BEC,Relationship", "010111,41,n to 1", "H1 010111 > BEC4 41 (n:1, None)"),
        ("HS96,BEC,Relationship", "010111,111,1ToN", "H1 010111 > BEC4 111 (1:n, None)"),
        ("HS2007,BEC", "0101.10,41", "H3 010110 > BEC4 41 (None, None)"),
        ("HS 2017,BEC 5,Relationship", "010121,112010,n:1", "H5 010121 > BEC5 112010 (n:1, None)"),
        ("HS 1992,SITC Rev. 3,Relationship", "10111,00150,n:1", "H0 010111 > S3 00150 (n:1, None)"),
        # the older side first: the relationship is written the other way round
        ("HS 2012,HS 2017,Relationship", "030199,030193,1:n", "H5 030193 > H4 030199 (n:1, None)"),
        ("HS 2017,HS 2012,Relationship", "ex 0301.93,030199,n:n", "H5 030193 > H4 030199 (n:n, True)"),
        (
            "HS - Combined  Product Code,HS - Combined  Product Description,"
            "ISIC Revision 3 Product Code,ISIC Revision 3 Product Description",
            '010110,"(2002-) Purebred, live",0121,Farming',
            "HS 010110 > ISIC3 0121 (None, None)",
        ),
    ],
)
def test_tables_as_csv(home: Path, header: str, row: str, relation: str) -> None:
    given(home, "table.csv", f"{header}\n{row}\n")
    assert relations(built(home)["correlation"]) == [relation]


def test_the_correlation_sheet_of_a_workbook_with_its_marks(home: Path) -> None:
    rows = [["010121", None, "010121", "1:1"], ["030193", "ex", "030199", "n:n"]]
    given(home, "HS2017toHS2012.xlsx", workbook(["HS 2017", None, "HS 2012", "Relationship"], rows))
    assert relations(built(home)["correlation"]) == ["H5 010121 > H4 010121 (1:1, False)", "H5 030193 > H4 030199 (n:n, True)"]


def test_the_consolidated_table_gives_its_pairs_of_the_hs_alone(home: Path) -> None:
    (warning,) = given(home, "consolidated.csv", CONSOLIDATED)
    assert relations(built(home)["correlation"]) == ["H1 010111 > H0 010111 (1:1, None)", "H5 030193 > H4 030199 (n:n, None)"]
    assert warning == (
        "consolidated.csv: 1 rows left out: relations with SITC, whose codes lost their zeros in this table "
        "and have no one length to restore them by"
    )


def test_a_pair_is_one_file_s_its_own_table_before_the_consolidated(home: Path) -> None:
    given(home, "consolidated.csv", CONSOLIDATED)
    given(home, "old.csv", "HS 2017,HS 2012,Relationship\n010121,010121,1:1\n010129,010129,1:1\n")
    given(home, "new.csv", "HS 2017,HS 2012,Relationship\n010121,010121,1:1\n")
    assert relations(built(home)["correlation"]) == ["H1 010111 > H0 010111 (1:1, None)", "H5 010121 > H4 010121 (1:1, None)"]


def test_empty_rows_and_codes_without_a_counterpart_are_left_out(home: Path) -> None:
    (warning,) = given(home, "bec.csv", "HS96,BEC,Relationship\n010111,41,n to 1\n,,\n999999,n/a,n to 1\n")
    assert relations(built(home)["correlation"]) == ["H1 010111 > BEC4 41 (n:1, None)"]
    assert warning == "bec.csv: 1 rows left out: a code without a counterpart (n/a)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HS 2017,HS 2012,Relationship\n0101,010121,1:1\n", r"table.csv line 2: '0101' is no code of the HS \(six digits\)"),
        ("HS 2017,HS 2012,Relationship\n010121,010121,1:2\n", "line 2: '1:2' is no relationship"),
        ("HS 2017,HS 2012,Relationship\n010121,010121,1:1\n010121,010121,n:n\n", "line 3: H5 H4 010121 010121 stands twice"),
        ("HS 2017,HS 2012,HS 2007\n010121,010121,010110\n", "relates one classification to one other; it has columns for to_H4, to_H3"),
        ("HS 2017,Relationship\n010121,1:1\n", "it has columns for none"),
        ("HS 2017,BEC 4\n010121,capital\n", "line 2: 'capital' is no code of BEC4"),
        ("code.after,code.before,Relationship,adjustment\n10111,10111,1:1,1999 to 1992\n", "'1999 to 1992' names no two editions"),
        ("HS 2017,column_B,HS 2012\n010121,part of,010121\n", "line 2: 'part of' stands beside the code; known is ex"),
        ("HS 2017,HS 2012\n,\n", "not one of its rows says anything"),
    ],
)
def test_a_table_that_is_wrong_is_refused(home: Path, text: str, said: str) -> None:
    with pytest.raises(BadFileError, match=said):
        given(home, "table.csv", text)
