"""The revisions of the schema, applied in order."""

HEAD = "0006"  #: the newest revision
