from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.data.load import load_panel
from tidebook.data.sources import open_source


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


def test_the_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table().write_parquet(path)
    first = open_source(path).fingerprint()
    assert open_source(path).fingerprint() == first
    table(days=31).write_parquet(path)
    assert open_source(path).fingerprint() != first
    assert open_source(table()).fingerprint() != open_source(table().with_columns(pl.col("sales") + 1)).fingerprint()
