"""Weights out of TensorFlow files, without TensorFlow.

Goal: the tensors of a frozen graph (`.pb`) or of a checkpoint (`.index` + `.data-00000-of-00001`)
by name, so that small networks run in NumPy and no worker opens a TensorFlow session. Sources:
`tensorflow/core/framework/{graph,node_def,tensor}.proto`,
`tensorflow/core/protobuf/tensor_bundle.proto`, and the LevelDB table format that the index uses.
Only what holds weights is read: float32 tensors, uncompressed blocks.
"""

import struct
from collections.abc import Iterator, Mapping

import numpy as np

_FLOAT32 = 1  # DataType.DT_FLOAT
_TABLE_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48


class WeightsError(ValueError):
    """The bytes are not a TensorFlow file of the expected kind."""


# What reading bytes that are something else can come to.
_NOT_THAT = (LookupError, TypeError, ValueError, OverflowError, MemoryError, struct.error)


def read_graph(data: bytes) -> dict[str, np.ndarray]:
    """float32 constants of a frozen GraphDef: name → array. Raises WeightsError."""
    constants = {}
    try:
        for number, node in _fields(data):
            if number == 1:
                constants.update(_constant(node))
    except _NOT_THAT as error:
        raise WeightsError(f"not a TensorFlow graph: {error}") from error
    if not constants:
        raise WeightsError("not a TensorFlow graph: it has no constant")
    return constants


def read_checkpoint(index: bytes, data: bytes) -> dict[str, np.ndarray]:
    """float32 tensors of a one-shard checkpoint: name → array. Raises WeightsError."""
    try:
        return dict(_tensors(memoryview(index), data))
    except _NOT_THAT as error:
        raise WeightsError(f"not a TensorFlow checkpoint: {error}") from error


def _tensors(index: memoryview, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    for key, value in _table_entries(index):
        if not key:  # the bundle's header
            continue
        entry = _first_fields(value)
        if entry.get(1) != _FLOAT32:
            continue
        start, size = entry.get(4, 0), entry.get(5, 0)
        if start + size > len(data):
            raise WeightsError("the data file is shorter than the index says")
        shape = _shape(entry.get(2, b""))
        yield key.decode(), np.frombuffer(data[start : start + size], "<f4").reshape(shape)


def _constant(node: memoryview) -> Mapping[str, np.ndarray]:
    name, operation, tensor = "", "", None
    for number, value in _fields(node):
        if number == 1:
            name = _content(value).decode()
        elif number == 2:
            operation = _content(value).decode()
        elif number == 5:
            attribute = _first_fields(value)
            if _content(attribute[1]) == b"value":
                tensor = _first_fields(attribute[2]).get(8)
    if operation != "Const" or tensor is None:
        return {}
    array = _tensor(tensor)
    return {} if array is None else {name: array}


def _tensor(message: memoryview) -> np.ndarray | None:
    fields = _first_fields(message)
    if fields.get(1) != _FLOAT32:
        return None
    shape = _shape(fields.get(2, b""))
    if 4 in fields:
        return np.frombuffer(_content(fields[4]), "<f4").reshape(shape)
    if 5 in fields:  # one value for all elements: packed, or a bare fixed32
        return np.full(shape, struct.unpack("<f", _content(fields[5])[:4])[0], np.float32)
    return np.zeros(shape, np.float32)


def _shape(message: bytes | memoryview) -> tuple[int, ...]:
    return tuple(
        _first_fields(value).get(1, 0) for number, value in _fields(message) if number == 2
    )


def _table_entries(table: memoryview) -> Iterator[tuple[bytes, bytes]]:
    footer = table[-_FOOTER_BYTES:]
    if struct.unpack("<Q", footer[-8:])[0] != _TABLE_MAGIC:
        raise WeightsError("not a TensorFlow checkpoint index: the footer's mark is missing")
    position = _skip_handle(footer, 0)  # the meta index, unused
    for _, handle in _block_entries(_block(table, footer, position)):
        yield from _block_entries(_block(table, memoryview(handle), 0))


def _skip_handle(data: memoryview, position: int) -> int:
    for _ in range(2):
        _, position = _varint(data, position)
    return position


def _block(table: memoryview, handle: memoryview, position: int) -> memoryview:
    offset, position = _varint(handle, position)
    size, _ = _varint(handle, position)
    if table[offset + size] != 0:
        raise WeightsError("compressed checkpoint indexes are not supported")
    return table[offset : offset + size]


def _block_entries(block: memoryview) -> Iterator[tuple[bytes, bytes]]:
    restarts = struct.unpack("<I", block[-4:])[0]
    end = len(block) - 4 * (restarts + 1)
    key, position = b"", 0
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        size, position = _varint(block, position)
        key = key[:shared] + bytes(block[position : position + unshared])
        position += unshared
        yield key, bytes(block[position : position + size])
        position += size


def _first_fields(message: bytes | memoryview) -> dict:
    fields = {}
    for number, value in _fields(message):
        fields.setdefault(number, value)
    return fields


def _content(value: int | bytes | memoryview) -> bytes:
    if isinstance(value, int):  # of which bytes() would make that many zeros
        raise WeightsError("a number stands where a text or a message should")
    return bytes(value)


def _fields(message: bytes | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and raw values of a protocol-buffer message."""
    message, position = memoryview(message), 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(message, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, position = message[position : position + size], position + size
        elif kind == 2:
            size, position = _varint(message, position)
            if position + size > len(message):
                raise WeightsError("the file is cut short")
            value, position = message[position : position + size], position + size
        else:
            raise WeightsError(f"unexpected wire type {kind}")
        yield tag >> 3, value


def _varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
