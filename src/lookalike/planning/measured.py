"""Figures that were measured, where they come from, and sizes that others' code fixes.

The machines and commands are in docs/capacity.md.
"""

# A row of a Milvus segment in memory: 8 bytes for its timestamp, 16 for its place by primary key
# (a pair of numbers), and 8 for each number; beside the bytes of each text and JSON, 8 for where
# it begins, and for the view of it that filters read 16, or 48 of JSON. Nothing comes with a table
# but its rows, as was measured at 100,000 and 300,000 (docs/capacity.md). What else a server grows
# by is what its allocator keeps of reading a segment until it reads the next, what the collector of
# Go has not taken yet, and what a compaction needs: NODE_SHARE leaves room for that.
ROW_BYTES = 24
NUMBER_BYTES = 8
NUMBERS = 8
"""Of a record: id, size, modified_ns, width, height, duplicate_of, added, updated."""
TEXT_BYTES = 24
TEXTS = 7
"""Of a record: uri, tenant, three digests, format, border."""
JSON_BYTES = 56
JSONS = 2
"""Of a record: attributes, filterable."""
DIGEST_BYTES = 64 + 32 + 32
"""Hexadecimal digits of SHA-256, MD5 and the digest of pixels."""
TENANT_BYTES = 16
FORMAT_BYTES = 4
FILTERABLE = 1.5
"""Bytes of the JSON made for filters, for each byte of attributes."""
HAS_BYTES = 20
"""Of the JSON that says which encoders have a vector of a record, for each of them."""
LOOKED_UP_BYTES = 56
"""Of a text's place in the index that finds records by it, beside the text: a number (8), a node
of a tree (64) and a list of one row (8), in place of the 24 of a text without an index."""
LOOKED_UP = 4
"""Of the table of records: uri and three digests."""

HEX_SHRINKS = 2
"""Half of the bits of a hexadecimal digit say nothing: what compression makes of it."""
TEXT_SHRINKS = 4
STORED_SOURCE = "binlogs of Milvus 2.3.5 (Parquet with zstd)"
WITHOUT_FILES = ("FLAT", "BIN_FLAT")
"""Kinds that are the vectors themselves: the server makes no files of them."""

NODE_SHARE = 0.7
"""Of a node's memory, what segments may take."""
NODE_SHARE_SOURCE = "the rest is for reading and growing segments, queries and the system"

SEGMENT_BYTES = 512 * 2**20
SEGMENT_SOURCE = "dataCoord.segment.maxSize as shipped"
SEARCH_DIMENSIONS = 512
SEARCH_MS = {"FLAT": 21.0, "HNSW": 0.65, "IVF_FLAT": 2.0, "IVF_SQ8": 0.9, "IVF_PQ": 0.9}
"""Milliseconds of one core for ten neighbours in a segment of 512 MiB (262,144 vectors).

Measured as what searches one at a time cost a server in processor time, in a segment of 100,000,
less what they cost in a table of three rows: FLAT 8.0, HNSW 0.6 (M 16, ef 64 and 128), IVF_FLAT 0.8
and IVF_SQ8 0.3 (one of 16 cells). These grow with the vectors, but HNSW's with their logarithm.
IVF_PQ was not measured and is taken for IVF_SQ8; what DISKANN takes is for its disk to say.
"""
SEARCH_CALL_MS = 1.1
"""Of a search in a table of three rows, on a server that is proxy and query node in one."""
SEARCH_SOURCE = "processor time, Milvus 2.3.5 on 2 busy cores"
RECALL = {"IVF_SQ8": 0.99, "IVF_PQ": 0.77}
"""What kinds that keep codes find at most of the ten nearest, as they are built unless asked
otherwise: docs/indexes.md, embeddings of clip-vit-b-16. Other kinds of codes were not measured."""

MILVUS_ROWS_PER_SECOND = 14_700
MILVUS_SOURCE = "upserts of 512 dimensions to Milvus 2.3.5 on 2 cores"

LOCAL_MOST = 10_000_000
LOCAL_QPS = 500
LOCAL_ROWS_PER_SECOND = 15_000
LOCAL_GRAPH_PER_SECOND = 2_700
LOCAL_SOURCE = "2 cores, 512 dimensions, docs/storage.md"
LOCAL_SEGMENT = 1_000_000
HASH_INDEX_BYTES = 21
"""Of a hash's id (8) and its places in three tables (4 each), and what finds those."""
ENGINE_FIELDS_BYTES = 120
"""Of the names of a record's fields and of its numbers, as the engine keeps them for filters."""
ENGINE_BLOCK_BYTES = 128
"""A record's fields take whole blocks of these."""
ENGINE_PLACE_BYTES = 37
"""Where the fields are (16), the two ids of a record (13) and its version (8)."""
ENGINE_ID_BYTES = 24
FIELD_BYTES = 30
"""Of a record in the index of one field, which a process keeps from its first filter on that field:
1.2 GB more for ten million records and four fields."""
FIELD_SOURCE = "10,000,000 records, docs/large.md"
PROCESS_BYTES = 25_000_000
"""Of Python, NumPy and the engine with an empty collection, beside their code."""
