"""Columns by name, whatever is in the name, and as the keys that rows are matched by."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from skewless.ground.names import UNWRITABLE
from skewless.serving.plan.document.column_types import column_type

INTEGERS = (ByteType, ShortType, IntegerType, LongType)
ATOMS = (
    *INTEGERS,
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

_CHAR_TYPE = "__CHAR_VARCHAR_TYPE_STRING"
UNPUBLISHABLE = "which other readers of Delta cannot read"
NO_KEY = "keys match by equality, so cast it to an integer, decimal or string"


def column(name: str) -> Column:
    """The column of exactly this name, dots and backquotes included."""
    return F.col(quoted(name))


def quoted(name: str) -> str:
    """The name as SQL has it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def as_key(value: Column, data_type: DataType) -> Column:
    """The value as keys are hashed and compared: integers of every width as 64 bits (J8)."""
    return value.cast("bigint") if isinstance(data_type, INTEGERS) else value


def type_text(field: StructField) -> str:
    """A column's type as a serving plan spells it; Spark has a CHAR column as a string, which it pads with blanks."""
    declared = field.metadata.get(_CHAR_TYPE, "") if isinstance(field.dataType, StringType) else ""
    return declared if declared.startswith("char(") else field.dataType.simpleString()


def key_kind(column: StructField | DataType) -> str | None:
    """What two key columns must share to be compared, or None for a type that is no key: as serving has it (J8)."""
    text = type_text(column) if isinstance(column, StructField) else column.simpleString()
    return column_type(text).key_kind


def is_publishable(data_type: DataType) -> bool:
    """Whether delta-rs and DuckDB read a column of this type, and J4 orders it."""
    if isinstance(data_type, ArrayType):
        return is_publishable(data_type.elementType)
    if isinstance(data_type, MapType):
        return is_publishable(data_type.keyType) and is_publishable(data_type.valueType)
    if isinstance(data_type, StructType):
        return all(is_publishable(field.dataType) for field in data_type)
    if isinstance(data_type, StringType):
        return "collate" not in data_type.simpleString()
    return isinstance(data_type, ATOMS)


def unwritable(name: str, data_type: DataType) -> str | None:
    """Why Delta cannot write a column of this name and type: what is in its name, or in that of a field inside."""
    for field in (None, *_fields(data_type)):
        wrong = sorted(UNWRITABLE & set(name if field is None else field))
        if wrong:
            named = "its name" if field is None else f"the name of its field '{field}'"
            return f"has {' and '.join(map(repr, wrong))} in {named}, which Delta cannot write"
    return None


def _fields(data_type: DataType) -> Iterator[str]:
    """The names of all fields of structs in a type, however deep."""
    if isinstance(data_type, StructType):
        for field in data_type:
            yield field.name
            yield from _fields(field.dataType)
    elif isinstance(data_type, ArrayType):
        yield from _fields(data_type.elementType)
    elif isinstance(data_type, MapType):
        yield from _fields(data_type.keyType)
        yield from _fields(data_type.valueType)


def spelt(name: str, schema: StructType) -> str:
    """The column's name as its table spells it, since names compare case-insensitively; else the name itself."""
    by_folded = {field.name.casefold(): field.name for field in schema}
    return name if name in schema.names else by_folded.get(name.casefold(), name)


def types_in(rows: DataFrame, part: str) -> dict[str, DataType]:
    """The fields of a struct column with their types; {} where there is no such column."""
    kind = rows.schema[part].dataType if part in rows.columns else StructType()
    return {field.name: field.dataType for field in kind} if isinstance(kind, StructType) else {}


def fields_in(rows: DataFrame, *path: str) -> dict[str, DataType]:
    """The fields of the struct at a path of columns with their types; {} where there is none."""
    kind: DataType = rows.schema
    for name in path:
        if not isinstance(kind, StructType) or name not in kind.names:
            return {}
        kind = kind[name].dataType
    return {field.name: field.dataType for field in kind} if isinstance(kind, StructType) else {}
