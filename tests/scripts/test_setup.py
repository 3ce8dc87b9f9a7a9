#!/usr/bin/python3
"""scripts/setup without installing anything: how it copies an entry of apt's sources, what it reads
from scripts/packages, and what it says when it cannot go on."""

import os
import re
import subprocess
import tempfile
import unittest

import counted

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def bash(command, **env):
    """Runs `command` after scripts/setup was sourced."""
    return subprocess.run(["bash", "-c", f"source scripts/setup; {command}"], cwd=ROOT, text=True,
                          env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def copied(form, text, entry):
    """What copy_line or copy_stanza makes of entry number `entry` of a file with this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
        file.write(text)
        file.flush()
        return bash(f"{form} {file.name} {entry} bookworm-backports").stdout


class AptSources(unittest.TestCase):
    def test_a_plain_line(self):
        text = "# Debian\n\ndeb http://mirror.example/debian bookworm main contrib\n"
        self.assertEqual(copied("copy_line", text, 3),
                         "deb http://mirror.example/debian bookworm-backports main contrib\n")

    def test_a_line_with_options(self):
        text = "deb  [ arch=amd64 signed-by=/k.gpg ]\thttp://mirror.example/debian  bookworm  main\n"
        self.assertEqual(
            copied("copy_line", text, 1),
            "deb [ arch=amd64 signed-by=/k.gpg ]\thttp://mirror.example/debian bookworm-backports  main\n")

    def test_a_stanza_among_others(self):
        # As apt counts them: a paragraph of comments is no stanza, one that is off is.
        text = ("# only a comment\n\n"
                "Enabled: no\nTypes: deb\nURIs: http://other.example\nSuites: bookworm\n\n"
                "# Debian\nTypes: deb deb-src\nURIs: http://mirror.example/debian\n"
                "suites: bookworm\n bookworm-updates\nComponents: main\n# a key\n"
                "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xx\n\n\n"
                "Types: deb\nURIs: http://security.example\nSuites: bookworm-security\n")
        self.assertEqual(copied("copy_stanza", text, 2),
                         "Types: deb\nURIs: http://mirror.example/debian\n"
                         "Suites: bookworm-backports\nComponents: main\n"
                         "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xx\n")


class Packages(unittest.TestCase):
    def test_every_line_names_a_package_and_why(self):
        with open(os.path.join(ROOT, "scripts/packages"), encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line and not line.startswith("#")]
        for line in lines:
            self.assertRegex(line, r"^(\[[a-z]+\]|[a-z0-9.+-]+ +# \S.*)$")

    def test_sections_are_read_apart(self):
        peers = bash("list_packages peers").stdout.split()
        both = bash("list_packages peers backports").stdout.split()
        self.assertIn("tshark", peers)
        self.assertNotIn("python3-aiocoap", peers)
        self.assertEqual(sorted(set(both) - set(peers)), ["python3-aiocoap"])

    def test_what_is_not_installed_is_found(self):
        self.assertEqual(bash("not_installed bash no-such-package coreutils").stdout,
                         "no-such-package\n")


class Errors(unittest.TestCase):
    def test_cause_and_command(self):
        ran = bash("fail 'the disk is full' 'df -h'")
        self.assertEqual(ran.returncode, 1)
        self.assertTrue(re.fullmatch(r"error: the disk is full\n +mend it with: +df -h\n", ran.stderr))

    def test_no_root_and_no_sudo(self):
        ran = bash("id() { echo 1000; }; PATH=/nonexistent; become_root")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("there is no sudo", ran.stderr)
        self.assertIn("su -c", ran.stderr)


if __name__ == "__main__":
    counted.main()
