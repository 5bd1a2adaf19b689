"""The revisions of the schema, applied in order."""

HEAD = "0005"  #: the newest revision
