"""The store in a bucket of an object store that speaks S3."""

from tidebook.store.objects.bucket import Bucket
from tidebook.store.objects.store import ObjectStore

__all__ = ["Bucket", "ObjectStore"]
