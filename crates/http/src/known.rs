//! What is known of a request before a handler sees it. It is one entry of the request's extensions, which the layers on
//! the way fill in: each entry of its own would be allocated with every request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::http::Extensions;
use landfall_domain::CommandId;
use landfall_service::access::Caller;
use landfall_service::answer::Origin;

use crate::problems::Problem;
use crate::request_id::RequestId;
use crate::serve::Peer;

/// What is known of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Who is at the other end of its connection; none where a router is called without one.
    pub(crate) peer: Option<Peer>,
    /// What it is called.
    pub(crate) id: Option<RequestId>,
    /// Who asks, once the door has let them in.
    pub(crate) caller: Option<Caller>,
    /// The version of the keys by which the caller was let in, where nobody has looked since the request came whether it
    /// is the present one. The engine has to find it.
    pub(crate) let_in_by: Option<u64>,
    /// What the layers want to know of it in the end.
    pub(crate) notes: Notes,
}

/// What a handler notes on a request for the layers before it. They share it, so that the answer needs no extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    command_id: OnceLock<CommandId>,
    seen: AtomicBool,
}

impl Notes {
    /// For the log: which command it is about.
    pub(crate) fn is_about(&self, command: CommandId) {
        // Of several it is about the first.
        let _ = self.0.command_id.set(command);
    }

    /// Which command it is about.
    pub(crate) fn command_id(&self) -> Option<&str> {
        self.0.command_id.get().map(CommandId::as_str)
    }

    /// For the door: since the request came it was seen that its caller may come in.
    pub(crate) fn see(&self) {
        self.0.seen.store(true, Ordering::Relaxed);
    }

    /// Whether that was seen.
    pub(crate) fn is_seen(&self) -> bool {
        self.0.seen.load(Ordering::Relaxed)
    }
}

impl Known {
    /// Of the request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// To fill in.
    pub(crate) fn of_mut(extensions: &mut Extensions) -> &mut Self {
        extensions.get_or_insert_default()
    }

    /// Who asks, as the door knows.
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        let past = || Problem::internal("a request came past the door");
        self.caller.as_ref().ok_or_else(past)
    }

    /// What the request is called, for the engine.
    pub(crate) fn origin(&self) -> Option<Origin> {
        self.id.as_ref().map(RequestId::origin)
    }

    /// Whether it came over TLS.
    pub(crate) fn over_tls(&self) -> bool {
        self.peer.is_some_and(|peer| peer.over_tls)
    }
}

/// Who asks, as the door knows.
pub(crate) fn caller(extensions: &Extensions) -> Result<&Caller, Problem> {
    match Known::of(extensions) {
        Some(known) => known.caller(),
        None => Err(Problem::internal("a request came past all layers")),
    }
}
