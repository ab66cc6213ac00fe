//! What IAM asks of the ARNs in `Resource` and `NotResource` of identity policies.

use crate::error::MalformedPolicy;

/// What IAM's own ARNs begin with after their colons.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Refuses ARNs that fail "legacy parsing" at once; what else is wrong with the first wrong one is told after the checks
/// that come before (recorded).
pub(crate) fn check(resources: &[String]) -> Result<Option<MalformedPolicy>, MalformedPolicy> {
    let error = resources.iter().find_map(|resource| error(resource));
    let is_legacy_error = |resource: &String| {
        let has_vendor = resource.split(':').nth(2).is_some_and(|vendor| !vendor.is_empty());
        let is_short = resource.matches(':').count() < 5 && resource.contains("::");
        resource != "*" && (is_short || !has_vendor)
    };
    if error.is_none() && resources.iter().any(is_legacy_error) {
        return Err(MalformedPolicy::LegacyParsing);
    }
    Ok(error)
}

fn error(resource: &str) -> Option<MalformedPolicy> {
    if resource == "*" {
        return None;
    }
    let Some(("arn", rest)) = resource.split_once(':') else {
        return Some(MalformedPolicy::ResourceFormat(resource.to_owned()));
    };
    let (partition, rest) = match rest.split_once(':') {
        Some((partition, rest)) => (partition, Some(rest)),
        None => (rest, None),
    };
    // Inferred: a partition may have wildcards, as guardrails for all partitions do.
    if !partition.starts_with("aws") && !partition.contains(['*', '?']) {
        return Some(wrong_partition(partition, rest.unwrap_or_default()));
    }
    let Some(rest) = rest else {
        return Some(MalformedPolicy::ResourceVendor);
    };
    let (vendor, rest) = rest.split_once(':').unwrap_or((rest, ""));
    // A lone `*` is the way to say that what follows is left out.
    if vendor.contains(['*', '?']) && vendor != "*" {
        return Some(MalformedPolicy::ResourceVendor);
    }
    if !rest.starts_with(':') {
        match vendor {
            "iam" => return Some(MalformedPolicy::IamRegion(resource.to_owned())),
            "s3" => return Some(MalformedPolicy::S3Region(resource.to_owned())),
            _ => {}
        }
    }
    let path = rest.splitn(3, ':').nth(2).unwrap_or_default();
    let is_iam_path = path == "*" || IAM_PATHS.iter().any(|start| path.starts_with(start));
    (vendor == "iam" && !is_iam_path).then_some(MalformedPolicy::IamPath)
}

/// IAM shows the ARN with `*` for the parts that it lacks.
fn wrong_partition(partition: &str, rest: &str) -> MalformedPolicy {
    let mut parts = rest.splitn(4, ':');
    let first = parts.next().filter(|first| !first.is_empty() || rest.contains(':')).unwrap_or("*");
    let mut next = || parts.next().unwrap_or("*");
    let resource = format!("arn:{partition}:{first}:{}:{}:{}", next(), next(), next());
    MalformedPolicy::Partition { partition: partition.to_owned(), resource }
}
