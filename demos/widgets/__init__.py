"""What several tabs show: answers, boxes, figures, a canvas, what a network saw."""
