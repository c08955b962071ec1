"""Vectors to points in the plane by UMAP or t-SNE; similar vectors come to lie close together."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo import cores
from zoo.errors import InputError

Vectors = npt.NDArray[np.float32]
METHODS = "umap", "tsne"
NEIGHBOURS = 15
FEW = 5  # pictures up to which principal components replace both methods, for want of neighbours
DIMENSIONS = 50  # principal components that t-SNE starts from
EXACT = 4096  # pictures up to which UMAP gets exact neighbours; umap-learn approximates those of more


def reduce(vectors: Vectors, method: str, seed: int = 0) -> npt.NDArray[np.float64]:
    """Points (n, 2) of vectors (n, d), reproducible by seed.

    "umap" is umap-learn's UMAP (McInnes et al. 2018), "tsne" is openTSNE's FIt-SNE (Linderman et al. 2019).

    Raises:
        InputError: there is no such method.
    """
    if method not in METHODS:
        raise InputError(f"There is no layout {method!r}; choose from {', '.join(METHODS)} and sorted.")
    if len(vectors) <= FEW or not np.ptp(vectors, axis=0).any():
        return components(vectors, 2).astype(np.float64)
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a seed limits UMAP to one core; some pictures are identical
        if method == "umap":
            from umap import UMAP

            options: dict[str, Any] = {"n_neighbors": neighbours, "min_dist": 0.1, "random_state": seed, "n_jobs": 1}
            if len(vectors) <= EXACT:  # saves the seconds in which umap-learn compiles its own search
                from sklearn.neighbors import NearestNeighbors

                distances, indices = NearestNeighbors(n_neighbors=neighbours).fit(vectors).kneighbors(vectors)
                options["precomputed_knn"] = indices.astype(np.int32), distances.astype(np.float32)
            points = UMAP(**options).fit_transform(vectors)
        else:
            from openTSNE import TSNE

            perplexity = min(30, (len(vectors) - 1) / 3)
            tsne = TSNE(perplexity=perplexity, random_state=seed, n_jobs=cores.available())
            points = tsne.fit(components(vectors, DIMENSIONS))
    return np.asarray(points, np.float64)


def components(vectors: Vectors, count: int) -> Vectors:
    """First `count` principal components (n, count) of vectors (n, d), padded with zeros."""
    from sklearn.decomposition import PCA

    if not np.ptp(vectors, axis=0).any():
        return np.zeros((len(vectors), count), np.float32)
    few = min(count, *vectors.shape)
    reduced = PCA(few, random_state=0).fit_transform(vectors)
    return np.pad(reduced, ((0, 0), (0, count - few))).astype(np.float32)
