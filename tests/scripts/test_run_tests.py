#!/usr/bin/python3
"""How scripts/run_tests.py counts, on programs made here that behave and misbehave."""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
import unittest

import counted

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import run_tests  # noqa: E402  (the path comes first)

OPTIONS = argparse.Namespace(jobs=2, fuzz_seconds=1)

# A stand-in for a GoogleTest program: writes the cases it is given and ends as it is told.
GTEST = """#!/bin/sh
xml=${{1#--gtest_output=xml:}}
mkdir -p "$(dirname "$xml")"
cat >"$xml" <<'END'
<testsuites><testsuite name="Open">{cases}</testsuite></testsuites>
END
{ending}
"""
GOOD = '<testcase name="works" status="run" result="completed" classname="Open"/>'
BAD = ('<testcase name="breaks" status="run" classname="Open">'
       '<failure message="x">x</failure></testcase>')
SKIP = ('<testcase name="skips" status="run" result="skipped" classname="Open">'
        '<skipped message="a.cc:5&#x0A;no NIC here"/></testcase>')
OFF = '<testcase name="DISABLED_off" status="notrun" result="suppressed" classname="Open"/>'


class InAnEmptyTree(unittest.TestCase):
    """Each case works in a directory of its own, and what run_tests says is kept in `said`."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        self.addCleanup(setattr, run_tests, "ROOT", run_tests.ROOT)
        run_tests.ROOT = os.path.realpath(directory.name)
        os.chdir(run_tests.ROOT)
        self.said = io.StringIO()
        self.enterContext(contextlib.redirect_stdout(self.said))

    def write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def write_targets(self, kind, paths):
        """What meson writes about a build directory."""
        targets = [{"type": "executable", "filename": [os.path.join(run_tests.ROOT, path)]}
                   for path in paths]
        self.write(f"build/{kind}/meson-info/intro-targets.json", json.dumps(targets))

    def assert_count(self, count, text):
        self.assertEqual(str(count), text, count)
        self.assertEqual(len(count.reasons), count.skipped)
        self.assertGreaterEqual(len(count.failures), min(1, count.failed))


class Unit(InAnEmptyTree):
    def unit(self, **programs):
        paths = [f"build/gcc/tests/unit/framework/{name}" for name in programs]
        for path, text in zip(paths, programs.values()):
            self.write(path, text)
        self.write_targets("gcc", paths)
        return run_tests.unit(OPTIONS, "gcc")

    def test_counts_single_cases_of_all_programs(self):
        count = self.unit(a_test=GTEST.format(cases=GOOD + SKIP + OFF, ending="exit 0"),
                          b_test=GTEST.format(cases=GOOD + BAD, ending="echo broken; exit 1"))
        self.assert_count(count, "2 passed, 1 failed, 2 skipped")
        self.assertEqual(count.failures, ["framework/b_test: Open.breaks"])
        self.assertIn("framework/a_test: Open.skips: no NIC here", count.reasons)
        self.assertIn("broken", self.said.getvalue())

    def test_a_crash_before_the_result_is_a_failure(self):
        count = self.unit(a_test="#!/bin/sh\necho start\nkill -SEGV $$\n")
        self.assert_count(count, "0 passed, 1 failed, 0 skipped")
        self.assertIn("SIGSEGV", count.failures[0])
        self.assertIn("start", self.said.getvalue())

    def test_an_old_result_does_not_hide_a_crash(self):
        self.unit(a_test=GTEST.format(cases=GOOD, ending="exit 0"))
        self.assert_count(self.unit(a_test="#!/bin/sh\nexit 1\n"), "0 passed, 1 failed, 0 skipped")

    def test_a_bad_exit_code_after_good_cases_is_a_failure(self):
        count = self.unit(a_test=GTEST.format(cases=GOOD, ending="echo LeakSanitizer; exit 23"))
        self.assert_count(count, "1 passed, 1 failed, 0 skipped")

    def test_a_program_without_a_case_is_a_failure(self):
        count = self.unit(a_test=GTEST.format(cases="", ending="exit 0"))
        self.assert_count(count, "0 passed, 1 failed, 0 skipped")

    def test_no_program_at_all_is_a_failure(self):
        self.assert_count(self.unit(), "0 passed, 1 failed, 0 skipped")

    def test_only_what_meson_lists_is_run(self):
        self.write("build/gcc/tests/unit/framework/stale_test", "#!/bin/sh\nexit 1\n")
        count = self.unit(a_test=GTEST.format(cases=GOOD, ending="exit 0"))
        self.assert_count(count, "1 passed, 0 failed, 0 skipped")


class Programs(InAnEmptyTree):
    def programs(self, *texts):
        for number, text in enumerate(texts):
            self.write(f"tests/interop/test_{number}.py", text)
        return run_tests.programs("tests/interop/test_*.py")

    def test_adds_up_closing_lines(self):
        count = self.programs("print('skipped get: no peer')\nprint('3 passed, 0 failed, 1 skipped')",
                              "print('2 passed, 1 failed, 0 skipped')\nraise SystemExit(1)")
        self.assert_count(count, "5 passed, 1 failed, 1 skipped")
        self.assertEqual(count.reasons, ["tests/interop/test_0.py: get: no peer"])

    def test_ending_without_a_count_is_a_failure(self):
        for text in ["", "print('hello')", "raise SystemExit(0)",
                     "print('1 passed, 0 failed, 0 skipped')\nprint('something after it')"]:
            self.assert_count(self.programs(text), "0 passed, 1 failed, 0 skipped")

    def test_a_bad_exit_code_with_a_good_count_is_a_failure(self):
        count = self.programs("print('1 passed, 0 failed, 0 skipped')\nraise SystemExit(3)")
        self.assert_count(count, "1 passed, 1 failed, 0 skipped")

    def test_a_count_of_nothing_is_a_failure(self):
        count = self.programs("print('0 passed, 0 failed, 0 skipped')")
        self.assert_count(count, "0 passed, 1 failed, 0 skipped")

    def test_a_skip_without_a_reason_is_said_to_have_none(self):
        count = self.programs("print('0 passed, 0 failed, 1 skipped')")
        self.assertEqual(count.reasons, ["tests/interop/test_0.py: no reason given"])

    def test_no_program_is_a_failure(self):
        self.assert_count(self.programs(), "0 passed, 1 failed, 0 skipped")

    def test_they_are_told_where_the_build_is(self):
        count = self.programs("import os\nassert os.environ['OSPREY_BUILD'].endswith('/build/gcc')\n"
                              "print('1 passed, 0 failed, 0 skipped')")
        self.assert_count(count, "1 passed, 0 failed, 0 skipped")


class Running(InAnEmptyTree):
    def test_a_program_that_takes_too_long_is_ended(self):
        ran = run_tests.run("slow.log", ["sh", "-c", "echo early; sleep 60"], timeout_s=0.3)
        self.assertEqual((ran.code, ran.output), (None, "early\n"))

    def test_what_a_program_leaves_running_is_ended(self):
        ran = run_tests.run("leaves.log", ["sh", "-c", "sleep 60 & echo $!"], timeout_s=10)
        end = time.monotonic() + 5
        while running(int(ran.output)) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(running(int(ran.output)))


def running(process):
    """Whether it exists and is more than a zombie that nobody has waited for yet."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Fuzz(InAnEmptyTree):
    TARGET = "build/fuzz/tests/fuzz/option_fuzz"

    def fuzz(self, text, corpus=True):
        self.write(self.TARGET, text)
        self.write_targets("fuzz", [self.TARGET])
        if corpus:
            self.write("tests/fuzz/corpus/option_fuzz/seed", "x")
        return run_tests.fuzz(OPTIONS)

    def test_a_quiet_run_passes_and_leaves_the_corpus_alone(self):
        count = self.fuzz('#!/bin/sh\nfor last; do :; done\n'
                          'test -f "$last/seed" && touch "$last/new" && echo "Done 12 runs in 1 second(s)"')
        self.assert_count(count, "1 passed, 0 failed, 0 skipped")
        self.assertEqual(os.listdir("tests/fuzz/corpus/option_fuzz"), ["seed"])

    def test_a_crash_fails_and_says_how_to_reproduce_it(self):
        count = self.fuzz("#!/bin/sh\necho 'Test unit written to build/fuzz-crashes/option_fuzz-crash-1'\nexit 77")
        self.assert_count(count, "0 passed, 1 failed, 0 skipped")
        self.assertIn(f"{self.TARGET} build/fuzz-crashes/option_fuzz-crash-1", self.said.getvalue())

    def test_no_corpus_is_a_failure(self):
        self.assert_count(self.fuzz("#!/bin/sh\necho Done 1 runs", corpus=False),
                          "0 passed, 1 failed, 0 skipped")


class Summary(InAnEmptyTree):
    def summary(self, counts, in_ci=False):
        code = run_tests.summary(counts, in_ci)
        return code, self.said.getvalue().splitlines()

    def test_sums_in_the_last_line(self):
        code, lines = self.summary({"unit": run_tests.Count(3), "check": run_tests.Count(4)})
        self.assertEqual((code, lines[-1]), (0, "7 passed, 0 failed, 0 skipped"))

    def test_a_failure_is_named_and_fails(self):
        code, lines = self.summary({"unit": run_tests.Count(3), "e2e": run_tests.one_failure("boom")})
        self.assertEqual((code, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"))
        self.assertIn("  e2e: boom", lines)

    def test_a_skip_is_explained_and_passes(self):
        code, lines = self.summary({"unit": run_tests.Count(3, 0, 1, [], ["no NIC"])})
        self.assertEqual((code, lines[-1]), (0, "3 passed, 0 failed, 1 skipped"))
        self.assertIn("  unit: no NIC", lines)

    def test_a_skip_in_ci_fails(self):
        code, lines = self.summary({"unit": run_tests.Count(3, 0, 1, [], ["no NIC"])}, in_ci=True)
        self.assertEqual((code, lines[-1]), (1, "3 passed, 0 failed, 1 skipped"))
        self.assertTrue(any("CI=true" in line for line in lines))


class Steps(InAnEmptyTree):
    def test_only_brings_what_it_needs(self):
        names = [step.name for step in run_tests.chosen_steps(["unit-asan", "interop"])]
        self.assertEqual(names, ["build-gcc", "build-asan", "unit-asan", "interop"])

    def test_a_step_without_its_build_fails_unrun(self):
        steps = [run_tests.Step("build", "", [], lambda _: run_tests.one_failure("no compiler")),
                 run_tests.Step("unit", "", ["build"], lambda _: self.fail("was run"))]
        counts = run_tests.run_steps(steps, OPTIONS)
        self.assertEqual(str(counts["unit"]), "0 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    counted.main()
