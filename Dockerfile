# Landfall in a small image. Untested: it was written where there was no container engine.
#
#   docker build --tag landfall .
#   docker run --rm --volume landfall:/data landfall keys create --name ops --role admin
#   docker run --publish 127.0.0.1:5005:5005 --volume landfall:/data landfall

FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
# The caches outlive the step, the binary must not stay in one of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package landfall \
    && install -D target/release/landfall /out/landfall

# The same Debian as above, so that the C library is the one that it was linked against.
FROM debian:trixie-slim
RUN useradd --system --uid 10001 --no-create-home landfall \
    && install --directory --owner=landfall --group=landfall /data
# Whom to trust: for webhooks, mail servers and databases that are reached over TLS. The slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/landfall /usr/local/bin/landfall
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/landfall/
USER 10001
# The database lies here and nowhere else; a relative path ends up here, too.
WORKDIR /data
VOLUME /data
EXPOSE 5005
# SIGTERM, docker's default, lets the service answer what it has accepted before it ends: allow it a minute
# (docker stop --timeout 60).
ENTRYPOINT ["landfall"]
# In a container the service has to listen on every address, so it starts once there is an API key.
ENV LANDFALL_DATABASE=sqlite:/data/landfall.db
CMD ["serve", "--listen", "0.0.0.0:5005"]
