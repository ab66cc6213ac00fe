# Keys of several specs, aliases, rotation, a replica and an external key, as modules in the wild declare them.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "account" {
  type    = string
  default = "111122223333"
}

variable "description" {
  type    = string
  default = "first"
}

variable "rotation_days" {
  type    = number
  default = 180
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = var.account
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false

  endpoints {
    kms = var.endpoint
    sts = var.endpoint
  }
}

provider "aws" {
  alias                       = "west"
  region                      = "eu-west-1"
  access_key                  = var.account
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    kms = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_kms_key" "symmetric" {
  description             = var.description
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = var.rotation_days
  tags                    = { purpose = "conformance" }
}

resource "aws_kms_alias" "symmetric" {
  name          = "alias/conformance/symmetric"
  target_key_id = aws_kms_key.symmetric.key_id
}

resource "aws_kms_key" "spec" {
  for_each = {
    RSA_2048      = "SIGN_VERIFY"
    RSA_4096      = "ENCRYPT_DECRYPT"
    ECC_NIST_P256 = "SIGN_VERIFY"
    HMAC_256      = "GENERATE_VERIFY_MAC"
  }
  customer_master_key_spec = each.key
  key_usage                = each.value
  deletion_window_in_days  = 7
}

resource "aws_kms_key" "primary" {
  description             = "primary"
  multi_region            = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_key" "replica" {
  provider                = aws.west
  description             = "replica"
  primary_key_arn         = aws_kms_key.primary.arn
  deletion_window_in_days = 7
}

resource "aws_kms_external_key" "imported" {
  description             = "imported"
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  valid_to                = timeadd(plantimestamp(), "720h")
  deletion_window_in_days = 7

  lifecycle {
    ignore_changes = [valid_to]
  }
}
