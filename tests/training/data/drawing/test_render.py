"""Where a homography takes points and boxes."""

import numpy as np

from training.data.drawing import render


def test_a_homography_takes_four_points_to_their_places() -> None:
    corners = np.array([[0, 0], [200, 0], [200, 100], [0, 100]], float)
    moved = corners + [[3, -4], [10, 7], [-6, 2], [1, 9]]
    way = render.homography(corners, moved)
    np.testing.assert_allclose(render.project(corners, way), moved, atol=1e-9)
    assert way.dtype == np.float64
    upright = render.project_boxes(np.array([[0.0, 0.0, 200.0, 100.0]]), way)
    np.testing.assert_allclose(upright, [[*moved.min(0), *moved.max(0)]], atol=1e-9)
