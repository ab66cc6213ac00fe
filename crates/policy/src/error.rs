/// A document is no policy of its kind. The texts are AWS's. "Recorded": IAM was seen to answer it; "documented": AWS's
/// guides have it; "inferred": it is used where AWS's own answer is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPolicy {
    /// Not JSON, too large, too deep, an element twice, unknown, or of the wrong type. Recorded for IAM; inferred for size,
    /// depth, and elements that come twice.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// Recorded: IAM takes new permission policies in the current language only.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
    /// Recorded: an Effect in other letters, a date that is none, an ARN with too few parts.
    #[error("The policy failed legacy parsing")]
    LegacyParsing,
    /// Recorded for IAM, inferred for key policies.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    SidNotUnique,
    /// Recorded for IAM; key policies may have spaces in theirs.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    SidCharacters,
    /// Recorded.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// Recorded.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// Recorded.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// Recorded.
    #[error("Actions/Condition can contain only one colon.")]
    Colons,
    /// Recorded.
    #[error("Vendor {0} is not valid")]
    Vendor(String),
    /// Recorded.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    ResourceFormat(String),
    /// Recorded. `resource` is the ARN as IAM completes it.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    Partition { partition: String, resource: String },
    /// Recorded where the vendor is missing, documented where it has wildcards.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor,
    /// Recorded.
    #[error("IAM resource {0} cannot contain region information.")]
    IamRegion(String),
    /// Recorded.
    #[error("Resource {0} can not contain region information.")]
    S3Region(String),
    /// Recorded.
    #[error(
        "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, \
         mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."
    )]
    IamPath,
    /// Recorded: of policies that are attached to principals.
    #[error("Policy document should not specify a principal.")]
    PrincipalGiven,
    /// Recorded for trust policies, inferred for key policies, as the next two.
    #[error("Missing required field Principal")]
    NoPrincipal,
    #[error("Missing required field Principal cannot be empty!")]
    EmptyPrincipal,
    /// Of trust policies.
    #[error("Allow with NotPrincipal is not allowed.")]
    AllowNotPrincipal,
    /// Recorded: of trust policies, as the next ones.
    #[error("Has prohibited field Resource")]
    ResourceGiven,
    #[error("AssumeRole policy must not contain resources.")]
    NotResourceGiven,
    #[error("Missing required field Action")]
    NoTrustActions,
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAssumeRole,
    /// Documented for encryption contexts and tags, inferred for other keys. See
    /// [`Policy::check_set_operators`](crate::Policy::check_set_operators).
    #[error(
        "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches \
         requests without the specified {subject} or with an unspecified {subject}. To fix, remove ForAllValues."
    )]
    OverlyPermissiveCondition { subject: &'static str },
}
