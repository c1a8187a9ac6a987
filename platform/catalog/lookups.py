"""`pk__any_of=[…]`: like `__in`, with the whole list as one array.

`__in` writes a placeholder for every value, and taking a statement with hundreds of them apart
costs a page of the feed more than answering it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, Lookup


@BigAutoField.register_lookup
class AnyOf(Lookup):
    lookup_name = "any_of"

    def get_prep_lookup(self) -> list[int]:
        """Return the ids as a list of plain integers."""
        return [int(value) for value in self.rhs]

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return one placeholder for all of them."""
        return "%s", (value,)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return `column = ANY(array)`."""
        column, before = self.process_lhs(compiler, connection)
        array, values = self.process_rhs(compiler, connection)
        return f"{column} = ANY({array})", (*before, *values)
