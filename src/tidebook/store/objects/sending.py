"""Sends an object in parts, of which those that arrived before a cut are not sent again."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager

import orjson

from tidebook.core.errors import Conflict, StorageFailure
from tidebook.core.files import dump_json
from tidebook.store.objects import answers
from tidebook.store.objects.bucket import Bucket, md5
from tidebook.store.objects.reading import pieces as read

PART = 8 << 20  #: bytes; objects up to this size go in one request
MOST = 9_000  #: parts of an object; stores take 10,000
AHEAD = 4  #: parts of an object that are in memory or on their way
ATTEMPTS = 5  #: of a part that arrives damaged


def send(
    bucket: Bucket,
    key: str,
    content: Iterable[bytes],
    size: int,
    metadata: Callable[[], Mapping[str, str]],
    placing: Callable[[], AbstractContextManager[None]],
    *,
    resume: str,
) -> str:
    """Writes the object `key` of `size` bytes from `content`, whole or not at all, and returns its ETag.

    `placing` is entered when all of `content` was read, and left when the object exists; what it raises stops it.
    `metadata` is asked for what the object tells of itself: after that of a small one, before the first byte of others.
    `resume` is the key of a small object that remembers an upload that was cut, for the same metadata to go on with.
    Conflict where `content` is not of `size` bytes.
    """
    if size <= PART:
        data = b"".join(_at_most(content, size))
        _right_size(len(data), size)
        with placing():
            return str(bucket.put(key, data, metadata=metadata()))
    etag, expected = _in_parts(bucket, key, content, size, metadata(), placing, resume)
    if etag != expected:
        _read_back(bucket, key, expected, size)
    return etag


def _in_parts(
    bucket: Bucket,
    key: str,
    content: Iterable[bytes],
    size: int,
    metadata: Mapping[str, str],
    placing: Callable[[], AbstractContextManager[None]],
    resume: str,
) -> tuple[str, str]:
    upload, there = _begin(bucket, key, metadata, resume)
    digests: list[bytes] = []
    etags: list[str] = []
    waiting: deque[Future[str]] = deque()
    sent = 0
    try:
        for part in _parts(content, part_size(size)):
            sent += len(part)
            if sent > size:
                break
            digests.append(hashlib.md5(part, usedforsecurity=False).digest())
            known = there.get(len(digests)) == (digests[-1].hex(), len(part))
            waiting.append(bucket.start(_send_part(bucket, key, upload, len(digests), part, digests[-1].hex(), known)))
            if len(waiting) >= AHEAD:
                etags.append(_wait(bucket, waiting.popleft()))
        while waiting:
            etags.append(_wait(bucket, waiting.popleft()))
        _right_size(sent, size)
        expected = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest() + f"-{len(digests)}"
        with placing():
            etag = bucket.run(_finish(bucket, key, upload, etags, expected))
    except Conflict:
        for future in waiting:
            future.cancel()
        bucket.run(_abandon(bucket, key, upload))
        bucket.delete([resume])
        raise
    finally:
        for future in waiting:
            future.cancel()
    bucket.delete([resume])
    return etag, expected


def part_size(size: int) -> int:
    """How many bytes each part of an object of `size` bytes has."""
    return max(PART, -(-size // MOST // PART) * PART)


def _begin(
    bucket: Bucket, key: str, metadata: Mapping[str, str], resume: str
) -> tuple[str, dict[int, tuple[str, int]]]:
    """The upload to go on with, and the MD5 and size of its parts that are there."""
    known = bucket.get(resume)
    if known is not None:
        try:
            upload = str(orjson.loads(known[0])["upload"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            upload = ""
        there = bucket.run(_there(bucket, key, upload)) if upload else None
        if there is not None:
            return upload, there
    upload = bucket.run(_create(bucket, key, metadata))
    bucket.put(resume, dump_json({"format_version": 1, "upload": upload}))
    return upload, {}


async def _create(bucket: Bucket, key: str, metadata: Mapping[str, str]) -> str:
    client = await bucket.client()
    answer = await client.create_multipart_upload(**bucket.place(key), Metadata=dict(metadata))
    return str(answer["UploadId"])


async def _there(bucket: Bucket, key: str, upload: str) -> dict[int, tuple[str, int]] | None:
    client = await bucket.client()
    found: dict[int, tuple[str, int]] = {}
    marker = 0
    while True:
        try:
            answer = await client.list_parts(**bucket.place(key), UploadId=upload, PartNumberMarker=marker)
        except Exception as error:
            if answers.upload_gone(error) or answers.absent(error) or answers.unknown(error):
                return None
            raise
        for part in answer.get("Parts", []):
            found[part["PartNumber"]] = (part["ETag"].strip('"'), part["Size"])
        if not answer.get("IsTruncated"):
            return found
        marker = answer["NextPartNumberMarker"]


async def _send_part(
    bucket: Bucket, key: str, upload: str, number: int, part: bytes, expected: str, there: bool
) -> str:
    """The ETag of a part, which is sent where it is not there yet."""
    if there:
        return expected
    client = await bucket.client()
    for attempt in range(ATTEMPTS):
        try:
            answer = await client.upload_part(
                **bucket.place(key), UploadId=upload, PartNumber=number, Body=part, ContentMD5=md5(part)
            )
        except Exception as error:
            if attempt == ATTEMPTS - 1 or not answers.damaged(error):
                raise
            continue
        etag = str(answer["ETag"]).strip('"')
        if attempt or etag == expected:
            return etag
        # It encrypts, or other bytes arrived and nobody noticed: the second time tells nothing more.
    raise AssertionError("the last attempt returns or raises")


async def _finish(bucket: Bucket, key: str, upload: str, etags: list[str], expected: str) -> str:
    client = await bucket.client()
    parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, 1)]
    try:
        answer = await client.complete_multipart_upload(
            **bucket.place(key), UploadId=upload, MultipartUpload={"Parts": parts}
        )
    except Exception as error:
        # The first answer may have been lost: then it is there.
        found = await bucket.ask(key) if answers.upload_gone(error) else None
        if found is None or found.etag != expected:
            raise
        return found.etag
    return str(answer["ETag"]).strip('"')


async def _abandon(bucket: Bucket, key: str, upload: str) -> None:
    client = await bucket.client()
    try:
        await client.abort_multipart_upload(**bucket.place(key), UploadId=upload)
    except Exception as error:
        if not answers.upload_gone(error):
            raise


async def abandon_below(bucket: Bucket, prefix: str) -> None:
    """Ends the uploads below `prefix` that were cut and never finished."""
    client = await bucket.client()
    place = bucket.place(prefix)
    page: dict[str, str] = {}
    while True:
        try:
            answer = await client.list_multipart_uploads(Bucket=place["Bucket"], Prefix=place["Key"], **page)
        except Exception as error:
            if answers.unknown(error) or answers.upload_gone(error):  # Some say so where there is none.
                return
            raise
        for upload in answer.get("Uploads", []):
            await client.abort_multipart_upload(Bucket=place["Bucket"], Key=upload["Key"], UploadId=upload["UploadId"])
        if not answer.get("IsTruncated"):
            return
        page = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}


def _wait(bucket: Bucket, future: Future[str]) -> str:
    with answers.answering(bucket.url):
        return future.result()


def _parts(content: Iterable[bytes], size: int) -> Iterator[bytes]:
    rest = bytearray()
    for piece in content:
        rest += piece
        while len(rest) >= size:
            yield bytes(rest[:size])
            del rest[:size]
    if rest:
        yield bytes(rest)


def _at_most(content: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in content:
        yield piece
        size -= len(piece)
        if size < 0:
            return


def _right_size(got: int, size: int) -> None:
    if got != size:
        raise Conflict("A file must stay as it is while it is stored", got="one whose length changed", fix="Try again.")


def _read_back(bucket: Bucket, key: str, expected: str, size: int) -> None:
    """Reads what arrived, where the store's ETag is not the MD5 of what was sent (it encrypts, or damaged it)."""
    digests = [hashlib.md5(part, usedforsecurity=False).digest() for part in _parts(read(bucket, key), part_size(size))]
    got = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest() + f"-{len(digests)}"
    if got != expected:
        bucket.delete([key])
        raise StorageFailure(
            f"What is sent to {bucket.url} must arrive as it was sent",
            got=f"other bytes of {key.rpartition('/')[2]}",
            fix="Try again; where it happens again, the network or a proxy changes what passes.",
        )
