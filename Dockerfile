# syntax=docker/dockerfile:1
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null
COPY requirements.lock ./
RUN python3 -m venv /app/.venv \
 && /app/.venv/bin/pip install -q --require-hashes --only-binary :all: -r requirements.lock \
 && /app/.venv/bin/pip uninstall -q -y pip \
 # debugging symbols are a fifth of it
 && find /app/.venv -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + \
 # and the languages of the world another: pages and templates speak English
 && find /app/.venv -path '*/babel/locale-data/*.dat' -not -name 'en*.dat' -not -name root.dat -delete
COPY main.py ./
COPY streamline_ui streamline_ui
COPY components components
COPY pages pages
RUN /app/.venv/bin/python -m compileall -q -j 0 main.py streamline_ui components pages

FROM ${BASE}
LABEL org.opencontainers.image.title="Streamline" \
      org.opencontainers.image.description="A self-hosted integration hub"
RUN groupadd --system --gid 1000 streamline \
 && useradd --system --uid 1000 --gid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin streamline \
 && install -d -o 1000 -g 1000 -m 0700 /data
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLINE_HOST=0.0.0.0 \
    STREAMLINE_PORT=8080 \
    STREAMLINE_DATA_DIR=/data
WORKDIR /app
USER 1000:1000
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['STREAMLINE_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python3", "main.py"]
