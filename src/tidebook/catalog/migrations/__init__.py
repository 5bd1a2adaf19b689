"""The revisions of the schema, applied in order."""

HEAD = "0001"  #: the newest revision
