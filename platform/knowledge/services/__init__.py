"""What may be done with sources and passages. Everything is keyword-only and safe to call twice.

- managing: add, change, upload, read now, delete; set passages aside or let them in
- reading: fetch or open a source, under a lease
- storing: texts become documents and passages; what is no longer said is retired
"""

from knowledge.services.managing import (
    add_source,
    change_source,
    delete_source,
    expire_document,
    explain_term,
    judge_passage,
    request_reading,
    upload_document,
)
from knowledge.services.reading import read_source, requeue_due_sources
from knowledge.services.starter import load_starter
from knowledge.services.storing import NewText, expire_knowledge, store_text

__all__ = [
    "NewText",
    "add_source",
    "change_source",
    "delete_source",
    "expire_document",
    "expire_knowledge",
    "explain_term",
    "judge_passage",
    "load_starter",
    "read_source",
    "request_reading",
    "requeue_due_sources",
    "store_text",
    "upload_document",
]
