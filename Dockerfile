# The server of Sociogram, on a processor, without root. Beside a Neo4j: compose.yaml.
#   docker build --tag sociogram .
# PyTorch comes with CUDA on Linux (4 GB); the index of its build for processors makes the image smaller:
#   docker build --tag sociogram --build-arg TORCH_INDEX=<the CPU index of PyTorch's "Get Started" page> .
# Versions are those of constraints.txt.
FROM python:3.12.12-slim-bookworm AS wheel
WORKDIR /source
COPY constraints.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt build setuptools
COPY . .
RUN python -m build --wheel --no-isolation --outdir /dist

FROM python:3.12.12-slim-bookworm
ARG TORCH_INDEX=""
COPY constraints.txt /dist/
# hadolint ignore=DL3013
RUN if [ -n "$TORCH_INDEX" ]; then pip install --no-cache-dir --constraint /dist/constraints.txt --index-url "$TORCH_INDEX" torch; fi
COPY --from=wheel /dist/*.whl /dist/
# hadolint ignore=DL3013
RUN for wheel in /dist/*.whl; do pip install --no-cache-dir --constraint /dist/constraints.txt "${wheel}[server]"; done; \
    useradd --uid 10001 --user-group --create-home sociogram; \
    install --directory --owner=10001 --group=10001 --mode=700 /var/lib/sociogram
ENV SOCIOGRAM_HOME=/var/lib/sociogram \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/sociogram
USER 10001:10001
WORKDIR /var/lib/sociogram
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/v1/health', timeout=4)"]
CMD ["sociogram", "serve", "--host", "0.0.0.0", "--port", "8765"]
