# A kiosk without tests, simulators, development tools or compilers; docs/operators.md says how
# to run it. Everything installed is pinned by hash in requirements*.lock.
ARG PYTHON=3.11-slim-bookworm

FROM docker.io/library/python:${PYTHON} AS build
WORKDIR /build
COPY requirements-uv.lock requirements-runtime.lock requirements.lock ./
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements-uv.lock
# requirements.lock pins what builds as well (setuptools, among the development tools).
RUN python -m venv --without-pip /opt/kiosk \
 && /uv/bin/uv pip sync --no-cache --compile-bytecode --require-hashes \
      --build-constraints requirements.lock --python /opt/kiosk/bin/python requirements-runtime.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY biometrics biometrics
COPY devices devices
COPY documents documents
COPY imaging imaging
COPY kiosk_api kiosk_api
RUN /uv/bin/uv build --no-cache --wheel --require-hashes --build-constraints requirements.lock \
      --out-dir /wheel \
 && /uv/bin/uv pip install --no-cache --compile-bytecode --no-deps \
      --python /opt/kiosk/bin/python /wheel/*.whl

FROM docker.io/library/python:${PYTHON}
# Numbers, not names: an orchestrator can tell that this is not root.
RUN groupadd --gid 10001 kiosk \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin kiosk \
 && install --directory --owner 10001 --group 10001 --mode 0700 /data /keys
COPY --from=build /opt/kiosk /opt/kiosk
ENV PATH=/opt/kiosk/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# Nothing else is written to but /tmp: the root file system may be read-only.
VOLUME ["/data", "/keys"]
EXPOSE 8470
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8470/readyz', timeout=4)"]
ENTRYPOINT ["kiosk"]
CMD ["serve", "--data", "/data", "--host", "0.0.0.0", "--port", "8470", "--behind-proxy"]
