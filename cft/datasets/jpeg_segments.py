"""The parts of a JPEG, found without decoding it."""

import re
from collections.abc import Iterator

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
# Neither the zero that hides an FF of the picture, nor fill bytes, nor markers without a length: restarts and starts.
MARKER = re.compile(rb'\xff([\xc0-\xcf\xd9-\xfe])')


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    r"""Markers of the first picture of a JPEG file, up to its end.

    What a segment holds, such as a thumbnail, is passed over by its length, and
    a scan up to the next marker; so is what stands between segments, as
    decoders do. What follows the picture is not looked at.

    Args:
        content: The file, or its beginning.

    Yields:
        Number of the marker, and the offset of what follows it: the segment's length in two bytes, then its content.

    Source: ITU-T T.81, sections B.1.1.2 to B.1.1.4.

    Example:
        >>> [hex(marker) for marker, _ in jpeg_segments(b'\xff\xd8\xff\xda\0\2..\xff\0..\xff\xd0..\xff\xd9after')]
        ['0xda', '0xd9']
    """
    at = 2
    while found := MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        yield marker, at
        if marker == END_OF_IMAGE:
            return
        at += int.from_bytes(content[at : at + 2], 'big')


def is_cut_off(content: bytes) -> bool:
    r"""Whether a JPEG ends before its first picture does; other formats are left to their decoders.

    OpenCV before 4.12 fills what is missing with grey, without an error. Bytes
    after the end are allowed, such as a second picture or the film of a motion
    photo. Without a scan there is nothing to be filled, and decoders complain.

    Example:
        >>> picture = b'\xff\xd8\xff\xda\0\2...'
        >>> is_cut_off(picture), is_cut_off(picture + b'\xff\xd9'), is_cut_off(picture + b'\xff\xd9...\xff\xda')
        (True, False, False)
    """
    # Nothing within a picture is an end, so that a file with one at its end is whole.
    if not content.startswith(b'\xff\xd8\xff') or content.endswith(b'\xff\xd9'):
        return False
    markers = {marker for marker, _ in jpeg_segments(content)}
    return START_OF_SCAN in markers and END_OF_IMAGE not in markers
