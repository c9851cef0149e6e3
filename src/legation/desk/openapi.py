"""The desk's JSON described as OpenAPI 3.1, made from the declared operations and the types they answer with."""

import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from inspect import cleandoc, getdoc
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from legation import __version__
from legation.desk.operations import Operation, Parameter

_SIMPLE: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    type(None): {"type": "null"}, date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"}, Any: {},
}  # fmt: skip
_REFUSALS = {
    400: "A parameter or the body is wrong.", 401: "The token is missing or wrong.",
    403: "The request does not come from the desk's own page.", 404: "There is nothing of that name.",
    409: "It is there already.", 413: "The body is too long.", 415: "The body is no JSON.",
    421: "The Host header names another machine.", 503: "The desk cannot do that now.",
}  # fmt: skip


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole description: paths, parameters, answers, and a schema for each dataclass among them."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Legation desk", "version": __version__, "description": cleandoc(_ABOUT)},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


_ABOUT = """
    What a store tells, as JSON. Days are ISO dates, both ends of a range included. A list comes in pages: ask for what
    follows with `after`, the `next` of the page before. Every GET has an ETag. A request that is wrong is answered with
    `error`, a sentence that says what is wrong and what to do.
"""
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, and what to do."}},
    "required": ["error"],
}


def _described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.says,
        "tags": [operation.path.split("/")[2] if operation.path.count("/") > 1 else "api"],
        "responses": {str(operation.status): _answer(operation, schemas)} | _refused(operation),
    }
    if operation.parameters:
        told["parameters"] = [_parameter(one, operation) for one in operation.parameters]
    if operation.body:
        content = {"application/json": {"schema": schema_of(operation.body, schemas)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answer(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.media_type != "application/json":
        return {"description": "The file.", "content": {operation.media_type: {}}}
    if operation.answer is None:
        return {"description": "Done."}
    schema = schema_of(operation.answer, schemas)
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}


def _refused(operation: Operation) -> dict[str, Any]:
    codes = {400, 401, 421, *operation.refusals}
    if operation.in_path:
        codes.add(404)
    if operation.method != "GET":
        codes |= {403}
    if operation.body:
        codes |= {413, 415}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(code): {"description": _REFUSALS[code], "content": content} for code in sorted(codes)}


def _parameter(one: Parameter, operation: Operation) -> dict[str, Any]:
    schema = dict(one.meant.schema)
    if one.many:
        schema = {"type": "array", "items": schema, "maxItems": 20}
    elif one.default is not None:
        schema["default"] = one.default
    in_path = one.name in operation.in_path
    told = {"name": one.name, "in": "path" if in_path else "query", "description": one.says, "schema": schema}
    return told | ({"required": True} if in_path or one.required else {})


def schema_of(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a type; that of a dataclass is put into `schemas` and referred to."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if origin in (Union, types.UnionType):
        return _union([schema_of(one, schemas) for one in inner])
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple and inner[-1] is not Ellipsis:
        prefix = [schema_of(one, schemas) for one in inner]
        return {"type": "array", "prefixItems": prefix, "minItems": len(inner), "maxItems": len(inner)}
    if origin in (tuple, list):
        return {"type": "array", "items": schema_of(inner[0], schemas)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema_of(inner[1], schemas)}
    if is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, schemas)
    raise TypeError(f"{kind!r} has no JSON Schema here: answer with dataclasses, lists and plain values")


def _union(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    simple = [schema["type"] for schema in schemas if set(schema) == {"type"}]
    return {"type": simple} if len(simple) == len(schemas) else {"anyOf": schemas}


def _record(kind: type, schemas: dict[str, Any]) -> dict[str, Any]:
    name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"  # several modules have their Bin
    if name not in schemas:
        schemas[name] = {}  # named before it is filled in: a record may hold others of its own kind
        hints = get_type_hints(kind)
        columns = fields(kind)
        schemas[name] = {
            "type": "object",
            "description": " ".join((getdoc(kind) or "").split()),
            "properties": {column.name: schema_of(hints[column.name], schemas) for column in columns},
            "required": [c.name for c in columns if c.default is MISSING and c.default_factory is MISSING],
        }
    return {"$ref": f"#/components/schemas/{name}"}
