"""Reads TensorBoard's event files back, without TensorBoard."""

import functools

from tensorboardX.proto.event_pb2 import Event


@functools.cache
def _remainder(byte):
    """Of a byte under the reversed Castagnoli polynomial, for CRC-32C."""
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


def _masked_crc(data):
    """The checksum of a TFRecord: CRC-32C, rotated, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _remainder((crc ^ byte) & 0xFF)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_events(folder):
    """All events of a folder, in order, their checksums compared.

    A record is its length (8 bytes), a checksum (4), an Event, and a checksum (4).
    """
    events = []
    for file in folder.iterdir():
        data = file.read_bytes()
        place = 0
        while place < len(data):
            length = data[place : place + 8]
            begin = place + 12
            end = begin + int.from_bytes(length, 'little')
            assert data[place + 8 : begin] == _masked_crc(length).to_bytes(4, 'little')
            assert data[end : end + 4] == _masked_crc(data[begin:end]).to_bytes(4, 'little')
            events.append(Event.FromString(data[begin:end]))
            place = end + 4
    return events


def values_of(events):
    """{tag: [(step, value)]} of all events."""
    values = {}
    for event in events:
        for value in event.summary.value:
            values.setdefault(value.tag, []).append((event.step, value))
    return values
