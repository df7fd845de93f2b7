"""The table of index kinds: Milvus's by their own names, and which of them the local store has.

Ranges and defaults are those of Milvus's documentation (milvus.io/docs, pages of 2.3 to 2.6); what
they need in memory is in `sizes`.
"""

from dataclasses import dataclass
from typing import Literal

from lookalike.indexes.parameters import Parameter, Place

Version = tuple[int, int, int]

_FLOAT_METRICS = ("COSINE", "IP", "L2")
_BINARY_METRICS = ("HAMMING", "JACCARD")
_ON_SERVER: tuple[Place, ...] = ("milvus",)
_AT_HOME: tuple[Place, ...] = ("local",)
_INT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of index.

    `since` is the first version of a Milvus server that has it, None when none does; `local` says
    whether the local store has it. `exact` answers are those of comparing with every vector.
    `codes` says that vectors are compared as shortened codes. `warning` is what is known to be
    wrong with it. `probed` says that a server may take it without being able to build it, so that
    it is tried on few vectors first.
    """

    name: str
    about: str
    build: tuple[Parameter, ...] = ()
    search: tuple[Parameter, ...] = ()
    metrics: tuple[str, ...] = _FLOAT_METRICS
    since: Version | None = (2, 0, 0)
    local: bool = False
    exact: bool = False
    codes: bool = False
    vectors: Literal["float", "binary"] = "float"
    warning: str = ""
    probed: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """The build or search parameter of that name."""
        return next((one for one in (*self.build, *self.search) if one.name == name), None)


_NLIST = Parameter("nlist", "cells that the vectors are divided into", 1, 65536)
_NPROBE = Parameter("nprobe", "cells that a search looks into", 1, 65536, 16)
_M = Parameter("M", "edges of a node of the graph; the lowest level has twice as many", 2, 2048, 16)
_EF_CONSTRUCTION = Parameter(
    "efConstruction", "candidates kept while the graph is built", 8, _INT, 200, at_home=128
)
_EF = Parameter(
    "ef",
    "candidates kept while the graph is searched",
    1,
    32768,
    128,
    at_least_limit=True,
    at_home=96,
)
_OVERSAMPLING = Parameter(
    "oversampling",
    "how many times the limit is taken by codes and compared again with the vectors",
    1,
    64,
    2.0,
    whole=False,
    places=_AT_HOME,
)
_CODE_PARTS = Parameter("m", "parts that a vector is cut into, a code for each", 1, 65536)
_NBITS = Parameter("nbits", "bits of the code of a part", 1, 16, 8)
_SQ_TYPES = ("SQ6", "SQ8", "BF16", "FP16")
_REFINE = (
    Parameter("refine", "keep finer vectors to compare the best again", flag=True, default=False),
    Parameter("refine_type", "how those are kept", choices=(*_SQ_TYPES, "FP32")),
)
_REFINE_K = Parameter(
    "refine_k", "how many times the limit is compared again", 1, 1000, 1.0, whole=False
)
_GRAPH = (_M, _EF_CONSTRUCTION)
_CAGRA_DEGREE = Parameter("graph_degree", "edges of a node", 1, 1024, 64)

_ALL = (
    Kind(
        "FLAT",
        "compares with every vector: exact, and slow from some ten thousands on",
        local=True,
        exact=True,
    ),
    Kind(
        "HNSW",
        "a graph in memory: fast, with high recall; the local one walks over 8-bit codes and "
        "compares the best again with the vectors",
        _GRAPH,
        (_EF, _OVERSAMPLING),
        local=True,
    ),
    Kind(
        "IVF_FLAT",
        "cells, of which a search looks into a few; the vectors as they are",
        (_NLIST,),
        (_NPROBE,),
    ),
    Kind(
        "IVF_SQ8",
        "cells of 8-bit codes: a quarter of the memory",
        (_NLIST,),
        (_NPROBE,),
        codes=True,
    ),
    Kind(
        "IVF_PQ",
        "cells of product codes: the least memory, and the least recall",
        (_NLIST, _CODE_PARTS, _NBITS),
        (_NPROBE,),
        codes=True,
    ),
    Kind(
        "SCANN",
        "cells of 4-bit product codes, the best compared again with the vectors",
        (_NLIST, Parameter("with_raw_data", "keep the vectors beside", flag=True)),
        (
            _NPROBE,
            Parameter(
                "reorder_k", "answers by codes compared again", 1, _INT, 200, at_least_limit=True
            ),
        ),
        probed=True,
        since=(2, 3, 0),
        codes=True,
    ),
    Kind(
        "DISKANN",
        "a graph on a fast disk, product codes in memory: for more vectors than memory holds",
        (),
        (Parameter("search_list", "candidates of a search", 1, 65535, 100, at_least_limit=True),),
        probed=True,
        since=(2, 2, 0),
        codes=True,
    ),
    Kind(
        "HNSW_SQ",
        "a graph over scalar codes",
        (
            *_GRAPH,
            Parameter("sq_type", "the code of a component", choices=_SQ_TYPES, default="SQ8"),
            *_REFINE,
        ),
        (_EF, _REFINE_K),
        since=(2, 5, 0),
        codes=True,
    ),
    Kind(
        "HNSW_PQ",
        "a graph over product codes",
        (*_GRAPH, _CODE_PARTS, _NBITS, *_REFINE),
        (_EF, _REFINE_K),
        since=(2, 5, 0),
        codes=True,
    ),
    Kind(
        "HNSW_PRQ",
        "a graph over residual product codes",
        (
            *_GRAPH,
            _CODE_PARTS,
            Parameter("nrq", "rounds of residuals", 1, 16, 2),
            _NBITS,
            *_REFINE,
        ),
        (_EF, _REFINE_K),
        since=(2, 5, 0),
        codes=True,
    ),
    Kind(
        "IVF_RABITQ",
        "cells of codes of one bit a component, the best compared again where refined",
        (_NLIST, *_REFINE),
        (
            _NPROBE,
            Parameter("rbq_query_bits", "bits of a component of the query, 0 as it is", 0, 8, 0),
            _REFINE_K,
        ),
        since=(2, 6, 0),
        codes=True,
    ),
    Kind(
        "GPU_BRUTE_FORCE",
        "compares with every vector on a graphics card",
        probed=True,
        since=(2, 4, 0),
        metrics=("IP", "L2"),
        exact=True,
    ),
    Kind(
        "GPU_IVF_FLAT",
        "IVF_FLAT on a graphics card",
        (_NLIST,),
        (_NPROBE,),
        metrics=("IP", "L2"),
        probed=True,
        since=(2, 3, 0),
    ),
    Kind(
        "GPU_IVF_PQ",
        "IVF_PQ on a graphics card",
        (_NLIST, _CODE_PARTS, _NBITS),
        (_NPROBE,),
        metrics=("IP", "L2"),
        probed=True,
        since=(2, 3, 0),
        codes=True,
    ),
    Kind(
        "GPU_CAGRA",
        "a graph on a graphics card",
        (
            Parameter("intermediate_graph_degree", "edges before pruning", 1, 1024, 128),
            _CAGRA_DEGREE,
            Parameter(
                "build_algo",
                "how the graph is made",
                choices=("IVF_PQ", "NN_DESCENT"),
                default="IVF_PQ",
            ),
        ),
        (
            Parameter("itopk_size", "candidates of a search", 1, 1024, 128, at_least_limit=True),
            Parameter("search_width", "nodes entered at once", 1, 1024, 4),
        ),
        metrics=("IP", "L2"),
        probed=True,
        since=(2, 4, 0),
    ),
    Kind("AUTOINDEX", "what the server thinks best", since=(2, 2, 0)),
    Kind(
        "BIN_FLAT",
        "compares with every hash: exact",
        metrics=_BINARY_METRICS,
        exact=True,
        local=True,
        vectors="binary",
    ),
    Kind(
        "BIN_IVF_FLAT",
        "cells of hashes, of which a search looks into a few",
        (_NLIST,),
        (_NPROBE,),
        metrics=_BINARY_METRICS,
        vectors="binary",
        warning="its search within a radius loses answers, with every cell looked into, too",
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind by name."""
