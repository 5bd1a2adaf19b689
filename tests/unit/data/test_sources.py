from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.data.audit import audit
from tidebook.data.load import load_panel
from tidebook.data.sources import open_source
from tidebook.data.sources.frame import FrameSource


def test_parquet_csv_and_frames_give_the_same_panel(tmp_path: Path) -> None:
    rows = table()
    rows.write_parquet(tmp_path / "t.parquet")
    rows.write_csv(tmp_path / "t.csv")
    rows.write_csv(tmp_path / "t.tsv", separator="\t")
    sources = [tmp_path / "t.parquet", tmp_path / "t.csv", str(tmp_path / "t.tsv"), rows, rows.lazy(), rows.to_pandas()]
    panels = [load_panel(source) for source in sources]
    for panel in panels[1:]:
        assert panel.keys == panels[0].keys
        assert (panel.target == panels[0].target).all()
        assert (panel.known == panels[0].known).all()


def test_a_gb18030_file_is_read_with_its_chinese_columns_and_ids(tmp_path: Path) -> None:
    path = tmp_path / "销售.csv"
    path.write_bytes(
        "店铺编号,药品编号,日期,销量\n旗舰店,感冒灵,2024-01-01,3\n旗舰店,感冒灵,2024-01-02,5\n".encode("gb18030")
    )
    panel = load_panel(path)
    assert panel.keys[0].label == "感冒灵 · 旗舰店"
    assert panel.target.tolist() == [[3.0, 5.0]]


def test_leading_zeros_of_ids_live(tmp_path: Path) -> None:
    (tmp_path / "stocks.csv").write_text("symbol;date;close\n000001;2024-01-02;9.5\n000001;2024-01-03;9.6\n")
    assert load_panel(tmp_path / "stocks.csv").keys[0].product_id == "000001"


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("date,sales\n")
    with pytest.raises(DataFault, match=r"must be Parquet and begin with PAR1, but got b'date' in t\.parquet"):
        open_source(tmp_path / "t.parquet").scan()


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table(days=500).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataFault, match="must be whole and end with PAR1"):
        open_source(path).scan()


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 200 + b"PAR1")
    with pytest.raises(DataFault, match="A Parquet file must be readable"):
        open_source(path).scan()


def test_a_line_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(b"date,sales\n")
        for _ in range(100):
            file.write(b"9" * 2**20)
    with pytest.raises(DataFault, match="A line of a CSV file must be shorter than 1 MiB"):
        open_source(path).scan()


def test_an_empty_csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(DataFault, match="must have a header line"):
        open_source(tmp_path / "t.csv").scan()


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("date,sales,sales\n2024-01-01,1,2\n")
    with pytest.raises(DataFault, match="Every column must have a name of its own, but got 'sales' 2 times"):
        open_source(tmp_path / "t.csv").scan()
    with pytest.raises(DataFault, match="Every column must have a name of its own, but got 'sales' more than once"):
        open_source(pd.DataFrame([["2024-01-01", 1, 2]], columns=["date", "sales", "sales"]))


def test_bytes_of_no_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"date,sales\n\xff\xff,1\n")
    with pytest.raises(DataFault, match="must be UTF-8 or GB18030"):
        open_source(tmp_path / "t.csv").scan()


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="A table must be a file"):
        open_source(tmp_path / "absent.parquet")
    (tmp_path / "t.xyz").write_text("")
    with pytest.raises(InvalidInput, match=r"must be a Parquet file \(\.parquet\) or a CSV file"):
        open_source(tmp_path / "t.xyz")
    with pytest.raises(InvalidInput, match="but got list"):
        open_source([1, 2])


def test_the_fingerprint_is_that_of_every_copy_and_of_no_other_content(tmp_path: Path) -> None:
    path, copy = tmp_path / "sales.csv", tmp_path / "copy.csv"
    path.write_bytes(b"date,sales\n" + b"2024-01-01,1\n" * 20_000)
    shutil.copyfile(path, copy)
    os.utime(copy, (1, 1))
    first = open_source(path).fingerprint()
    assert open_source(copy).fingerprint() == first
    content, about = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert open_source(path).fingerprint() != first


def test_the_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table().write_parquet(path)
    first = open_source(path).fingerprint()
    assert open_source(path).fingerprint() == first
    table(days=31).write_parquet(path)
    assert open_source(path).fingerprint() != first
    assert open_source(table()).fingerprint() != open_source(table().with_columns(pl.col("sales") + 1)).fingerprint()


def test_a_gb18030_file_is_known_by_its_last_bytes_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"2024-01-{day:02},S{store:04},{day}" for store in range(4000) for day in range(1, 21)]
    path.write_bytes("\n".join(["date,store_id,sales", *lines, "2024-01-21,旗舰店,9"]).encode("gb18030"))
    assert path.stat().st_size > 2**20
    assert "旗舰店" in {key.store_id for key in load_panel(path).keys}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.csv"
    rows = table(days=3, stores=1).with_columns(note=pl.lit("a, b; c"))
    rows.rename({"note": "note, or; more"}).write_csv(path, separator=delimiter, include_bom=True)
    panel = load_panel(path)
    assert panel.columns == (*rows.columns[:-1], "note, or; more")
    assert panel.target.shape == (2, 3)


def test_spaces_around_cells_and_names_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("date , store_id, sales,\n2024-01-01, S1, 3,x\n2024-01-02,S1 , 4 ,y\n")
    panel = load_panel(tmp_path / "t.csv")
    assert (panel.keys[0].store_id, panel.target.tolist()) == ("S1", [[3, 4]])
    assert panel.columns == ("date", "store_id", "sales", "column_4")


def test_a_row_wider_than_the_header_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("date,sales\n2024-01-01,1\n2024-01-02,1,000\n")
    with pytest.raises(
        DataFault, match="must have the columns of its header, but got 3 cells in line 3, but 2 columns"
    ):
        open_source(tmp_path / "t.csv").scan()


def test_a_renamed_excel_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"PK\x03\x04\0\0 date,sales")
    with pytest.raises(DataFault, match="A CSV file must be text, but got zero bytes"):
        open_source(tmp_path / "t.csv").scan()


def test_the_stated_encoding_must_be_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("date,销量\n2024-01-01,1\n".encode("gb18030"))
    with pytest.raises(DataFault, match="A CSV file must be UTF-8, but got other bytes"):
        open_source(tmp_path / "t.csv", "utf-8").scan()
    assert open_source(tmp_path / "t.csv", "gb18030").scan().collect_schema().names() == ["date", "销量"]


def test_a_csv_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table(days=3).write_csv(path)
    first = load_panel(path)
    table(days=5).write_csv(path)
    assert (first.end, load_panel(path).end) == (3, 5)


def test_a_parquet_file_with_a_damaged_middle_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table(days=2000).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[8 : len(content) // 2] = b"\0" * (len(content) // 2 - 8)
    path.write_bytes(content)
    for read in (load_panel, audit):
        with pytest.raises(DataFault, match="Every row of a table must be readable, but got"):
            read(path)


def test_two_columns_of_one_name_are_refused_in_parquet_too(tmp_path: Path) -> None:
    columns = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["sales", "sales"])
    pq.write_table(columns, tmp_path / "t.parquet")
    with pytest.raises(DataFault, match="Every column must have a name of its own, but got .*'sales'"):
        open_source(tmp_path / "t.parquet").scan()


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    for name in ("sales[1].parquet", "sales*.csv"):
        path = tmp_path / name
        rows = table(days=3)
        rows.write_parquet(path) if path.suffix == ".parquet" else path.write_text(rows.write_csv())
        assert load_panel(path).end == 3


def test_a_pandas_column_of_mixed_kinds_is_refused() -> None:
    frame = pd.DataFrame({"date": ["2024-01-01", 5], "sales": [1, 2]})
    with pytest.raises(DataFault, match="A column of a pandas frame must hold values of one kind"):
        open_source(frame)


def test_a_data_source_of_ones_own_is_taken_as_it_is() -> None:
    source = FrameSource(table(days=3))
    assert open_source(source) is source
    assert load_panel(source).end == 3
