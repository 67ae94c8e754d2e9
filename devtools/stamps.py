"""Which setup step is done, and from which inputs: a step is redone when an input changed or it broke off."""

import hashlib

from devtools import paths


def digest(*parts):
    """A short fingerprint of texts and bytes."""
    result = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        result.update(len(data).to_bytes(8, "big") + data)
    return result.hexdigest()[:12]


def digest_files(folder, leave_out=()):
    """A fingerprint of the files below a folder, without the subfolders named in ``leave_out``."""
    parts = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and relative.parts[0] not in leave_out and "__pycache__" not in relative.parts:
            parts += [relative.as_posix(), path.read_bytes()]
    return digest(*parts)


def is_done(step, fingerprint):
    """Whether the step was finished with just these inputs."""
    stamp = paths.STAMPS / step
    return stamp.is_file() and stamp.read_text() == fingerprint


def mark_done(step, fingerprint):
    """Remember the step; written last, so a step that broke off has no stamp."""
    paths.STAMPS.mkdir(parents=True, exist_ok=True)
    (paths.STAMPS / step).write_text(fingerprint)
