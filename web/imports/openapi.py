"""The OpenAPI document of the HTTP API: made from the fields and kinds that it reads (C3)."""

from collections.abc import Mapping
from importlib.metadata import version

from aiohttp import web

from dialer.importing.columns.fields import FIELDS, Field, Form
from dialer.importing.columns.kinds import KINDS

_TEXTS = {"type": "array", "items": {"type": "string"}}
# What a program best sends of a form; what people write into cells is understood as well.
_FORMS: Mapping[Form, Mapping[str, object]] = {
    Form.MOMENT: {"type": "string", "format": "date-time", "example": "2026-11-21T16:30"},
    Form.DAY: {"type": "string", "format": "date"},
    Form.BIRTHDAY: {"type": "string", "format": "date"},
    Form.NUMBERS: {"oneOf": [{"type": "string"}, _TEXTS], "example": ["13800000001", "0371-65654321"]},
    Form.PLATE: {"type": "string", "example": "豫A12345"},
    Form.MONEY: {"type": "number", "description": "in yuan"},
    Form.WHOLE: {"type": "integer"},
    Form.YES_NO: {"type": "boolean"},
    Form.ITEMS: _TEXTS,
    Form.TAIL: {"type": "string", "description": "the last four characters are kept"},
    Form.SLOT: {"type": "string", "example": "18:00-20:00"},
}
_PROBLEM = {
    "description": "Nothing was taken in: `error` says why.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
        }
    },
}


async def show(_request: web.Request) -> web.StreamResponse:
    """The document, as JSON. It tells nothing of this site, so nobody has to log in for it."""
    return web.json_response(document())


def document() -> Mapping[str, object]:
    """The API in the words of OpenAPI 3.1."""
    result = {
        "type": "object",
        "properties": {
            "external_id": {"type": "string"},
            "result": {"enum": ["created", "updated", "unchanged", "rejected"]},
            "problem": {"type": "string", "description": "Why it was rejected, and what to do."},
        },
        "required": ["external_id", "result"],
    }
    answer = {
        "type": "object",
        "properties": {
            "rows": {"type": "integer"},
            "accepted": {"type": "integer"},
            "rejected": {"type": "integer"},
            "results": {"type": "array", "items": result, "description": "One each, in the order sent."},
        },
        "required": ["rows", "accepted", "rejected", "results"],
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Huifang", "version": version("huifang")},
        "paths": {
            "/api/v1/occasions": {
                "post": {
                    "summary": "Take in occasions",
                    "description": "Each is taken in or rejected by itself. The same `source`, `kind` and "
                    "`external_id` again updates it; sending again is harmless.",
                    "security": [{"token": []}],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"type": "array", "items": _occasion()}}},
                    },
                    "responses": {
                        "200": {
                            "description": "What became of each.",
                            "content": {"application/json": {"schema": answer}},
                        },
                        "400": _PROBLEM,
                        "401": _PROBLEM,
                        "413": _PROBLEM,
                    },
                }
            }
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _occasion() -> Mapping[str, object]:
    own: dict[str, object] = {
        "kind": {"enum": list(KINDS)},
        "source": {"type": "string", "maxLength": 60, "default": "api"},
    }
    return {
        "type": "object",
        "properties": own | {field.name: _property(field) for field in FIELDS},
        "patternProperties": {"^fact:": {"description": "A fact of the sender's own, by its name."}},
        "additionalProperties": False,
        "required": ["kind"],
    }


def _property(field: Field) -> Mapping[str, object]:
    form = _FORMS.get(field.form)
    title = {"title": field.headings[0]}
    return title | dict(form) if form else title | {"type": "string", "maxLength": field.longest}
