"""Vectors to points in the plane, in which like lies beside like: UMAP or t-SNE."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo import cores
from zoo.errors import InputError

Vectors = npt.NDArray[np.float32]
METHODS = "umap", "tsne"
NEIGHBOURS = 15
FEW = 5  # pictures up to which there are too few neighbours: principal components must do
DIMENSIONS = 50  # that vectors are reduced to before t-SNE
EXACT = 4096  # pictures up to which UMAP takes exact neighbours; more are searched by approximation


def reduce(vectors: Vectors, method: str, seed: int = 0) -> npt.NDArray[np.float64]:
    """Points (n, 2) of vectors (n, d); the same for the same vectors and seed.

    "umap" is UMAP (McInnes et al. 2018) as umap-learn computes it, "tsne" is FIt-SNE (Linderman et al. 2019) as
    openTSNE does.

    Raises:
        InputError: there is no such method.
    """
    if method not in METHODS:
        raise InputError(f"There is no layout {method!r}; choose from {', '.join(METHODS)} and sorted.")
    if len(vectors) <= FEW or not np.ptp(vectors, axis=0).any():
        return components(vectors, 2).astype(np.float64)
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed means one core, and that some pictures are alike
        if method == "umap":
            from umap import UMAP

            options: dict[str, Any] = {"n_neighbors": neighbours, "min_dist": 0.1, "random_state": seed, "n_jobs": 1}
            if len(vectors) <= EXACT:  # umap-learn would compile a search of its own for seconds
                options["precomputed_knn"] = nearest(vectors, neighbours)
            found = UMAP(**options).fit_transform(vectors)
        else:
            from openTSNE import TSNE

            perplexity = min(30, (len(vectors) - 1) / 3)
            reduced = components(vectors, DIMENSIONS)
            found = TSNE(perplexity=perplexity, random_state=seed, n_jobs=cores.available()).fit(reduced)
    return np.asarray(found, np.float64)


def nearest(vectors: Vectors, count: int) -> tuple[npt.NDArray[np.int32], Vectors]:
    """Indices and distances (n, count) of each vector's nearest, itself the first."""
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=count).fit(vectors).kneighbors(vectors)
    return indices.astype(np.int32), distances.astype(np.float32)


def components(vectors: Vectors, count: int) -> Vectors:
    """The first `count` principal components (n, count) of vectors (n, d), filled up with zeros."""
    from sklearn.decomposition import PCA

    few = min(count, *vectors.shape)
    found = PCA(few, random_state=0).fit_transform(vectors) if np.ptp(vectors, axis=0).any() else vectors[:, :few] * 0
    return np.pad(found, ((0, 0), (0, count - few))).astype(np.float32)
