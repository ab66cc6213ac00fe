use std::borrow::Cow;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use trent_policy::{Facts, Values};
use trent_shared::{AccountId, Context, Principal, Timestamp};

use crate::permissions::Permissions;

/// The condition keys that requests to any service carry (`aws:…`), before those of the service itself.
pub(crate) struct GlobalFacts<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) permissions: &'a Permissions,
    /// All accounts belong to it.
    pub(crate) organization: Option<&'a str>,
    /// Of what the request is about, if of anything in particular.
    pub(crate) resource_account: Option<AccountId>,
    pub(crate) now: Timestamp,
    pub(crate) service: &'a dyn Facts,
}

impl Facts for GlobalFacts<'_> {
    fn values(&self, key: &str) -> Values<'_> {
        let Some(name) = key.strip_prefix("aws:") else { return self.service.values(key) };
        // What else is of a resource or of the request's own members is the service's to know.
        let known = self.of_caller(name).or_else(|| self.of_resource(name)).or_else(|| self.of_request(name));
        known.unwrap_or_else(|| self.service.values(key))
    }
}

impl GlobalFacts<'_> {
    fn of_caller(&self, name: &str) -> Option<Values<'_>> {
        let caller = &self.cx.caller;
        if let Some(tag) = name.strip_prefix("principaltag/") {
            return self.permissions.principal_tags.get(tag).map(|value| one(value));
        }
        match name {
            "principalarn" => Some(owned(caller.principal_arn().to_string())),
            "principalaccount" => Some(one(caller.account.as_str())),
            "principaltype" => Some(one(match caller.principal {
                Principal::Root => "Account",
                Principal::User(_) => "User",
                Principal::AssumedRole(_) => "AssumedRole",
                Principal::FederatedUser(_) => "FederatedUser",
                Principal::WebIdentity(_) => "Anonymous",
            })),
            "principalorgid" => self.organization.map(one),
            "principalisawsservice" => Some(one("false")),
            "userid" => Some(owned(caller.user_id())),
            "username" => match &caller.principal {
                Principal::User(user) => Some(one(&user.name)),
                _ => None,
            },
            _ => self.of_session(name),
        }
    }

    fn of_session(&self, name: &str) -> Option<Values<'_>> {
        let session = self.permissions.session_facts.as_ref()?;
        match name {
            "tokenissuetime" => Some(date(session.issued)),
            // Only temporary credentials tell whether somebody was present.
            "multifactorauthpresent" => Some(flag(session.mfa.is_some())),
            "multifactorauthage" => {
                session.mfa.map(|at| owned(((self.now.as_millis() - at.as_millis()) / 1000).to_string()))
            }
            "sourceidentity" => session.source_identity.as_deref().map(one),
            "federatedprovider" => session.federated_provider.as_deref().map(one),
            _ => None,
        }
    }

    fn of_resource(&self, name: &str) -> Option<Values<'_>> {
        let account = self.resource_account.as_ref()?;
        match name {
            "resourceaccount" => Some(one(account.as_str())),
            "resourceorgid" => self.organization.map(one),
            _ => None,
        }
    }

    fn of_request(&self, name: &str) -> Option<Values<'_>> {
        let connection = &self.cx.connection;
        match name {
            "currenttime" => Some(date(self.now)),
            "epochtime" => Some(owned((self.now.as_millis() / 1000).to_string())),
            "requestedregion" => Some(one(self.cx.region.as_str())),
            "securetransport" => Some(flag(connection.is_secure)),
            // Not told of what a service asks on the caller's behalf: the address would be the service's.
            "sourceip" if self.cx.via.is_none() => connection.source_ip.map(|ip| owned(ip.to_string())),
            "viaawsservice" => Some(flag(self.cx.via.is_some())),
            _ => self.of_forwarding(name),
        }
    }

    fn of_forwarding(&self, name: &str) -> Option<Values<'_>> {
        let via = self.cx.via.as_ref()?;
        match name {
            "sourcearn" => via.source.as_ref().map(|source| owned(source.to_string())),
            "sourceaccount" => via.source.as_ref().map(|source| one(&source.account)),
            "calledvia" => Some(Values::Many(vec![Cow::Owned(principal(via.service))])),
            "calledviafirst" | "calledvialast" => Some(owned(principal(via.service))),
            _ => None,
        }
    }
}

/// The principal of a service: `s3.amazonaws.com`.
fn principal(service: &str) -> String {
    format!("{service}.amazonaws.com")
}

fn one(text: &str) -> Values<'_> {
    Values::One(Cow::Borrowed(text))
}

fn owned<'a>(text: String) -> Values<'a> {
    Values::One(Cow::Owned(text))
}

fn flag<'a>(is_set: bool) -> Values<'a> {
    one(if is_set { "true" } else { "false" })
}

fn date<'a>(at: Timestamp) -> Values<'a> {
    DateTime::from_secs(at.as_millis() / 1000).fmt(Format::DateTime).map_or(Values::Absent, owned)
}
