use std::sync::Arc;

use trent_gateway::{Arrival, Authentication, Authenticator, Sender};
use trent_identity::Directory;
use trent_protocol::Protocol;
use trent_shared::ApiError;
use trent_sigv4::{Dialect, Gate, Known, Question, Refusal, Signatures, SigningRules, Step};

/// Tells senders by the credentials that the directory knows.
pub(crate) struct DirectoryAuthenticator {
    gate: Gate,
    directory: Arc<Directory>,
}

impl DirectoryAuthenticator {
    pub(crate) fn new(signatures: Signatures, directory: Arc<Directory>) -> Self {
        let configured = directory.options().credentials.iter().map(|credentials| credentials.access_key_id.clone());
        Self { gate: Gate::new(signatures, configured), directory }
    }

    async fn answer(&self, question: Question<'_>, rules: SigningRules) -> Result<Sender, ApiError> {
        let found = self.directory.credentials(question.access_key_id()).await?;
        let known = found.as_deref().map(|credentials| Known {
            caller: credentials.caller(question.region().partition()),
            secret_access_key: &credentials.secret,
            session_token: credentials.token.as_ref(),
            expires_at: credentials.expires,
            is_active: credentials.is_active,
        });
        let sender = decided(question.answer(known), rules.dialect)?;
        // Logged where it fails. No request is refused for it, and the use is noted all the same.
        let _ = self.directory.note_use(&sender.caller, rules.service, &sender.region).await;
        Ok(sender)
    }
}

impl Authenticator for DirectoryAuthenticator {
    fn authenticate<'r>(&'r self, arrival: Arrival<'r>) -> Authentication<'r> {
        let Arrival { request, model, operation, .. } = arrival;
        let dialect = match model.protocol {
            Protocol::AwsJson11 => Dialect::Json,
            Protocol::AwsQuery => Dialect::Query,
        };
        let rules = SigningRules::of(model.id, dialect);
        match self.gate.receive(request, operation.name, &rules, self.directory.now()) {
            Step::Decided(outcome) => Authentication::Decided(decided(outcome, dialect)),
            Step::Ask(question) => Authentication::Pending(Box::pin(self.answer(question, rules))),
        }
    }
}

fn decided(outcome: Result<trent_sigv4::Sender, Refusal>, dialect: Dialect) -> Result<Sender, ApiError> {
    match outcome {
        Ok(trent_sigv4::Sender { caller, region }) => Ok(Sender { caller, region }),
        Err(refusal) => Err(refusal.into_error(dialect)),
    }
}
