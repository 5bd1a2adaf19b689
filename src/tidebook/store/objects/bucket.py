"""A prefix of a bucket: objects by their keys, written on conditions."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from tidebook.core.clock import timestamp
from tidebook.core.errors import StorageFailure
from tidebook.store.objects import answers
from tidebook.store.remote import filesystem, shown, surroundings

K = TypeVar("K")
T = TypeVar("T")
ATONCE = 32  #: requests of one call that are under way together
ATTEMPTS = 5  #: of what arrived damaged, and of a write that met another
_WRITE = "tidebook-write"  #: tells whose a conditional write was
_PAUSE = 0.05  #: seconds before the second attempt; each further one waits twice as long
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Found:
    """An object as a listing or a question tells it."""

    key: str  #: below the prefix of the bucket
    size: int  #: bytes
    etag: str  #: without quotes; another whenever the content is another
    modified: str  #: ISO 8601, when it was written
    metadata: Mapping[str, str] | None = None  #: None where a listing does not tell it


class Bucket:
    """The objects below s3://bucket/prefix. Every method may be called from any thread, but not from the loop's own."""

    def __init__(self, url: str) -> None:
        self.url = shown(url).rstrip("/")  #: for people
        self._fs, path = filesystem(url)
        self.name, _, root = path.partition("/")
        self._root = f"{root}/" if root else ""
        self.quoted = True  #: whether the store wants ETags in quotes in conditions
        self.honours: bool | None = None  #: whether it honours conditions; None: nobody has asked yet

    @staticmethod
    def at(url: str) -> Bucket:
        """The bucket of this process for a URL and the credentials that are in the environment now."""
        return _at(url, surroundings())

    # ---- questions

    def listing(self, prefix: str) -> Iterator[Found]:
        """All objects whose keys begin with `prefix`, in the order of their keys."""
        for page in self._pages(prefix):
            for item in page.get("Contents", []):
                yield Found(
                    item["Key"][len(self._root) :],
                    item["Size"],
                    item["ETag"].strip('"'),
                    timestamp(item["LastModified"]),
                )

    def names(self, prefix: str) -> list[str]:
        """The names of what stands directly below `prefix` ("" or with '/' at the end) as a folder would."""
        start = len(self._root) + len(prefix)
        return [
            item["Prefix"][start:-1] for page in self._pages(prefix, "/") for item in page.get("CommonPrefixes", [])
        ]

    def any_below(self, prefix: str) -> bool:
        """Whether there is any object whose key begins with `prefix`."""
        return bool(self.run(self._page(prefix, MaxKeys=1)).get("KeyCount"))

    def head(self, key: str) -> Found | None:
        """What is known of an object; None where there is none."""
        return self.run(self.ask(key))

    def heads(self, keys: Iterable[str]) -> dict[str, Found]:
        """The same of many at once; those that do not exist are left out."""
        return {found.key: found for found in self.together(self.ask, keys) if found is not None}

    async def ask(self, key: str) -> Found | None:
        """`head`, for the loop."""
        client = await self.client()
        try:
            answer = await client.head_object(Bucket=self.name, Key=self._root + key)
        except Exception as error:
            if answers.absent(error):
                return None
            raise
        return Found(
            key,
            answer["ContentLength"],
            answer["ETag"].strip('"'),
            timestamp(answer["LastModified"]),
            answer.get("Metadata", {}),
        )

    # ---- small objects

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag of a small object; None where there is none. What arrived damaged is read again."""
        return self.run(self._get(key))

    def put(
        self,
        key: str,
        data: bytes,
        *,
        new: bool = False,
        match: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str | None:
        """Writes an object whole and returns its ETag.

        `new`: only where there is none; `match`: only where it still has this ETag; None where that does not hold.
        """
        condition: dict[str, str] = {}
        if new:
            condition["IfNoneMatch"] = "*"
        if match is not None:
            condition["IfMatch"] = f'"{match}"' if self.quoted else match
        told = {**(metadata or {}), **({_WRITE: secrets.token_hex(16)} if condition else {})}
        for attempt in range(ATTEMPTS):
            try:
                etag = self._attempt(self._put(key, data, told, condition))
            except Exception as error:
                if condition and (answers.condition_failed(error) or answers.absent(error)):
                    # Refused, or written after all by a first request whose answer was lost.
                    found = self.head(key)
                    return found.etag if found and (found.metadata or {}).get(_WRITE) == told[_WRITE] else None
                last = attempt == ATTEMPTS - 1
                if last or not (answers.damaged(error) or (condition and answers.busy(error))):
                    with answers.answering(self.url):
                        raise
            else:
                # Another ETag: the store encrypts, or other bytes arrived and it did not look.
                if etag == digest(data) or self.get(key) == (data, etag):
                    return etag
                condition = {"IfMatch": f'"{etag}"' if self.quoted else etag} if condition else {}
        raise StorageFailure(
            f"What is sent to {self.url} must arrive as it was sent",
            got=f"other bytes of {key.rpartition('/')[2]}",
            fix="Try again; where it happens again, the network or a proxy changes what passes.",
        )

    def copy(self, source: Found, target: str, metadata: Mapping[str, str]) -> str | None:
        """Copies an object inside the store and returns the ETag of the copy; None where the source has changed."""
        try:
            return self._attempt(self._copy(source, target, dict(metadata)))
        except Exception as error:
            if answers.condition_failed(error) or answers.absent(error) or answers.unknown(error):
                return None
            with answers.answering(self.url):
                raise

    def delete(self, keys: Iterable[str]) -> None:
        """Removes objects; those that do not exist are none the worse."""
        self.together(self._delete, keys)

    # ---- the loop

    async def client(self) -> Any:
        """The S3 client, for the loop."""
        return await self._fs.set_session()

    def place(self, key: str) -> dict[str, str]:
        """How a request names an object."""
        return {"Bucket": self.name, "Key": self._root + key}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for what the loop does; StorageFailure where the store does not do it."""
        with answers.answering(self.url):
            return self._attempt(work)

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Lets the loop do it meanwhile; `.result()` waits."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._fs.loop)
        return future

    def together(self, request: Callable[[K], Coroutine[Any, Any, T]], keys: Iterable[K]) -> list[T]:
        """The results of a request for each key, some of which are always under way at the same time."""

        async def all_of_them() -> list[T]:
            gate = asyncio.Semaphore(ATONCE)

            async def gated(key: K) -> T:
                async with gate:
                    return await request(key)

            tasks = [asyncio.ensure_future(gated(key)) for key in keys]
            try:
                return await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()

        return self.run(all_of_them())

    def _attempt(self, work: Coroutine[Any, Any, T]) -> T:
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    # ---- requests

    def _pages(self, prefix: str, delimiter: str | None = None) -> Iterator[dict[str, Any]]:
        options = {"Delimiter": delimiter} if delimiter else {}
        page = self.run(self._page(prefix, **options))
        while True:
            # The next page is on its way while this one is read.
            token = page.get("NextContinuationToken")
            following = self.start(self._page(prefix, ContinuationToken=token, **options)) if token else None
            yield page
            if following is None:
                return
            with answers.answering(self.url):
                page = following.result()

    async def _page(self, prefix: str, **options: Any) -> dict[str, Any]:
        client = await self.client()
        answer: dict[str, Any] = await client.list_objects_v2(Bucket=self.name, Prefix=self._root + prefix, **options)
        return answer

    async def _get(self, key: str) -> tuple[bytes, str] | None:
        client = await self.client()
        for attempt in range(ATTEMPTS):
            try:
                answer = await client.get_object(**self.place(key))
            except Exception as error:
                if answers.absent(error):
                    return None
                raise
            try:
                async with answer["Body"] as body:
                    data = await body.read()
            except Exception as error:
                # The client repeats requests, but not the reading of their answers.
                if attempt == ATTEMPTS - 1 or not answers.broke_off(error):
                    raise
            else:
                etag = answer["ETag"].strip('"')
                if "SSEKMSKeyId" in answer or not _MD5.fullmatch(etag) or digest(data) == etag:
                    return data, etag
            await asyncio.sleep(_PAUSE * 2**attempt)
        raise StorageFailure(
            f"What is read from {self.url} must arrive as it is there",
            got=f"other bytes of {key}",
            fix="Try again; where it happens again, the object is damaged or the network changes what passes.",
        )

    async def _put(self, key: str, data: bytes, metadata: dict[str, str], condition: dict[str, str]) -> str:
        client = await self.client()
        answer = await client.put_object(
            **self.place(key), Body=data, Metadata=metadata, ContentMD5=md5(data), **condition
        )
        return str(answer["ETag"]).strip('"')

    async def _copy(self, source: Found, target: str, metadata: dict[str, str]) -> str:
        client = await self.client()
        answer = await client.copy_object(
            **self.place(target),
            CopySource=self.place(source.key),
            CopySourceIfMatch=f'"{source.etag}"' if self.quoted else source.etag,
            Metadata=metadata,
            MetadataDirective="REPLACE",
        )
        return str(answer["CopyObjectResult"]["ETag"]).strip('"')

    async def _delete(self, key: str) -> None:
        client = await self.client()
        await client.delete_object(**self.place(key))


def md5(data: bytes) -> str:
    """The MD5 as a request carries it, for the store to check what arrived. It guards against accidents alone."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def digest(data: bytes) -> str:
    """The MD5 as ETags have it, where a store does not encrypt."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@lru_cache(maxsize=64)
def _at(url: str, environment: tuple[tuple[str, str], ...]) -> Bucket:
    return Bucket(url)
