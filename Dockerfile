# syntax=docker/dockerfile:1
# Builds Galena and keeps the binary alone. See packaging/README.md for what has and has not been tried.
#
#   docker build -t galena .
#   docker run -p 8080:8080 -v galena-data:/data galena

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# `--bin galena` leaves out tests, benches and examples, whose sources are not in the build context.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin galena && cp target/release/galena /usr/local/bin/galena

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin galena \
    && install --directory --owner galena --group galena --mode 0700 /data
COPY --from=build /usr/local/bin/galena /usr/local/bin/galena
COPY LICENSE /usr/share/doc/galena/LICENSE
USER galena
ENV GALENA_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["galena", "health"]
ENTRYPOINT ["galena"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
