"""Earlier runs that nobody can write to, and a disk soon full: mounted, as root on Linux."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK = 64 << 20  # bytes, of the small disk


@contextmanager
def read_only(mounted: list[Path]) -> Iterator[None]:
    """Take off, in the end, what was mounted."""
    try:
        yield
    finally:
        for path in reversed(mounted):
            subprocess.run(["umount", "-l", str(path)], check=True)
            path.rmdir()


def mount_read_only(run: Path, at: Path) -> Path:
    """`run` once more at `at`, where not even root can write."""
    at.mkdir(parents=True)
    for options in (["--bind", str(run)], ["-o", "remount,ro,bind"]):
        made = subprocess.run(["mount", *options, str(at)], capture_output=True)
        if made.returncode:
            sys.exit(
                f"cannot mount {at} ({made.stderr.decode().strip()}); run this as root on Linux"
            )
    try:
        (at / "written").touch()
    except OSError:
        return at
    sys.exit(f"{at} can be written; it should not")


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """A tmpfs of 64 MiB."""
    at.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "mwwkit-small", str(at)]
    if subprocess.run(mount, capture_output=True).returncode:
        sys.exit(f"cannot mount a tmpfs at {at}; run this as root on Linux")
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)
        at.rmdir()
