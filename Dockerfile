# Two images from one source: the service, and an Asterisk that the same code configures.
#   docker build --target service .        docker build --target asterisk .

FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml requirements.lock ./
RUN python3 -m venv /opt/huifang \
    && /opt/huifang/bin/pip install --no-cache-dir --constraint requirements.lock pip setuptools
COPY . .
RUN /opt/huifang/bin/pip install --no-cache-dir --no-build-isolation --constraint requirements.lock \
        '.[whisper,postgres]'


FROM debian:bookworm-slim AS service
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    # The same number as in the other image: both use the folder of recordings.
    && useradd --uid 10001 --home-dir /data --create-home huifang
COPY --from=build /opt/huifang /opt/huifang
ENV PATH=/opt/huifang/bin:$PATH DIALER_DATA_DIR=/data PYTHONUNBUFFERED=1
USER huifang
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 8080), 3).close()"]
ENTRYPOINT ["dialer"]
CMD ["serve"]


# Only Debian's development suite has a current Asterisk.
FROM debian:sid-slim AS asterisk
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        asterisk asterisk-core-sounds-en asterisk-core-sounds-en-wav asterisk-moh-opsound-wav \
        python3 python3-jinja2 python3-pydantic \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home huifang \
    && install -d -o huifang -g huifang /var/lib/huifang-asterisk
COPY asterisk /opt/huifang/asterisk
COPY docker/run_asterisk.py /opt/huifang/
USER huifang
VOLUME /var/lib/huifang-asterisk
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["asterisk", "-C", "/var/lib/huifang-asterisk/etc/asterisk.conf", "-rx", "core waitfullybooted"]
ENTRYPOINT ["python3", "/opt/huifang/run_asterisk.py"]
