# The image of a job: the runner as entry point, and the reference workload beside it.
#
#   docker build --file infra/docker/job.Dockerfile --tag batchway-job .
#
# compiles both. Where they are compiled already, on Debian 12 or what is no newer, put the two
# programs into a folder and leave the compiler out:
#
#   docker build --file infra/docker/job.Dockerfile --target prebuilt --tag batchway-job FOLDER
#
# docs/runner.md says how to put the runner into an image of your own.

FROM debian:bookworm-slim AS base
RUN useradd --uid 1000 --create-home job
USER 1000:1000
WORKDIR /home/job
# What the job definition names as its command is the program.
ENTRYPOINT ["batchway-runner", "run", "--"]
CMD ["open-chemistry", "simulate"]


FROM base AS prebuilt
COPY batchway-runner open-chemistry /usr/local/bin/


FROM rust:1.95-slim-bookworm AS compiled
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN cargo build --release --locked \
        --package batchway-job-runner --package batchway-open-chemistry


FROM base AS job
# For the program; the runner brings its own where there are none.
COPY --from=compiled /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=compiled \
        /source/target/release/batchway-runner /source/target/release/open-chemistry \
        /usr/local/bin/
