"""Podium's OpenTelemetry traces (docs/metrics.md)."""
