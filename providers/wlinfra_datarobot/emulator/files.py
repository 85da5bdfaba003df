"""Uploaded sources: catalogues with versions, filled file by file through a stage or at once from an archive."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import not_found, unprocessable
from .validate import read_json
from .world import Call, RouteTable, new_id, require

_FAILING_STEP = b"RUN false"
"""A Dockerfile with this line makes its build fail."""


def builds_badly(call: Call, catalog_id: str, version_id: str) -> bool:
    """Return whether a build of these sources fails; raises a 422 when they are not there."""
    catalog = call.tx.get("catalogs", catalog_id)
    if catalog is None or version_id not in catalog["versions"]:
        raise unprocessable(f"The sources {catalog_id}/{version_id} do not exist.")
    return any(file["fails"] for file in catalog["versions"][version_id].values())


def create_catalog(call: Call) -> Response:
    """Answer POST /files with an empty catalogue."""
    return json_response(_version(call, _new_catalog(call), {}), 201)


def create_stage(call: Call) -> Response:
    """Answer POST /files/{id}/stages."""
    catalog = _catalog(call)
    key = new_id(call.now)
    call.tx.put("stages", key, {"id": key, "catalogId": catalog["id"], "files": {}})
    return json_response({"catalogId": catalog["id"], "stageId": key}, 201)


def upload(call: Call) -> Response:
    """Answer POST /files/{id}/stages/{id}/upload: one file, its multipart file name is its path."""
    key = call.request.params["stage_id"]
    stage = require(call.tx.get("stages", key), not_found("Stage", key))
    name, content = _part(call)
    call.tx.put("stages", key, {**stage, "files": {**stage["files"], name: _entry(content)}})
    return json_response({"catalogId": stage["catalogId"], "stageId": key, "filename": name})


def from_stage(call: Call) -> Response:
    """Answer POST /files/{id}/fromStage with a new version made of the staged files."""
    catalog = _catalog(call)
    wish = read_json(call) or {}
    key = str(wish.get("stageId"))
    stage = require(call.tx.get("stages", key), not_found("Stage", key))
    kept = {} if wish.get("overwrite", "REPLACE") == "REPLACE" else _latest(catalog)
    answer = _version(call, catalog, {**kept, **stage["files"]})
    call.tx.delete("stages", key)
    return json_response({**answer, "statusId": _finished(call)}, 202)


def from_file(call: Call) -> Response:
    """Answer POST /files/fromFile and /files/{id}/fromFile: a version from one file or from a zip archive."""
    catalog = _catalog(call) if "catalog_id" in call.request.params else _new_catalog(call)
    name, content = _part(call)
    files = {name: _entry(content)}
    if call.flag("useArchiveContents"):
        files = _unzip(content)
    return json_response({**_version(call, catalog, files), "statusId": _finished(call)}, 202)


def list_files(call: Call) -> Response:
    """Answer GET /files/{id}/allFiles with the newest version's files."""
    return _listed(_latest(_catalog(call)))


def list_files_of_version(call: Call) -> Response:
    """Answer GET /files/{id}/versions/{id}/allFiles."""
    key = call.request.params["version_id"]
    return _listed(require(_catalog(call)["versions"].get(key), not_found("Catalog version", key)))


def _listed(files: Mapping[str, Any]) -> Response:
    data = [
        {"fileName": name, "fileSize": file["size"], "fileChecksum": file["checksum"]}
        for name, file in sorted(files.items())
    ]
    return json_response({"totalCount": len(data), "count": len(data), "next": None, "previous": None, "data": data})


def get_status(call: Call) -> Response:
    """Answer GET /status/{id}."""
    key = call.request.params["status_id"]
    require(call.tx.get("statuses", key), not_found("Status", key))
    return json_response({"statusId": key, "status": "COMPLETED", "message": ""})


def _new_catalog(call: Call) -> Document:
    return {"id": new_id(call.now), "versions": {}}


def _version(call: Call, catalog: Document, files: Mapping[str, Any]) -> dict[str, Any]:
    version = new_id(call.now)
    versions = {**catalog["versions"], version: files}
    call.tx.put("catalogs", catalog["id"], {**catalog, "versions": versions})
    return {"catalogId": catalog["id"], "catalogVersionId": version, "numFiles": len(files)}


def _latest(catalog: Document) -> dict[str, Any]:
    versions = list(catalog["versions"].values())
    return dict(versions[-1]) if versions else {}


def _finished(call: Call) -> str:
    key = new_id(call.now)
    call.tx.put("statuses", key, {"id": key})
    return key


def _entry(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "checksum": f"{zlib.crc32(content):08x}", "fails": _FAILING_STEP in content}


def _unzip(content: bytes) -> dict[str, Any]:
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {one.filename: _entry(archive.read(one)) for one in archive.infolist() if not one.is_dir()}
    except zipfile.BadZipFile:
        raise unprocessable("The uploaded file is not a zip archive.") from None


def _part(call: Call) -> tuple[str, bytes]:
    """Return name and content of the multipart part called `file`."""
    import email.parser
    import email.policy

    kind = call.request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise unprocessable("The file must be sent as multipart/form-data.")
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + call.request.body)
    for part in message.iter_parts():
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            return str(part.get_filename() or "file"), content if isinstance(content, bytes) else b""
    raise unprocessable("The form has no part called file.")


def _catalog(call: Call) -> Document:
    key = call.request.params["catalog_id"]
    return require(call.tx.get("catalogs", key), not_found("Catalog", key))


ROUTES: RouteTable = (
    ("POST", "/files", create_catalog),
    ("POST", "/files/fromFile", from_file),
    ("GET", "/files/{catalog_id}/allFiles", list_files),
    ("GET", "/files/{catalog_id}/versions/{version_id}/allFiles", list_files_of_version),
    ("POST", "/files/{catalog_id}/stages", create_stage),
    ("POST", "/files/{catalog_id}/stages/{stage_id}/upload", upload),
    ("POST", "/files/{catalog_id}/fromStage", from_stage),
    ("POST", "/files/{catalog_id}/fromFile", from_file),
    ("GET", "/status/{status_id}", get_status),
)
