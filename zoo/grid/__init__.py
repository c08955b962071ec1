"""Arranges pictures on a grid so that similar ones lie side by side.

>>> from zoo import grid
>>> pictures = grid.find("folder")  # doctest: +SKIP
>>> arrangement = grid.arrange(pictures)  # doctest: +SKIP

A network embeds the pictures, UMAP or t-SNE reduces the vectors to points in the plane, and a linear assignment moves
each point to a cell. The layout "sorted" sorts the vectors straight into the cells. After "One thousand captcha photos
organized with a neural network".
"""

from zoo.grid.arrangement import LAYOUTS, Arrangement, arrange
from zoo.grid.pictures import Pictures, Progress, fetch, find
from zoo.grid.quality import Quality

__all__ = ["LAYOUTS", "Arrangement", "Pictures", "Progress", "Quality", "arrange", "fetch", "find"]
