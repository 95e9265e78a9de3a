"""The system of record: the books in SQL."""
