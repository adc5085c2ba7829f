# Builds an image that contains one static program, ramgate, and the certificate authorities that `ramgate sync` trusts the
# cloud by: no shell, no package manager, no library to patch.
#
#   docker build -t registry.example.com/ramgate:0.1.0 .
#
# Both base images are arguments, for mirrors and for machines that cannot reach a public registry.
ARG BUILDER_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=scratch

FROM ${BUILDER_IMAGE} AS builder
WORKDIR /build
# Links glibc statically, including its name service. From 2.34 on, that reads /etc/hosts and asks DNS without another
# library, which is all that `ramgate sync` needs; `ramgate serve` takes the API server's address from its environment. With
# --target, this applies only to the program itself and not to its macros.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY Cargo.toml Cargo.lock ./
# Cargo needs every target that Cargo.toml names.
COPY benches benches
COPY crates crates
# Builds the dependencies in a separate layer, which is built again only if Cargo.lock or Cargo.toml changes.
RUN mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs \
    && cargo build --release --locked --bin ramgate --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && rm -r src
COPY src src
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin ramgate --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && cp target/*/release/ramgate /ramgate \
    # A program that needs a loader would not start in an empty image, so fail here.
    && ! readelf -l /ramgate | grep -q INTERP

FROM ${RUNTIME_IMAGE}
COPY --from=builder /ramgate /ramgate
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# A numeric user, so that Kubernetes can verify that it is not root.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/ramgate"]
CMD ["serve"]
