"""nginx and Caddy with the files of `deploy/`, on ports of their own, before an API at a UNIX socket."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from tests.acceptance.instance import Instance, wait_until
from tests.needs import PROXY, lack, require
from throwaway.clone import ROOT
from throwaway.port import free_port, listens
from waybill.host.starter import bound

NAME = "waybill.localhost"
"""A name that browsers take for this machine, though its cookies are those of any other host."""

PATH = "/waybill"
DEPLOYED = "waybill.example"
SOCKET = "/run/waybill/api.sock"
CERTIFICATE, KEY = "/etc/ssl/waybill/certificate.pem", "/etc/ssl/waybill/key.pem"

NGINX = """\
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include {site};
}}
"""

CADDY = """\
{{
	admin off
	auto_https disable_redirects
}}
import {site}
"""


@dataclass(frozen=True)
class ReverseProxy:
    """A proxy that runs."""

    name: str
    port: int

    @property
    def url(self) -> str:
        """The address of Waybill, as `requests` can ask for it."""
        return f"https://127.0.0.1:{self.port}{PATH}"

    @property
    def named_url(self) -> str:
        """The address of Waybill, as a browser can ask for it."""
        return f"https://{NAME}:{self.port}{PATH}"


def make_certificate(folder: Path) -> Path:
    """Make `certificate.pem`, for this machine alone, and `key.pem`; return the path of the certificate."""
    require(PROXY, "openssl")
    certificate = folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=Waybill"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", f"subjectAltName=IP:127.0.0.1,DNS:{NAME}"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", str(folder / "key.pem"), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return certificate


def start_nginx(instance: Instance, folder: Path, socket: Path) -> ReverseProxy:
    """Start nginx in a folder with the certificate, before the API at a socket."""
    # Debian keeps it where an ordinary user's PATH does not lead.
    program = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if program is None:
        lack(PROXY, "no nginx on this machine: apt-get install nginx-light")
    port = free_port()
    changes = {"listen 443": f"listen 127.0.0.1:{port}", f"server_name {DEPLOYED}": f"server_name {NAME}"}
    site = _changed("nginx.conf", folder, socket, changes)
    # As root it would give its work to a user who may not use these folders.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "main.conf"
    config.write_text(NGINX.format(user=user, site=site))
    instance.start("nginx", *bound([program, "-p", str(folder), "-c", str(config), "-e", "stderr"], SIGTERM))
    return _serving("nginx", port)


def start_caddy(instance: Instance, folder: Path, socket: Path) -> ReverseProxy:
    """Start Caddy in a folder with the certificate, before the API at a socket."""
    require(PROXY, "caddy")
    port = free_port()
    changes = {
        f"\n{DEPLOYED} {{": f"\nhttps://127.0.0.1:{port}, https://{NAME}:{port} {{\n\tbind 127.0.0.1",
        "# tls ": "tls ",
    }
    site = _changed("Caddyfile", folder, socket, changes)
    config = folder / "main"
    config.write_text(CADDY.format(site=site))
    home = [f"{name}={folder}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
    run = ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]
    instance.start("caddy", *bound(["env", *home, *run], SIGTERM))
    return _serving("caddy", port)


def _changed(name: str, folder: Path, socket: Path, changes: dict[str, str]) -> Path:
    """Write a file of `deploy/` with the paths and ports of this test, each of which it has to name."""
    text = (ROOT / "deploy" / name).read_text("utf-8")
    paths = {SOCKET: str(socket), CERTIFICATE: str(folder / "certificate.pem"), KEY: str(folder / "key.pem")}
    for written, here in (changes | paths).items():
        assert written in text, f"{name} does not say {written!r}"
        text = text.replace(written, here)
    changed = folder / name
    changed.write_text(text)
    return changed


def _serving(name: str, port: int) -> ReverseProxy:
    wait_until(lambda: listens(port), f"{name} to listen")
    return ReverseProxy(name, port)
