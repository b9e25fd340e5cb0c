# One image for both services: the API by default, the worker by its command in docker-compose.yml.
FROM python:3.12-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
WORKDIR /build
# First what setup.cfg names, so that a change of the code does not install it anew. What the tests need comes along:
# `docker-compose run --rm api pytest .`
COPY setup.cfg ./
RUN python -c "import configparser; c = configparser.ConfigParser(); c.read('setup.cfg'); \
        print(c['options']['install_requires'], c['options.extras_require']['test'])" >requirements.txt \
    && /venv/bin/pip install --requirement requirements.txt
COPY . .
RUN /venv/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --home-dir /app waybill && install -d -o waybill -g waybill -m 0700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Compiled now, since the root file system is read-only later; pytest compiles tests in its own way.
RUN /venv/bin/python -m compileall -q . && /venv/bin/python -m pytest -q -o cache_dir=/tmp/pytest --collect-only >/dev/null
# `pytest .` runs several tests at once, since most of them wait for processes.
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 WAYBILL_DATA_DIR=/data \
    PYTEST_ADDOPTS=--numprocesses=4
USER waybill
VOLUME /data
EXPOSE 8000
# By http.client, which knows no proxy.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client, os, socket, sys; h = os.environ.get('WAYBILL_HOST') or ''; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('WAYBILL_PORT') or 8000), timeout=2); c.sock = socket.socket(socket.AF_UNIX) if h[:5] == 'unix:' else None; c.sock and c.sock.connect(h[5:]); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
CMD ["waybill", "api"]
