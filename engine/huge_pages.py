"""Memory in large pages for the processes that compute.

A reply reads all of a model's weights for each token. In pages of 4 KiB the processor spends a tenth to a fifth of that
time on looking up where each page lies; where Linux gives pages of 2 MiB to those who ask for them, glibc and torch ask
when these variables say so. Everywhere else they mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

_TUNABLES = "GLIBC_TUNABLES"
_FOR_GLIBC = "glibc.malloc.hugetlb=1"
_FOR_TORCH = {"THP_MEM_ALLOC_ENABLE": "1"}


def with_huge_pages(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which they are asked for; what a person has set there stays as it is."""
    tunables = environ.get(_TUNABLES, "")
    if "glibc.malloc.hugetlb" not in tunables:
        tunables = f"{tunables}:{_FOR_GLIBC}".lstrip(":")
    return {**_FOR_TORCH, **environ, _TUNABLES: tunables}
