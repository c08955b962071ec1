"""What the interface for programs takes and answers, as an OpenAPI 3.1 document."""

from typing import Any

from demos.api.jobs import FILES, MB, SIDE, Limits, Wish
from demos.grid_view import sets
from zoo import grid
from zoo.grid import pictures

Schema = dict[str, Any]
TYPES = {name: kind for name, kind in zip(FILES, ("image/jpeg", "text/html", "text/csv"), strict=True)}


def document(path: str, embedders: tuple[str, ...], limits: Limits) -> Schema:
    """The document of the visualizations at `path`.

    Args:
        path: that visualizations are posted to.
        embedders: that may be asked for.
        limits: on what is taken.
    """
    side = {"type": ["integer", "null"], "minimum": 1, "maximum": SIDE, "description": "none: about square"}
    named = "|".join(sets.BY_NAME)
    options: Schema = {
        "embedder": {"type": "string", "enum": list(embedders), "description": "by which pictures are alike"},
        "layout": {"type": "string", "enum": ["", *grid.LAYOUTS], "description": f"none: {Wish.layout}"},
        "rows": side,
        "cols": side,
    }
    dataset = {
        "type": "string",
        "pattern": f"^({named}|{pictures.REPO.pattern})$",
        "description": f"{named}, or user/name of a data set on the Hub",
    }
    upload = {
        "type": "string",
        "format": "binary",
        "description": f"a zip of up to {limits.count:,} pictures, of {limits.upload // MB} MB at most",
    }
    key, name = _parameter("key", {"type": "string"}), _parameter("name", {"type": "string", "enum": list(FILES)})
    waits = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    visualization, missing = _answer("the visualization", "Visualization"), _answer("there is none", "Error")
    posted: Schema = {
        "operationId": "visualize",
        "summary": "Asks for pictures to be laid out on a grid; asked for again, the same is not computed again",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _object({"dataset": dataset, **options}, ["dataset"])},
                "multipart/form-data": {"schema": _object({"file": upload, **options}, ["file"])},
            },
        },
        "responses": {
            "202": visualization,
            "400": _answer("what is asked for makes no sense", "Error"),
            "413": _answer("it is too much", "Error"),
            "429": _answer("too many wait", "Error") | {"headers": waits},
        },
    }
    got: Schema = {
        "operationId": "visualization",
        "summary": "How far it is, and where its files are once it is done",
        "parameters": [key],
        "responses": {"200": visualization, "404": missing},
    }
    file: Schema = {
        "operationId": "file",
        "summary": "The picture, a page of its own or the table of a visualization that is done",
        "parameters": [key, name],
        "responses": {
            "200": {"description": "the file", "content": {kind: {"schema": {}} for kind in TYPES.values()}},
            "404": missing,
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Glyphzoo", "version": "2", "description": "Lays pictures out so that like lies beside like"},
        "paths": {path: {"post": posted}, f"{path}/{{key}}": {"get": got}, f"{path}/{{key}}/{{name}}": {"get": file}},
        "components": {"schemas": SCHEMAS},
    }


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _answer(description: str, name: str) -> Schema:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_COUNT = {"type": "integer", "minimum": 0}
_PROGRESS = {"stage": {"type": "string"}, "done": _COUNT, "total": _COUNT}
_ADDRESS = _object({"url": {"type": "string"}}, ["url"])
_FILES = {"image": _ADDRESS, "page": _ADDRESS, "table": _ADDRESS}
SCHEMAS: Schema = {
    "Visualization": _object(
        {
            "output": _object(
                {
                    "id": {"type": "string"},
                    "status": {"enum": ["pending", "running", "done", "error"]},
                    "progress": _object(_PROGRESS, list(_PROGRESS)),
                    "reason": {"type": "string", "description": "why it failed, in a sentence"},
                    "data": {
                        "type": "object",
                        "properties": _FILES,
                        "required": list(_FILES),
                        "description": "addresses of the files, and facts about the arrangement",
                    },
                },
                ["id", "status"],
            )
        },
        ["output"],
    ),
    "Error": _object({"error": {"type": "string", "description": "a sentence with the remedy"}}, ["error"]),
}
