# Three images: `swill`, the programs on what they link and nothing else; `swill-dev`, library and compiler, for applications of one's own
# (docs/first-app.md); and `balancer`, HAProxy in front of several gateways.

# --- build

FROM debian:bookworm-slim AS build
WORKDIR /source
# The one list of packages is ./dev's; it changes less often than the sources.
COPY dev ./
RUN ./dev packages && rm -rf /var/lib/apt/lists/*
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -D SWILL_TESTS=OFF \
    && cmake --build --preset release --target swill-gateway swill-worker swill-cli \
    && strip --strip-debug build/release/bin/swill* # keeps the names that stack traces show

# --- the programs

FROM debian:bookworm-slim AS swill
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
       libcaf-core0.17 libcaf-io0.17 libhiredis0.14 libre2-9 libssl3 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin swill \
    && install -d -o swill -g swill -m 0700 /run/swill
COPY --from=build /source/build/release/bin/swill-gateway /source/build/release/bin/swill-worker \
     /source/build/release/bin/swill /usr/local/bin/
COPY --from=build /source/LICENSE /usr/local/share/doc/swill/
USER swill
EXPOSE 8080
# A gateway that may be given connections; other services say for themselves what healthy means.
HEALTHCHECK --interval=2s --timeout=3s --start-period=15s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == HTTP/*' 200 '* ]]"]
CMD ["swill-gateway", "--listen", "0.0.0.0:8080"]

# --- what applications are built with

FROM build AS library
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --build --preset release --target swill_installed && cmake --install build/release --prefix /installed

FROM debian:bookworm-slim AS swill-dev
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
       g++ cmake ninja-build libcaf-dev libboost-dev libmsgpack-cxx-dev libre2-dev libhiredis-dev libssl-dev nlohmann-json3-dev \
       libgtest-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=library /installed /usr/local

# --- HAProxy, from Debian: not root, and it listens above 1024

FROM debian:bookworm-slim AS balancer
RUN apt-get update \
    && apt-get install --yes --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/haproxy.cfg /etc/haproxy/haproxy.cfg
USER haproxy
EXPOSE 8080
# While any gateway is in rotation.
HEALTHCHECK --interval=2s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8404 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == HTTP/*' 200 '* ]]"]
CMD ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
