#!/usr/bin/env bash
# What a plain curl can do without any credentials: create a key, encrypt, decrypt, be refused.
set -euo pipefail

endpoint=${TRENT_ENDPOINT:?set TRENT_ENDPOINT, or run scripts/conformance}

# kms OPERATION JSON → the answer's body
kms() {
    curl --silent --show-error --max-time 30 --noproxy '*' "$endpoint" \
        --header "X-Amz-Target: TrentService.$1" --header 'Content-Type: application/x-amz-json-1.1' --data "$2"
}

# field NAME → the string member of that name in the JSON on standard input
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

expect() { # WHAT WANTED FOUND
    [[ $2 == "$3" ]] || { printf 'curl: %s: expected %s, got %s\n' "$1" "$2" "$3" >&2; exit 1; }
}

arn=$(kms CreateKey '{}' | field Arn)
expect 'the default account' arn:aws:kms:us-east-1:000000000000:key "${arn%/*}"

plaintext=$(printf 'from curl' | base64)
sealed=$(kms Encrypt "{\"KeyId\":\"$arn\",\"Plaintext\":\"$plaintext\"}")
expect 'the key that encrypted' "$arn" "$(field KeyId <<<"$sealed")"

opened=$(kms Decrypt "{\"CiphertextBlob\":\"$(field CiphertextBlob <<<"$sealed")\"}")
expect 'the plaintext' "$plaintext" "$(field Plaintext <<<"$opened")"
expect 'the key that decrypted' "$arn" "$(field KeyId <<<"$opened")"

refused=$(kms Decrypt '{"CiphertextBlob":"AAAA"}')
expect 'a refusal' '{"__type":"InvalidCiphertextException"}' "$refused"

echo 'curl: ok'
