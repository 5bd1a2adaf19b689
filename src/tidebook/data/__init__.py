"""From a table of rows to a Panel: sources, audit, calendar, splits, scalers and the demo data."""
