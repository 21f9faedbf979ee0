"""Labelled calls as regression tests of the rules: how often each rule tells what people told (Q5)."""
