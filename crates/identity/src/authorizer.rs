use std::sync::Arc;

use trent_policy::{
    ConsideredGrant, Decision, Denial, Explanation, Facts, Layer, Question, ResourceSide, decide, explain,
};
use trent_shared::{ApiError, Clock, Context, Timestamp, random_uuid};

use crate::decisions::{DecisionLog, DecisionRecord, RecordedOutcome};
use crate::directory::{Directory, DirectoryError};
use crate::global_facts::GlobalFacts;
use crate::permissions::Permissions;

/// Asks all policies that have a say whether a caller may do something, remembers what they said, and says AWS's denial.
pub struct Authorizer {
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
    mode: Mode,
    decisions: DecisionLog,
    /// What stands for everybody's permissions where nothing is asked.
    nothing: Arc<Permissions>,
}

/// What becomes of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Enforce,
    /// It is logged and can be read back, and the request goes on.
    Observe,
    /// Nothing is asked.
    Off,
}

/// What somebody wants to do.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `kms:Encrypt`.
    pub action: &'static str,
    /// An ARN, or `*`.
    pub resource: &'a str,
    /// The service's own condition keys.
    pub facts: &'a dyn Facts,
    pub side: ResourceSide<'a>,
}

/// What policies alone say; grants may say otherwise.
pub struct Considered<'a> {
    authorizer: &'a Authorizer,
    cx: &'a Context,
    permissions: &'a Permissions,
    asked: Asked<'a>,
    now: Timestamp,
    /// `None` where nothing is asked.
    decision: Option<Decision<'a>>,
}

/// What the client is told: AWS's sentence, without a reason that it should not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
}

/// A denial's sentence, and whom it concerns.
struct Told {
    message: String,
    is_foreign: bool,
    only_observed: bool,
}

impl Authorizer {
    pub fn new(directory: Arc<Directory>, clock: Arc<dyn Clock>, mode: Mode) -> Self {
        Self { directory, clock, mode, decisions: DecisionLog::default(), nothing: Arc::default() }
    }

    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn decisions(&self) -> &DecisionLog {
        &self.decisions
    }

    /// The policies of the request's caller, to be asked with [`consider`](Self::consider).
    pub async fn permissions(&self, cx: &Context) -> Result<Arc<Permissions>, DirectoryError> {
        if self.mode == Mode::Off {
            return Ok(Arc::clone(&self.nothing));
        }
        Box::pin(self.directory.permissions(&cx.caller)).await
    }

    /// Asks the policies.
    pub fn consider<'a>(&'a self, cx: &'a Context, permissions: &'a Permissions, asked: Asked<'a>) -> Considered<'a> {
        let now = self.clock.now();
        let mut considered = Considered { authorizer: self, cx, permissions, asked, now, decision: None };
        if self.mode != Mode::Off {
            considered.decision = Some(considered.decide(None));
        }
        considered
    }

    /// A denial to a caller of another account that no policy made: there is nothing that could allow it, in any mode. It is
    /// remembered like those of policies.
    pub fn refuse_foreign(&self, cx: &Context, action: &'static str, resource: &str, why: &str) -> Refused {
        let denial = Denial::Foreign { deny: None };
        let message = sentence(cx, action, resource, &denial);
        let explanation = Explanation {
            is_allowed: false,
            summary: format!("Denied: {why}."),
            layer: Some(Layer::ResourcePolicy),
            principal: cx.caller.arn().to_string(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            policies: Vec::new(),
            grants: Vec::new(),
        };
        let told = Told { message, is_foreign: true, only_observed: false };
        self.remember_denial(cx, self.clock.now(), &told, explanation);
        Refused { message: told.message }
    }

    fn remember_denial(&self, cx: &Context, at: Timestamp, told: &Told, explanation: Explanation) {
        self.decisions.denied(DecisionRecord {
            request_id: cx.request_id,
            at,
            account: cx.account(),
            principal: explanation.principal.clone(),
            action: explanation.action.clone(),
            resource: explanation.resource.clone(),
            outcome: RecordedOutcome::Denied {
                id: random_uuid(&*self.directory.entropy),
                is_foreign: told.is_foreign,
                only_observed: told.only_observed,
                message: told.message.clone(),
                explanation: Box::new(explanation),
            },
        });
    }

    /// The whole of it, for what no grant can be given for.
    pub async fn authorize(&self, cx: &Context, asked: Asked<'_>) -> Result<Result<(), Refused>, DirectoryError> {
        let permissions = self.permissions(cx).await?;
        Ok(self.consider(cx, &permissions, asked).conclude(&[]))
    }
}

impl<'a> Considered<'a> {
    /// Whether a grant could change what policies say: whether the request is allowed, or, to a caller of another account,
    /// which denial may be told. Within an account an explicit deny is final, and so is the resource's own.
    pub fn may_be_granted(&self) -> bool {
        match &self.decision {
            Some(Decision::Denied(Denial::NoAllow { .. })) => true,
            Some(Decision::Denied(Denial::Foreign { deny })) => {
                deny.as_ref().is_none_or(|(layer, _)| *layer != Layer::ResourcePolicy)
            }
            None | Some(Decision::Allowed(_) | Decision::Denied(Denial::Explicit { .. })) => false,
        }
    }

    /// Whether policies alone allow it. Always, where nothing is asked.
    pub fn is_allowed(&self) -> bool {
        self.decision.as_ref().is_none_or(Decision::is_allowed)
    }

    /// The decision, with the grants that the caller could mean. It is remembered.
    pub fn conclude(self, grants: &[ConsideredGrant]) -> Result<(), Refused> {
        let Some(by_policies) = &self.decision else { return Ok(()) };
        if let Decision::Allowed(by) = by_policies {
            self.note_allowed(by);
            return Ok(());
        }
        let mut decision = by_policies.clone();
        for grant in grants {
            let ConsideredGrant::Allows(grant) = grant else { continue };
            // What still keeps the request from being allowed is nearer to the truth than that there is no grant.
            decision = self.decide(Some(grant));
            if decision.is_allowed() {
                break;
            }
        }
        match &decision {
            Decision::Allowed(by) => {
                self.note_allowed(by);
                Ok(())
            }
            Decision::Denied(denial) => self.refuse(denial, grants),
        }
    }

    fn decide<'d>(&self, grant: Option<&'d trent_policy::GrantAllow>) -> Decision<'d>
    where
        'a: 'd,
    {
        let facts = self.facts();
        decide(&self.question(&facts), &self.permissions.layers(), &self.asked.side, grant)
    }

    fn facts(&self) -> GlobalFacts<'_> {
        GlobalFacts {
            cx: self.cx,
            permissions: self.permissions,
            organization: self.authorizer.directory.options().organization.id.as_deref(),
            // `*` is no resource.
            resource_account: (self.asked.resource != "*").then_some(self.asked.side.account),
            now: self.now,
            service: self.asked.facts,
        }
    }

    fn question<'q>(&'q self, facts: &'q dyn Facts) -> Question<'q> {
        Question { caller: &self.cx.caller, action: self.asked.action, resource: self.asked.resource, facts }
    }

    fn note_allowed(&self, by: &trent_policy::By<'_>) {
        let Self { cx, now, asked, .. } = self;
        self.authorizer.decisions.allowed(cx, *now, asked.action, asked.resource, by);
    }

    fn refuse(&self, denial: &Denial<'_>, grants: &[ConsideredGrant]) -> Result<(), Refused> {
        let facts = self.facts();
        let explanation = explain(&self.question(&facts), &self.permissions.layers(), &self.asked.side, grants);
        let message = sentence(self.cx, self.asked.action, self.asked.resource, denial);
        let only_observed = self.authorizer.mode == Mode::Observe;
        if only_observed {
            tracing::warn!(request_id = %self.cx.request_id, %message, "would be denied");
        } else {
            tracing::debug!(request_id = %self.cx.request_id, %message, "denied");
        }
        let is_foreign = self.asked.side.account != self.cx.account();
        let told = Told { message, is_foreign, only_observed };
        self.authorizer.remember_denial(self.cx, self.now, &told, explanation);
        if only_observed { Ok(()) } else { Err(Refused { message: told.message }) }
    }
}

/// AWS's sentence; to a caller of another account it does not name the resource (errors.md §12).
fn sentence(cx: &Context, action: &str, resource: &str, denial: &Denial<'_>) -> String {
    let what = match denial {
        Denial::Foreign { .. } => "this resource".to_owned(),
        _ => format!("resource: {resource}"),
    };
    let (caller, ending) = (cx.caller.arn(), denial.ending(action));
    format!("User: {caller} is not authorized to perform: {action} on {what}{ending}")
}

impl Refused {
    /// As JSON services say it.
    pub fn in_json(self) -> ApiError {
        ApiError::access_denied(self.message)
    }

    /// As query services say it.
    pub fn in_xml(self) -> ApiError {
        ApiError::new("AccessDenied", self.message).with_status(403)
    }
}

#[cfg(test)]
mod tests;
