"""Keys and certificates of one test cluster, made with the openssl command; the cluster's start calls it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engines.build import EngineMissingError

__all__ = ["Certificates", "make_certificates"]

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The files: one authority, one certificate for every server on loopback, one key for service accounts."""

    authority: Path
    certificate: Path
    key: Path
    service_account_key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make them in a folder, good for ten years; raises EngineMissingError when openssl is not on PATH."""
    if shutil.which("openssl") is None:
        raise EngineMissingError("a test cluster needs certificates, and openssl is not on PATH: install it")
    made = Certificates(
        authority=folder / "ca.crt",
        certificate=folder / "server.crt",
        key=folder / "server.key",
        service_account_key=folder / "service-accounts.key",
    )
    authority_key = folder / "ca.key"
    extensions = folder / "server.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    request = folder / "server.csr"
    days = ("-days", "3650")
    _openssl("req", "-x509", *KEY, *days, "-subj", "/CN=test-ca", "-keyout", authority_key, "-out", made.authority)
    # The API server also shows this certificate to the servers behind it, which know it by this name.
    _openssl("req", *KEY, "-subj", "/CN=kube-apiserver", "-keyout", made.key, "-out", request)
    signer = ("-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extensions)
    _openssl("x509", "-req", *days, "-in", request, *signer, "-out", made.certificate)
    # The API server derives the public key only from this older form of an EC key, not from PKCS 8.
    _openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", made.service_account_key)
    return made


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineMissingError(f"`openssl {arguments[0]}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")
