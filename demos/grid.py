"""The page of the picture grid: `make grid`, or `python -m streamlit run demos/grid.py`."""

from pathlib import Path

import streamlit as st

from demos.grid_view import maps

app = st.App(Path(__file__).with_name("grid_view") / "grid_page.py", routes=[maps.ROUTE])
