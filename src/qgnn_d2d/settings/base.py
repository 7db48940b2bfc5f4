"""What all settings share: one declaration per option, and one line for every mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ..checks import shown

LARGEST = 2**63 - 1

Count = Annotated[int, Field(ge=1, le=LARGEST)]
Whole = Annotated[int, Field(ge=0, le=LARGEST)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+\z")]
"""Text that names files: letters, digits and underscores."""
Device = Annotated[str, StringConstraints(pattern=r"^(cpu|cuda|mps|xpu)(:[0-9]+)?\z")]
"""A device of PyTorch; whether a job's machine has it, the job will see."""

T = TypeVar("T", bound=BaseModel)


class Settings(BaseModel):
    """A group of options: strict types, no unknown keys, no NaN, unchangeable once made."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        closed = isinstance(data, Mapping) and cls.model_config.get("extra") == "forbid"
        if closed and (unknown := ", ".join(repr(key) for key in data if key not in cls.model_fields)):
            raise ValueError(f"unknown key {unknown}; allowed here: {', '.join(cls.model_fields)}")
        return data

    not_in_text: ClassVar[frozenset[str]] = frozenset()
    """Options that `text` leaves out, as they concern other jobs."""

    @property
    def text(self) -> str:
        """All options as one line of text: for Snakemake, which repeats a job whose settings have changed."""
        content = self.model_dump(mode="json", exclude=set(self.not_in_text))
        return ", ".join(f"{path} = {value}" for path, value in sorted(_leaves(content)))


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of every option that is not None."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def only(options: Mapping[str, Any], kind: type[BaseModel]) -> dict[str, Any]:
    """Return those of some options that a kind of settings has."""
    return {key: value for key, value in options.items() if key in kind.model_fields}


def validated(kind: type[T], data: Any, place: str = "") -> T:
    """Return plain data, which stand at ``place`` in the config, as settings of a kind.

    Raises:
        ValueError: In one line: the key, its value, what is allowed.

    Example:
        >>> class Speed(Settings):
        ...     limit: Positive
        >>> validated(Speed, {"limit": -1.0}, "speed")
        Traceback (most recent call last):
        ValueError: speed.limit is -1.0; it must be above 0
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ValueError(_line(error.errors(), data, place)) from None


def _place(error: ErrorDetails, data: Any, place: str) -> tuple[str, Any]:
    """Return path and value of what is wrong."""
    path, value = place, data
    for part in error["loc"]:
        if isinstance(value, Mapping) and part in value:
            path, value = f"{path}.{part}".lstrip("."), value[part]
        elif isinstance(value, Sequence) and isinstance(part, int) and part < len(value):
            path, value = f"{path}[{part}]", value[part]
        # Else pydantic's own word for a branch: it stands in no file.
    return path, value


def _line(errors: list[ErrorDetails], data: Any, place: str) -> str:
    """Say in one line where data is wrong and what is allowed."""
    error, (path, value) = errors[0], _place(errors[0], data, place)
    if isinstance(value, list):  # of a value or a list of values, the list is the last branch: its error says more
        error = [other for other in errors if _place(other, data, place)[0].startswith(path)][-1]
        path, value = _place(error, data, place)
    kind, context, last = error["type"], error.get("ctx", {}), error["loc"][-1] if error["loc"] else ""
    if kind == "union_tag_invalid":
        path, value = f"{path}.kind", value["kind"]
    if last == "[key]":
        path, value = f"key {path}", error["input"]
    where = path or "the config"
    if kind in ("missing", "union_tag_not_found"):
        if isinstance(last, int):
            return f"{where} is {shown(value)}; it must be a list of at least {last + 1}"
        return f"{where}: key {last if kind == 'missing' else 'kind'} is missing"
    if kind == "value_error":
        message = " ".join(str(context["error"]).split())
        return f"{path}: {message}" if path else message
    return f"{where} is {shown(value)}; it must be {_allowed(kind, context, error['msg'], value)}"


def _allowed(kind: str, context: Mapping[str, Any], message: str, value: Any) -> str:
    """Say what a kind of error allows."""
    limits = {"greater_than": "above {gt}", "greater_than_equal": "at least {ge}", "less_than": "below {lt}",
              "less_than_equal": "at most {le}", "literal_error": "one of: {expected}", "string_pattern_mismatch":
              "text that matches {pattern}", "too_short": "a list or mapping of at least {min_length}", "too_long":
              "a list of at most {max_length}", "union_tag_invalid": "one of: {expected_tags}"}  # fmt: skip
    types = {"float_type": "a number", "int_type": "an integer, without point or exponent",
             "bool_type": "true or false", "string_type": "text", "finite_number": "finite", "list_type": "a list",
             "tuple_type": "a list", "dict_type": "a mapping", "mapping_type": "a mapping", "model_type": "a mapping",
             "model_attributes_type": "a mapping"}  # fmt: skip
    if kind in limits:
        plain = {
            name: f"{limit:g}" if isinstance(limit, float) else str(limit).replace("'", "").replace(" or ", ", ")
            for name, limit in context.items()
        }
        return limits[kind].format(**plain)
    return types.get(kind, " ".join(message.split())) + (_hint(value) if kind == "float_type" else "")


def _hint(value: Any) -> str:
    """Say how YAML wants a number that it read as text, as it does 1e-2."""
    try:
        mantissa, _, exponent = value.lower().partition("e")
        return f" (write {float(mantissa)}e{int(exponent):+})"
    except (AttributeError, ValueError):
        return ""
