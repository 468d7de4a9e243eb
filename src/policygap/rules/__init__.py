"""Texts come in; codes that declared rules give them go out, with the words that decided."""
