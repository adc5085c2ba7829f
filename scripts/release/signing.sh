# How cosign signs and verifies. The scripts that do it source this file.
#
# COSIGN_KEY   a private key with which to sign; its public half lies beside it as NAME.pub. What it signs is in no public log.
#              Without it, cosign signs as the workflow that runs it, and writes that into Sigstore's public log.

cosign=$("$here/tools/obtain.sh" cosign)
signer=(--yes)
if [ -n "${COSIGN_KEY:-}" ]; then
    [ -r "$COSIGN_KEY" ] || fail "COSIGN_KEY is \`$COSIGN_KEY\`, which cannot be read"
    # A service that is not named is not asked: no log, no certificate, no clock.
    no_services=$dist/signing-config.json
    "$cosign" signing-config create --out "$no_services"
    signer+=(--key "$COSIGN_KEY" --signing-config "$no_services")
fi
