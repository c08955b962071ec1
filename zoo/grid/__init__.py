"""Many pictures on a grid in which like lies beside like.

>>> from zoo import grid
>>> pictures = grid.find("folder")  # doctest: +SKIP
>>> found = grid.arrange(pictures)  # doctest: +SKIP

A network embeds the pictures, UMAP or t-SNE lays the vectors out in the plane, and a linear assignment moves each point
to a cell; "sorted" sorts the vectors into the cells without a plane. After "One thousand captcha photos organized with
a neural network".
"""

from zoo.grid.arrangement import LAYOUTS, Arrangement, Progress, arrange
from zoo.grid.pictures import Pictures, fetch, find
from zoo.grid.quality import Quality

__all__ = ["LAYOUTS", "Arrangement", "Pictures", "Progress", "Quality", "arrange", "fetch", "find"]
