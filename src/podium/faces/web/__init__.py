"""The dashboard in a browser: pages of HTML over the operations, kept live by the event stream (DSH-1, ADR 9)."""
