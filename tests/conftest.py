"""Loads the requirement gate for every test run."""

pytest_plugins = ["pytester", "tests.tidy.gate"]
