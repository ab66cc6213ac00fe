use crate::Dialect;

/// What a service makes of signatures, where services differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningRules {
    /// The name that the credential scope must have: `kms`.
    pub service: &'static str,
    pub dialect: Dialect,
    pub style: Style,
    /// How many minutes a signature's date may lie before or after the present (wire.md §6). `X-Amz-Expires` changes
    /// nothing about it: no service but S3 minds it (aws/aws-sdk-go issue 2167).
    pub window_minutes: u16,
    /// The operations that take requests without a signature (`authtype: none` in botocore's models).
    pub unsigned_operations: &'static [&'static str],
}

/// How the canonical request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The path is normalized and encoded once more; the body is hashed.
    Standard,
    /// The path stands as it was sent; the client says whether and how the body was hashed (`x-amz-content-sha256`).
    S3,
}

impl SigningRules {
    /// The rules of the service with this name in credential scopes.
    pub fn of(service: &'static str, dialect: Dialect) -> Self {
        let common = Self { service, dialect, style: Style::Standard, window_minutes: 5, unsigned_operations: &[] };
        match service {
            "sts" => Self {
                window_minutes: 15,
                unsigned_operations: &["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
                ..common
            },
            "iam" => Self { window_minutes: 15, ..common },
            "s3" => Self { window_minutes: 15, style: Style::S3, ..common },
            _ => common,
        }
    }
}
