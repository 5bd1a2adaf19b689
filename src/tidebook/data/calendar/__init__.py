"""What a date alone says: its place in week, month and year, and how it lies to the holidays."""

from tidebook.data.calendar.features import HOLIDAY_NAMES, NAMES, features

__all__ = ["HOLIDAY_NAMES", "NAMES", "features"]
