//! When the simulation makes up what the model does not take. It cannot happen, as the tests show.

use landfall_domain::ids::BadText;
use landfall_domain::values::BadNumber;

/// What the simulation makes up is not what the model takes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MadeUp {
    /// A name.
    #[error("the simulation made up a name that {0}")]
    Name(#[from] BadText),
    /// A quantity or priority.
    #[error("the simulation made up a number that {0}")]
    Number(#[from] BadNumber),
}
