"""What cells and codes of an index cost searches by pictures, and searches by words.

The inverted lists of faiss, which Milvus builds, too, on stored embeddings; queries are some of
those embeddings (themselves left out) and texts. Recall@10 against comparing with all.

    python benchmarks/words.py clip.npy captions.txt

The .npy file holds (n, 512) embeddings of clip-vit-b-16, the other one text a line. Words need its
text tower, and this needs faiss-cpu.
"""

import argparse
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import registry

KINDS = ("Flat", "SQ8", "PQ256", "PQ128", "PQ64", "PQ32", "PQ16", "PQ8")
CELLS = 64
LIMIT = 10


def truth(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], own: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The places (n, 10) of the nearest, without each query's own."""
    cosines = queries @ vectors.T
    known = own >= 0
    cosines[np.flatnonzero(known), own[known]] = -np.inf
    return np.argsort(-cosines, axis=1)[:, :LIMIT]


def recall(
    index: faiss.Index,
    probes: int,
    queries: NDArray[np.float32],
    nearest: NDArray[np.int64],
    own: NDArray[np.int64],
) -> float:
    """The mean part of the true nearest that is found in so many cells, 0..1."""
    faiss.ParameterSpace().set_index_parameter(index, "nprobe", probes)
    _, found = index.search(queries, LIMIT + 1)
    shares = []
    for row, true, mine in zip(found.tolist(), nearest.tolist(), own.tolist(), strict=True):
        answers = [place for place in row if place != mine][:LIMIT]
        shares.append(len(set(answers) & set(true)) / LIMIT)
    return float(np.mean(shares))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("words", type=Path)
    parser.add_argument("--count", type=int, default=300, help="queries of each kind")
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    given = parser.parse_args()
    generator = np.random.default_rng(0)
    vectors = np.load(given.embeddings).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = generator.permutation(len(vectors))[: given.count]
    texts = given.words.read_text("utf-8").splitlines()
    texts = [texts[place] for place in generator.permutation(len(texts))[: given.count]]
    encoder = registry.load("clip-vit-b-16")
    # One by one, as searches do.
    words = np.concatenate([encoder.encode_texts([text]) for text in texts])
    nobody = np.full(len(words), -1)
    asked = [(vectors[own], own), (words, nobody)]
    truths = [truth(queries, vectors, mine) for queries, mine in asked]
    print("| index | cells looked into | pictures | words |\n|---|---|---|---|")
    for kind in given.kinds:
        index = faiss.index_factory(
            vectors.shape[1], f"IVF{CELLS},{kind}", faiss.METRIC_INNER_PRODUCT
        )
        index.train(vectors)
        index.add(vectors)
        for probes in (CELLS // 16, CELLS // 8, CELLS // 4, CELLS):
            found = [
                f"{recall(index, probes, queries, true, mine):.3f}"
                for (queries, mine), true in zip(asked, truths, strict=True)
            ]
            print(f"| {kind} | {probes} of {CELLS} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
