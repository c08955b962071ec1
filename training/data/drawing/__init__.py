"""What draws: texts in fonts, by pen, on paper, scanned and damaged."""
