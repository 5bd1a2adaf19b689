"""What an object store answers, as errors for people; nothing that could hold a secret is passed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tidebook.core.errors import InvalidInput, StorageFailure

_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidToken",
        "TokenRefreshRequired",
        "401",
        "403",
    }
)
_ABSENT = frozenset({"NoSuchKey", "NotFound", "404"})
_FAILED = frozenset({"PreconditionFailed", "412"})
_BUSY = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
_UNKNOWN = frozenset({"NotImplemented", "501"})
_UPLOAD_GONE = frozenset({"NoSuchUpload"})
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})


def code(error: BaseException) -> str:
    """The code of what was answered, "" where nothing was."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def absent(error: BaseException) -> bool:
    """Whether there is no such object."""
    return code(error) in _ABSENT


def condition_failed(error: BaseException) -> bool:
    """Whether the object is not as the request demanded."""
    return code(error) in _FAILED


def busy(error: BaseException) -> bool:
    """Whether somebody else wrote the object at the same moment, so that nobody knows yet who was first."""
    return code(error) in _BUSY


def upload_gone(error: BaseException) -> bool:
    """Whether the upload in parts was finished or abandoned meanwhile."""
    return code(error) in _UPLOAD_GONE


def damaged(error: BaseException) -> bool:
    """Whether other bytes arrived than were sent."""
    return code(error) in _DAMAGED


def unknown(error: BaseException) -> bool:
    """Whether the store does not know what was asked for."""
    return code(error) in _UNKNOWN


def broke_off(error: BaseException) -> bool:
    """Whether the store could not be reached, or the connection ended before the answer did."""
    from aiohttp import ClientError
    from botocore.exceptions import ConnectionError as NotConnected
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from botocore.parsers import ResponseParserError

    broken = (NotConnected, HTTPClientError, IncompleteReadError, ResponseParserError, ClientError, OSError)
    return isinstance(error, broken)


def was_unknown(failure: StorageFailure) -> bool:
    """Whether `answering` raised it because the store does not know what was asked for."""
    return failure.details.get("answer") in _UNKNOWN


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turns what the object store at `url` answers, or that it does not, into a StorageFailure."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        raise _refused(url, code(error)) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise StorageFailure(
            f"Credentials for {url} must be in the environment",
            got="none, or half of them",
            fix="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.",
        ) from None
    except ParamValidationError:
        raise InvalidInput(
            "A name in an object store must be one that it can hold", got=url, fix="Use letters, digits, '-' and '.'."
        ) from None
    except Exception as error:
        if broke_off(error):
            raise _unreachable(url, error) from None
        if not isinstance(error, BotoCoreError):
            raise
        raise StorageFailure(
            f"{url} must be set up for S3",
            got=type(error).__name__,
            fix="Check TIDEBOOK_S3_ENDPOINT, AWS_REGION and AWS_PROFILE.",
        ) from None


def _unreachable(url: str, error: BaseException) -> StorageFailure:
    return StorageFailure(
        f"The object store of {url} must answer",
        got=f"no answer ({type(error).__name__})",
        fix="Check the network and TIDEBOOK_S3_ENDPOINT, and try again: what has arrived is not sent again.",
    )


def _refused(url: str, answer: str) -> StorageFailure:
    if answer == "NoSuchBucket":
        return StorageFailure(
            f"The bucket of {url} must exist", got="the answer that it does not", fix="Create it, or correct the URL."
        )
    if answer in _CREDENTIALS:
        return StorageFailure(
            f"{url} must be open to the credentials in the environment",
            got=f"a refusal ({answer})",
            fix="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what their owner may do.",
        )
    if answer in _DAMAGED:
        return StorageFailure(
            f"What is sent to {url} must arrive as it was sent",
            got=f"other bytes on the way ({answer})",
            fix="Try again; where it happens again, the network or a proxy changes what passes.",
        )
    return StorageFailure(
        f"{url} must do what it is asked", got=f"the answer {answer}", fix="Try again later.", answer=answer
    )
