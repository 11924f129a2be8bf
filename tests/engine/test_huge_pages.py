"""Large pages are asked for, and what a person has set is left alone."""

from __future__ import annotations

import pytest

from engine.huge_pages import with_huge_pages


@pytest.mark.parametrize(
    ("before", "tunables", "torch"),
    [
        ({}, "glibc.malloc.hugetlb=1", "1"),
        ({"THP_MEM_ALLOC_ENABLE": "0"}, "glibc.malloc.hugetlb=1", "0"),
        ({"GLIBC_TUNABLES": "glibc.malloc.check=3"}, "glibc.malloc.check=3:glibc.malloc.hugetlb=1", "1"),
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, "glibc.malloc.hugetlb=0", "1"),
    ],
)
def test_they_are_asked_for_unless_somebody_decided(before: dict[str, str], tunables: str, torch: str) -> None:
    environ = with_huge_pages({**before, "HOME": "here"})
    assert environ == {"HOME": "here", "GLIBC_TUNABLES": tunables, "THP_MEM_ALLOC_ENABLE": torch}
