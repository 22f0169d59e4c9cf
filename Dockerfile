# Vestnik in a container: nothing in it but the binary, the libraries it is linked with, and certificates. No shell, no
# package manager, nobody's account but its own.
#
#   docker build -t vestnik .
#   docker run -d --name vestnik --restart unless-stopped -p 127.0.0.1:8000:8000 -v vestnik-data:/data vestnik
#   docker logs vestnik               the link that makes the first administrator
#
# Any command: docker run --rm -it -v vestnik-data:/data vestnik create-admin --email you@example.com

FROM node:22-bookworm-slim AS front
WORKDIR /front
COPY crates/assets/package.json crates/assets/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY crates/assets/ ./
RUN npm run build -- --emptyOutDir --outDir /front/dist

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
COPY --from=front /front/dist /front/dist
ENV VESTNIK_WEB_DIST=/front/dist
# What was compiled before is used again by the next build, and is not part of any image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked --package vestnik && \
    deploy/container/rootfs target/release/vestnik /rootfs

FROM scratch
COPY --from=build /rootfs /
# See rootfs: a number, because that is how Kubernetes knows that it is not root.
USER 10001:10001
WORKDIR /data
ENV VESTNIK_DATA_DIR=/data VESTNIK_LISTEN=0.0.0.0:8000
# The embedded database, uploaded pictures, and the journal of what is on its way to a mail server.
VOLUME /data
EXPOSE 8000
# It is the first process of its container, ends well on SIGTERM within ten seconds, and starts no others.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["/usr/local/bin/vestnik", "ping"]
ENTRYPOINT ["/usr/local/bin/vestnik"]
CMD ["serve"]
