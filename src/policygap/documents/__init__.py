"""A folder of documents comes in; statements with their places, and campaigns among them, go out."""

from .campaigns import collapse_campaigns, find_campaigns
from .collection import Documents
from .reading import read_documents

__all__ = ["Documents", "collapse_campaigns", "find_campaigns", "read_documents"]
