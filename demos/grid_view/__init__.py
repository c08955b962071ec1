"""The page of the picture grid."""
