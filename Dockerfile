# The program alone: no shell, no package manager, no account with rights. It writes nothing but its output.
#   docker build -t revox-mirror .
FROM rust:1.95-bookworm AS build
WORKDIR /src

# The dependencies are a layer of their own, which changes to the program leave alone.
COPY Cargo.toml Cargo.lock build.rs ./
RUN mkdir -p src benches/backfill migrations \
    && echo 'fn main() {}' | tee src/main.rs >benches/backfill/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked \
    && rm -r src benches migrations

COPY . .
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked \
    && deploy/image-files target/release/revox-mirror /image

FROM scratch
LABEL org.opencontainers.image.title="revox-mirror" \
      org.opencontainers.image.description="Keeps a Postgres copy of a Revox account's calling campaigns" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/ /
USER 10001:10001
STOPSIGNAL SIGTERM
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/local/bin/revox-mirror", "ready", "--live"]
ENTRYPOINT ["/usr/local/bin/revox-mirror"]
CMD ["run"]
