from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import MAX_SEGMENT_BYTES, Address, Scope

ids = st.lists(st.text(min_size=1, max_size=12).filter(lambda text: "\x00" not in text), max_size=6, unique=True)
one = st.text(min_size=1, max_size=12)


def test_a_product_in_all_stores_is_named_as_users_know_it() -> None:
    scope = Scope(mode="product", product_ids=("P001",))
    assert scope.folder("lstm") == "product/P001_all/lstm"
    assert scope.identifier("lstm") == "product_P001_all_lstm"


def test_a_store_with_some_products_names_them() -> None:
    scope = Scope(mode="store", store_ids=("S001",), product_ids=("P002", "P001"))
    assert scope.name == "S001_specific_P001_P002"


def test_global_scopes_name_stores_then_products_and_the_aggregation() -> None:
    scope = Scope(mode="global", aggregation="sum", product_ids=("P001",), store_ids=("S001", "S002"))
    assert scope.folder("lstm") == "global/stores/S001_S002/products/P001/sum/lstm"
    assert Scope(mode="global", aggregation="mean").identifier("lstm") == "global_all_mean_lstm"


def test_the_order_in_which_ids_are_given_does_not_matter() -> None:
    first = Scope(mode="product", product_ids=("P001",), store_ids=("S002", "S001"))
    assert first == Scope(mode="product", product_ids=("P001",), store_ids=("S001", "S002"))


def test_long_lists_end_in_the_count_and_a_digest() -> None:
    scope = Scope(mode="global", aggregation="sum", store_ids=tuple(f"S{i:03}" for i in range(100)))
    segment = scope.name.split("/")[1]
    assert len(segment.encode()) <= MAX_SEGMENT_BYTES
    assert "~100~" in segment


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a_b", "c"), ("a", "b_c")),
        (("a", "b", "c"), ("a_b_c",)),
        (("药店/1",), ("药店-1",)),
    ],
)
def test_two_lists_never_share_a_name(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    names = {Scope(mode="global", aggregation="sum", store_ids=ids).name for ids in (first, second)}
    assert len(names) == 2


def test_a_product_called_like_a_scope_has_a_name_of_its_own() -> None:
    plain = Scope(mode="product", product_ids=("P1",), store_ids=("S1_all",))
    odd = Scope(mode="product", product_ids=("P1_specific_S1",))
    assert plain.name != odd.name


@given(one, ids, one, ids)
def test_different_scopes_have_different_safe_names(
    product: str, stores: list[str], other: str, others: list[str]
) -> None:
    first = Scope(mode="product", product_ids=(product,), store_ids=tuple(stores))
    second = Scope(mode="product", product_ids=(other,), store_ids=tuple(others))
    assert (first.name == second.name) == (first == second)
    assert "/" not in first.name
    assert first.name not in {".", ".."}
    assert len(first.name.encode()) <= MAX_SEGMENT_BYTES


@given(st.sampled_from(["product", "store"]), one, ids)
def test_an_address_is_read_back_from_its_path(mode: str, own: str, others: list[str]) -> None:
    scope = (
        Scope(mode="product", product_ids=(own,), store_ids=tuple(others))
        if mode == "product"
        else Scope(mode="store", store_ids=(own,), product_ids=tuple(others))
    )
    address = Address.parse(f"{scope.folder('lstm')}/v3")
    assert (address.mode, address.scope, address.model_type, address.version) == (mode, scope.name, "lstm", 3)
    assert address.folder == scope.folder("lstm")
    assert address.identifier == scope.identifier("lstm")


def test_a_global_address_keeps_its_scope_and_aggregation() -> None:
    address = Address.parse("global/stores/S001/products/P001/none/lstm")
    assert (address.scope, address.aggregation, address.version) == ("stores/S001/products/P001", "none", None)


@pytest.mark.parametrize("text", ["", "/", "product", "product/../lstm", "nowhere/P001_all/lstm", "global/all/lstm/v1"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="product/P001_all/lstm/v1"):
        Address.parse(text)


def test_product_mode_takes_exactly_one_product() -> None:
    with pytest.raises(InvalidInput, match="Product mode needs exactly one product, but got 2"):
        Scope(mode="product", product_ids=("P001", "P002"))
    with pytest.raises(InvalidInput, match="but got none"):
        Scope(mode="product")


def test_only_global_mode_aggregates() -> None:
    with pytest.raises(InvalidInput, match="aggregation_method is for global mode only"):
        Scope(mode="store", store_ids=("S001",), aggregation="sum")
    with pytest.raises(InvalidInput, match="In global mode aggregation_method must be one of sum"):
        Scope(mode="global")


def test_the_training_description_is_one_sentence() -> None:
    assert (
        Scope(mode="product", product_ids=("P001",)).description("lstm")
        == "lstm · product · product P001 in all stores"
    )
    assert (
        Scope(mode="global", aggregation="none").description("lstm")
        == "lstm · global · all series, each series as it is"
    )


def test_an_address_longer_than_a_path_is_refused() -> None:
    with pytest.raises(InvalidInput, match="A model's address must be"):
        Address.parse("global/" + "a/" * 3000 + "sum/lstm/v1")
