#!/usr/bin/env bash
# Terraform with the AWS provider: apply, plan without drift, change, destroy, against TRENT_ENDPOINT.
#
# Skipped, by name, unless the machine has terraform and a mirror of the provider in TF_MIRROR (or where terraform itself
# looks for one); nothing is downloaded: terraform providers mirror DIRECTORY makes one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mirror=${TF_MIRROR:-$HOME/.terraform.d/plugins}
if ! command -v terraform >/dev/null; then
    echo 'terraform: skipped: there is no terraform'
    exit 0
fi
if [[ ! -d $mirror/registry.terraform.io/hashicorp/aws ]]; then
    echo 'terraform: skipped: there is no mirror of the AWS provider'
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp main.tf "$work"
cd "$work"
export TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 TF_VAR_endpoint=$TRENT_ENDPOINT
# An account of its own for each run.
TF_VAR_account=$(printf '%012d' "$((RANDOM * 32768 + RANDOM))")
export TF_VAR_account

terraform init -input=false -plugin-dir="$mirror" >/dev/null
terraform apply -input=false -auto-approve >/dev/null
# Exit code 2 would be a difference.
terraform plan -input=false -detailed-exitcode >/dev/null
terraform apply -input=false -auto-approve -var description=second -var rotation_days=90 >/dev/null
terraform plan -input=false -detailed-exitcode -var description=second -var rotation_days=90 >/dev/null
terraform destroy -input=false -auto-approve >/dev/null
echo 'terraform: ok'
