"""Source files for image builds: stored in the catalogue, file by file through a stage, or as one archive."""

from __future__ import annotations

from wlinfra.http.failures import ApiError
from wlinfra.http.transport import multipart
from wlinfra_datarobot.client.calls import PAGE_SIZE, Methods, Pages, segment
from wlinfra_datarobot.client.wire_artifacts import CatalogItem, Stage, StoredFile, TaskStatus

__all__ = ["Files"]


class Files(Methods):
    """Catalogue items that hold source files."""

    def create(self) -> CatalogItem:
        """Create an empty catalogue item."""
        return self._calls.post("/files", CatalogItem, {})

    def contained(
        self, catalog_id: str, version_id: str, *, offset: int = 0, limit: int = PAGE_SIZE
    ) -> Pages[StoredFile]:
        """Return the files of one version of an item."""
        path = f"/files/{segment(catalog_id)}/versions/{segment(version_id)}/allFiles"
        return self._calls.pages(path, StoredFile, {}, offset=offset, limit=limit)

    def stage(self, catalog_id: str) -> Stage:
        """Open a stage to upload files to."""
        return self._calls.post(f"/files/{segment(catalog_id)}/stages", Stage, {})

    def upload(self, catalog_id: str, stage_id: str, path: str, data: bytes) -> None:
        """Put one file on a stage, under its path relative to the source's root; repeating it puts the same file there."""
        target = f"/files/{segment(catalog_id)}/stages/{segment(stage_id)}/upload"
        self._calls.transport.request("POST", target, body=multipart("file", path, data), repeatable=True)

    def from_stage(self, catalog_id: str, stage_id: str) -> CatalogItem:
        """Make a stage the next version of the item, in place of what was there."""
        body = {"stageId": stage_id, "overwrite": "REPLACE"}
        return self._calls.post(f"/files/{segment(catalog_id)}/fromStage", CatalogItem, body)

    def from_archive(self, filename: str, data: bytes, *, catalog_id: str | None = None) -> CatalogItem:
        """Store an archive's files as a new item, or as the next version of ``catalog_id``; `status` reports when it is done."""
        path = f"/files/{segment(catalog_id)}/fromFile" if catalog_id else "/files/fromFile"
        query = {"useArchiveContents": True, "overwrite": "REPLACE" if catalog_id else None}
        return self._calls.post(path, CatalogItem, multipart("file", filename, data), query=query)

    def status(self, status_id: str) -> TaskStatus:
        """Return how a task is; the platform answers a finished one with a redirect to its result."""
        try:
            return self._calls.get(f"/status/{segment(status_id)}", TaskStatus)
        except ApiError as error:
            if error.status != 303:
                raise
            return {"status": "COMPLETED", "statusId": status_id}
