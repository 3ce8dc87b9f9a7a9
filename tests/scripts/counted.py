"""Ends a file of unittest cases with the line that scripts/test counts by."""

import unittest


def main(module="__main__"):
    """Runs the cases of `module`; prints `N passed, N failed, N skipped`; exits 1 if any failed."""
    result = unittest.main(module, exit=False, verbosity=1).result
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    for case, reason in result.skipped:
        print(f"skipped {case.id()}: {reason}")
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped", flush=True)
    raise SystemExit(1 if failed else 0)
