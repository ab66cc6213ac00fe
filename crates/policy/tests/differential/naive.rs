//! A second evaluator, written from AWS's rules and nothing else: it keeps documents as JSON, turns wildcards into regular
//! expressions, and asks everything of everybody. Clear and slow.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use regex::Regex;
use serde_json::Value;

/// A request. Who calls is a list of names: what the principal element of a policy may call it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) is_root: bool,
    /// Of no account.
    pub(crate) is_web_identity: bool,
    pub(crate) account: String,
    /// `AWS` or `Federated`.
    pub(crate) kind: &'static str,
    /// The ARN of the very caller, and other names for it.
    pub(crate) own_names: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) facts: BTreeMap<String, Vec<String>>,
}

pub(crate) struct World<'a> {
    pub(crate) guardrails: &'a [Value],
    pub(crate) resource: Option<&'a Value>,
    pub(crate) identity: &'a [Value],
    pub(crate) boundary: Option<&'a Value>,
    pub(crate) session: Option<&'a [Value]>,
    pub(crate) resource_account: &'a str,
    /// `IdentityOnly`, `RootOfTrust`, `Either`, `GrantOnly`
    pub(crate) rule: &'a str,
    /// Is limited, needs identity.
    pub(crate) grant: Option<(bool, bool)>,
}

/// `allowed`, or the words that AWS ends its denial with.
pub(crate) fn decide(request: &Request, world: &World<'_>) -> String {
    let is_foreign = !request.is_web_identity && request.account != world.resource_account;
    let resource = if world.rule == "IdentityOnly" { None } else { world.resource };
    let foreign = "because the resource does not exist in this Region, no resource-based policies allow access, or a \
                   resource-based policy explicitly denies access";
    let identity: &[Value] = if request.is_root { &[] } else { world.identity };
    let boundary: Option<&Value> = if request.is_root { None } else { world.boundary };
    let session: Option<&[Value]> = if request.is_root { None } else { world.session };

    let allows =
        |policy: &Value| statements(policy).iter().any(|s| s["Effect"] == "Allow" && matches(policy, s, request));
    // A stranger is told nothing, unless the resource's side lets it in.
    let is_let_in = world.grant.is_some() || world.rule != "GrantOnly" && resource.is_some_and(allows);
    let is_shut_out = resource.is_some_and(|policy| denies(policy, request)) || !is_let_in;
    if is_foreign && is_shut_out {
        return foreign.to_owned();
    }
    let session_policies = session.unwrap_or_default();
    for (policies, name) in [
        (world.guardrails, "a service control policy"),
        (resource.map_or(&[], std::slice::from_ref), "a resource-based policy"),
        (identity, "an identity-based policy"),
        (boundary.map_or(&[], std::slice::from_ref), "a permissions boundary"),
        (session_policies, "a session policy"),
    ] {
        if policies.iter().any(|policy| denies(policy, request)) {
            return format!("with an explicit deny in {name}");
        }
    }

    // Who allows.
    let guardrails_allow = world.guardrails.iter().all(allows);
    let identity_allows = request.is_root || identity.iter().any(allows);
    let boundary_allows = boundary.is_none_or(allows);
    let session_allows = session.is_none_or(|policies| policies.iter().any(allows));
    let resource_allows = |how: &dyn Fn(&Value) -> bool| {
        resource.is_some_and(|policy| {
            statements(policy).iter().any(|s| s["Effect"] == "Allow" && matches(policy, s, request) && how(s))
        })
    };
    let any = resource_allows(&|_| true);
    let exact = resource_allows(&|s| names(s, "Principal").iter().any(|name| is_exactly(name, request)));
    let beyond_account = resource_allows(&|s| {
        s.get("NotPrincipal").is_some()
            || names(s, "Principal").iter().any(|(kind, name)| {
                is_everyone(kind, name)
                    || is_exactly(&(kind.clone(), name.clone()), request)
                    || kind == "AWS" && Some(name) == request.role.as_ref()
            })
    });

    let because = |layer: &str| format!("because no {layer} allows the {} action", request.action);
    // Each way: what it still asks for, in the order in which a lack of it is told.
    let limits = |rank: usize| {
        if !boundary_allows {
            Err((rank.max(4), because("permissions boundary")))
        } else if !session_allows {
            Err((5, because("session policy")))
        } else {
            Ok(())
        }
    };
    let guardrail = if guardrails_allow { Ok(()) } else { Err((1, because("service control policy"))) };
    let by_identity = || {
        guardrail.clone()?;
        if !identity_allows {
            return Err((3, because("identity-based policy")));
        }
        limits(4)
    };
    let by_resource = || {
        guardrail.clone()?;
        if !any {
            return Err((2, because("resource-based policy")));
        }
        if exact {
            Ok(())
        } else if beyond_account {
            limits(4)
        } else {
            by_identity()
        }
    };
    let mut ways = Vec::new();
    if is_foreign {
        ways.push(if any && world.rule != "GrantOnly" { by_identity() } else { Err((0, foreign.to_owned())) });
    } else if world.rule == "GrantOnly" {
        ways.push(guardrail.clone().and_then(|()| Err((3, because("identity-based policy")))));
    } else {
        if world.rule != "IdentityOnly" {
            ways.push(by_resource());
        }
        if world.rule != "RootOfTrust" {
            ways.push(by_identity());
        }
    }
    if let Some((is_limited, needs_identity)) = world.grant {
        ways.push(guardrail.clone().and_then(|()| if needs_identity { by_identity() } else { Ok(()) }).and_then(
            |()| {
                if is_limited { limits(4) } else { Ok(()) }
            },
        ));
    }
    if ways.iter().any(Result::is_ok) {
        return "allowed".to_owned();
    }
    ways.into_iter().filter_map(Result::err).max().expect("a way").1
}

fn denies(policy: &Value, request: &Request) -> bool {
    statements(policy).iter().any(|s| s["Effect"] == "Deny" && matches(policy, s, request))
}

fn statements(policy: &Value) -> Vec<&Value> {
    many(&policy["Statement"])
}

fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn strings(value: &Value) -> Vec<String> {
    many(value).into_iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}

fn names(statement: &Value, element: &str) -> Vec<(String, String)> {
    match statement.get(element) {
        None => Vec::new(),
        Some(Value::String(star)) => vec![("AWS".to_owned(), star.clone())],
        Some(kinds) => {
            let kinds = kinds.as_object().expect("kinds of principals");
            kinds.iter().flat_map(|(kind, list)| strings(list).into_iter().map(|name| (kind.clone(), name))).collect()
        }
    }
}

fn is_everyone(kind: &str, name: &str) -> bool {
    (kind == "AWS" || kind == "Federated") && name == "*"
}

fn is_exactly((kind, name): &(String, String), request: &Request) -> bool {
    kind == request.kind && request.own_names.contains(name)
}

fn is_account((kind, name): &(String, String), request: &Request) -> bool {
    let account = &request.account;
    kind == "AWS" && !request.is_web_identity && (name == account || *name == format!("arn:aws:iam::{account}:root"))
}

fn is_role((kind, name): &(String, String), request: &Request) -> bool {
    kind == "AWS" && request.role.as_ref() == Some(name)
}

fn matches(policy: &Value, statement: &Value, request: &Request) -> bool {
    let has_variables = policy["Version"] == "2012-10-17";
    if statement.get("Principal").is_some() {
        let is_named = names(statement, "Principal").iter().any(|name| {
            is_everyone(&name.0, &name.1)
                || is_account(name, request)
                || is_role(name, request)
                || is_exactly(name, request)
        });
        if !is_named {
            return false;
        }
    }
    if statement.get("NotPrincipal").is_some() {
        let listed = names(statement, "NotPrincipal");
        let everyone = listed.iter().any(|(kind, name)| is_everyone(kind, name));
        let account = listed.iter().any(|name| is_account(name, request));
        let role = listed.iter().any(|name| is_role(name, request));
        let exact = listed.iter().any(|name| is_exactly(name, request));
        let is_spared = if statement["Effect"] == "Allow" {
            everyone || account || role || exact
        } else {
            // Each of the names that it goes by has to be listed.
            let is_missing = (!request.is_web_identity && !account)
                || (!request.is_root && !exact)
                || (request.role.is_some() && !role);
            everyone || !is_missing
        };
        if is_spared {
            return false;
        }
    }
    let action = |pattern: &String| full(&wild(&pattern.to_lowercase(), ".*", "."), &request.action.to_lowercase());
    let resource = |pattern: &String| resource_matches(pattern, has_variables, request);
    let is_action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(list), _) => strings(list).iter().any(action),
        (_, Some(list)) => !strings(list).iter().any(action),
        _ => return false,
    };
    let is_resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(list), _) => strings(list).iter().any(resource),
        (_, Some(list)) => !strings(list).iter().any(resource),
        _ => return false,
    };
    is_action && is_resource && conditions_hold(statement, has_variables, request)
}

/// Segment by segment; a `*` at a segment's end runs on.
fn resource_matches(pattern: &str, has_variables: bool, request: &Request) -> bool {
    let Some((pattern, values)) = substituted(pattern, has_variables, request) else { return false };
    let segments: Vec<&str> = pattern.splitn(6, ':').collect();
    let written: Vec<String> = segments
        .iter()
        .enumerate()
        .map(|(index, segment)| match segment.strip_suffix('*') {
            _ if index == 5 => wild(segment, ".*", "."),
            Some(start) => format!("{}.*", wild(start, "[^:]*", "[^:]")),
            None => wild(segment, "[^:]*", "[^:]"),
        })
        .collect();
    full(&filled(&written.join(":"), &values), &request.resource)
}

/// Part by part.
fn arn_matches(pattern: &str, has_variables: bool, actual: &str, request: &Request) -> bool {
    let Some((pattern, values)) = substituted(pattern, has_variables, request) else { return false };
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let last = parts.len() - 1;
    let written: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| match part.strip_suffix('*') {
            _ if index == 5 => wild(part, ".*", "."),
            Some(start) if index == last => format!("{}.*", wild(start, "[^:]*", "[^:]")),
            _ => wild(part, "[^:]*", "[^:]"),
        })
        .collect();
    full(&filled(&written.join(":"), &values), actual)
}

/// Puts a character of its own for each variable, and tells their values. None if one is missing.
fn substituted(text: &str, has_variables: bool, request: &Request) -> Option<(String, Vec<String>)> {
    let mut values = Vec::new();
    if !has_variables {
        return Some((text.to_owned(), values));
    }
    let variable = Regex::new(r"\$\{([^},]+)(?:, *'([^']*)')?\}").expect("a regular expression");
    let mut out = String::new();
    let mut end = 0;
    for found in variable.captures_iter(text) {
        let whole = found.get(0).expect("the match");
        out += &text[end..whole.start()];
        end = whole.end();
        let name = found[1].to_lowercase();
        let value = match (name.as_str(), request.facts.get(&name).map(Vec::as_slice)) {
            ("*" | "?" | "$", _) => name,
            (_, Some([one])) if !is_multivalued(&name) => one.clone(),
            _ => found.get(2)?.as_str().to_owned(),
        };
        out.push(placeholder(values.len()));
        values.push(value);
    }
    out += &text[end..];
    Some((out, values))
}

pub(crate) fn is_multivalued(key: &str) -> bool {
    key == "aws:tagkeys"
}

fn placeholder(index: usize) -> char {
    char::from_u32(0xE000 + u32::try_from(index).expect("few")).expect("private use")
}

fn filled(pattern: &str, values: &[String]) -> String {
    values
        .iter()
        .enumerate()
        .fold(pattern.to_owned(), |pattern, (index, value)| pattern.replace(placeholder(index), &regex::escape(value)))
}

fn wild(text: &str, star: &str, question: &str) -> String {
    regex::escape(text).replace(r"\*", star).replace(r"\?", question)
}

fn full(pattern: &str, text: &str) -> bool {
    thread_local!(static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default());
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(&format!("^(?s:{pattern})$")).expect("a regular expression"));
        regex.is_match(text)
    })
}

fn conditions_hold(statement: &Value, has_variables: bool, request: &Request) -> bool {
    let Some(operators) = statement.get("Condition").and_then(Value::as_object) else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object()
            .expect("keys")
            .iter()
            .all(|(key, expected)| condition_holds(operator, key, &strings(expected), has_variables, request))
    })
}

fn condition_holds(operator: &str, key: &str, expected: &[String], has_variables: bool, request: &Request) -> bool {
    let actual = request.facts.get(&key.to_lowercase()).cloned().unwrap_or_default();
    let (quantifier, operator) = operator.split_once(':').unwrap_or(("", operator));
    if operator == "Null" {
        return expected.contains(&actual.is_empty().to_string());
    }
    let (operator, if_exists) = operator.strip_suffix("IfExists").map_or((operator, false), |name| (name, true));
    let is_negated = operator.contains("Not");
    if actual.is_empty() {
        return if_exists || quantifier == "ForAllValues" || quantifier.is_empty() && is_negated;
    }
    let operator = operator.replace("Not", "");
    let is_any =
        |actual: &String| expected.iter().any(|expected| compares(&operator, expected, actual, has_variables, request));
    match quantifier {
        "ForAllValues" => actual.iter().all(|actual| is_any(actual) != is_negated),
        "ForAnyValue" => actual.iter().any(|actual| is_any(actual) != is_negated),
        _ if is_negated => actual.iter().all(|actual| !is_any(actual)),
        _ => actual.iter().any(is_any),
    }
}

fn compares(operator: &str, expected: &str, actual: &str, has_variables: bool, request: &Request) -> bool {
    let literal = |text: &str| {
        substituted(text, has_variables, request).map(|(text, values)| {
            values.iter().enumerate().fold(text, |text, (index, value)| text.replace(placeholder(index), value))
        })
    };
    if let Some(order) = operator.strip_prefix("Numeric") {
        return match (expected.parse::<f64>(), actual.parse::<f64>()) {
            (Ok(expected), Ok(actual)) => ordered(order, &actual, &expected),
            _ => false,
        };
    }
    if let Some(order) = operator.strip_prefix("Date") {
        return match (seconds(expected), seconds(actual)) {
            (Some(expected), Some(actual)) => ordered(order, &actual, &expected),
            _ => false,
        };
    }
    match operator {
        "StringEquals" => literal(expected).is_some_and(|expected| expected == actual),
        "StringEqualsIgnoreCase" => {
            literal(expected).is_some_and(|expected| expected.to_lowercase() == actual.to_lowercase())
        }
        "StringLike" => match substituted(expected, has_variables, request) {
            Some((pattern, values)) => full(&filled(&wild(&pattern, ".*", "."), &values), actual),
            None => false,
        },
        "ArnEquals" | "ArnLike" => arn_matches(expected, has_variables, actual, request),
        "Bool" => {
            expected.to_lowercase() == actual.to_lowercase() && ["true", "false"].contains(&&*actual.to_lowercase())
        }
        "BinaryEquals" => expected == actual,
        "IpAddress" => in_network(expected, actual),
        other => panic!("unknown operator {other}"),
    }
}

fn ordered<T: PartialOrd>(order: &str, actual: &T, expected: &T) -> bool {
    match order {
        "Equals" => actual == expected,
        "LessThan" => actual < expected,
        "LessThanEquals" => actual <= expected,
        "GreaterThan" => actual > expected,
        "GreaterThanEquals" => actual >= expected,
        other => panic!("unknown order {other}"),
    }
}

/// `YYYY-MM-DDThh:mm:ssZ` or seconds.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let numbers: Vec<i64> = text.split(['-', 'T', ':', 'Z']).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = numbers[..] else { return None };
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths[..usize::try_from(month - 1).ok()?].iter().sum::<i64>() + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// IPv4 only: bit by bit.
fn in_network(network: &str, address: &str) -> bool {
    let bits = |text: &str| -> Option<String> {
        let octets: Vec<u8> = text.split('.').filter_map(|octet| octet.parse().ok()).collect();
        let written: Vec<String> = octets.iter().map(|octet| format!("{octet:08b}")).collect();
        (octets.len() == 4).then(|| written.concat())
    };
    let (network, prefix) = network.split_once('/').unwrap_or((network, "32"));
    match (bits(network), bits(address), prefix.parse::<usize>()) {
        (Some(network), Some(address), Ok(prefix)) => network[..prefix] == address[..prefix],
        _ => false,
    }
}
