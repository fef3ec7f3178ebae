"""Files from the network: checked, whole or not there at all, and taken up again after a break."""

import contextlib
import hashlib
import logging
import os
import shutil
import socket
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath

import pooch
import requests
from tqdm.auto import tqdm

from srlib.atomic import remove_partial, sole_use
from srlib.errors import DownloadError

TIMEOUT = 30  # seconds without an answer
_CHUNK = 1 << 16  # bytes; as many may be lost when the connection breaks

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where downloads are kept: ``SRLIB_CACHE``, or else the user's cache folder."""
    return Path(os.environ.get("SRLIB_CACHE") or pooch.os_cache("srlib"))


def fetch(addresses: Sequence[str], target: Path, sha256: str, *, progress: bool = True) -> Path:
    """Download a file from the first address that has it, and check it.

    While it is incomplete it lies beside the target as ``<name>.part``; a later call goes on from
    there if the server allows it. A target that is there and right is not downloaded again. Of
    several processes that want files in one folder, one works and the others wait.

    Args:
        addresses: of the same file on one or more servers, in order of preference.
        target: where to keep it; folders are made as needed.
        sha256: of the file, in hexadecimal.
        progress: show a bar.

    Raises:
        DownloadError: when no address gives the file, it is not the expected one (it is then
            deleted), or it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(target.parent):
            _remove_left_over(target.parent)
            if not is_whole(target, sha256):
                _fetch(addresses, target, sha256, progress)
    except OSError as error:
        raise DownloadError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def is_whole(file: Path, sha256: str) -> bool:
    """Whether there is such a file and its SHA-256, in hexadecimal, is that one."""
    if not file.is_file():
        return False
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == sha256


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process downloads into the folder, and keep others out meanwhile."""
    with contextlib.ExitStack() as stack:
        if not stack.enter_context(sole_use(folder)):
            log.warning(f"another process downloads into {folder}: waiting for it")
            stack.enter_context(sole_use(folder, wait=True))
        yield


def _remove_left_over(folder: Path) -> None:
    """What killed downloads left there; not the ``.part`` of a file, from which another goes on."""
    remove_partial(folder)
    for file in folder.glob("tmp????????"):  # of versions up to 0.2, by pooch
        if file.is_file():
            file.unlink(missing_ok=True)


def _fetch(addresses: Sequence[str], target: Path, sha256: str, progress: bool) -> None:
    part, failures = target.with_name(target.name + ".part"), []
    for address in addresses:
        try:
            _download(address, part, progress)
        except requests.RequestException as error:
            failures.append(f"{address}: {reason(error)}")
            continue
        if is_whole(part, sha256):
            os.replace(part, target)
            return
        part.unlink()
        failures.append(f"{address}: not the expected file (its SHA-256 differs); it was deleted")
    raise DownloadError(
        f"cannot download {target.name} ({'; '.join(failures)}). Try again, or get the file by "
        f"other means and save it as {target} or in the folder that SRLIB_DATA names"
    )


def _download(address: str, part: Path, progress: bool) -> None:
    """Bring the part to the file's full length: ask for what has not come yet."""
    done = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if done and response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()  # it has all of the file's bytes or more: start afresh
            return _download(address, part, progress)
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            done = 0  # the whole file comes
        _save(response, part, done, progress)


def _save(response: requests.Response, part: Path, done: int, progress: bool) -> None:
    """Append the answer to the first ``done`` bytes of the part."""
    left = _length(response)
    bar = tqdm(
        desc=part.stem,
        initial=done,
        total=done + left if left else None,
        unit="B",
        unit_scale=True,
        disable=not progress,
    )
    try:
        _require_space(part.parent, left)
        with bar, open(part, "ab" if done else "wb") as file:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    except requests.RequestException:
        raise  # what has come so far is good
    except OSError:
        part.unlink(missing_ok=True)  # leaves room on the full disk
        raise
    size = part.stat().st_size
    if left and size < done + left:
        raise requests.exceptions.ChunkedEncodingError(f"{size} of {done + left} bytes came")


def _length(response: requests.Response) -> int:
    """Bytes that are to come; 0 where the server does not say, or packs them though not asked."""
    said = response.headers.get("Content-Length", "")
    packed = response.headers.get("Content-Encoding", "identity") != "identity"
    return int(said) if said.isdecimal() and not packed else 0


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


def reason(error: requests.RequestException) -> str:
    """Why one address failed, in a few words, and what to do where that helps."""
    if isinstance(error, requests.HTTPError):
        return f"{error.response.status_code} {error.response.reason}"
    causes = list(_causes(error))
    if any("Timeout" in type(each).__name__ for each in causes):
        return f"no answer within {TIMEOUT} s; another try goes on from there"
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"the secure connection failed ({_innermost(causes)}): check the machine's clock, "
            "update certifi, or name your proxy's certificates in REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return "no connection to the proxy: check HTTPS_PROXY and HTTP_PROXY, or unset them"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the server packed the file and it cannot be unpacked"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off; another try goes on from there"
    if isinstance(error, requests.ConnectionError):
        return _no_connection(causes)
    return str(error)


def _no_connection(causes: Sequence[BaseException]) -> str:
    if any(isinstance(each, socket.gaierror) for each in causes):
        return "no connection: no machine of that name is known: check the network and the name"
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return "no connection: it was refused, nothing listens at that port"
    if any(isinstance(each, ConnectionResetError) for each in causes):
        return "the connection broke off; another try goes on from there"
    return f"no connection ({_innermost(causes)})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of: libraries wrap them as arguments, reasons and causes."""
    waiting, seen = [error], []
    while waiting:
        each = waiting.pop(0)
        if any(each is other for other in seen):
            continue
        seen.append(each)
        yield each
        found = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting += [other for other in found if isinstance(other, BaseException)]


def _innermost(causes: Sequence[BaseException]) -> str:
    """What the last of them says, in one line."""
    last = [each for each in causes if isinstance(each, OSError)][-1]
    return " ".join(str(last.strerror or last).split())[:160]
