"""Trees of files that are whole from the moment their manifest exists: claim, fill, manifest."""

from tidebook.store.local import LocalStore
from tidebook.store.opening import open_store, store_at
from tidebook.store.verify import verify

__all__ = ["LocalStore", "open_store", "store_at", "verify"]
