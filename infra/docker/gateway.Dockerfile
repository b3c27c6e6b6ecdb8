# The image of the gateway, with runner and reference workload beside it for jobs that run there.
#
#   docker build --file infra/docker/gateway.Dockerfile --tag batchway .
#
# compiles it. Where the programs are compiled already, on Debian 12 or what is no newer, put the
# three into a folder and leave the compiler out:
#
#   docker build --file infra/docker/gateway.Dockerfile --target prebuilt --tag batchway FOLDER
#
# It listens on port 8000, runs as user 10001, and writes nowhere but to /var/lib/batchway: mount a
# volume there. infra/compose.yaml has an example.

FROM debian:bookworm-slim AS base
RUN useradd --uid 10001 --system --home-dir /var/lib/batchway --shell /usr/sbin/nologin batchway \
 && install --directory --owner batchway --group nogroup --mode 0700 /var/lib/batchway
USER 10001
WORKDIR /var/lib/batchway
ENV BATCHWAY_LISTEN=0.0.0.0:8000 BATCHWAY_DATA_DIR=/var/lib/batchway
EXPOSE 8000
VOLUME /var/lib/batchway
# bash opens connections by itself: nothing has to be installed for this. Whether requests can be
# served is another question, which load balancers ask of /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=75s \
        CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3; [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["batchway"]
CMD ["serve"]


FROM base AS prebuilt
COPY batchway batchway-runner open-chemistry /usr/local/bin/


FROM rust:1.95-slim-bookworm AS compiled
# For the embedded database.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Cargo.toml Cargo.lock .env.example ./
COPY docs docs
COPY crates crates
RUN cargo build --release --locked \
        --package batchway-gateway --package batchway-job-runner --package batchway-open-chemistry


FROM base AS gateway
COPY --from=compiled /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=compiled \
        /source/target/release/batchway /source/target/release/batchway-runner \
        /source/target/release/open-chemistry \
        /usr/local/bin/
