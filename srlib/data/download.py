"""Files from the network: checked, whole or not there at all, and taken up again after a break."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import pooch
import requests
from tqdm.auto import tqdm

from srlib.errors import DownloadError

_TIMEOUT = 30  # seconds without an answer
_CHUNK = 1 << 16  # bytes; as many may be lost when the connection breaks


def cache_folder() -> Path:
    """Where downloads are kept: ``SRLIB_CACHE``, or else the user's cache folder."""
    return Path(os.environ.get("SRLIB_CACHE") or pooch.os_cache("srlib"))


def fetch(addresses: Sequence[str], target: Path, sha256: str, *, progress: bool = True) -> Path:
    """Download a file from the first address that has it, and check it.

    While it is incomplete it lies beside the target as ``<name>.part``; a later call goes on from
    there if the server allows it. A target that is there and right is not downloaded again.

    Args:
        addresses: of the same file on one or more servers, in order of preference.
        target: where to keep it; folders are made as needed.
        sha256: of the file, in hexadecimal.
        progress: show a bar.

    Raises:
        DownloadError: when no address gives the file, it is not the expected one (it is then
            deleted), or it cannot be written.
    """
    pooch.get_logger().setLevel("WARNING")  # it prints a line a file, the bar says as much
    download = _Resume(target.with_name(target.name + ".part"), progress)
    failures = []
    for address in addresses:
        try:
            pooch.retrieve(address, sha256, target.name, target.parent, downloader=download)
            return target
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{address}: {_reason(error)}")
        except OSError as error:
            raise DownloadError(f"cannot write {target}: {error.strerror or error}") from error
    raise DownloadError(
        f"cannot download {target.name} ({'; '.join(failures)}). Try again, or get the file by "
        f"other means and save it as {target} or in the folder that SRLIB_DATA names"
    )


class _Resume:
    """A downloader for pooch that keeps what has come so far and asks for the rest only."""

    def __init__(self, part: Path, progress: bool) -> None:
        self.part, self.progress = part, progress

    def __call__(self, address: str, output_file: str, _: object) -> None:
        done = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if done and response.status_code == requests.codes.requested_range_not_satisfiable:
                self.part.unlink()  # it has all of the file's bytes or more: start afresh
                return self(address, output_file, _)
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                done = 0  # the whole file comes
            self._save(response, done)
        os.replace(self.part, output_file)

    def _save(self, response: requests.Response, done: int) -> None:
        """Append the answer to the first ``done`` bytes of the part."""
        left = int(response.headers.get("Content-Length", 0))
        bar = tqdm(
            desc=self.part.stem,
            initial=done,
            total=done + left if left else None,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )
        try:
            _require_space(self.part.parent, left)
            with bar, open(self.part, "ab" if done else "wb") as file:
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
        except requests.RequestException:
            raise  # what has come so far is good
        except OSError:
            self.part.unlink(missing_ok=True)  # leaves room on the full disk
            raise
        size = self.part.stat().st_size
        if left and size < done + left:
            raise requests.exceptions.ChunkedEncodingError(f"{size} of {done + left} bytes came")


def unzip(archive: Path, folder: Path, inside: str = ".", *, progress: bool = True) -> Path:
    """Unpack an archive, so that ``folder`` appears when everything is in it, or not at all.

    Args:
        archive: a zip file.
        folder: to make; must not exist yet.
        inside: the folder in the archive that becomes ``folder``; the rest is left out.
        progress: show a bar.

    Raises:
        DownloadError: when the archive is damaged, lacks ``inside``, would write outside the
            folder, holds links, or does not fit on the disk.
    """
    unpacked = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(unpacked, ignore_errors=True)  # of a call that was killed
        with zipfile.ZipFile(archive) as file:
            members = file.infolist()
            for member in members:
                _refuse_unsafe(member)
            _require_space(folder.parent, sum(member.file_size for member in members))
            for member in tqdm(members, f"unpacking {archive.name}", disable=not progress):
                file.extract(member, unpacked)
        if not (unpacked / inside).is_dir():
            raise DownloadError(f"{archive} holds no folder {inside}")
        os.replace(unpacked / inside, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DownloadError(f"{archive} is damaged ({error}): delete it and try again") from error
    except OSError as error:
        raise DownloadError(f"cannot unpack {archive}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return folder


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    """Only plain files and folders below the target; read as Windows would, which is stricter."""
    path = PureWindowsPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive does not say
    if path.drive or path.root or ".." in path.parts:
        raise DownloadError(
            f"the archive holds {member.filename!r}, which lies outside the folder it is unpacked "
            "to; nothing was unpacked. Get the archive from its publisher"
        )
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DownloadError(
            f"the archive holds {member.filename!r}, a link or device; nothing was unpacked. Get "
            "the archive from its publisher"
        )


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"it needs {needed / 1e6:,.0f} MB and the disk has {free / 1e6:,.0f} MB left: make "
            "room, or name a folder on another disk in SRLIB_CACHE"
        )


def _reason(error: Exception) -> str:
    """Why one address failed, in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {_TIMEOUT} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off; another try goes on from there"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.RequestException):
        return str(error)
    return "not the expected file (its SHA-256 differs); it was deleted"
