"""Imports run one way, from the pages down to the library, and never in a circle."""

import ast
from graphlib import TopologicalSorter

from tests.conftest import ROOT

LAYERS = (  # the lowest first; a room imports from lower layers, but no other room of its own
    ("zoo.errors", "zoo.cores", "zoo.whole"),
    ("zoo.text", "zoo.images", "zoo.runtime", "zoo.hub"),
    ("zoo.decoding",),
    ("zoo.networks",),
    ("zoo.readers",),
    ("zoo.loading",),
    ("zoo.letter", "zoo.grid"),
    ("zoo",),
    ("training.data",),
    ("training", "demos"),
    ("app", "benchmarks"),
)
PATHS = [
    ROOT / "app.py",
    *(path for room in ("zoo", "training", "demos", "benchmarks") for path in ROOT.glob(room + "/**/*.py")),
]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PATHS
    if "node_modules" not in path.parts
}


def imported(file: str) -> set[str]:
    """Our files that a file imports, at once or in a function, but for types alone."""
    found, tree = set(), ast.parse(FILES[file].read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    typing = {node for block in blocks for node in ast.walk(block)}
    for node in set(ast.walk(tree)) - typing:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else str(node.module) for name in names}
    return found & FILES.keys() - {file}


def layer(file: str) -> tuple[str, int]:
    """The room that a file is in, and how high that is."""
    rooms = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
    return max(((r, h) for r, h in rooms.items() if f"{file}.".startswith(f"{r}.")), key=lambda one: len(one[0]))


def test_imports_run_one_way_and_never_in_a_circle() -> None:
    graph = {file: imported(file) for file in FILES}
    assert len(graph) > 100 and "zoo.hub.store" in graph["zoo.loading"]
    TopologicalSorter(graph).prepare()  # raises where there is a circle
    for file, others in graph.items():
        (room, height), of_others = layer(file), {other: layer(other) for other in others}
        wrong = [other for other, (its, high) in of_others.items() if its != room and high >= height]
        assert not wrong, f"{file} imports {wrong}"
