# ramgate as one static program in an otherwise empty image: no shell, no package manager, nothing to patch beside it.
#
#   docker build -t registry.example.com/ramgate:0.1.0 .
#
# Both base images are arguments, for mirrors and for machines that reach no public registry.
ARG BUILDER_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=scratch

FROM ${BUILDER_IMAGE} AS builder
WORKDIR /build
# glibc is linked statically, its name service included: ramgate resolves no host names, it takes the API server's address
# from its environment. With --target, only the program itself is linked so, and not the macros that build it.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY Cargo.toml Cargo.lock ./
# Cargo wants to see every target that Cargo.toml names.
COPY benches benches
COPY crates crates
# The dependencies in a layer of their own: only a change of Cargo.lock or Cargo.toml builds them again.
RUN mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs \
    && cargo build --release --locked --bin ramgate --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && rm -r src
COPY src src
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin ramgate --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && cp target/*/release/ramgate /ramgate \
    # A program that asked for a loader would not start in an empty image: fail here and not there.
    && ! readelf -l /ramgate | grep -q INTERP

FROM ${RUNTIME_IMAGE}
COPY --from=builder /ramgate /ramgate
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/ramgate"]
CMD ["serve"]
