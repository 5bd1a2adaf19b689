"""The revisions of the schema, applied in order."""

HEAD = "0003"  #: the newest revision
